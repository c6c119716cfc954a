"""Which permanent id each cluster carries, from the ids that its records carried before.

Rules (design rule 2). An unchanged cluster keeps its id. On a merge the id first seen earlier survives and the other
becomes an alias. On a split each part first reclaims the id that most of its records held before the merge; otherwise
the larger part keeps the id, ties going to the earliest first-seen record, then to the least record id. A record's
*home* is the id it was first given, or the one that was made for it in a split; it is kept when the record disappears,
so that a record that comes back finds it.
"""

from __future__ import annotations

from datetime import date

import duckdb

from identity.store import at


def claim_ids(con: duckdb.DuckDBPyConnection, base: int) -> None:
    """Table ``r_claim`` (profile_id, cluster_id, is_reclaim): which earlier ids each cluster may carry.

    A live id that was not torn apart claims its only cluster. A torn one is settled part by part: the id in which most
    of a part's records were at home before the merge, or the id itself for the part that is most at home in it, or,
    where none is, for the largest part. An id without living records claims the cluster its returning records are in.
    """
    con.execute(
        f"""
        create or replace temp table r_home as
        select h.record_id, h.profile_id from {at("homes", base)} h join r_cluster using (record_id)
        """
    )
    con.execute(
        """
        create or replace temp table r_part as
        select o.profile_id, c.cluster_id, count(*) as n, min(c.first_seen) as first_seen, min(c.record_id) as least
        from r_old o join r_cluster c using (record_id) group by all
        """
    )
    con.execute("create or replace temp table r_torn as select profile_id from r_part group by all having count(*) > 1")
    # votes of a torn profile's parts, by home; homes that now stand for other profiles do not count
    con.execute(
        """
        create or replace temp table r_vote as
        select o.profile_id, c.cluster_id, h.profile_id as home, count(*) as n,
            min(c.first_seen) as first_seen, min(c.record_id) as least
        from r_old o join r_torn using (profile_id) join r_cluster c using (record_id) join r_home h using (record_id)
        where h.profile_id = o.profile_id
            or (h.profile_id, o.profile_id) in (select (alias_profile_id, profile_id) from r_alias)
        group by all
        """
    )
    con.execute(
        """
        create or replace temp table r_wish as
        select * from r_vote
        qualify row_number() over (
            partition by profile_id, cluster_id order by n desc, home = profile_id desc, first_seen, least, home) = 1
        """
    )
    con.execute(
        """
        create or replace temp table r_won as
        select profile_id, cluster_id, home from r_wish
        qualify row_number() over (partition by home order by n desc, first_seen, least) = 1
        """
    )
    con.execute(
        """
        create or replace temp table r_claim as
        select profile_id, cluster_id, false as is_reclaim from r_part
        where profile_id not in (select profile_id from r_torn)
        union all
        select home, cluster_id, home <> profile_id from r_won
        union all
        -- no part was at home in the torn id itself: the largest part without another id keeps it
        select profile_id, cluster_id, false from (
            select p.profile_id, p.cluster_id, row_number() over (
                partition by p.profile_id
                order by w.cluster_id is not null, p.n desc, p.first_seen, p.least) as place
            from r_part p left join r_won w using (profile_id, cluster_id)
            where p.profile_id in (select profile_id from r_torn)
                and p.profile_id not in (select home from r_won)
        ) where place = 1
        """
    )
    con.execute(
        """
        insert into r_claim
        select profile_id, cluster_id, true from (
            select h.profile_id, c.cluster_id, count(*) as n, min(c.first_seen) as first_seen, min(c.record_id) as least
            from r_home h join r_cluster c using (record_id)
            join r_id i on i.profile_id = h.profile_id and i.state = 'retired'
            where c.cluster_id not in (select cluster_id from r_claim)
            group by all
        )
        qualify row_number() over (partition by profile_id order by n desc, first_seen, least) = 1
        """
    )


def choose_ids(con: duckdb.DuckDBPyConnection, generation: int, as_of: date) -> None:
    """Tables ``r_chosen`` (cluster_id, profile_id, is_new, is_reclaim) and ``r_member`` (record_id, profile_id,
    since)."""
    con.execute(
        f"""
        create or replace temp table r_chosen as
        with best as (
            select c.cluster_id, c.profile_id, c.is_reclaim from r_claim c join r_id i using (profile_id)
            qualify row_number() over (
                partition by c.cluster_id order by i.first_generation, i.rank, c.profile_id) = 1
        ),
        every as (select cluster_id, min(seed) as seed, min(first_seen) as first_seen from r_cluster group by all)
        select e.cluster_id, e.seed, e.first_seen, b.profile_id is null as is_new, coalesce(b.is_reclaim,
            false) as is_reclaim,
            coalesce(b.profile_id, 'p' || left(sha256('{generation}|' || e.seed), 20)) as profile_id
        from every e left join best b using (cluster_id)
        """
    )
    con.execute(
        f"""
        create or replace temp table r_member as
        select c.record_id, k.profile_id,
            case when o.profile_id = k.profile_id then o.since else date '{as_of.isoformat()}' end as since
        from r_cluster c join r_chosen k using (cluster_id) left join r_old o using (record_id)
        """
    )
