"""Splink: settings, random agreement (u) and the scoring of candidate pairs. The only module that imports Splink."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from identity.comparisons import Comparison

Probabilities = Mapping[str, Sequence[float]]
"""Comparison name → one probability per level, most agreement first."""

# A value's frequency may lower u at most to this: a name seen once in a small file is not proof of identity.
_TF_FLOOR = 0.0002


def splink_settings(
    comparisons: Sequence[Comparison], m: Probabilities, u: Probabilities, prior: float
) -> dict[str, Any]:
    """Splink settings with every parameter given; a fresh dictionary each time, since Splink's objects mutate."""
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": prior,
        "comparisons": [_splink_comparison(c, m[c.name], u[c.name]) for c in comparisons],
        "blocking_rules_to_generate_predictions": ["l.unique_id = r.unique_id"],  # never used: pairs are registered
        "retain_matching_columns": True,  # Splink only hands out its gamma columns together with these
        "retain_intermediate_calculation_columns": False,
        "unique_id_column_name": "unique_id",
    }


def _splink_comparison(comparison: Comparison, m: Sequence[float], u: Sequence[float]) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.null_sql, "label_for_charts": "not comparable", "is_null_level": True}
    ]
    for level, m_level, u_level in zip(comparison.levels, m, u, strict=True):
        entry: dict[str, Any] = {
            "sql_condition": "ELSE" if level.sql == "else" else level.sql,
            "label_for_charts": level.name,
            "m_probability": m_level,
            "u_probability": u_level,
        }
        if level.tf:
            entry |= {
                "tf_adjustment_column": level.tf,
                "tf_adjustment_weight": 1.0,
                "tf_minimum_u_value": _TF_FLOOR,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(entry)
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def _linker(con: duckdb.DuckDBPyConnection, features: str, settings: dict[str, Any]) -> Any:
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    return Linker(DuckDBAPI(con).register(features), settings, log_level=logging.ERROR, validate_settings=False)


def random_agreement(
    con: duckdb.DuckDBPyConnection, features: str, comparisons: Sequence[Comparison], seed: int = 1
) -> dict[str, list[float]]:
    """Share of random record pairs at each level, by Splink's seeded sampling of up to 400,000 pairs.

    `features` is a table as `features.build_features` writes it. The shares of one comparison sum to one; a level
    never seen has 0. True matches are among the random pairs: `training.py` takes them out again.
    """
    defaults = {c.name: [level.u for level in c.levels] for c in comparisons}
    linker = _linker(con, features, splink_settings(comparisons, defaults, defaults, 0.0001))
    linker.training.estimate_u_using_random_sampling(max_pairs=4e5, seed=seed, min_count_per_level=None)
    trained = linker.misc.save_model_to_json()
    linker.table_management.delete_tables_created_by_splink_from_db()
    shares = {}
    for comparison in trained["comparisons"]:
        levels = [lv for lv in comparison["comparison_levels"] if not lv.get("is_null_level")]
        observed = [lv.get("u_probability") for lv in levels]
        # Splink reports a level it never met as None or as a text
        numbers = [float(v) if isinstance(v, int | float) else 0.0 for v in observed]
        total = sum(numbers)
        shares[comparison["output_column_name"]] = (
            [n / total for n in numbers] if total else defaults[comparison["output_column_name"]]
        )
    return shares


def score_pairs(
    con: duckdb.DuckDBPyConnection,
    features: str,
    pairs: str,
    comparisons: Sequence[Comparison],
    m: Probabilities,
    u: Probabilities,
    prior: float,
    *,
    out: str,
) -> None:
    """Score the candidate pairs of table `pairs` (unique_id_l < unique_id_r) and write them to table `out`.

    `out`: unique_id_l, unique_id_r, match_weight (log2 of the odds for the same person against strangers), and one
    ``gamma_<comparison>`` per comparison (-1 not comparable, 0 least agreement).
    """
    linker = _linker(con, features, splink_settings(comparisons, m, u, prior))
    con.execute(
        f"create or replace temp table __blocked as select '0' as match_key, unique_id_l as join_key_l, "
        f"unique_id_r as join_key_r from {pairs}"
    )
    from splink.backends.duckdb import DuckDBAPI

    linker.table_management.register_blocked_pairs_for_predict(DuckDBAPI(con).register("__blocked"))
    scored = linker.inference.predict()
    gammas = ", ".join(c.gamma for c in comparisons)
    con.execute(
        f"create or replace table {out} as select unique_id_l, unique_id_r, match_weight, {gammas} "
        f"from {scored.physical_name}"
    )
    linker.table_management.delete_tables_created_by_splink_from_db()
    con.execute("drop table if exists __blocked")
