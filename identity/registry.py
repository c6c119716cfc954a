"""The registry of permanent profile ids: its generations, and the events that tell what changed.

State is kept in generations: every row of a table is valid from one generation until before another, so that a
generation costs what it changes. A run reads the committed generation and writes the next one as a candidate; whoever
publishes names the committed one. A candidate that was never published is removed by the next run.

Which id a cluster carries is decided in ``claims.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import duckdb

from identity.claims import choose_ids, claim_ids
from identity.errors import IdentityInputError
from identity.store import SCHEMA, VERSIONED, at


@dataclass(frozen=True)
class Registered:
    """What one registration did. `generation` is the base's own where nothing changed."""

    generation: int
    profiles: int
    created: int
    merged: int
    split: int
    reinstated: int
    retired: int


def latest_generation(con: duckdb.DuckDBPyConnection) -> int:
    """The highest generation in the store, 0 for a new one."""
    [(generation,)] = con.execute(f"select coalesce(max(generation), 0) from {SCHEMA}.generations").fetchall()
    return int(generation)


def register(
    con: duckdb.DuckDBPyConnection,
    clusters: str,
    *,
    as_of: date,
    run_id: str,
    model_version: str,
    base_generation: int,
    touched: str | None = None,
    also: Callable[[], None] | None = None,
    check: Callable[[], None] | None = None,
) -> Registered:
    """Give every cluster of `clusters` (record_id, cluster_id, first_seen TIMESTAMP) its permanent id.

    `clusters` holds all current records. With `touched` (record_id), only records whose cluster may have changed since
    the store's newest generation, or that are gone, are looked at; without it, all. Everything newer than
    `base_generation` is a candidate that was never published, and is removed first. Runs in one transaction, with what
    `also` writes to the store: it is never half-written. `check` is called when the ids are chosen (table ``r_member``
    beside ``r_old``); what it raises stops the registration, and nothing is written. Raises `IdentityInputError` if the
    base is not in the store.
    """
    known = [g for (g,) in con.execute(f"select generation from {SCHEMA}.generations").fetchall()]
    if base_generation and base_generation not in known:
        raise IdentityInputError(f"identity store has no generation {base_generation}; restore it from the backup")
    if latest_generation(con) != base_generation:
        touched = None  # the store's links were made for a candidate that is now dropped
    con.execute("begin")
    try:
        if also is not None:
            also()
        registered = _register(con, clusters, touched, as_of, run_id, model_version, base_generation, check)
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")
    return registered


def _register(
    con: duckdb.DuckDBPyConnection,
    clusters: str,
    touched: str | None,
    as_of: date,
    run_id: str,
    model_version: str,
    base: int,
    check: Callable[[], None] | None,
) -> Registered:
    for table in VERSIONED:
        con.execute(f"delete from {SCHEMA}.{table} where valid_from > {base}")
        con.execute(f"update {SCHEMA}.{table} set valid_to = null where valid_to > {base}")
    for table in ("generations", "events"):
        con.execute(f"delete from {SCHEMA}.{table} where generation > {base}")
    generation = base + 1
    _scope(con, clusters, touched, base)
    claim_ids(con, base)
    choose_ids(con, generation, as_of)
    if check is not None:
        check()
    if base and not _changed(con):
        [(profiles,)] = con.execute(f"select count(*) from {at('ids', base)} where state = 'live'").fetchall()
        return Registered(base, int(profiles), 0, 0, 0, 0, 0)
    return _write(con, generation, base, as_of, run_id, model_version)


