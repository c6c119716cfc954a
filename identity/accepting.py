"""Which pairs become edges: judgements, then hard identifiers, then scores from the threshold up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import duckdb

from identity.comparison import Comparison
from identity.comparisons import BIRTH_DATE
from identity.comparisons_of_names import GIVEN
from identity.conflicts import conflict_sql
from identity.layers import touches
from identity.rules import Rules
from identity.values import CONTACT_KINDS, unique_id_sql

# Twice as likely is 1 bit. A gender that only one of two profiles states is worth about that much, and decides nothing.
UNDECIDED_BITS = 1.5


def accept(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    threshold: float,
    comparisons: Sequence[Comparison],
    *,
    out: str,
    refused: str,
    only: str | None = None,
) -> None:
    """Write table `out`: edges with rank 0 (judgement), 1 (identifier) or 2 (score), one row per pair, best rank; and
    table `refused` (unique_id_l, unique_id_r, rule).

    An identifier joins two records unless they cannot be one person: then it was typed for the wrong one, and the edge
    is refused. A score on `thin_sql` evidence is refused, under the rule ``score``, unless it exceeds the threshold by
    UNDECIDED_BITS. `comparisons` are those that ``scored`` holds outcomes of. Reads ``normal_identifiers``,
    ``features``, ``scored``, ``judged``, ``forbidden``, ``repeats``, which an identifier joins to their first only, and
    ``settled``, whose kept edges stand whatever the scores have become. `only` (unique_id): pairs with one of these
    records.
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
        shared as (select * from holder qualify count(*) over (partition by kind, namespace, value) > 1),
        witness as (select * from shared anti join repeats using (unique_id)),
        pair as (
            select l.unique_id as unique_id_l, r.unique_id as unique_id_r, l.kind
            from witness l join witness r
                on l.kind = r.kind and l.namespace = r.namespace and l.value = r.value and l.unique_id < r.unique_id
            union all
            select f.first_id, f.unique_id, s.kind from shared s join repeats f using (unique_id)
        )
        select unique_id_l, unique_id_r, min(kind) as rule from pair group by all"""
    )
    con.execute(
        f"""create or replace table {refused} as
        select p.unique_id_l, p.unique_id_r, p.rule
        from (select * from identifier_pairs where true {narrowed}) p
        join features l on l.unique_id = p.unique_id_l join features r on r.unique_id = p.unique_id_r
        left join scored s on s.unique_id_l = p.unique_id_l and s.unique_id_r = p.unique_id_r
        where coalesce(s.match_probability, 0) < {threshold} and {conflict_sql(rules=rules.conflicts)}
        union all
        select unique_id_l, unique_id_r, 'score' from scored
        where match_probability >= {threshold} and match_weight < {_bits(threshold) + UNDECIDED_BITS}
            and {thin_sql(comparisons)} {narrowed}
            and (unique_id_l, unique_id_r) not in (select (unique_id_l, unique_id_r) from identifier_pairs)"""
    )
    kept = "select unique_id_l, unique_id_r, kind from settled where is_kept"
    con.execute(f"delete from {refused} x using ({kept}) s where {_same_pair('x', 's')}")
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
            anti join (select * from {refused} where rule = 'score') using (unique_id_l, unique_id_r)
            where match_probability >= {threshold}
            union all
            select unique_id_l, unique_id_r, 2, kind, 'settled' from ({kept})
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


def _same_pair(left: str, right: str) -> str:
    return f"{left}.unique_id_l = {right}.unique_id_l and {left}.unique_id_r = {right}.unique_id_r"


def thin_sql(comparisons: Sequence[Comparison]) -> str:
    """SQL condition over the outcomes in ``scored``: a given name and a birth date are all that two records have in
    common, and at least two fields speak against one person.

    A bride who moved looks like that, and so does a stranger born on her day. Which of the two is likelier follows from
    the size of the data alone, not from the pair; so a score that is only just enough goes to a person.
    """
    others = [c.gamma for c in comparisons if c.name not in (GIVEN.name, BIRTH_DATE.name)]
    if len(others) < 2:
        return "false"
    agreeing = " or ".join(f"{gamma} > 0" for gamma in others)
    against = " + ".join(f"({gamma} = 0)::integer" for gamma in others)
    return f"not ({agreeing}) and {against} >= 2"


def _bits(probability: float) -> float:
    """Evidence in bits that a probability stands for; unbounded for 0 and 1."""
    if not 0 < probability < 1:
        return math.copysign(1e9, probability - 0.5)
    return math.log2(probability / (1 - probability))
