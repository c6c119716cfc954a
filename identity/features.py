"""From normalised records to one comparable row per record, and the verdict on values that too many records share.

Everything here is decided by all current records in every run (design rule 3): which values are over-shared, and
which contact values are used under one name only.
"""

from __future__ import annotations

import duckdb

# A family has a handful of members; a value under more names than this is a shop's number or a filler.
MAX_NAMES_PER_VALUE = 8
# One person's duplicates in a dozen systems stay below this; a value on more records is not one person's.
MAX_RECORDS_PER_VALUE = 60
# An identifier that only one person can have (customer number, loyalty card …) is over-shared far earlier.
MAX_NAMES_PER_STRONG_VALUE = 3

# A value on fewer records is not kept with the model (design rule on erasure).
MIN_COUNT_KEPT = 5

CONTACT_KINDS = ("email", "phone")
# Valid for one device or one page, not for one person: never an edge by itself.
WEAK_KINDS = ("anonymous_id", "device_id")


def mark_over_shared(con: duckdb.DuckDBPyConnection, records: str, identifiers: str) -> int:
    """Turn off trust in `identifiers` for values that too many names or records share; returns how many values.

    A name is counted as (first letter of the canonical given name, family name): nicknames and most typing slips
    count once. Rows without a name count as records only.
    """
    con.execute(
        f"""
        create or replace temp table __over_shared as
        with used as (
            select i.kind, i.namespace, i.value,
                count(distinct i.record_id) as n_records,
                count(distinct left(r.given_canonical, 1) || ' ' || coalesce(r.family_name, '')) as n_names
            from {identifiers} i join {records} r using (record_id)
            where i.is_trusted and i.value is not null
            group by all
        )
        select kind, namespace, value from used
        where n_records > {MAX_RECORDS_PER_VALUE}
            or n_names > case when kind in {CONTACT_KINDS} then {MAX_NAMES_PER_VALUE}
                else {MAX_NAMES_PER_STRONG_VALUE} end
        """
    )
    con.execute(
        f"""
        update {identifiers} set is_trusted = false, reason = 'over_shared'
        where is_trusted and (kind, namespace, value) in (select (kind, namespace, value) from __over_shared)
        """
    )
    [(count,)] = con.execute("select count(*) from __over_shared").fetchall()
    con.execute("drop table __over_shared")
    return int(count)


def build_features(
    con: duckdb.DuckDBPyConnection, records: str, identifiers: str, *, attributes: int = 0, out: str = "features"
) -> None:
    """Write table `out`: one row per record of `records` with the columns that `comparisons.py` names.

    `unique_id` is a dense integer in the order of record_id, so results do not depend on row order. Contact lists
    (``emails``, ``phones``) hold trusted values; ``own_emails``/``own_phones`` those used under one name only.
    Empty lists are NULL. `records` has `attributes` columns ``attribute_0 …`` besides those of `normalise`.
    """
    con.execute(
        f"""
        create or replace temp table __contacts as
        with contact as (
            select distinct i.record_id, i.kind, i.value,
                -- both initials in one order, so that a swapped name is not a second name
                least(left(r.given_canonical, 1), left(r.family_name, 1))
                || greatest(left(r.given_canonical, 1), left(r.family_name, 1)) as initials
            from {identifiers} i join {records} r using (record_id)
            where i.kind in {CONTACT_KINDS} and i.is_trusted and i.value is not null
        ),
        usage as (select kind, value, count(distinct initials) <= 1 as is_own from contact group by all)
        select c.record_id,
            list(c.value order by c.value) filter (c.kind = 'email') as emails,
            list(c.value order by c.value) filter (c.kind = 'phone') as phones,
            list(c.value order by c.value) filter (c.kind = 'email' and u.is_own) as own_emails,
            list(c.value order by c.value) filter (c.kind = 'phone' and u.is_own) as own_phones
        from contact c join usage u using (kind, value)
        group by c.record_id
        """
    )
    extra = "".join(f", r.attribute_{i}" for i in range(attributes))
    con.execute(
        f"""
        create or replace table {out} as
        select
            (row_number() over (order by r.record_id))::integer as unique_id,
            r.record_id, r.source, coalesce(r.entity_type, 'person') as entity_type, r.created_at,
            r.given_name as given, r.given_canonical as given_c, r.given_initial as given_i,
            array_to_string(list_sort(string_split(replace(r.given_name, ' ', ''), '')), '') as given_bag,
            r.middle_name as middle, r.family_name as family,
            array_to_string(list_sort(string_split(replace(r.family_name, ' ', ''), '')), '') as family_bag,
                r.name_key, r.native_name as native,
            r.generation_suffix as suffix, r.organisation, r.gender,
            strftime(r.birth_date, '%Y-%m-%d') as dob,
            strftime(r.birth_date_alt, '%Y-%m-%d') as dob_alt,
            r.birth_month_day as birthday,
            c.emails, c.phones, c.own_emails, c.own_phones,
            c.emails[1] as email, split_part(c.emails[1], '@', 1) as email_user, c.phones[1] as phone,
            case when r.street_no is null or starts_with(r.street, r.street_no) then r.street
                else r.street_no || ' ' || r.street end as street,
            r.postcode, r.locality, r.address_key{extra}
        from {records} r left join __contacts c using (record_id)
        """
    )
    con.execute("drop table __contacts")


