"""One pass of linking: normalised input → scored pairs → edges → clusters, on one DuckDB connection.

Tables left behind on the connection: ``normal_records``, ``normal_identifiers``, ``features``, ``block_keys``,
``scored`` (unique_id_l, unique_id_r, match_weight: log2 odds of the same person, its two sides stranger_weight and
household_weight, match_probability, gammas), ``accepted``,
``dropped``, ``clusters``. Everything but the model is recomputed over all current records in every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from identity import blocking, clustering, features, scoring
from identity.comparisons import Comparison, choose, term_frequency_columns
from identity.model import Model, load_model, make_model, save_model, term_frequency_file
from identity.name_order import turn_swapped_names
from identity.normalise import normalise
from identity.threshold import THRESHOLD_RANGE, calibrate
from identity.training import Trained, outcome_counts, train

# Pairs below this are forgotten; those between it and the threshold go to review.
REVIEW_FROM = 0.2


@dataclass(frozen=True)
class Judgement:
    """A person's decision about two records: ``positive``, ``negative`` or ``unsure``."""

    record_id_l: str
    record_id_r: str
    judgement: str
    author: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Linked:
    """What a pass did: counts, and seconds per step."""

    model: Model
    was_trained: bool
    records: int
    pairs: int
    over_shared_values: int
    seconds: dict[str, float]


def link(
    con: duckdb.DuckDBPyConnection,
    records: str,
    identifiers: str,
    *,
    models: Path | None,
    attributes: int = 0,
    judgements: Sequence[Judgement] = (),
    threshold: float | None = None,
    seed: int = 1,
    progress: Callable[[str], None] = lambda step: None,
) -> Linked:
    """Link `records` and `identifiers` (tables as `identity.normalise` takes them, plus ``attribute_0…``).

    The model is the current one under `models`; if there is none, it is trained and, where `models` is a folder,
    saved. `threshold` overrides the model's.
    """
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal started
        seconds[step] = round(time.perf_counter() - started, 3)
        started = time.perf_counter()
        progress(step)

    normalise(con, records, identifiers, out_records="normal_records", out_identifiers="normal_identifiers")
    if attributes:
        names = ", ".join(f"lower(trim(r.attribute_{i})) as attribute_{i}" for i in range(attributes))
        con.execute(
            f"create or replace table normal_records as select n.*, {names} "
            f"from normal_records n join {records} r using (record_id)"
        )
    turn_swapped_names(con, "normal_records")
    over_shared = features.mark_over_shared(con, "normal_records", "normal_identifiers")
    features.build_features(con, "normal_records", "normal_identifiers", attributes=attributes)
    [(n_records,)] = con.execute("select count(*) from features").fetchall()
    lap("normalise")

    _load_judgements(con, judgements)
    blocking.build_block_keys(con, "features", "normal_identifiers", out="block_keys")
    pairs = blocking.candidate_pairs(con, "block_keys", out="pairs", extra_pairs=["judged"])
    lap("block")

    model = load_model(models) if models else None
    was_trained = model is None
    if model is None:
        model = _train(con, attributes, n_records, seed)
        if models:
            save_model(model, models, con, "frozen_frequencies")
        lap("train")  # leaves ``scored`` behind
    else:
        con.execute(
            "create or replace temp table frozen_frequencies as "
            f"select * from read_parquet('{term_frequency_file(models or Path(), model)}')"
        )
        _score(con, model)
        lap("score")

    _accept(con, model.threshold if threshold is None else threshold)
    clustering.cluster(con, "features", "accepted", "forbidden", out="clusters", dropped="left_out")
    lap("cluster")
    return Linked(model, was_trained, int(n_records), pairs, over_shared, seconds)


def _load_judgements(con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement]) -> None:
    """Tables ``judged`` (all live judgements on records that exist) and ``forbidden`` (the negative ones)."""
    con.execute(
        "create or replace temp table judgement_input (record_id_l varchar, record_id_r varchar, judgement varchar)"
    )
    if judgements:
        con.executemany(
            "insert into judgement_input values (?, ?, ?)",
            [(j.record_id_l, j.record_id_r, j.judgement) for j in judgements],
        )
    con.execute(
        """create or replace temp table judged as
        select distinct least(l.unique_id, r.unique_id) as unique_id_l, greatest(l.unique_id,
            r.unique_id) as unique_id_r,
            j.judgement
        from judgement_input j
        join features l on l.record_id = j.record_id_l
        join features r on r.record_id = j.record_id_r
        where l.unique_id <> r.unique_id"""
    )
    con.execute("create or replace temp table forbidden as select * from judged where judgement = 'negative'")


