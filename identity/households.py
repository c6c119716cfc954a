"""Households: a second, separate clustering, of profiles that live together. It never joins records to one person."""

from __future__ import annotations

import duckdb

from identity.components import label_components

# More people than this behind one door is a house of flats or an office.
MAX_HOUSEHOLD = 12


def build_households(
    con: duckdb.DuckDBPyConnection, features: str, members: str, *, out: str, max_size: int = MAX_HOUSEHOLD
) -> None:
    """Write table `out` (household_id, profile_id): profiles that share a street address and, besides, a family name,
    a phone or an e-mail. `members`: record_id, profile_id. A profile that lives alone is a household of its own.

    The id is taken from the household's least profile id, so it stays while that profile stays.
    """
    con.execute(
        f"""
        create or replace temp table h_profile as
        select profile_id, (row_number() over (order by profile_id))::integer as unique_id
        from (select distinct profile_id from {members})
        """
    )
    con.execute(
        f"""
        create or replace temp table h_fact as
        select distinct p.unique_id, f.address_key, f.family, f.phone, f.email
        from {members} m join {features} f using (record_id) join h_profile p using (profile_id)
        where f.address_key is not null
        """
    )
    con.execute(
        f"""
        create or replace temp table h_edge as
        with door as (
            select * from h_fact where address_key in (
                select address_key from h_fact group by address_key having count(distinct unique_id) between 2
                    and {max_size})
        )
        select distinct l.unique_id as unique_id_l, r.unique_id as unique_id_r
        from door l join door r on l.address_key = r.address_key and l.unique_id < r.unique_id
        where l.family = r.family or l.phone = r.phone or l.email = r.email
        """
    )
    label_components(con, "h_profile", "h_edge", out="h_component")
    con.execute(
        f"""
        create or replace table {out} as
        select 'h' || left(sha256(first_value(p.profile_id) over (
            partition by c.component order by p.profile_id)), 20) as household_id, p.profile_id
        from h_component c join h_profile p using (unique_id)
        """
    )
    for table in ("h_profile", "h_fact", "h_edge", "h_component"):
        con.execute(f"drop table {table}")