def _scope(con: duckdb.DuckDBPyConnection, clusters: str, touched: str | None, base: int) -> None:
    """Tables ``r_cluster`` (record_id, cluster_id, first_seen, seed), ``r_old`` (record_id, profile_id, since),
    ``r_id`` and ``r_alias``: what is to be decided, closed under "in one cluster with" and "in one profile with"."""
    if touched is None:
        con.execute(
            f"create or replace temp table r_old as select record_id, profile_id, since from {at('members', base)}"
        )
        con.execute(
            f"""create or replace temp table r_cluster as
            select record_id, cluster_id, first_seen, min(record_id) over (partition by cluster_id) as seed
            from {clusters}"""
        )
        con.execute(
            f"create or replace temp table r_id as select * exclude (valid_from, valid_to) from {at('ids', base)}"
        )
        con.execute(
            f"create or replace temp table r_alias as select alias_profile_id, profile_id from {at('aliases', base)}"
        )
        return
    con.execute(
        f"""create or replace temp table r_scope as
        select record_id from {touched}
        union
        -- unchanged, and yet of nobody: an erasure took it out of the registry and could not take it out of the core
        select record_id from {clusters} anti join (select record_id from {at("members", base)}) using (record_id)"""
    )
    size = -1
    while True:
        [(now,)] = con.execute("select count(*) from r_scope").fetchall()
        if now == size:
            break
        size = now
        con.execute(
            f"""create or replace temp table r_scope as
            select record_id from r_scope
            union
            select record_id from {at("members", base)} where profile_id in (
                select profile_id from {at("members", base)} where record_id in (select record_id from r_scope))
            union
            select record_id from {clusters} where cluster_id in (
                select cluster_id from {clusters} where record_id in (select record_id from r_scope))"""
        )
    con.execute(
        f"""create or replace temp table r_old as
        select record_id, profile_id, since from {at("members", base)}
        where record_id in (select record_id from r_scope)"""
    )
    con.execute(
        f"""create or replace temp table r_cluster as
        select record_id, cluster_id, first_seen, min(record_id) over (partition by cluster_id) as seed
        from {clusters} where record_id in (select record_id from r_scope)"""
    )
    con.execute(
        f"""create or replace temp table r_relevant as
        select profile_id from r_old
        union
        select profile_id from {at("homes", base)} where record_id in (select record_id from r_scope)"""
    )
    con.execute(
        f"""create or replace temp table r_alias as
        select alias_profile_id, profile_id from {at("aliases", base)}
        where profile_id in (select profile_id from r_relevant)
            or alias_profile_id in (select profile_id from r_relevant)"""
    )
    con.execute(
        f"""create or replace temp table r_id as
        select * exclude (valid_from, valid_to) from {at("ids", base)}
        where profile_id in (select profile_id from r_relevant union select alias_profile_id from r_alias)
            -- the home of a record that left it long ago may live on untouched
            and (state <> 'live' or profile_id in (select profile_id from r_old))"""
    )


def _changed(con: duckdb.DuckDBPyConnection) -> bool:
    [(n,)] = con.execute(
        """select count(*) from r_member m full join r_old o using (record_id)
        where m.profile_id is distinct from o.profile_id"""
    ).fetchall()
    return bool(n)


