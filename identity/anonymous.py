"""Anonymous to known: devices tied to profiles by log-ins, with validity, so a shared tablet does not merge a
family."""

from __future__ import annotations

import duckdb

# A browser that logs in today was most likely the same person's in the weeks before.
LOOK_BACK_DAYS = 30


def link_anonymous(con: duckdb.DuckDBPyConnection, sightings: str, members: str, *, out: str) -> None:
    """Write table `out` (anonymous_id, profile_id, valid_from, valid_to TIMESTAMP; valid_to NULL while it holds).

    `sightings`: anonymous_id, record_id, occurred_at of each log-in. A device belongs to a profile from its log-in
    until another profile logs in; the first log-in also claims the `LOOK_BACK_DAYS` before it.
    """
    con.execute(
        f"""
        create or replace table {out} as
        with login as (
            select s.anonymous_id, m.profile_id, s.occurred_at,
                lag(m.profile_id) over device as previous_profile
            from {sightings} s join {members} m using (record_id)
            where s.anonymous_id is not null
            window device as (partition by s.anonymous_id order by s.occurred_at, m.profile_id)
        ),
        change as (
            select *, row_number() over device as place, lead(occurred_at) over device as next_at
            from login where previous_profile is distinct from profile_id
            window device as (partition by anonymous_id order by occurred_at, profile_id)
        )
        select anonymous_id, profile_id,
            case when place = 1 then occurred_at - interval {LOOK_BACK_DAYS} day else occurred_at end as valid_from,
            next_at as valid_to
        from change
        """
    )
