"""Connected components as repeated joins in the engine (min-label propagation with pointer jumping).

Deterministic: a component is named after its least node. Each round halves the distance to the least node, so the
number of rounds grows with the logarithm of the longest chain.
"""

from __future__ import annotations

import duckdb


def label_components(con: duckdb.DuckDBPyConnection, nodes: str, edges: str, *, out: str) -> None:
    """Write table `out` (unique_id, component) for every node of `nodes` (unique_id); `edges` are undirected."""
    con.execute(f"create or replace temp table __label as select unique_id, unique_id as component from {nodes}")
    con.execute(
        f"""create or replace temp table __both as
        select unique_id_l as a, unique_id_r as b from {edges} union select unique_id_r, unique_id_l from {edges}"""
    )
    while True:
        # hook: the least label among the neighbours, carried to the root of the own tree; jump: to the root's root
        con.execute(
            """create or replace temp table __hook as
            select own.component as root, min(other.component) as component
            from __both e join __label own on own.unique_id = e.a join __label other on other.unique_id = e.b
            where other.component < own.component
            group by own.component"""
        )
        [(changed,)] = con.execute("select count(*) from __hook").fetchall()
        if not changed:
            break
        con.execute(
            """create or replace temp table __label as
            select l.unique_id, coalesce(h.component, l.component) as component
            from __label l left join __hook h on h.root = l.component"""
        )
        while True:
            con.execute(
                """create or replace temp table __jumped as
                select l.unique_id, p.component, p.component <> l.component as moved
                from __label l join __label p on p.unique_id = l.component"""
            )
            [(moved,)] = con.execute("select count(*) from __jumped where moved").fetchall()
            con.execute("create or replace temp table __label as select unique_id, component from __jumped")
            if not moved:
                break
    con.execute(f"create or replace table {out} as select unique_id, component from __label")
    for table in ("__label", "__both", "__hook", "__jumped"):
        con.execute(f"drop table if exists {table}")