def _write(
    con: duckdb.DuckDBPyConnection, generation: int, base: int, as_of: date, run_id: str, model_version: str
) -> Registered:
    day = f"date '{as_of.isoformat()}'"
    con.execute(
        f"insert into {SCHEMA}.generations values (?, ?, ?, ?, ?)", [generation, base, as_of, run_id, model_version]
    )
    _replace(con, "members", "r_member", ("record_id",), ("profile_id", "since"), "r_old", generation)
    # an id that a split made is the home of its records from then on: a later merge and split give it back
    con.execute(
        f"""create or replace temp table r_settled as
        select record_id, profile_id from r_member
        where record_id not in (select record_id from {at("homes", base)})
            or profile_id in (select profile_id from r_chosen where is_new)"""
    )
    con.execute(
        f"""create or replace temp table r_left as
        select record_id, profile_id from {at("homes", base)} where record_id in (select record_id from r_settled)"""
    )
    _replace(con, "homes", "r_settled", ("record_id",), ("profile_id",), "r_left", generation)
    # where the records of every earlier id went: to the chosen id of the cluster that holds its claim
    con.execute(
        f"""
        create or replace temp table r_next as
        select coalesce(i.profile_id, k.profile_id) as profile_id,
            coalesce(i.first_generation, {generation}) as first_generation,
            coalesce(i.first_seen, {day}) as first_seen,
            coalesce(i.rank, row_number() over (
                partition by i.profile_id is null order by k.first_seen, k.seed)) as rank,
            case when k.profile_id is not null then 'live'
                when i.state = 'erased' then 'erased'
                when claimed.heir is not null then 'alias'
                when i.state = 'alias' then 'alias'
                else 'retired' end as state,
            claimed.heir, i.state as old_state, k.is_new, k.is_reclaim
        from r_id i
        full join r_chosen k on k.profile_id = i.profile_id
        left join (
            select c.profile_id, min(k.profile_id) as heir from r_claim c join r_chosen k using (cluster_id)
            where k.profile_id <> c.profile_id group by all
        ) claimed on claimed.profile_id = i.profile_id
        """
    )
    # an alias points to where most of the records that were at home in it are now, at any depth of earlier merges
    con.execute(
        f"""
        create or replace temp table r_next_alias as
        with home_now as (
            select alias_profile_id, profile_id from (
                select h.profile_id as alias_profile_id, m.profile_id, count(*) as n
                from {at("homes", generation)} h join {at("members", generation)} m using (record_id)
                where h.profile_id in (select profile_id from r_next where state = 'alias')
                group by all
            )
            qualify row_number() over (partition by alias_profile_id order by n desc, profile_id) = 1
        ),
        direct as (
            select n.profile_id as alias_profile_id, coalesce(n.heir, w.profile_id, a.profile_id) as target
            from r_next n left join home_now w on w.alias_profile_id = n.profile_id
            left join r_alias a on a.alias_profile_id = n.profile_id
            where n.state = 'alias'
        )
        select d.alias_profile_id, coalesce(n.heir, d.target) as profile_id
        from direct d left join r_next n on n.profile_id = d.target and n.state = 'alias'
        union all
        -- an erased id resolves to nothing, for ever
        select profile_id, null from r_next where state = 'erased'
        """
    )
    _replace(con, "aliases", "r_next_alias", ("alias_profile_id",), ("profile_id",), "r_alias", generation)
    _replace(
        con, "ids", "r_next", ("profile_id",), ("first_generation", "first_seen", "rank", "state"), "r_id", generation
    )
    con.execute(
        """
        create or replace temp table r_event as
        select 'created' as event, profile_id, null::varchar as related_profile_id, 'new cluster' as reason
        from r_next where is_new
            and profile_id not in (
                select k.profile_id from r_chosen k join r_cluster c using (cluster_id) join r_old o using (record_id))
        union all
        select 'split', o.profile_id, k.profile_id, 'records no longer belong together'
        from r_old o join r_cluster c using (record_id) join r_chosen k using (cluster_id)
        join r_torn t on t.profile_id = o.profile_id
        where k.profile_id <> o.profile_id and (k.is_new or k.is_reclaim)
        group by o.profile_id, k.profile_id
        union all
        select 'reinstated', profile_id, null, 'its records are apart again' from r_next
        where is_reclaim and state = 'live' and old_state <> 'live'
        union all
        select 'merged', heir, profile_id, 'records found to be one person' from r_next
        where state = 'alias' and old_state = 'live' and heir is not null
        union all
        select 'retired', profile_id, null, 'no records left' from r_next where state = 'retired' and old_state = 'live'
        union all
        select 'extended', m.profile_id, null, count(*) || ' records joined'
        from r_member m left join r_old o using (record_id) join r_next n on n.profile_id = m.profile_id
        where o.record_id is null and n.old_state = 'live'
        group by m.profile_id
        union all
        -- from one profile to another that it did not merge into and that no split made: nothing else tells of it
        select 'extended', m.profile_id, o.profile_id, count(*) || ' records came from another profile'
        from r_member m join r_old o using (record_id) join r_next n on n.profile_id = m.profile_id
        join r_next f on f.profile_id = o.profile_id
        where o.profile_id <> m.profile_id and n.old_state = 'live'
            and not (f.state = 'alias' and f.heir is not distinct from m.profile_id)
        group by m.profile_id, o.profile_id
        """
    )
    con.execute(
        f"""
        insert into {SCHEMA}.events
        select {generation},
            'e' || left(sha256(concat_ws('|', '{generation}', event, profile_id, coalesce(related_profile_id, ''))),
                20),
            {day}, '{run_id}', event, profile_id, related_profile_id, reason
        from r_event order by event, profile_id, related_profile_id
        """
    )
    counts = dict(con.execute("select event, count(*) from r_event group by all").fetchall())
    [(profiles,)] = con.execute(f"select count(*) from {at('ids', generation)} where state = 'live'").fetchall()
    # the base stays readable beside the candidate: a failed publish falls back to it
    for table in VERSIONED:
        con.execute(f"delete from {SCHEMA}.{table} where valid_to <= {base}")
    return Registered(
        generation, int(profiles), int(counts.get("created", 0)), int(counts.get("merged", 0)),
        int(counts.get("split", 0)), int(counts.get("reinstated", 0)), int(counts.get("retired", 0)),
    )  # fmt: skip


def _replace(
    con: duckdb.DuckDBPyConnection,
    table: str,
    incoming: str,
    keys: tuple[str, ...],
    values: tuple[str, ...],
    outgoing: str,
    generation: int,
) -> None:
    """End the rows of `table` that stand in `outgoing` (what is valid now) but not in `incoming`; add the others."""
    columns = (*keys, *values)
    same = " and ".join(f"o.{c} is not distinct from i.{c}" for c in columns)
    gone = f"select {', '.join(keys)} from {outgoing} o where not exists (select 1 from {incoming} i where {same})"
    con.execute(
        f"""update {SCHEMA}.{table} set valid_to = {generation}
        where valid_to is null and ({", ".join(keys)}) in ({gone})"""
    )
    con.execute(
        f"""insert into {SCHEMA}.{table} by name
        select {", ".join(columns)}, {generation} as valid_from, null::integer as valid_to from {incoming} i
        where not exists (select 1 from {outgoing} o where {same})"""
    )
