"""From candidate pairs to weights: Splink's weight against strangers, ours against the household, and both as one."""

from __future__ import annotations

from typing import Protocol

import duckdb
import numpy as np

from identity import blocking, repeats
from identity.comparison import Comparison
from identity.model import Model
from identity.parameters import Trained
from identity.review import SCORED_FROM
from identity.rules import Rules
from identity.scoring import score_sql


class PairScorer(Protocol):
    """Another engine for candidate pairs and scores: fills ``new_scored`` as `score_candidates` does, and returns the
    number of pairs compared."""

    def __call__(self, con: duckdb.DuckDBPyConnection, model: Model, rules: Rules, only: str | None) -> int: ...


def score_candidates(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    rules: Rules,
    *,
    only: str | None = None,
    scorer: PairScorer | None = None,
) -> int:
    """Write table ``new_scored`` for the pairs of ``block_keys``, ``judged`` and ``repeats``, and return their number.

    `only` (unique_id): pairs with one of these records. Pairs below SCORED_FROM are forgotten. `scorer`: compares them
    elsewhere than on `con`.
    """
    chosen = model.chosen()
    gammas = "".join(f", {c.gamma} tinyint" for c in chosen)
    con.execute(
        "create or replace table new_scored (unique_id_l bigint, unique_id_r bigint, match_weight double, "
        f"stranger_weight double, household_weight double, match_probability double{gammas})"
    )
    if scorer is not None:
        return scorer(con, model, rules, only)
    bound = blocking.bound_sql(rules, model.max_block, model.block_bounds)
    con.execute(f"create or replace temp view asked_pairs as {repeats.PAIRS_SQL}")
    n_pairs = blocking.build_blocks(con, "block_keys", bound, out="blocks", only=only)
    compared = 0
    for count in blocking.candidate_pairs(con, "blocks", n_pairs, out="pairs", extra="asked_pairs", only=only):
        if not count or not chosen:
            continue
        compared += count
        table = "new_features"
        if only:
            table = "pair_features"
            con.execute(
                """create or replace table pair_features as select * from features
                where unique_id in (select unique_id_l from pairs union select unique_id_r from pairs)"""
            )
        t = model.trained
        scored = score_sql(table, "pairs", chosen, t.m, t.u, t.match_share)
        con.execute(
            f"""insert into new_scored by name select * from {weighed_sql(model, scored)}
            where match_probability >= {SCORED_FROM}"""
        )
    for table in ("blocks", "pairs", "pair_features"):
        con.execute(f"drop table if exists {table}")
    return compared


def weighed_sql(model: Model, scored: str) -> str:
    """SQL for the rows of `scored` (as `scoring.score_sql` gives them) with stranger_weight, household_weight,
    match_weight (log2 odds of the same person against both) and match_probability."""
    t = model.trained
    household = " + ".join(_household_sql(c, t) for c in model.chosen())
    gammas = "".join(f", {c.gamma}" for c in model.chosen())
    prior = float(np.log2(t.household_share / t.match_share))
    return f"""(
        select unique_id_l, unique_id_r, -log2(pow(2, -stranger_weight) + pow(2, household_weight)) as match_weight,
            stranger_weight, household_weight,
            1 / (1 + pow(2, -stranger_weight) + pow(2, household_weight)) as match_probability{gammas}
        from (
            select unique_id_l, unique_id_r, match_weight as stranger_weight,
                {prior} + {household} as household_weight{gammas}
            from {scored}))"""


def _household_sql(comparison: Comparison, trained: Trained) -> str:
    """log2 of how much better 'two members of one household' explains the outcome than 'the same person'."""
    last = len(comparison.levels) - 1
    arms = " ".join(
        f"when {last - i} then {float(np.log2(h / m))}"
        for i, (m, h) in enumerate(zip(trained.m[comparison.name], trained.h[comparison.name], strict=True))
    )
    return f"(case {comparison.gamma} {arms} else 0.0 end)"
