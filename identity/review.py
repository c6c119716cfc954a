"""What only a person can decide, in the order of what an answer is worth; and the questions as a clerk sees them.

A question is two clusters that evidence joins and something holds apart, named by one pair of their records. Its worth
is how many pairs of records the answer settles, times how open it is:

    worth = uncertainty × records of the one cluster × records of the other

The uncertainty is the entropy of the match probability in bits: 1 at one half, near 0 where the score is sure. Where
the evidence contradicts itself (every reason but ``below_threshold``) it is 1 whatever the score says.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from identity.clustering import level_sql
from identity.comparison import Comparison
from identity.errors import IdentityInputError
from identity.model import Model, load_model
from identity.outputs import REFUSED_REASON_SQL
from identity.sql_text import literal

REVIEW_FROM = 0.2
"""Scored pairs from this probability up to the threshold are asked about."""

REASONS = (
    "identifier_of_another_person", "unique", "conflict", "namesakes", "undecided", "settled", "thin_evidence", "cap",
    "bridge", "size", "below_threshold",
)  # fmt: skip
"""Why a pair is asked about, the strongest first: what breaks a tie between two questions of one worth. A reason may
name the kind of identifier after a colon (``unique:loyalty_id``)."""

# Pairs scored lower are not kept for the labelled sample: on the committed sample they are half of all candidate pairs,
# and the model expects 1.2 matches among those 7,572.
SCORED_FROM = 0.01
SCORED_PAIRS = (
    f"select unique_id_l, unique_id_r, match_probability from scored where match_probability >= {SCORED_FROM}"
)
"""Query for what `sampling` draws from, over ``scored``; in no order, which the sample does not need."""
JUDGED_PAIRS = """select least(l.record_id, r.record_id) as record_id_l, greatest(l.record_id, r.record_id) as
        record_id_r, j.judgement
    from judged j
    join features l on l.unique_id = j.unique_id_l join features r on r.unique_id = j.unique_id_r order by all"""
"""Query for the judgements that the run applied, over ``judged`` and ``features``."""


def reason_rank_sql(column: str = "reason") -> str:
    """SQL for the place of a reason in REASONS; an unknown one comes before ``below_threshold``."""
    arms = " ".join(f"when '{reason}' then {i}" for i, reason in enumerate(REASONS[:-1]))
    return (
        f"case split_part({column}, ':', 1) {arms} when '{REASONS[-1]}' then {len(REASONS)} else {len(REASONS) - 1} end"
    )


ORDER = f"worth desc, {reason_rank_sql()}, record_id_l, record_id_r"
"""SQL order of ``review_queue``."""


def evidence_sql(comparisons: Sequence[Comparison], left: str = "l", right: str = "r") -> str:
    """SQL text of how each comparison comes out between rows `left` and `right`: ``given=0;phone=-``. No values.

    Two records have new evidence for or against each other when this text is another one.
    """
    parts = [
        f"'{c.name}=' || coalesce(({level_sql(c, left, right)})::varchar, '-')"
        for c in sorted(comparisons, key=lambda c: c.name)
    ]
    return " || ';' || ".join(parts) or "''"


def build_review_queue(
    con: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison] = (), review_from: float = REVIEW_FROM
) -> None:
    """Table ``review_queue`` (record_id_l, record_id_r, match_weight, match_probability, reason, worth) on `con`.

    Reads ``features``, ``scored``, ``accepted``, ``left_out``, ``refused``, ``clusters`` and ``judged``. One question
    per pair of clusters, the lesser record id first: the strongest reason, then the likeliest pair. None is asked where
    a person judged two records of the clusters to be different. A question that was answered ``unsure`` stays away
    until `evidence_sql` over `comparisons` (those of the model) gives another text for the pair, or until another pair
    of records becomes the likeliest between the two clusters. match_weight and match_probability are NULL for pairs
    that were never scored.
    """
    evidence = evidence_sql(comparisons) if comparisons else "j.evidence"
    con.execute(
        f"""
        create or replace table review_queue as
        with size as (select cluster_id, count(*) as n from clusters group by cluster_id),
        candidate as (
            select s.unique_id_l, s.unique_id_r, s.match_weight, s.match_probability, 'below_threshold' as reason
            from scored s anti join accepted a using (unique_id_l, unique_id_r)
            where s.match_probability >= {review_from}
            union all
            select x.unique_id_l, x.unique_id_r, s.match_weight, s.match_probability, x.reason
            from (
                select unique_id_l, unique_id_r, reason from left_out where reason <> 'judged_apart'
                union all select e.unique_id_l, e.unique_id_r, {REFUSED_REASON_SQL} from refused e
            ) x left join scored s using (unique_id_l, unique_id_r)
        ),
        crossing as (
            select c.*, {reason_rank_sql("c.reason")} as reason_rank,
                least(l.cluster_id, r.cluster_id) as cluster_a, greatest(l.cluster_id, r.cluster_id) as cluster_b
            from candidate c
            join clusters l on l.unique_id = c.unique_id_l join clusters r on r.unique_id = c.unique_id_r
            where l.cluster_id <> r.cluster_id
        ),
        judged_apart as (
            select distinct least(l.cluster_id, r.cluster_id) as cluster_a,
                greatest(l.cluster_id, r.cluster_id) as cluster_b
            from judged j
            join clusters l on l.unique_id = j.unique_id_l join clusters r on r.unique_id = j.unique_id_r
            where j.judgement = 'negative'
        ),
        answered as (
            select least(j.a, j.b) as unique_id_l, greatest(j.a, j.b) as unique_id_r
            from (
                select unique_id_l as a, unique_id_r as b, judgement, evidence from judged
                union all select unique_id_r, unique_id_l, judgement, evidence from judged
            ) j join features l on l.unique_id = j.a join features r on r.unique_id = j.b
            -- `pair_evidence` compares the lesser record id with the greater
            where l.record_id < r.record_id
                and (j.judgement <> 'unsure' or j.evidence is null or j.evidence = {evidence})
        ),
        question as (
            select * from crossing anti join judged_apart using (cluster_a, cluster_b)
            qualify row_number() over (
                partition by cluster_a, cluster_b
                order by reason_rank, match_probability desc nulls last, unique_id_l, unique_id_r) = 1
        )
        select least(l.record_id, r.record_id) as record_id_l, greatest(l.record_id, r.record_id) as record_id_r,
            q.match_weight, q.match_probability, q.reason,
            {_uncertainty_sql("q.reason", "q.match_probability")} * a.n * b.n as worth
        from question q anti join answered using (unique_id_l, unique_id_r)
        join size a on a.cluster_id = q.cluster_a join size b on b.cluster_id = q.cluster_b
        join features l on l.unique_id = q.unique_id_l join features r on r.unique_id = q.unique_id_r
        order by {ORDER}"""
    )


def _uncertainty_sql(reason: str, probability: str) -> str:
    """SQL for the entropy in bits (0 to 1) of a question's answer."""
    return f"""(case when {reason} <> 'below_threshold' then 1.0
        when {probability} <= 0 or {probability} >= 1 then 0.0
        else -{probability} * log2({probability}) - (1 - {probability}) * log2(1 - {probability}) end)::double"""


