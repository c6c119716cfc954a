"""Kinds of fault: why people were put together, and why the records of one person were not.

A fault is not a pair of records but a pair of parts, since one link would have joined (or one refusal parted) them:
an over-merge is two entities in one cluster, an under-merge one entity in two clusters; `pairs` tells how many pairs of
records that makes wrong. Each is explained by its most telling pair of records.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from identity.explain_blocks import is_bounded, shared_keys
from identity.explain_weights import Weights, compare, model_weights, take_side
from identity.sql_text import literal

if TYPE_CHECKING:
    from identity.evaluate_evidence import Evidence, Loaded

# Pairs of records looked at per pair of parts: enough for the best one, bounded where a person has hundreds of records.
PAIRS_PER_PART = 400

KINDS = {
    "same_household": "two members of one household",
    "namesake": "two people of one name",
    "other_people": "other people",
    "no_cluster": "a record is missing from the result",
    "refused": "an edge was left out, or an identifier refused",
    "conflict": "the likeliest pair cannot be one person by the conflict rules",
    "below_threshold": "compared, but below the threshold",
    "held_apart": "above the threshold, but kept apart by a judgement or another pair",
    "never_compared": "evidence is shared, but no block key",
    "no_shared_evidence": "the records have nothing in common",
    "compared": "compared, but not linked",
    "not_explained": "not explained: no evidence was given",
}


def find_faults(
    con: duckdb.DuckDBPyConnection, evidence: Evidence | None, *, with_edges: bool
) -> tuple[dict[str, Any], ...]:
    """Rows fault, kind, parts, pairs: how many pairs of parts are wrong in that way and how many pairs of records.

    Expects what `evaluate.evaluate_files` leaves on `con`, ``__edges`` included where there are any. Leaves temp table
    ``__fault``, one row per pair of parts with its most telling pair of records.
    """
    loaded = evidence.load(con) if evidence is not None else None
    con.execute(
        """create or replace temp table __part as
        select 'over_merge' as fault, l.cluster as cluster_l, l.cluster as cluster_r, l.entity as entity_l,
            r.entity as entity_r, l.n * r.n as pairs, 0::bigint as part
        from __cell l join __cell r on l.cluster = r.cluster and l.entity < r.entity
        union all
        select 'under_merge', l.cluster, r.cluster, l.entity, l.entity, l.n * r.n, 0
        from __cell l join __cell r on l.entity = r.entity and l.cluster < r.cluster"""
    )
    con.execute(
        "create or replace temp table __part as select * replace (row_number() over (order by fault, cluster_l, "
        "cluster_r, entity_l, entity_r) as part) from __part"
    )
    _record_pairs(con, with_edges=with_edges or evidence is not None)
    weights = _score_pairs(con, loaded)
    _over_kinds(con, loaded)
    _under_kinds(con, loaded, weights)
    con.execute(
        """create or replace temp table __fault as
        select p.fault, k.kind, p.cluster_l, p.cluster_r, p.entity_l, p.entity_r, p.pairs, k.record_id_l, k.record_id_r,
            s.match_weight, s.match_probability, s.stranger_weight, s.household_weight, s.outcomes, k.detail
        from __part p join __kind k using (part)
        left join __pair_scored s on s.part = p.part and s.record_id_l = k.record_id_l
            and s.record_id_r = k.record_id_r"""
    )
    rows = con.execute(
        "select fault, kind, count(*), sum(pairs) from __fault group by all order by fault, 4 desc, kind"
    ).fetchall()
    return tuple({"fault": f, "kind": k, "parts": int(n), "pairs": int(p)} for f, k, n, p in rows)


def _record_pairs(con: duckdb.DuckDBPyConnection, *, with_edges: bool) -> None:
    """Temp table ``__record_pair`` (part, record_id_l, record_id_r, edge): for an over-merge the strongest edge between
    the parts, else their least records; for an under-merge up to PAIRS_PER_PART pairs across the parts."""
    edge = (
        """select e.record_id_l, e.record_id_r, case e.kind when 'steward' then 3 when 'identifier' then 2
            else e.match_probability end as edge from __edges e"""
        if with_edges
        else "select ''::varchar as record_id_l, ''::varchar as record_id_r, 0.0 as edge where false"
    )
    con.execute(
        f"""create or replace temp table __record_pair as
        with faulty as (select * from __part where fault = 'over_merge'),
        edge as (
            select record_id_l, record_id_r, edge from ({edge})
            union all select record_id_r, record_id_l, edge from ({edge})
        )
        select part, record_id_l, record_id_r, edge from (
            select p.part, e.record_id_l, e.record_id_r, e.edge
            from edge e join __judged l on l.record_id = e.record_id_l join __judged r on r.record_id = e.record_id_r
            join faulty p on p.cluster_l = l.cluster and r.cluster = l.cluster
                and p.entity_l = l.entity and p.entity_r = r.entity
            union all
            select p.part, l.record_id, r.record_id, null from faulty p
            join (select cluster, entity, min(record_id) as record_id from __judged group by all) l
                on l.cluster = p.cluster_l and l.entity = p.entity_l
            join (select cluster, entity, min(record_id) as record_id from __judged group by all) r
                on r.cluster = p.cluster_l and r.entity = p.entity_r
        )
        qualify row_number() over (partition by part order by edge desc nulls last, record_id_l, record_id_r) = 1
        union all
        select p.part, l.record_id, r.record_id, null
        from __part p join __judged l on l.cluster = p.cluster_l and l.entity = p.entity_l
        join __judged r on r.cluster = p.cluster_r and r.entity = p.entity_r
        where p.fault = 'under_merge'
        qualify row_number() over (partition by p.part order by l.record_id, r.record_id) <= {PAIRS_PER_PART}"""
    )


def _score_pairs(con: duckdb.DuckDBPyConnection, loaded: Loaded | None) -> Weights | None:
    """Temp table ``__pair_scored``: ``__record_pair`` with weights and outcomes as far as the evidence reaches, and
    ``is_compared``: whether the pair shares a block key within the bound."""
    unknown = "null::double as match_weight, null::double as match_probability, null::double as stranger_weight, " \
              "null::double as household_weight, null::varchar as conflict_rule, null::boolean as has_evidence, " \
              "null::varchar as outcomes"  # fmt: skip
    if loaded is None:
        con.execute(
            f"create or replace temp table __pair_scored as select *, {unknown}, null::boolean as is_compared "
            "from __record_pair"
        )
        return None
    ids = "select record_id_l from __record_pair union select record_id_r from __record_pair"
    weights = None
    if loaded.model is not None and loaded.models is not None:
        weights = model_weights(loaded.model)
        take_side(con, loaded.features, ids, loaded.model, loaded.models, out="__fault_side")
        compare(con, "__record_pair", "__fault_side", weights, out="__weighed", conflicts=loaded.conflicts())
        con.execute(
            f"""create or replace temp table __pair_scored as
            select part, record_id_l, record_id_r, edge, match_weight, match_probability, stranger_weight,
                household_weight, conflict_rule, {_has_evidence(weights)} as has_evidence,
                {_outcomes(weights)} as outcomes
            from __weighed"""
        )
    else:
        con.execute(
            f"create or replace temp table __fault_side as select * from {loaded.features} where record_id in ({ids})"
        )
        con.execute(
            f"""create or replace temp table __pair_scored as select p.*, {unknown} from __record_pair p
            where p.record_id_l in (select record_id from __fault_side)
                and p.record_id_r in (select record_id from __fault_side)"""
        )
    shared_keys(
        con, "__record_pair", loaded.features, "__fault_side", loaded.identifiers, out="__fault_key",
        rules=loaded.rules,
    )  # fmt: skip
    bounded = is_bounded(loaded.model) if loaded.model is not None else f"size <= {loaded.rules.blocking.max_block}"
    con.execute(
        f"""create or replace temp table __pair_scored as
        select *, exists (
            select 1 from __fault_key k where k.record_id_l = s.record_id_l and k.record_id_r = s.record_id_r
                and {bounded}) as is_compared
        from __pair_scored s"""
    )
    return weights


def _has_evidence(weights: Weights) -> str:
    """SQL: some comparison speaks for one person rather than for strangers."""
    parts = []
    for comparison in weights.comparisons:
        good = [str(i) for i, level in enumerate(weights.levels[comparison.name]) if level.strangers > 0]
        if good:
            parts.append(f"coalesce(level_{comparison.name} in ({', '.join(good)}), false)")
    return " or ".join(parts) or "false"


def _outcomes(weights: Weights) -> str:
    """SQL: names of the outcomes with their bits against strangers and against a household, never a value."""
    parts = []
    for comparison in weights.comparisons:
        arms = " ".join(
            f"when {i} then '{comparison.name}: {level.name} {level.strangers:+.1f}/{level.household:+.1f}'"
            for i, level in enumerate(weights.levels[comparison.name])
        )
        parts.append(f"case level_{comparison.name} {arms} end")
    return f"concat_ws('; ', {', '.join(parts)})" if parts else "''"


def _over_kinds(con: duckdb.DuckDBPyConnection, loaded: Loaded | None) -> None:
    """Start temp table ``__kind`` (part, kind, record_id_l, record_id_r, detail) with the over-merges."""
    names = (
        f"""select distinct j.cluster, j.entity, unnest([f.given_c || ' ' || f.family, f.name_key]) as name
            from __judged j join {loaded.features} f on f.record_id = j.record_id
            where j.cluster in (select cluster_l from __part where fault = 'over_merge')"""
        if loaded is not None
        else "select '' as cluster, '' as entity, '' as name where false"
    )
    con.execute(
        f"""create or replace temp table __kind as
        with home as (select entity, min(household) as household from __judged group by entity),
        name as ({names}),
        namesake as (
            select distinct p.part from __part p
            join name l on l.cluster = p.cluster_l and l.entity = p.entity_l
            join name r on r.cluster = p.cluster_l and r.entity = p.entity_r and r.name = l.name
            where p.fault = 'over_merge'
        )
        select p.part, case when hl.household = hr.household then 'same_household'
                when p.part in (select part from namesake) then 'namesake' else 'other_people' end as kind,
            x.record_id_l, x.record_id_r, ''::varchar as detail
        from __part p join __record_pair x using (part)
        join home hl on hl.entity = p.entity_l join home hr on hr.entity = p.entity_r
        where p.fault = 'over_merge'"""
    )


def _under_kinds(con: duckdb.DuckDBPyConnection, loaded: Loaded | None, weights: Weights | None) -> None:
    """Add the under-merges to ``__kind``, each with its decisive pair."""
    threshold = loaded.threshold() if loaded is not None else 1.0
    dropped = (
        f"""select record_id_l, record_id_r, reason, match_weight from {loaded.dropped}
            union all select record_id_r, record_id_l, reason, match_weight from {loaded.dropped}"""
        if loaded is not None and loaded.dropped is not None
        else "select '' as record_id_l, '' as record_id_r, '' as reason, 0.0 as match_weight where false"
    )
    scored = f"""case when s.is_compared then case when s.conflict_rule is not null then 'conflict'
                    when s.match_probability >= {threshold!r} then 'held_apart' else 'below_threshold' end
                when s.has_evidence then 'never_compared' else 'no_shared_evidence' end"""
    unweighed = "case when s.is_compared then 'compared' else 'never_compared' end"
    con.execute(
        f"""insert into __kind
        with under as (select * from __part where fault = 'under_merge'),
        absent as (select distinct cluster from __judged where missing),
        refused as (
            select p.part, d.record_id_l, d.record_id_r, d.reason, d.match_weight
            from ({dropped}) d
            join __judged l on l.record_id = d.record_id_l join __judged r on r.record_id = d.record_id_r
            join under p on p.entity_l = l.entity and r.entity = l.entity
                and p.cluster_l = l.cluster and p.cluster_r = r.cluster
            qualify row_number() over (
                partition by p.part order by d.match_weight desc, d.record_id_l, d.record_id_r, d.reason) = 1
        ),
        best as (
            select s.*, {scored if weights is not None else unweighed} as kind
            from __pair_scored s join under using (part)
            where s.is_compared is not null
            qualify row_number() over (partition by s.part order by s.is_compared desc, s.match_weight desc nulls last,
                s.record_id_l, s.record_id_r) = 1
        )
        select u.part,
            case when u.cluster_l in (select cluster from absent) or u.cluster_r in (select cluster from absent)
                    then 'no_cluster'
                when r.part is not null then 'refused'
                else coalesce(b.kind, 'not_explained') end as kind,
            coalesce(r.record_id_l, b.record_id_l, x.record_id_l),
            coalesce(r.record_id_r, b.record_id_r, x.record_id_r),
            coalesce(r.reason, case when b.kind = 'conflict' then b.conflict_rule end, '')
        from under u left join refused r using (part) left join best b using (part)
        join (select part, min((record_id_l, record_id_r)) as pair, pair[1] as record_id_l, pair[2] as record_id_r
            from __record_pair group by part) x using (part)"""
    )


def worst(con: duckdb.DuckDBPyConnection, limit: int) -> tuple[dict[str, Any], ...]:
    """The `limit` costliest rows of ``__fault``, over-merges first, as dictionaries."""
    cursor = con.execute(
        f"""select fault, kind, detail, pairs, record_id_l, record_id_r, match_weight, outcomes from __fault
        order by fault, pairs desc, kind, record_id_l, record_id_r limit {int(limit)}"""
    )
    names = [column[0] for column in cursor.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def write_errors(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write ``__fault`` as CSV, the costliest first: ids, kinds, weights and outcomes; no name, no contact value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    con.execute(
        f"""copy (
            select fault, kind, detail, pairs, record_id_l, record_id_r, cluster_l, cluster_r, entity_l, entity_r,
                round(match_weight, 3) as match_weight, round(match_probability, 6) as match_probability,
                round(stranger_weight, 3) as stranger_weight, round(household_weight, 3) as household_weight, outcomes
            from __fault order by fault, pairs desc, kind, record_id_l, record_id_r
        ) to {literal(temporary)} (format csv, header)"""
    )
    temporary.rename(path)