def _train(con: duckdb.DuckDBPyConnection, attributes: int, n_records: int, seed: int) -> Model:
    chosen = choose(features.filled_aspects(con, "features", attributes), attributes)
    defaults = _defaults(chosen)
    features.freeze_term_frequencies(con, "features", term_frequency_columns(chosen), out="frozen_frequencies")
    if n_records < 2 or not chosen:
        model = make_model(chosen, attributes, defaults, THRESHOLD_RANGE[1], n_records)
        _score(con, model)
        return model
    features.add_term_frequencies(con, "features", term_frequency_columns(chosen), "frozen_frequencies")
    shares = scoring.random_agreement(con, "features", chosen, seed)
    scoring.score_pairs(
        con, "features", "pairs", chosen, defaults.m, defaults.u, defaults.match_share, out="training_scored"
    )
    patterns, counts = outcome_counts(con, "training_scored", chosen)
    trained = train(chosen, patterns, counts, shares, n_records)
    con.execute("drop table training_scored")
    draft = make_model(chosen, attributes, trained, THRESHOLD_RANGE[1], n_records)
    _score(con, draft)
    return make_model(chosen, attributes, trained, calibrate(con, "scored"), n_records)


def _defaults(chosen: Sequence[Comparison]) -> Trained:
    return Trained(
        m={c.name: [level.m for level in c.levels] for c in chosen},
        h={c.name: [level.h for level in c.levels] for c in chosen},
        u={c.name: [level.u for level in c.levels] for c in chosen},
        match_share=0.0001,
        household_share=0.0001,
        pairs_seen=0,
    )


def _score(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Table ``scored`` over table ``pairs``. Term frequencies are the frozen ones in the run that trains, too: the same
    records must score the same in every later run."""
    chosen = model.chosen()
    if not chosen:
        con.execute(
            """create or replace table scored as select unique_id_l, unique_id_r, 0.0 as match_weight,
            0.0 as stranger_weight, 0.0 as household_weight, 0.0 as match_probability from pairs where false"""
        )
        return
    features.add_term_frequencies(con, "features", term_frequency_columns(chosen), "frozen_frequencies")
    t = model.trained
    scoring.score_pairs(con, "features", "pairs", chosen, t.m, t.u, t.match_share, out="splink_scored")
    household = " + ".join(_household_sql(c, t) for c in chosen)
    prior = float(np.log2(t.household_share / t.match_share))
    con.execute(
        f"""create or replace table scored as
        select * replace (-log2(pow(2, -match_weight) + pow(2, household_weight)) as match_weight),
            match_weight as stranger_weight,
            1 / (1 + pow(2, -match_weight) + pow(2, household_weight)) as match_probability
        from (select *, {prior} + {household} as household_weight from splink_scored)"""
    )
    con.execute("drop table splink_scored")


def _household_sql(comparison: Comparison, trained: Trained) -> str:
    """log2 of how much better 'two members of one household' explains the outcome than 'the same person'."""
    last = len(comparison.levels) - 1
    arms = " ".join(
        f"when {last - i} then {float(np.log2(h / m))}"
        for i, (m, h) in enumerate(zip(trained.m[comparison.name], trained.h[comparison.name], strict=True))
    )
    return f"(case {comparison.gamma} {arms} else 0.0 end)"


def _accept(con: duckdb.DuckDBPyConnection, threshold: float) -> None:
    """Table ``accepted``: edges with rank 0 (judgement), 1 (identifier) or 2 (score), one row per pair, best rank.

    An identifier joins two records unless they cannot be one person: then it was typed for the wrong one, and the
    edge goes to ``refused`` with its reason.
    """
    con.execute(
        f"""create or replace temp table identifier_pairs as
        with holder as (
            select distinct i.kind, i.namespace, i.value, f.unique_id
            from normal_identifiers i join features f using (record_id)
            where i.is_trusted and i.value is not null
                and i.kind not in {features.CONTACT_KINDS + features.WEAK_KINDS}
        )
        select l.unique_id as unique_id_l, r.unique_id as unique_id_r, min(l.kind) as rule
        from holder l join holder r
            on l.kind = r.kind and l.namespace = r.namespace and l.value = r.value and l.unique_id < r.unique_id
        group by all"""
    )
    con.execute(
        f"""create or replace temp table refused as
        select p.unique_id_l, p.unique_id_r, p.rule
        from identifier_pairs p
        join features l on l.unique_id = p.unique_id_l join features r on r.unique_id = p.unique_id_r
        left join scored s on s.unique_id_l = p.unique_id_l and s.unique_id_r = p.unique_id_r
        where coalesce(s.match_probability, 0) < {threshold} and {clustering.conflict_sql()}"""
    )
    con.execute(
        f"""create or replace table accepted as
        with edge as (
            select unique_id_l, unique_id_r, 0 as rank, 'steward' as kind, 'judgement' as rule
            from judged where judgement = 'positive'
            union all
            select unique_id_l, unique_id_r, 1, 'identifier', rule from identifier_pairs p
            where not exists (
                select 1 from refused x where x.unique_id_l = p.unique_id_l and x.unique_id_r = p.unique_id_r)
            union all
            select unique_id_l, unique_id_r, 2, 'probabilistic', 'score' from scored
            where match_probability >= {threshold}
        )
        select e.unique_id_l, e.unique_id_r, e.rank, e.kind, e.rule,
            coalesce(s.match_weight, 0.0) as match_weight, s.match_probability
        from edge e left join scored s using (unique_id_l, unique_id_r)
        where not exists (
            select 1 from forbidden x where x.unique_id_l = e.unique_id_l and x.unique_id_r = e.unique_id_r)
        qualify row_number() over (partition by e.unique_id_l, e.unique_id_r order by e.rank, e.rule) = 1"""
    )