@dataclass(frozen=True)
class Outcome:
    """How one comparison came out. Weights in bits, by the model: against strangers, and against a household."""

    comparison: str
    outcome: str
    against_strangers: float
    against_household: float


@dataclass(frozen=True)
class Question:
    """One entry of the queue with both records' comparison; `worth` as in the module's docstring."""

    record_id_l: str
    record_id_r: str
    reason: str
    worth: float
    match_weight: float | None
    match_probability: float | None
    source_l: str | None
    source_r: str | None
    profile_id_l: str | None
    profile_id_r: str | None
    profile_records_l: int
    profile_records_r: int
    outcomes: tuple[Outcome, ...]


def open_questions(
    identity: Path, models: Path, *, limit: int, answered: Collection[tuple[str, str]] = ()
) -> tuple[int, list[Question]]:
    """How many questions the last run under `identity` left open, and the first `limit` of them by worth.

    `answered` are pairs (lesser record id first) that were judged since. Raises `IdentityInputError` before the first
    run.
    """
    model = _model_of(identity, models)
    with duckdb.connect() as con:
        for table in ("review_queue", "features", "profile_members"):
            con.execute(f"create view {table} as select * from read_parquet({literal(identity / table / '*.parquet')})")
        if "worth" not in [row[0] for row in con.execute("describe review_queue").fetchall()]:
            raise IdentityInputError(f"{identity}: written by an earlier version; run `cdp run --full` first")
        pairs = sorted(answered)
        ids = {name: pa.array([pair[i] for pair in pairs], pa.string()) for i, name in enumerate(("a", "b"))}
        con.register("answered", pa.table(ids))
        con.execute(
            f"""create temp table open as
            select row_number() over (order by {ORDER}) as number, q.* from review_queue q
            where not exists (select 1 from answered
                where a = least(record_id_l, record_id_r) and b = greatest(record_id_l, record_id_r))"""
        )
        [(total,)] = con.execute("select count(*) from open").fetchall()
        rows = con.execute(
            """with asked as (select * from open where number <= $limit),
            named as (select record_id, profile_id from profile_members semi join (
                select record_id_l as record_id from asked union select record_id_r from asked) using (record_id)),
            size as (select profile_id, count(*) as n from profile_members
                where profile_id in (select profile_id from named) group by profile_id),
            side as (select n.record_id, n.profile_id, z.n, f.source
                from named n join size z using (profile_id) join features f using (record_id))
            select q.record_id_l, q.record_id_r, q.reason, q.worth, q.match_weight, q.match_probability, l.source,
                r.source, l.profile_id, r.profile_id, coalesce(l.n, 1), coalesce(r.n, 1)
            from asked q left join side l on l.record_id = q.record_id_l
            left join side r on r.record_id = q.record_id_r order by number""",
            {"limit": limit},
        ).fetchall()
        outcomes = compare_records(con, "features", model, [(row[0], row[1]) for row in rows])
    names = [field.name for field in fields(Question)]
    return int(total), [
        Question(**dict(zip(names, (*row, found), strict=True))) for row, found in zip(rows, outcomes, strict=True)
    ]


