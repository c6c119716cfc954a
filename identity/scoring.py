"""Splink: settings, and the scoring of pairs as SQL. The only module that imports Splink."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from identity.comparison import Comparison

Probabilities = Mapping[str, Sequence[float]]
"""Comparison name → one probability per level, most agreement first."""

# A value's frequency may lower u at most to this: a name seen once in a small file is not proof of identity.
_TF_FLOOR = 0.0002


def splink_settings(
    comparisons: Sequence[Comparison],
    m: Probabilities,
    u: Probabilities,
    prior: float,
    said: Callable[[str], str] = lambda sql: sql,
) -> dict[str, Any]:
    """Splink settings with every parameter given; a fresh dictionary each time, since Splink's objects mutate.

    `said` turns a condition in DuckDB's SQL into the engine's."""
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": prior,
        "comparisons": [_splink_comparison(c, m[c.name], u[c.name], said) for c in comparisons],
        "blocking_rules_to_generate_predictions": ["l.unique_id = r.unique_id"],  # never used: pairs are registered
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "unique_id_column_name": "unique_id",
    }


def _splink_comparison(
    comparison: Comparison, m: Sequence[float], u: Sequence[float], said: Callable[[str], str]
) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {"sql_condition": said(comparison.null_sql), "label_for_charts": "not comparable", "is_null_level": True}
    ]
    for level, m_level, u_level in zip(comparison.levels, m, u, strict=True):
        entry: dict[str, Any] = {
            "sql_condition": "ELSE" if level.sql == "else" else said(level.sql),
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


def score_sql(
    features: str, pairs: str, comparisons: Sequence[Comparison], m: Probabilities, u: Probabilities, prior: float
) -> str:
    """SQL, compiled by Splink, for the scores of table `pairs` (unique_id_l < unique_id_r).

    `features` is a table as `features.build_features` writes it, with the term frequencies of the comparisons. Columns:
    unique_id_l, unique_id_r, match_weight (log2 of the odds for the same person against strangers), and one
    ``gamma_<comparison>`` per comparison (-1 not comparable, 0 least agreement).

    Why not `Linker.predict`: it hands out the gammas only together with every compared column, in a table of its own.
    On two million pairs that took twice the time of the same SQL read as a query.
    """
    steps = score_steps(features, pairs, comparisons, m, u, prior)
    named = ", ".join(f"{name} as ({sql})" for name, sql in steps[:-1])
    return f"(with {named}, {steps[-1][0]} as ({steps[-1][1]}) select * from {steps[-1][0]})"


def score_steps(
    features: str,
    pairs: str,
    comparisons: Sequence[Comparison],
    m: Probabilities,
    u: Probabilities,
    prior: float,
    *,
    dialect: str = "duckdb",
    said: Callable[[str], str] = lambda sql: sql,
) -> list[tuple[str, str]]:
    """The queries of `score_sql` by name, each over the ones before it; the last gives its rows.

    `dialect` is Splink's backend, `said` turns the condition of a comparison (DuckDB's SQL) into its words.
    """
    from splink import SettingsCreator
    from splink.internals.comparison_vector_values import compute_comparison_vector_values_from_id_pairs_sqls
    from splink.internals.dialects import SplinkDialect
    from splink.internals.predict import predict_from_comparison_vectors_sqls

    logging.getLogger("splink").setLevel(logging.ERROR)
    creator = SettingsCreator(**splink_settings(comparisons, m, u, prior, said))
    settings = creator.get_settings(sql_dialect_str=dialect)
    unique_id = settings.column_info_settings.unique_id_input_column
    blocked = f"select '0' as match_key, unique_id_l as join_key_l, unique_id_r as join_key_r from {pairs}"
    steps = [{"sql": blocked, "output_table_name": "__splink__blocked_id_pairs"}]
    steps += compute_comparison_vector_values_from_id_pairs_sqls(
        settings._columns_to_select_for_blocking,
        settings._columns_to_select_for_comparison_vector_values,
        input_tablename_l=features,
        input_tablename_r=features,
        source_dataset_input_column=None,
        unique_id_input_column=unique_id,
    )
    steps += predict_from_comparison_vectors_sqls(
        unique_id_input_columns=[unique_id],
        core_model_settings=settings.core_model_settings,
        sql_dialect=SplinkDialect.from_string(dialect),
        training_mode=True,
    )
    gammas = "".join(f", {c.gamma}" for c in comparisons)
    chosen = f"select unique_id_l, unique_id_r, match_weight{gammas} from scored"
    return [
        *((str(step["output_table_name"]), str(step["sql"])) for step in steps[:-1]),
        ("scored", str(steps[-1]["sql"])),
        ("weights", chosen),
    ]
