"""Which pairs of records are worth comparing: pairs that share a block key of bounded size.

A block key is a text ``<rule>:<values>``. Keys are kept per record, so that new records need only be joined to the
blocks they touch. A block larger than `MAX_BLOCK` is too unspecific to prove anything and is left out: the pair is
still found by any of its other, more specific keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

# Pairs grow with the square of a block: 80 records are 3,160 pairs. On the committed sample a bound of 160 gives the
# same precision and recall to four digits.
MAX_BLOCK = 80

# rule → expression over a row of `features`; NULL means the record has no such key.
RULES: dict[str, str] = {
    "name": "name_key",
    "native": "native",
    "family_birth": "family || '|' || dob",
    "given_birth": "given_c || '|' || dob",
    "initial_birth": "given_i || '|' || dob",
    "birth_place": "dob || '|' || coalesce(postcode, locality)",
    "birth": "dob",
    "birth_alt": "family || '|' || dob_alt",
    "name_place": "given_c || '|' || family || '|' || coalesce(left(postcode, 3), locality)",
    "family_street": "family || '|' || street",
    "initial_family_postcode": "given_i || '|' || family || '|' || postcode",
    "initial_address": "given_i || '|' || address_key",
    "given_postcode": "given_c || '|' || postcode",
    "address": "address_key",
    "given_year": "given_c || '|' || left(dob, 4)",
    "family_year": "family || '|' || left(dob, 4)",
    "initial_month": "given_i || '|' || left(dob, 7)",
    "given_locality": "given_c || '|' || locality",
    "letters": "given_bag || '|' || family_bag",
    "email_start": "left(email, 7)",
    "short_name": "left(given, 3) || '|' || left(family, 4)",
    "short_swapped": "left(family, 3) || '|' || left(given, 4)",
    "email_user": "case when length(email_user) >= 6 then email_user end",
    "family_locality_initial": "family || '|' || locality || '|' || given_i",
    "organisation": "organisation",
    "organisation_place": "left(organisation, 6) || '|' || coalesce(postcode, locality)",
}
# The same kind of key under two rule names would never meet.
_SAME_KEY = {"birth_alt": "family_birth", "short_swapped": "short_name"}


def build_block_keys(con: duckdb.DuckDBPyConnection, features: str, identifiers: str, *, out: str) -> None:
    """Write table `out` (block_key, unique_id): every key of every record, before the bound on size."""
    parts = [
        f"select '{_SAME_KEY.get(rule, rule)}:' || ({sql}) as block_key, unique_id from {features} where "
        f"({sql}) is not null"
        for rule, sql in RULES.items()
    ]
    parts += [
        f"select '{name}:' || unnest({name}) as block_key, unique_id from {features}" for name in ("emails", "phones")
    ]
    parts.append(
        f"""select 'id:' || i.kind || ':' || i.namespace || ':' || i.value as block_key, f.unique_id
        from {identifiers} i join {features} f using (record_id)
        where i.is_trusted and i.value is not null and i.kind not in ('email', 'phone', 'anonymous_id', 'device_id')"""
    )
    con.execute(f"create or replace table {out} as select distinct * from ({' union all '.join(parts)})")


def candidate_pairs(
    con: duckdb.DuckDBPyConnection, block_keys: str, *, out: str, extra_pairs: Sequence[str] = ()
) -> int:
    """Write table `out` (unique_id_l < unique_id_r, distinct) and return the number of pairs.

    `extra_pairs` are tables with the same two columns that are compared whatever their keys say.
    """
    extra = "".join(f" union all select unique_id_l, unique_id_r from {t}" for t in extra_pairs)
    con.execute(
        f"""
        create or replace table {out} as
        with bounded as (
            select block_key, unique_id from {block_keys}
            qualify count(*) over (partition by block_key) between 2 and {MAX_BLOCK}
        )
        select distinct unique_id_l, unique_id_r from (
            select l.unique_id as unique_id_l, r.unique_id as unique_id_r
            from bounded l join bounded r on l.block_key = r.block_key and l.unique_id < r.unique_id
            {extra}
        )
        """
    )
    [(count,)] = con.execute(f"select count(*) from {out}").fetchall()
    return int(count)