def compare_records(
    con: duckdb.DuckDBPyConnection, features: str, model: Model, pairs: Sequence[tuple[str, str]]
) -> list[tuple[Outcome, ...]]:
    """How the comparisons of `model` come out for each pair of record ids of table `features`; no values."""
    chosen, trained = model.chosen(), model.trained
    columns = {
        "number": pa.array(range(len(pairs)), pa.int64()),
        "a": pa.array([pair[0] for pair in pairs], pa.string()),
        "b": pa.array([pair[1] for pair in pairs], pa.string()),
    }
    con.register("asked_pairs", pa.table(columns))
    levels = "".join(f", {level_sql(c)}" for c in chosen)
    rows = con.execute(
        f"""select p.number{levels} from asked_pairs p
        join {features} l on l.record_id = p.a join {features} r on r.record_id = p.b order by p.number"""
    ).fetchall()
    con.unregister("asked_pairs")
    compared: list[tuple[Outcome, ...]] = [()] * len(pairs)
    for number, *found in rows:
        outcomes = []
        for comparison, level in zip(chosen, found, strict=True):
            if level is None:
                outcomes.append(Outcome(comparison.name, "not comparable", 0.0, 0.0))
                continue
            m, h, u = (p[comparison.name][level] for p in (trained.m, trained.h, trained.u))
            bits = float(np.log2(m / u)), float(np.log2(m / h))
            outcomes.append(Outcome(comparison.name, comparison.levels[level].name, *bits))
        compared[number] = tuple(outcomes)
    return compared


def pair_evidence(identity: Path, models: Path, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """`evidence_sql` of pairs of records of the last run (lesser record id first), as ``unsure`` judgements keep it.

    A pair with an unknown record is left out.
    """
    model = _model_of(identity, models)
    wanted = sorted(pairs)
    columns = {name: pa.array([pair[i] for pair in wanted], pa.string()) for i, name in enumerate(("a", "b"))}
    with duckdb.connect() as con:
        con.register("wanted", pa.table(columns))
        rows = con.execute(
            f"""with f as (
                select * from read_parquet({literal(identity / "features" / "*.parquet")})
                where record_id in (select a from wanted union all select b from wanted)
            )
            select w.a, w.b, {evidence_sql(model.chosen())}
            from wanted w join f l on l.record_id = w.a join f r on r.record_id = w.b"""
        ).fetchall()
    return {(left, right): str(evidence) for left, right, evidence in rows}


def _model_of(identity: Path, models: Path) -> Model:
    model = load_model(models)
    if model is None or not (identity / "features" / "part-0.parquet").exists():
        raise IdentityInputError(f"{identity}: nothing has been resolved here yet; run `cdp run` first")
    return model
