"""One training on the records at hand: what is compared, the parameters, the threshold, what is frozen with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from identity import blocking, features
from identity.comparison import Comparison
from identity.comparisons import choose, term_frequency_columns
from identity.model import LEARNING_RECORDS, Model, make_model, save_model
from identity.parameters import Trained
from identity.rules import Rules
from identity.scoring import score_sql
from identity.threshold import THRESHOLD_RANGE, calibrate
from identity.training import comparable_shares, outcome_counts, train
from identity.training_report import training_report

# Candidate pairs that training looks at: an even sample, by the first record of the pair, where there are more.
TRAINING_PAIRS = 1_500_000


@dataclass(frozen=True)
class Learnt:
    """A model that still lacks its threshold, and how it came about."""

    draft: Model
    seed: int
    rules: Rules


def learn(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    attributes: int,
    n_records: int,
    seed: int,
    *,
    learning: bool,
    records: str,
) -> Learnt:
    """Train on tables ``new_features`` and ``new_block_keys``, which hold all of `records` (record_id, default_region).

    Leaves ``frozen_frequencies`` and adds the term frequencies to ``new_features``.
    """
    chosen = choose(features.filled_aspects(con, "new_features", attributes), attributes)
    columns = term_frequency_columns(chosen)
    alike = features.find_places(con, records, out="places")
    features.freeze_term_frequencies(con, "new_features", columns, "places", out="frozen_frequencies")
    features.add_term_frequencies(con, "new_features", columns, "frozen_frequencies")
    bounds = blocking.choose_bounds(con, "new_block_keys", rules, n_records)
    bound = blocking.bound_sql(rules, rules.blocking.max_block, bounds)
    defaults = default_parameters(chosen)
    trained = defaults
    if n_records >= 2 and chosen:
        trained = _fit(con, chosen, defaults, bound, n_records, alike, seed)
    con.execute("drop table places")
    draft = make_model(
        chosen, attributes, trained, THRESHOLD_RANGE[1], n_records,
        max_block=rules.blocking.max_block, block_bounds=bounds,
        is_provisional=learning and n_records < LEARNING_RECORDS,
    )  # fmt: skip
    return Learnt(draft, seed, rules)


def _fit(
    con: duckdb.DuckDBPyConnection,
    chosen: Sequence[Comparison],
    defaults: Trained,
    bound: str,
    n_records: int,
    alike: float,
    seed: int,
) -> Trained:
    scored = score_sql("new_features", "pairs", chosen, defaults.m, defaults.u, defaults.match_share)
    blocking.random_pairs(con, "new_features", "places", alike, seed, out="pairs")
    levels, seen = outcome_counts(con, scored, chosen)
    shares = {}
    for k, comparison in enumerate(chosen):
        counts = [float(seen[levels[:, k] == i].sum()) for i in range(len(comparison.levels))]
        total = sum(counts)
        shares[comparison.name] = [n / total for n in counts] if total else [lv.u for lv in comparison.levels]

    n_pairs = blocking.build_blocks(con, "new_block_keys", bound, out="blocks")
    con.execute("create or replace temp table no_pairs (unique_id_l bigint, unique_id_r bigint)")
    parts = max(1, -(-n_pairs // (2 * TRAINING_PAIRS)))
    for _ in blocking.candidate_pairs(con, "blocks", n_pairs, out="pairs", extra="no_pairs", parts=parts, take=1):
        patterns, counts_of = outcome_counts(con, scored, chosen)
    for table in ("pairs", "blocks", "no_pairs"):
        con.execute(f"drop table if exists {table}")
    comparable = comparable_shares(con, "new_features", chosen)
    return train(chosen, patterns, counts_of * parts, shares, n_records, comparable, alike)


def default_parameters(chosen: Sequence[Comparison]) -> Trained:
    """The parameters before any training: the defaults of the levels."""
    return Trained(
        m={c.name: [level.m for level in c.levels] for c in chosen},
        h={c.name: [level.h for level in c.levels] for c in chosen},
        u={c.name: [level.u for level in c.levels] for c in chosen},
        match_share=0.0001,
        household_share=0.0001,
        pairs_seen=0,
    )


def complete_model(con: duckdb.DuckDBPyConnection, learnt: Learnt) -> Model:
    """The model with the threshold that its scores of all candidate pairs (``new_scored``) call for."""
    d = learnt.draft
    frozen = [
        con.execute(f"select count(*), bit_xor(hash(f)) from {table} f").fetchall()
        for table in ("frozen_frequencies", "name_use")
    ]
    return make_model(
        d.chosen(), d.attributes, d.trained, calibrate(con, "new_scored"), d.trained_records,
        max_block=d.max_block, block_bounds=d.block_bounds,
        is_provisional=d.is_provisional, frozen=str(frozen),
    )  # fmt: skip


def keep_model(con: duckdb.DuckDBPyConnection, folder: Path, model: Model, learnt: Learnt, accept: bool = True) -> None:
    """Save `model` under `folder` with what is frozen with it: ``frozen_frequencies`` and ``name_use``."""
    report = training_report(
        con, model, seed=learnt.seed, scored="new_scored", block_keys="new_block_keys", rules=learnt.rules
    )
    save_model(model, folder, con, "frozen_frequencies", name_use="name_use", accept=accept, report=report)
