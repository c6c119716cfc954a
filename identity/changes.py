"""What changed since the last pass: records that are new, other than before, or gone, and whom that concerns."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from identity.layers import within
from identity.store import SCHEMA, tables
from identity.values import unique_id_sql, values_sql

# When a contact was last seen says nothing about who it is, and changes with every purchase.
_UNHASHED = ("first_seen_at", "last_seen_at")


@dataclass(frozen=True)
class Source:
    """The records of one pass as relations on the connection, in the shape that `identity.normalise` takes.

    `records` and `identifiers` hold everything current; `delivered_records` and `delivered_identifiers` at least what
    may have changed, and are what an incremental pass reads.
    """

    records: str
    identifiers: str
    delivered_records: str
    delivered_identifiers: str


def find_changes(con: duckdb.DuckDBPyConnection, source: Source, *, deleted: str | None = None) -> None:
    """Write temp tables ``changed``, ``gone`` and ``replaced`` (both; each record_id), and ``new_link_hashes``
    (record_id, row_hash) for the changed ones.

    Without `deleted` (a table of record_ids), the delivery is complete: what it lacks is gone. With it, only what that
    table lists is.
    """
    identifier_columns = ", ".join(
        name
        for (name, *_) in con.execute(f"describe {source.delivered_identifiers}").fetchall()
        if name not in (*_UNHASHED, "record_id")
    )
    record_columns = ", ".join(
        name for (name, *_) in con.execute(f"describe {source.delivered_records}").fetchall() if name != "record_id"
    )
    con.execute(
        f"""create or replace temp table delivered_hashes as
        with of_identifiers as (
            -- a sum, so that the order of rows plays no part and a repeated row does not cancel itself
            select record_id, sum(hash({identifier_columns})::hugeint) as value
            from {source.delivered_identifiers} group by record_id
        )
        select record_id, hash({record_columns}, coalesce(i.value, 0)) as row_hash
        from {source.delivered_records} left join of_identifiers i using (record_id)"""
    )
    known = f"{SCHEMA}.link_hashes"
    if "link_hashes" not in tables(con):
        con.execute("create or replace temp table no_hashes (record_id varchar, row_hash ubigint)")
        known = "no_hashes"
    con.execute(
        f"""create or replace temp table new_link_hashes as
        select d.record_id, d.row_hash from delivered_hashes d left join {known} k using (record_id)
        where k.row_hash is distinct from d.row_hash"""
    )
    con.execute("create or replace temp table changed as select record_id from new_link_hashes")
    if deleted is None:
        gone = f"select record_id from {known} anti join delivered_hashes using (record_id)"
    else:
        gone = f"select record_id from {known} semi join {deleted} using (record_id)"
    con.execute(f"create or replace temp table gone as {gone}")
    con.execute(
        "create or replace temp table replaced as select record_id from changed union select record_id from gone"
    )
    con.execute("drop table delivered_hashes")


def has_changes(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether `find_changes` found any."""
    [(n,)] = con.execute("select count(*) from replaced").fetchall()
    return bool(n)


def find_touched_values(con: duckdb.DuckDBPyConnection) -> None:
    """Write temp table ``touched_values`` (kind, namespace, value): values whose verdict may have changed. Reads
    ``new_link_records``, ``new_link_identifiers``, ``link_identifiers`` and ``blocked_values``."""
    con.execute(
        f"""create or replace temp table touched_values as
        select kind, namespace, value
        from ({values_sql(f"{SCHEMA}.link_records", f"{SCHEMA}.link_identifiers")})
        where {within("replaced", "record_id")} and value is not null
        union
        select kind, namespace, value from ({values_sql("new_link_records", "new_link_identifiers")})
        where value is not null
        -- a listed value is read in every region there is, and regions come and go
        union select kind, namespace, value from {SCHEMA}.link_flags where reason = 'blocklisted'
        union select kind, namespace, value from link_identifiers semi join blocked_values using (kind, value)"""
    )


def find_stale(con: duckdb.DuckDBPyConnection) -> None:
    """Write temp table ``stale`` (unique_id, record_id): records that changed or are gone, and those that hold a value
    on which the verdict (``new_link_flags``) is another one."""
    con.execute(
        f"""create or replace temp table stale as
        with was as (
            select * from {SCHEMA}.link_flags
            where (kind, namespace, value) in (select (kind, namespace, value) from touched_values)
        ),
        other as (
            (select * from was except select * from new_link_flags)
            union (select * from new_link_flags except select * from was)
        )
        select {unique_id_sql("record_id")} as unique_id, record_id from (
            select record_id from replaced
            union select record_id from link_values
            where (kind, namespace, value) in (select (kind, namespace, value) from other)
        )"""
    )
