"""Which pairs become edges: judgements, then hard identifiers, then scores from the threshold up."""

from __future__ import annotations

import duckdb

from identity.conflicts import conflict_sql
from identity.layers import touches
from identity.rules import Rules
from identity.values import CONTACT_KINDS, unique_id_sql


def accept(
    con: duckdb.DuckDBPyConnection, rules: Rules, threshold: float, *, out: str, refused: str, only: str | None = None
) -> None:
    """Write table `out`: edges with rank 0 (judgement), 1 (identifier) or 2 (score), one row per pair, best rank; and
    table `refused` (unique_id_l, unique_id_r, rule).

    An identifier joins two records unless they cannot be one person: then it was typed for the wrong one, and the edge
    is refused. Reads ``normal_identifiers``, ``features``, ``scored``, ``judged`` and ``forbidden``. `only`
    (unique_id): pairs with one of these records.
    """
    narrowed = f"and {touches(only)}" if only else ""
    held = "true"
    if only:
        held = f"""(kind, namespace, value) in (
            select (kind, namespace, value) from normal_identifiers
            where {unique_id_sql("record_id")} in (select unique_id from {only}))"""
    con.execute(
        f"""create or replace temp table identifier_pairs as
        with holder as (
            select distinct kind, namespace, value, {unique_id_sql("record_id")} as unique_id
            from normal_identifiers
            where is_trusted and value is not null and kind not in {CONTACT_KINDS} and {rules.use_sql("kind", "hard")}
                and {held}
        ),
        shared as (select * from holder qualify count(*) over (partition by kind, namespace, value) > 1)
        select l.unique_id as unique_id_l, r.unique_id as unique_id_r, min(l.kind) as rule
        from shared l join shared r
            on l.kind = r.kind and l.namespace = r.namespace and l.value = r.value and l.unique_id < r.unique_id
        group by all"""
    )
    con.execute(
        f"""create or replace table {refused} as
        select p.unique_id_l, p.unique_id_r, p.rule
        from (select * from identifier_pairs where true {narrowed}) p
        join features l on l.unique_id = p.unique_id_l join features r on r.unique_id = p.unique_id_r
        left join scored s on s.unique_id_l = p.unique_id_l and s.unique_id_r = p.unique_id_r
        where coalesce(s.match_probability, 0) < {threshold} and {conflict_sql(rules=rules.conflicts)}"""
    )
    con.execute(
        f"""create or replace table {out} as
        with edge as (
            select unique_id_l, unique_id_r, 0 as rank, 'steward' as kind, 'judgement' as rule
            from judged where judgement = 'positive'
            union all
            select unique_id_l, unique_id_r, 1, 'identifier', rule from identifier_pairs
            anti join {refused} using (unique_id_l, unique_id_r)
            union all
            select unique_id_l, unique_id_r, 2, 'probabilistic', 'score' from scored
            where match_probability >= {threshold}
        ),
        wanted as (
            select * from (select * from edge where true {narrowed})
            anti join forbidden using (unique_id_l, unique_id_r)
            qualify row_number() over (partition by unique_id_l, unique_id_r order by rank, rule) = 1
        )
        select e.unique_id_l, e.unique_id_r, e.rank::tinyint as rank, e.kind, e.rule,
            coalesce(s.match_weight, 0.0) as match_weight, s.match_probability
        from wanted e left join scored s using (unique_id_l, unique_id_r)"""
    )
    con.execute("drop table identifier_pairs")
