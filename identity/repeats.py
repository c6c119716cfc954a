"""Records that say the same thing again: the 120th checkout of one guest.

Records that say the same of a person, contacts and identifiers included, are one witness, however many they are: the
verdict on a value counts them once (`values.value_flags`). Where they are more than OFTEN, and a contact of theirs is
trusted, blocks, caps and repairs see the KEPT first of them. Each further one, a *repeat*, is compared with the first
alone and follows it into its cluster. So a guest of a thousand orders is one profile, and costs a thousand pairs
instead of half a million.

First is who has the least unique_id: which of them that is says nothing, but it is the same in every order of loading.
"""

from __future__ import annotations

import duckdb

from identity.layers import within
from identity.rules import Rules
from identity.store import SCHEMA
from identity.values import CONTACT_KINDS, unique_id_sql

# Up to so many equal records are compared in pairs as any: accounts of one person in several systems.
OFTEN = 10
# Three records of one content can still outvote a lone bridge to them (`clustering.MIN_GROUP`).
KEPT = 3
# Says nothing of the person.
_UNREAD = ("record_id", "source", "created_at")

PAIRS_SQL = """
    select unique_id_l, unique_id_r from judged
    union select first_id, unique_id from repeats"""
"""SQL for the pairs (unique_id_l < unique_id_r) to compare whatever blocks the two share."""


def add_contents(con: duckdb.DuckDBPyConnection, records: str, identifiers: str, rules: Rules) -> None:
    """Add ``content`` (UBIGINT) to table `records` (as `normalise` writes it): equal where all that is read of two
    records is, trusted values of `identifiers` included. NULL without a name or without a contact."""
    read = [name for (name, *_) in con.execute(f"describe {records}").fetchall() if name not in _UNREAD]
    con.execute(
        f"""create or replace temp table contents_held as
        select record_id, sum(distinct hash(kind, namespace, value)::hugeint) as value
        from {identifiers}
        where is_trusted and value is not null and {rules.use_sql("kind", "hard", "evidence")}
        group by record_id having bool_or(kind in {CONTACT_KINDS})"""
    )
    con.execute(
        f"""create or replace table {records} as
        select r.*, case when h.value is not null and coalesce(r.name_key, r.native_name, r.organisation) is not null
            then hash({", ".join(f"r.{name}" for name in read)}, h.value) end as content
        from {records} r left join contents_held h using (record_id)"""
    )
    con.execute("drop table contents_held")


def find_repeats(con: duckdb.DuckDBPyConnection, *, only: str | None = None) -> None:
    """Write table ``new_repeats`` (unique_id, first_id, record_id, content): the repeats among ``link_records`` by
    ``normal_identifiers``. `only` (content) limits the work to some contents."""
    narrowed = f"and {within(only, 'content')}" if only else ""
    con.execute(
        f"""create or replace temp table repeating as
        select {unique_id_sql("record_id")} as unique_id, record_id, content from link_records
        where content in (
            select content from link_records where content is not null {narrowed}
            group by content having count(*) > {OFTEN})"""
    )
    con.execute(
        f"""create or replace table new_repeats as
        with trusted as (
            select r.content from normal_identifiers i join repeating r using (record_id)
            where i.kind in {CONTACT_KINDS} and i.is_trusted and i.value is not null
        ),
        placed as (
            select unique_id, record_id, content, min(unique_id) over (partition by content) as first_id,
                row_number() over (partition by content order by unique_id) as place
            from repeating where content in (select content from trusted)
        )
        select unique_id, first_id, record_id, content from placed where place > {KEPT}"""
    )
    con.execute("drop table repeating")


def find_touched_contents(con: duckdb.DuckDBPyConnection) -> None:
    """Write temp table ``touched_contents`` (content): what the records of ``stale`` said or say."""
    con.execute(
        f"""create or replace temp table touched_contents as
        select content from {SCHEMA}.link_records where content is not null and {within("stale", "record_id")}
        union select content from link_records where content is not null and {within("stale", "record_id")}"""
    )


def add_stale(con: duckdb.DuckDBPyConnection) -> None:
    """Add to ``stale`` the records that became a repeat, are one no longer, or follow another first."""
    con.execute(
        f"""insert into stale
        with was as (select * from {SCHEMA}.repeats where {within("touched_contents", "content")}),
        other as (
            (select * from was except select * from new_repeats)
            union (select * from new_repeats except select * from was)
        )
        select distinct unique_id, record_id from other where record_id not in (select record_id from stale)"""
    )


def find_followers(con: duckdb.DuckDBPyConnection, accepted: str) -> None:
    """Write temp table ``followers`` (unique_id, first_id): the repeats that are in their first one's cluster whatever
    else happens. An edge of table `accepted` joins the two, and no judgement or settled pair is about the repeat."""
    con.execute(
        f"""create or replace temp table followers as
        select r.unique_id, r.first_id
        from repeats r join {accepted} e on e.unique_id_l = r.first_id and e.unique_id_r = r.unique_id
        where r.unique_id not in (
            select unnest([unique_id_l, unique_id_r]) from judged
            union all select unnest([unique_id_l, unique_id_r]) from settled)"""
    )
