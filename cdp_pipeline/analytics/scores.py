"""Lifetime value and churn of every profile: orders in one Parquet file in, scores in another out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from cdp_pipeline.analytics import metrics
from cdp_pipeline.analytics._fit import FitError
from cdp_pipeline.analytics.churn import ChurnModel, fit_churn, training_cuts
from cdp_pipeline.analytics.lifetime import BgNbd, GammaGamma, fit_bg_nbd, fit_gamma_gamma
from cdp_pipeline.analytics.orders import histories, load_orders, purchase_days

LEAST_REPEAT_BUYERS = 100
# Models are fitted on so many customers, chosen by their ids; beyond them parameters hardly move and only time grows.
FIT_SAMPLE = 50_000
# A customer's own orders per purchase count as much as everybody's after so many purchases.
_HALF_OWN = 10.0

SCORES = ("expected_orders", "probability_alive", "expected_order_value", "lifetime_value", "churn_probability")


@dataclass(frozen=True)
class Models:
    """What was fitted; a model that is None has its reason in `reasons` (keys: lifetime, value, churn)."""

    bg_nbd: BgNbd | None
    gamma_gamma: GammaGamma | None
    churn: ChurnModel | None
    orders_per_purchase: float
    repeat_buyers: int
    value_correlation: float | None
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreSummary:
    """What `score_profiles` wrote: rows of `out`, and the model facts that also stand in `facts_file`."""

    profiles: int
    out: Path
    facts_file: Path
    facts: dict[str, Any]


def score_profiles(
    orders: Path,
    out: Path,
    as_of: date,
    horizon_days: int = 365,
    *,
    discount_rate: float = 0.10,
    churn_days: int = 90,
) -> ScoreSummary:
    """Score every profile with a purchase up to the end (UTC) of `as_of`.

    `orders` holds profile_id, ordered_at (UTC) and net_amount, a row for each completed order. `out` gets profile_id
    and `SCORES`, sorted by profile_id: expected_orders, lifetime_value (net amounts of the reporting currency,
    discounted by `discount_rate` a year) over the next `horizon_days`; probability_alive (NULL for one-time buyers);
    expected_order_value; churn_probability (no purchase in the next `churn_days`). A model that cannot be fitted
    leaves its columns NULL. Beside `out` stands `<out>.json` with the facts of the models and their reasons.

    Raises ValueError for a horizon, rate or number of days out of range, OrdersError (one) for a bad orders file.
    """
    if horizon_days < 1 or churn_days < 1 or not 0 <= discount_rate < 10:
        raise ValueError("horizon_days and churn_days must be at least 1, discount_rate from 0 (0%) to below 10")
    end = as_of + timedelta(days=1)
    with duckdb.connect() as con:
        counts = load_orders(con, orders, end)
        history = histories(con, end)
        models = fit_models(con, end, churn_days, history)
        scored = apply_models(models, history, horizon_days, discount_rate)
        facts = {
            "as_of": str(as_of),
            "horizon_days": horizon_days,
            "discount_rate": discount_rate,
            "churn_days": churn_days,
            "profiles": len(scored),
            "orders": counts.facts(),
            **model_facts(models),
        }
        con.register("scored", scored)
        columns = ", ".join(f"nullif(CAST({name} AS DOUBLE), 'nan'::DOUBLE) AS {name}" for name in SCORES)
        _replace(
            out,
            lambda path: con.execute(
                f"COPY (SELECT CAST(profile_id AS VARCHAR) AS profile_id, {columns} FROM scored ORDER BY profile_id) "
                f"TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)"
            ),
        )
    facts_file = out.with_suffix(".json")
    text = json.dumps(facts, indent=2, sort_keys=True, allow_nan=False) + "\n"
    _replace(facts_file, lambda path: path.write_text(text, encoding="utf-8"))
    return ScoreSummary(len(scored), out, facts_file, facts)


def fit_models(con: duckdb.DuckDBPyConnection, end: date, churn_days: int, history: pd.DataFrame) -> Models:
    """Fit all models on `purchase_day`, from nothing at or after `end`. Never raises for too little data.

    `history` is `histories(con, end)`, which the caller scores next.
    """
    repeat_buyers = int((history["purchases"] > 1).sum())
    days, orders = int(history["purchases"].sum()), int(history["orders"].sum())
    span, reasons = purchase_days(con), {}
    bg_nbd, gamma_gamma, churn, correlation = None, None, None, None
    if span is None:
        reasons = dict.fromkeys(("lifetime", "value", "churn"), "no purchase up to the as-of")
    elif repeat_buyers < LEAST_REPEAT_BUYERS:
        few = f"{repeat_buyers:,} profiles bought on two days or more, {LEAST_REPEAT_BUYERS} are needed"
        reasons = dict.fromkeys(("lifetime", "value", "churn"), few)
    else:
        sample = history[history["place"] <= FIT_SAMPLE]
        try:
            bg_nbd = fit_bg_nbd(sample["purchases"] - 1, sample["age"] - sample["recency"], sample["age"])
        except FitError as error:
            reasons["lifetime"] = str(error)
        paying = sample[sample["amount"] > 0]
        try:
            gamma_gamma = fit_gamma_gamma(paying["purchases"], paying["amount"] / paying["purchases"])
            often = paying[paying["purchases"] > 1]
            correlation = metrics.rank_correlation(
                often["purchases"].to_numpy(), (often["amount"] / often["purchases"]).to_numpy()
            )
        except FitError as error:
            reasons["value"] = str(error)
        try:
            churn = fit_churn(labelled(con, span[0], end, churn_days))
        except FitError as error:
            reasons["churn"] = str(error)
    return Models(bg_nbd, gamma_gamma, churn, orders / days if days else 1.0, repeat_buyers, correlation, reasons)


def labelled(con: duckdb.DuckDBPyConnection, first: date, end: date, days: int) -> list[tuple[date, pd.DataFrame]]:
    """Histories with `is_gone` on each training day. Raises FitError where the orders go back too little."""
    cuts = training_cuts(first, end, days)
    if not cuts:
        raise FitError(f"the orders go back {(end - first).days:,} days, {2 * days:,} are needed to learn who left")
    return [(cut, histories(con, cut, label_days=days, sample=FIT_SAMPLE)) for cut in cuts]


def apply_models(models: Models, history: pd.DataFrame, horizon_days: int, discount_rate: float) -> pd.DataFrame:
    """`SCORES` for each row of `orders.histories`; NaN where the model is missing or says nothing."""
    bought = history["purchases"].to_numpy(dtype=np.float64)
    age = history["age"].to_numpy(dtype=np.float64)
    frequency, recency = bought - 1, age - history["recency"].to_numpy(dtype=np.float64)
    nothing = np.full(len(history), np.nan)
    # An order's share of a purchase day: the customer's own, drawn towards everybody's where purchases are few.
    own = (history["orders"].to_numpy(dtype=np.float64) + _HALF_OWN * models.orders_per_purchase) / (bought + _HALF_OWN)
    result = pd.DataFrame({"profile_id": history["profile_id"], **dict.fromkeys(SCORES, nothing)})
    value = nothing
    if models.gamma_gamma is not None:
        value = models.gamma_gamma.expected_value(bought, np.maximum(history["amount"].to_numpy() / bought, 0))
        result["expected_order_value"] = value / own
    if models.bg_nbd is not None:
        alive = models.bg_nbd.probability_alive(frequency, recency, age)
        result["expected_orders"] = models.bg_nbd.expected_purchases(horizon_days, frequency, recency, age) * own
        result["probability_alive"] = np.where(frequency > 0, alive, np.nan)
        days = models.bg_nbd.discounted_purchases(horizon_days, discount_rate, frequency, recency, age)
        result["lifetime_value"] = days * value
    if models.churn is not None:
        result["churn_probability"] = models.churn.probability(history)
    return result


def model_facts(models: Models) -> dict[str, Any]:
    """Parameters, convergence, calibration, and why a model is missing: for people and for JSON."""
    lifetime, value, churn = models.bg_nbd, models.gamma_gamma, models.churn
    facts: dict[str, Any] = {
        "repeat_buyers": models.repeat_buyers,
        "orders_per_purchase_day": round(models.orders_per_purchase, 4),
        "lifetime": {"model": None, "reason": models.reasons.get("lifetime")},
        "value": {"model": None, "reason": models.reasons.get("value")},
        "churn": {"model": None, "reason": models.reasons.get("churn")},
    }
    if lifetime is not None and lifetime.fit is not None:
        names = {name: round(getattr(lifetime, name), 6) for name in ("r", "alpha", "a", "b")}
        facts["lifetime"] = {"model": "BG/NBD", "parameters": names, **lifetime.fit.facts()}
    if value is not None and value.fit is not None:
        names = {name: round(getattr(value, name), 6) for name in ("p", "q", "gamma")}
        facts["value"] = {"model": "Gamma-Gamma", "parameters": names, **value.fit.facts()}
        rank = models.value_correlation
        # The model takes both as independent: far from 0, read lifetime values with care.
        facts["value"]["frequency_value_correlation"] = None if rank is None or np.isnan(rank) else round(rank, 4)
    if churn is not None:
        facts["churn"] = {"model": "logistic regression", **churn.facts()}
    return facts


def _replace(target: Path, write: Callable[[Path], object]) -> None:
    """Write under a temporary name beside `target`, then rename: a reader sees the old file or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
