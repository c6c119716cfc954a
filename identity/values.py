"""What an identifier's value proves: the verdict on values that too many records or names share, and the blocklist.

It is decided by all current records in every run (design rule 3). A run that sees a verdict change builds the features
of every record with that value again.
"""

from __future__ import annotations

import duckdb

from identity.rules import Rules

CONTACT_KINDS = ("email", "phone")
ADDRESS = "address"

_RECORD_INPUT = (
    "record_id", "source", "entity_type", "given_name", "middle_name", "family_name", "full_name", "native_name",
    "organisation", "birth_date", "gender", "street", "unit", "locality", "region", "postcode", "country", "address",
    "default_region",
)  # fmt: skip


def unique_id_sql(record_id: str) -> str:
    """SQL for the engine's number of a record: 60 bits of its id's hash, the same in every run and load order."""
    return f"('0x' || left(md5({record_id}), 15))::bigint"


def blocked_values(con: duckdb.DuckDBPyConnection, rules: Rules, identifiers: str, *, out: str) -> None:
    """Write table `out` (kind, value): the blocklist of `rules`, normalised in every region of `identifiers`."""
    con.execute(f"create or replace temp table {out} (kind varchar, value varchar)")
    if not rules.blocklist:
        return
    from identity.normalise import normalise

    con.execute("create or replace temp table f_listed (kind varchar, value_raw varchar)")
    con.executemany("insert into f_listed values (?, ?)", [(b.kind, b.value) for b in rules.blocklist])
    con.execute(
        f"""create or replace temp table f_input as
        select (row_number() over ())::varchar as record_id, b.kind, '' as namespace, b.value_raw, true as is_trusted,
            null::varchar as reason, r.default_region, null::timestamp as first_seen_at, null::timestamp as last_seen_at
        from f_listed b, (select distinct default_region from {identifiers}) r"""
    )
    nobody = ", ".join(f"null::varchar as {c}" for c in _RECORD_INPUT)
    con.execute(f"create or replace temp view f_nobody as select {nobody}, null::timestamp as created_at where false")
    normalise(con, "f_nobody", "f_input", out_records="f_no_records", out_identifiers="f_values")
    con.execute(f"insert into {out} select distinct kind, value from f_values where value is not null")
    con.execute("drop view f_nobody")
    for table in ("f_listed", "f_input", "f_no_records", "f_values"):
        con.execute(f"drop table {table}")


def value_flags(
    con: duckdb.DuckDBPyConnection,
    records: str,
    identifiers: str,
    blocked: str,
    rules: Rules,
    *,
    out: str,
    only: str | None = None,
) -> None:
    """Write table `out` (kind, namespace, value, reason, n_names): values that prove less than their kind does.

    `reason` is ``over_shared`` or ``blocklisted`` where a value is not to be trusted; `n_names` is 2 or 3 (which stands
    for more) where several names use it. A value without a row is trusted and used under one name. `records` is what
    `normalise` writes with the ``content`` that `repeats` adds. `only` (kind, namespace, value) limits the work to some
    values; `blocked` (kind, value) is the blocklist. A name is counted as (first letter of the canonical given name,
    family name): nicknames and most typing slips count once. Rows without a name count as records only.
    """
    narrowed = f"and (i.kind, i.namespace, i.value) in (select (kind, namespace, value) from {only})" if only else ""
    con.execute(
        f"""
        create or replace table {out} as
        with used as (
            select i.kind, i.namespace, i.value,
                -- records of one content are one witness (`repeats`)
                count(distinct coalesce(r.content, hash(i.record_id))) as n_records,
                count(distinct left(r.given_canonical, 1) || ' ' || coalesce(r.family_name, '')) as n_full,
                -- both initials in one order, so that a swapped name is not a second name
                count(distinct least(left(r.given_canonical, 1), left(r.family_name, 1))
                    || greatest(left(r.given_canonical, 1), left(r.family_name, 1))) as n_initials
            from {identifiers} i join {records} r using (record_id)
            where i.is_trusted and i.value is not null {narrowed}
            group by all
            having count(*) > 1 or (i.kind, i.value) in (select (kind, value) from {blocked})
        ),
        judged as (
            select kind, namespace, value,
                case when (kind, value) in (select (kind, value) from {blocked}) then 'blocklisted'
                    when n_records > {rules.shared_limit_sql("kind", "max_records")}
                        or n_full > {rules.shared_limit_sql("kind", "max_names")} then 'over_shared' end as reason,
                case when kind in {CONTACT_KINDS} then greatest(1, least(n_initials, 3)) else 1 end as n_names
            from used
        )
        select * from judged where reason is not null or n_names > 1
        """
    )


def address_sql(row: str) -> str:
    """SQL for the value of kind ``address`` of a row as `normalise` writes it; NULL without a street."""
    return (
        f"coalesce({row}.street_no || ' ', '') || {row}.street || '|' || coalesce({row}.postcode, {row}.locality, '')"
    )


def values_sql(records: str, identifiers: str) -> str:
    """SQL for everything that `value_flags` judges (record_id, kind, namespace, value, is_trusted): identifiers, and
    street addresses, since a house of flats or an office tells its people apart no better than a switchboard."""
    return f"""
        select record_id, kind, namespace, value, is_trusted from {identifiers}
        union all
        select record_id, '{ADDRESS}', '', {address_sql("a")}, true from {records} a where street is not null"""


def judged_identifiers_sql(identifiers: str, flags: str) -> str:
    """SQL for the rows of `identifiers` with the trust that `flags` (as `value_flags` writes it) leaves them, and
    n_names."""
    return f"""
        select i.record_id, i.kind, i.namespace, i.value_raw, i.value, i.is_trusted and f.reason is null as is_trusted,
            case when i.is_trusted then f.reason else i.reason end as reason, coalesce(f.n_names, 1) as n_names
        from {identifiers} i
        left join {flags} f on f.kind = i.kind and f.namespace = i.namespace and f.value = i.value"""
