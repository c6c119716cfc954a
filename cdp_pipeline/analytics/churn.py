"""Churn without a contract: the probability that a customer buys nothing in the next N days.

A logistic regression over recency, rate, rhythm and recent purchases, trained on past days whose following N days are
known in full, so that no event after the as-of has a part in it. Isotonic calibration goes on top only where it
lowers the Brier score on customers it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit

from cdp_pipeline.analytics import metrics
from cdp_pipeline.analytics._fit import Array, FitError

FEATURES = (
    "log_recency",
    "log_recency_squared",
    "log_rate",
    "log_overdue",
    "log_overdue_squared",
    "log_last_30",
    "log_last_90",
    "gap_variation",
    "log_age_up_to_90",
    "is_one_time",
)
RECENCY_ONLY = ("log_recency", "log_recency_squared")
FOLDS = 5
CUTS = 4
# Fewer of either kind leave an interval on the share that is wider than the share.
LEAST_OF_EACH = 50
_RIDGE = 1e-3  # per customer, on standardised features: keeps weights finite where a feature tells the classes apart


@dataclass(frozen=True)
class ChurnModel:
    """A fitted model; `quality` are figures on customers that had no part in fitting what predicts them."""

    features: tuple[str, ...]
    weights: tuple[float, ...]  # intercept first, then one per standardised feature
    means: tuple[float, ...]
    scales: tuple[float, ...]
    steps: tuple[tuple[float, ...], tuple[float, ...]] | None  # of the isotonic calibration: from, to
    cuts: tuple[date, ...]
    quality: dict[str, Any]

    def probability(self, history: pd.DataFrame) -> Array:
        """Probability of no purchase in the next N days for rows of `orders.histories`."""
        raw = _predict(
            _Logistic(np.array(self.weights), np.array(self.means), np.array(self.scales)),
            matrix(history, self.features),
        )
        return raw if self.steps is None else _calibrated(self.steps, raw)

    def facts(self) -> dict[str, Any]:
        """For the model facts in JSON."""
        return {
            "weights": dict(zip(("intercept", *self.features), (round(w, 5) for w in self.weights), strict=True)),
            "calibration": "none" if self.steps is None else "isotonic",
            "training_cuts": [str(cut) for cut in self.cuts],
            "out_of_fold": self.quality,
        }


@dataclass(frozen=True)
class _Logistic:
    weights: Array
    means: Array
    scales: Array


def training_cuts(first: date, end: date, days: int) -> list[date]:
    """Days to train at, newest first: their following `days` days end by `end`, and `days` days of history precede."""
    newest, step = end - timedelta(days=days), timedelta(days=max(1, days // 3))
    cuts = [newest - number * step for number in range(CUTS)]
    return [cut for cut in cuts if (cut - first).days >= days]


def matrix(history: pd.DataFrame, features: Sequence[str] = FEATURES) -> Array:
    """The features of each row of `orders.histories`, one column each."""
    number = {name: history[name].to_numpy(dtype=np.float64) for name in history if name not in ("profile_id",)}
    one_time = number["purchases"] < 2
    gap = np.where(one_time, 0.0, number["gap"])
    log_recency = np.log1p(number["recency"])
    overdue = np.where(one_time, 0.0, log_recency - np.log1p(gap))
    columns = {
        "log_recency": log_recency,
        "log_recency_squared": log_recency**2,
        "log_rate": np.log(number["purchases"]) - np.log1p(number["age"]),
        "log_overdue": overdue,
        "log_overdue_squared": overdue**2,
        "log_last_30": np.log1p(number["last_30"]),
        "log_last_90": np.log1p(number["last_90"]),
        "gap_variation": np.where(one_time, 0.0, number["gap_deviation"] / np.maximum(gap, 1.0)),
        # The first training day knows less of the past than the as-of: an age beyond it would be extrapolated.
        "log_age_up_to_90": np.log1p(np.minimum(number["age"], 90)),
        "is_one_time": one_time.astype(np.float64),
    }
    return np.column_stack([columns[name] for name in features])


def fit_churn(
    training: Sequence[tuple[date, pd.DataFrame]], features: Sequence[str] = FEATURES, *, calibrate: bool = True
) -> ChurnModel:
    """Fit on histories with `is_gone`, one frame for each training day.

    A customer is in the same fold on all days. Raises FitError with fewer than 50 that stayed or 50 that went.
    """
    rows = pd.concat([frame for _, frame in training], ignore_index=True)
    gone = rows["is_gone"].to_numpy(dtype=np.float64)
    went, stayed = int(gone.sum()), int(len(gone) - gone.sum())
    if min(went, stayed) < LEAST_OF_EACH:
        raise FitError(f"{went:,} customers left and {stayed:,} stayed on the training days: 50 of each are needed")
    x, fold = matrix(rows, features), _folds(rows)
    raw = np.empty(len(gone))
    for number in range(FOLDS):
        out = fold == number
        raw[out] = _predict(_fit(x[~out], gone[~out]), x[out])
    adjusted = np.empty(len(gone))
    for number in range(FOLDS):
        out = fold == number
        adjusted[out] = _calibrated(_isotonic(raw[~out], gone[~out]), raw[out])
    is_better = calibrate and metrics.brier(adjusted, gone) < metrics.brier(raw, gone)
    model = _fit(x, gone)
    return ChurnModel(
        features=tuple(features),
        weights=tuple(model.weights.tolist()),
        means=tuple(model.means.tolist()),
        scales=tuple(model.scales.tolist()),
        steps=_isotonic(raw, gone) if is_better else None,
        cuts=tuple(cut for cut, _ in training),
        quality=metrics.quality(adjusted if is_better else raw, gone),
    )


def _folds(rows: pd.DataFrame) -> Array:
    """Fold of each row, the same for all rows of a profile and balanced over profiles."""
    first_place = rows.groupby("profile_id")["place"].transform("min").to_numpy(dtype=np.float64)
    return first_place % FOLDS


def _fit(x: Array, gone: Array) -> _Logistic:
    means, scales = x.mean(axis=0), x.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - means) / scales])
    signs = 2 * gone - 1
    held = np.concatenate([[0.0], np.full(x.shape[1], _RIDGE)])

    def loss(weights: Array) -> tuple[float, Array]:
        margin = signs * (design @ weights)
        value = float(np.mean(np.logaddexp(0, -margin)) + held @ weights**2 / 2)
        return value, -(signs * expit(-margin)) @ design / len(design) + held * weights

    result = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    if not result.success:
        raise FitError(f"the churn model did not converge on {len(gone):,} rows")
    return _Logistic(result.x, means, scales)


def _predict(model: _Logistic, x: Array) -> Array:
    return np.asarray(expit(model.weights[0] + ((x - model.means) / model.scales) @ model.weights[1:]))


def _isotonic(raw: Array, gone: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Monotone steps from raw to calibrated probability: mean of each block, at the mean raw value of the block."""
    values, place, size = np.unique(raw, return_inverse=True, return_counts=True)
    happened = np.bincount(place, weights=gone)
    blocks = isotonic_regression(happened / size, weights=size).blocks[:-1]
    customers = np.add.reduceat(size, blocks)
    source = np.add.reduceat(values * size, blocks) / customers
    # One half of a customer on either side keeps a block of few from claiming certainty.
    target = np.maximum.accumulate((np.add.reduceat(happened, blocks) + 0.5) / (customers + 1))
    return tuple(source.tolist()), tuple(target.tolist())


def _calibrated(steps: tuple[tuple[float, ...], tuple[float, ...]], raw: Array) -> Array:
    return np.interp(raw, steps[0], steps[1])
