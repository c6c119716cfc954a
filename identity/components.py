"""Connected components as repeated joins in the engine, on a graph that shrinks.

In each round every node points to the least of itself and its neighbours, pointers are followed to their end, and what
hangs together becomes one node of a smaller graph. Deterministic: a component is named after its least node. Nodes
without edges and components that have been finished are not touched again.
"""

from __future__ import annotations

import duckdb

from identity.store import SCHEMA


def label_components(con: duckdb.DuckDBPyConnection, nodes: str, edges: str, *, out: str) -> None:
    """Write table `out` (unique_id, component) for every node of `nodes` (unique_id); `edges` (unique_id_l,
    unique_id_r) are undirected and join nodes of `nodes`."""
    con.execute(
        f"""create or replace temp table __arc as
        select unique_id_l as a, unique_id_r as b from {edges} where unique_id_l <> unique_id_r"""
    )
    rounds = 0
    while con.execute("select 1 from __arc limit 1").fetchall():
        con.execute(
            f"""create or replace temp table __step_{rounds} as
            select a as unique_id, least(a, min(b)) as component
            from (select a, b from __arc union all select b, a from __arc)
            group by a"""
        )
        _follow(con, f"__step_{rounds}")
        con.execute(
            f"""create or replace temp table __arc as
            select distinct least(l.component, r.component) as a, greatest(l.component, r.component) as b
            from __arc e join __step_{rounds} l on l.unique_id = e.a join __step_{rounds} r on r.unique_id = e.b
            where l.component <> r.component"""
        )
        rounds += 1
    for step in range(rounds - 2, -1, -1):  # the last rounds are the smallest: carry their names back to the first
        con.execute(
            f"""create or replace temp table __step_{step} as
            select s.unique_id, coalesce(t.component, s.component) as component
            from __step_{step} s left join __step_{step + 1} t on t.unique_id = s.component"""
        )
        con.execute(f"drop table __step_{step + 1}")
    found = (
        f"select n.unique_id, coalesce(s.component, n.unique_id) as component from {nodes} n "
        "left join __step_0 s using (unique_id)"
        if rounds
        else f"select unique_id, unique_id as component from {nodes}"
    )
    con.execute(f"create or replace table {out} as {found}")
    for table in ("__arc", "__step_0"):
        con.execute(f"drop table if exists {table}")


def _follow(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Replace every pointer of `table` (unique_id, component) by the end of its path, halving the paths each time."""
    while True:
        con.execute(
            f"""create or replace temp table __jumped as
            select s.unique_id, p.component, p.component <> s.component as moved
            from {table} s join {table} p on p.unique_id = s.component"""
        )
        [(moved,)] = con.execute("select count(*) from __jumped where moved").fetchall()
        if not moved:
            break
        con.execute(f"create or replace temp table {table} as select unique_id, component from __jumped")
    con.execute("drop table __jumped")


def find_components(con: duckdb.DuckDBPyConnection) -> None:
    """Tables ``nodes`` (unique_id: all records, also gone ones, of the components that ``rescored`` and
    ``new_accepted`` concern) and ``touched`` (record_id).

    An accepted edge that does not lie within a stored cluster is among those left out, so that clusters joined by
    left-out edges are the component.
    """
    con.execute(
        """create or replace temp table nodes as
        select unique_id from rescored
        union select unique_id_l from new_accepted union select unique_id_r from new_accepted"""
    )
    size = -1
    while True:
        [(now,)] = con.execute("select count(*) from nodes").fetchall()
        if now == size:
            break
        size = now
        con.execute(
            f"""create or replace temp table nodes as
            select unique_id from nodes
            union
            select unique_id from {SCHEMA}.clusters where cluster_id in (
                select cluster_id from {SCHEMA}.clusters where unique_id in (select unique_id from nodes))
            union
            select unique_id_r from {SCHEMA}.left_out where unique_id_l in (select unique_id from nodes)
            union
            select unique_id_l from {SCHEMA}.left_out where unique_id_r in (select unique_id from nodes)"""
        )
    con.execute(
        """create or replace temp table touched as
        select record_id from features where unique_id in (select unique_id from nodes)
        union select record_id from gone"""
    )
