"""Precision and recall against the threshold, from the accepted edges alone."""

from __future__ import annotations

import math
from typing import Any

import duckdb

from identity.components import label_components
from identity.evaluate import Evaluation

# Thresholds from the one in use up to this many bits (probability .999999), a bit apart.
MAX_BITS = 20


def by_threshold(con: duckdb.DuckDBPyConnection, edges: str, base: Evaluation) -> tuple[dict[str, Any], ...]:
    """Pairwise measures for the threshold in use and every whole bit above it, lowest first.

    `edges`: record_id_l, record_id_r, match_probability, kind. Edges that are no scores (identifiers, judgements) stay
    at every threshold. Below the threshold in use the edges know nothing. Expects ``__judged`` with ``record_id``.
    Clusters are followed from the highest threshold down, so that each step only joins what its own edges join.
    """
    [(least,)] = con.execute(
        f"select min(match_probability) from {edges} where kind = 'probabilistic' and match_probability > 0"
    ).fetchall()
    if least is None:
        return ()
    # a probability that rounds to 1 has no finite weight
    used = math.log2(least / (1 - least)) if least < 1 else float(MAX_BITS)
    steps = [used, *(float(bits) for bits in range(math.floor(used) + 1, MAX_BITS + 1))]
    con.execute(
        f"""create or replace temp table __step_edge as
        with node as (
            select record_id, row_number() over (order by record_id) as unique_id from (
                select record_id_l as record_id from {edges} union select record_id_r from {edges})
        )
        select l.unique_id as unique_id_l, r.unique_id as unique_id_r,
            case when e.kind = 'probabilistic' then coalesce(e.match_probability, 0) end as probability
        from {edges} e join node l on l.record_id = e.record_id_l join node r on r.record_id = e.record_id_r"""
    )
    con.execute(
        f"""create or replace temp table __now as
        select record_id, row_number() over (order by record_id) as component, row_number() over (order by record_id)
            as unique_id
        from (select record_id_l as record_id from {edges} union select record_id_r from {edges})"""
    )
    [(same,)] = con.execute("select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from __judged "
                            "group by entity)").fetchall()  # fmt: skip
    rows = []
    above: float | None = None
    for bits in reversed(steps):
        low = least if bits == used else 1 / (1 + 2**-bits)
        band = f"probability >= {low!r}" + (
            " or probability is null" if above is None else f" and probability < {above!r}"
        )
        _join_band(con, band)
        above = low
        rows.append(_measure(con, bits, low, float(same), base))
    for table in ("__step_edge", "__now"):
        con.execute(f"drop table {table}")
    return tuple(reversed(rows))


def _join_band(con: duckdb.DuckDBPyConnection, band: str) -> None:
    """Join the components of ``__now`` that the edges of `band` connect."""
    con.execute(
        f"""create or replace temp table __band as
        select distinct l.component as unique_id_l, r.component as unique_id_r
        from __step_edge e join __now l on l.unique_id = e.unique_id_l join __now r on r.unique_id = e.unique_id_r
        where ({band}) and l.component <> r.component"""
    )
    [(count,)] = con.execute("select count(*) from __band").fetchall()
    if count:
        con.execute("create or replace temp table __band_node as select unique_id_l as unique_id from __band union "
                    "select unique_id_r from __band")  # fmt: skip
        label_components(con, "__band_node", "__band", out="__band_label")
        con.execute(
            """update __now set component = b.component from __band_label b
            where b.unique_id = __now.component and b.component <> __now.component"""
        )
        con.execute("drop table __band_label")
        con.execute("drop table __band_node")
    con.execute("drop table __band")


def _measure(
    con: duckdb.DuckDBPyConnection, bits: float, probability: float, same: float, base: Evaluation
) -> dict[str, Any]:
    [(agreed, together, clusters, judged)] = con.execute(
        """
        with cell as (
            select w.component, j.entity, count(*) as n
            from __judged j join __now w on w.record_id = j.record_id group by all
        ),
        c as (select component, sum(n) as n from cell group by all)
        select (select coalesce(sum(n * (n - 1) / 2), 0) from cell), (select coalesce(sum(n * (n - 1) / 2), 0) from c),
            (select count(*) from c), (select coalesce(sum(n), 0) from c)"""
    ).fetchall()
    precision = float(agreed / together) if together else 1.0
    recall = float(agreed / same) if same else 1.0
    return {
        "threshold": probability,
        "threshold_bits": bits,
        "clusters": int(base.records - judged + clusters),
        "pairwise_precision": precision,
        "pairwise_recall": recall,
        "pairwise_f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    }