def filled_aspects(con: duckdb.DuckDBPyConnection, features: str, attributes: int = 0) -> set[str]:
    """Aspects (names as in `Comparison.needs`) that at least two records fill with at least two values or a repeat."""
    columns = {
        "given": "given",
        "family": "family",
        "birthday": "coalesce(dob, birthday)",
        "email": "email",
        "phone": "phone",
        "address": "coalesce(street, postcode, locality)",
        "gender": "gender",
        "middle": "middle",
        "suffix": "suffix",
        "organisation": "organisation",
    } | {f"attribute_{i}": f"attribute_{i}" for i in range(attributes)}
    counts = ", ".join(f"count({sql})" for sql in columns.values())
    [row] = con.execute(f"select {counts} from {features}").fetchall()
    return {name for name, count in zip(columns, row, strict=True) if count >= 2}


def freeze_term_frequencies(con: duckdb.DuckDBPyConnection, features: str, columns: list[str], *, out: str) -> None:
    """Write table `out` (column_name, value, tf): the share of filled records with each value of `columns`.

    Values seen fewer than MIN_COUNT_KEPT times are left out, since a rare value is a person's own; the row with value
    NULL holds what stands for all of them, half of that count.
    """
    parts = []
    for c in columns:
        parts.append(
            f"""select '{c}' as column_name, {c}::varchar as value, count(*) / sum(count(*)) over () as tf,
                count(*) as n
            from {features} where {c} is not null group by {c}"""
        )
        parts.append(
            f"""select '{c}', null, {MIN_COUNT_KEPT / 2} / greatest(count({c}), {MIN_COUNT_KEPT}), {MIN_COUNT_KEPT}
            from {features}"""
        )
    union = " union all ".join(parts) or "select '' as column_name, '' as value, 0.0 as tf, 0 as n where false"
    con.execute(
        f"""create or replace temp table {out} as
        select column_name, value, tf from ({union}) where n >= {MIN_COUNT_KEPT}"""
    )


def add_term_frequencies(con: duckdb.DuckDBPyConnection, features: str, columns: list[str], frequencies: str) -> None:
    """Add ``tf_<column>`` to `features` from table `frequencies`, as `freeze_term_frequencies` writes it."""
    for column in columns:
        of_column = f"select value, tf from {frequencies} where column_name = '{column}'"
        con.execute(f"alter table {features} add column if not exists tf_{column} double")
        con.execute(
            f"""update {features} set tf_{column} = (select max(tf) from ({of_column}) where value is null)
            where {column} is not null"""
        )
        con.execute(f"update {features} f set tf_{column} = t.tf from ({of_column}) t where f.{column} = t.value")
