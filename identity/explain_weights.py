"""What each comparison contributes to a pair's weight, in bits, computed from the model and two rows of features.

Nothing is scored with Splink here: the numbers are read off the very settings that Splink is given
(`scoring.splink_settings`), so that one pair costs milliseconds. A pair's weight is a sum:

    stranger_weight  = prior + sum of log2(m / u) + sum of term-frequency adjustments      (Splink's match weight)
    household_weight = prior + sum of log2(h / m)
    match_weight     = -log2(2^-stranger_weight + 2^household_weight)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from identity.comparison import Comparison
from identity.comparisons import term_frequency_columns
from identity.conflicts import conflict_rule_sql, level_sql
from identity.model import Model, term_frequency_file
from identity.rules import ConflictRules
from identity.scoring import splink_settings
from identity.sql_text import literals


@dataclass(frozen=True)
class LevelWeight:
    """One level: bits against strangers, bits against a household, and how a term frequency adjusts the first."""

    name: str
    strangers: float
    household: float
    tf_column: str | None
    tf_weight: float
    tf_floor: float
    log2_u: float


@dataclass(frozen=True)
class Weights:
    """A model as additive weights in bits: the two priors and, per comparison, its levels from most agreement down."""

    comparisons: tuple[Comparison, ...]
    prior_strangers: float
    prior_household: float
    levels: dict[str, tuple[LevelWeight, ...]]


def threshold_bits(probability: float) -> float:
    """The match weight in bits at which a pair has `probability` (0 to 1, both excluded)."""
    return math.log2(probability / (1 - probability))


def combined(stranger_weight: float, household_weight: float) -> tuple[float, float]:
    """Match weight in bits and probability from the two sides (module docstring)."""
    # the larger exponent is taken out, so that no power overflows
    top = max(-stranger_weight, household_weight)
    weight = -(top + math.log2(2 ** (-stranger_weight - top) + 2 ** (household_weight - top)))
    return weight, 1 / (1 + 2**-weight) if weight > -1000 else 0.0


def model_weights(model: Model) -> Weights:
    """The additive weights of `model`."""
    chosen, trained = model.chosen(), model.trained
    settings = splink_settings(chosen, trained.m, trained.u, trained.match_share)
    prior = float(settings["probability_two_random_records_match"])
    levels: dict[str, tuple[LevelWeight, ...]] = {}
    for comparison, splink in zip(chosen, settings["comparisons"], strict=True):
        scored = [entry for entry in splink["comparison_levels"] if not entry.get("is_null_level")]
        household = zip(trained.h[comparison.name], trained.m[comparison.name], strict=True)
        levels[comparison.name] = tuple(
            _level(level.name, entry, h, m)
            for level, entry, (h, m) in zip(comparison.levels, scored, household, strict=True)
        )
    return Weights(
        chosen, math.log2(prior / (1 - prior)), math.log2(trained.household_share / trained.match_share), levels
    )


def _level(name: str, entry: dict[str, Any], h: float, m: float) -> LevelWeight:
    u = float(entry["u_probability"])
    return LevelWeight(
        name,
        math.log2(float(entry["m_probability"]) / u),
        math.log2(m / h),
        entry.get("tf_adjustment_column"),
        float(entry.get("tf_adjustment_weight", 1.0)),
        float(entry.get("tf_minimum_u_value", 0.0)),
        math.log2(u),
    )


def tf_adjustment(level: LevelWeight, frequency: float | None) -> float:
    """Bits that the value's frequency adds to `level`: Splink's weight * (log2 u - log2 max(frequency, floor))."""
    if level.tf_column is None or frequency is None:
        return 0.0
    return level.tf_weight * (level.log2_u - math.log2(max(frequency, level.tf_floor)))


def take_side(
    con: duckdb.DuckDBPyConnection, features: str, record_ids: str, model: Model, models: Path, *, out: str
) -> None:
    """Write table `out`: the rows of `features` whose record_id is in `record_ids`, with the frozen frequencies.

    `record_ids` is a query or a list of literals. Whatever ``tf_`` columns `features` has are replaced by those of
    `model`, whose folder is `models` (or below it).
    """
    have = [row[0] for row in con.execute(f"describe {features}").fetchall()]
    stale = [column for column in have if column.startswith("tf_")]
    without = f" exclude ({', '.join(stale)})" if stale else ""
    path = term_frequency_file(models, model)
    columns = [c for c in term_frequency_columns(model.chosen()) if c in have] if path.exists() else []
    con.execute(f"create or replace temp table __rows as select *{without} from {features} "
                f"where record_id in ({record_ids})")  # fmt: skip
    if path.exists():
        con.execute(f"create or replace temp table __frozen as from read_parquet({literals([str(path)])})")
    # a value that is not among the frozen ones is rare, and the row with value NULL stands for all of these
    frequencies = "".join(
        f""", case when s.{c} is not null then coalesce(t{i}.tf,
            (select max(tf) from __frozen where column_name = '{c}' and value is null)) end as tf_{c}"""
        for i, c in enumerate(columns)
    )
    joins = " ".join(
        f"left join __frozen t{i} on t{i}.column_name = '{c}' and t{i}.value = s.{c}" for i, c in enumerate(columns)
    )
    con.execute(f"create or replace temp table {out} as select s.*{frequencies} from __rows s {joins}")
    con.execute("drop table __rows")
    con.execute("drop table if exists __frozen")


def compare(
    con: duckdb.DuckDBPyConnection,
    pairs: str,
    side: str,
    weights: Weights,
    *,
    out: str,
    conflicts: ConflictRules | None = None,
) -> None:
    """Write temp table `out`: the rows of `pairs` (record_id_l, record_id_r, …) with their comparison.

    Added: ``level_<comparison>`` (0 = most agreement, NULL = not comparable), ``frequency_<column>``, conflict_rule
    (by which the two cannot be one person, or NULL), stranger_weight, household_weight, match_weight,
    match_probability. `side` is a table of `take_side`.
    """
    columns = [row[0] for row in con.execute(f"describe {side}").fetchall()]
    tf_columns = [c for c in term_frequency_columns(weights.comparisons) if f"tf_{c}" in columns]
    inner = [f"{level_sql(c)} as level_{c.name}" for c in weights.comparisons]
    inner += [
        f"greatest(coalesce(l.tf_{c}, r.tf_{c}), coalesce(r.tf_{c}, l.tf_{c})) as frequency_{c}" for c in tf_columns
    ]
    strangers = [repr(weights.prior_strangers)]
    household = [repr(weights.prior_household)]
    for comparison in weights.comparisons:
        levels = weights.levels[comparison.name]
        name = f"level_{comparison.name}"
        arms = " ".join(f"when {i} then {_stranger_sql(level, tf_columns)}" for i, level in enumerate(levels))
        strangers.append(f"(case {name} {arms} else 0.0::double end)")
        arms = " ".join(f"when {i} then {-level.household!r}::double" for i, level in enumerate(levels))
        household.append(f"(case {name} {arms} else 0.0::double end)")
    con.execute(
        f"""create or replace temp table {out} as
        select *, -log2(pow(2, -stranger_weight) + pow(2, household_weight)) as match_weight,
            1 / (1 + pow(2, -stranger_weight) + pow(2, household_weight)) as match_probability
        from (
            select *, ({" + ".join(strangers)})::double as stranger_weight,
                ({" + ".join(household)})::double as household_weight
            from (
                select p.*, {conflict_rule_sql(rules=conflicts)} as conflict_rule,
                    {", ".join(inner) or "null as nothing"}
                from {pairs} p
                join {side} l on l.record_id = p.record_id_l join {side} r on r.record_id = p.record_id_r
            )
        )"""
    )


def _stranger_sql(level: LevelWeight, tf_columns: Sequence[str]) -> str:
    base = f"{level.strangers!r}::double"
    if level.tf_column not in tf_columns:
        return base
    frequency = f"frequency_{level.tf_column}"
    adjusted = f"{level.tf_weight!r} * ({level.log2_u!r}::double - log2(greatest({frequency}, {level.tf_floor!r})))"
    return f"{base} + (case when {frequency} is not null then {adjusted} else 0.0 end)"
