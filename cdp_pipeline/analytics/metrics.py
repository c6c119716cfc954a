"""Measures of predictions: calibration, ranking, error, and bootstrap intervals around any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp_pipeline.analytics._fit import Array


@dataclass(frozen=True)
class Bin:
    """One row of a calibration table: mean prediction beside mean outcome over `customers`."""

    customers: int
    predicted: float
    actual: float


def ranks(values: Array, *, highest: bool = False) -> Array:
    """Rank of each value from 1 on; equal ones share the mean of their ranks, or with `highest` the last of them.

    As SciPy's `rankdata`, whose package of distributions takes a second to import in every run.
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return np.asarray((last if highest else last - (counts - 1) / 2)[place], dtype=np.float64)


def brier(probability: Array, happened: Array) -> float:
    """Mean squared distance of probability and outcome (0 or 1): lower is better."""
    return float(np.mean((probability - happened) ** 2))


def auc(score: Array, happened: Array) -> float:
    """Chance that one it happened to has a higher score than one it did not, ties counting half. NaN for one class."""
    positive = happened > 0.5
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    return float((ranks(score)[positive].sum() - n * (n + 1) / 2) / (n * m))


def rank_correlation(left: Array, right: Array) -> float:
    """Spearman's rank correlation. NaN where one side is constant."""
    a, b = ranks(left), ranks(right)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else float("nan")


def bins(predicted: Array, actual: Array, count: int = 10) -> list[Bin]:
    """Customers in `count` groups of equal size by prediction, lowest first. Equal predictions stay in one group."""
    place = np.ceil(ranks(predicted, highest=True) / len(predicted) * count) if len(predicted) else np.array([])
    rows = []
    for number in range(1, count + 1):
        inside = place == number
        if inside.any():
            rows.append(Bin(int(inside.sum()), float(predicted[inside].mean()), float(actual[inside].mean())))
    return rows


def calibration_error(probability: Array, happened: Array, count: int = 10) -> float:
    """Expected calibration error: mean distance of predicted and actual share over `bins`, weighted by size."""
    rows = bins(probability, happened, count)
    return sum(row.customers * abs(row.predicted - row.actual) for row in rows) / max(len(probability), 1)


def interval(
    statistic: Callable[[NDArray[np.intp]], float], customers: int, *, seed: int, draws: int
) -> tuple[float, float]:
    """Percentile bootstrap interval of 95%: `statistic` of `draws` resamples of the customers' positions,
    those left out for which it is not defined (NaN)."""
    rng = np.random.default_rng(seed)
    values = [statistic(rng.integers(0, customers, customers)) for _ in range(draws)]
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def quality(probability: Array, happened: Array) -> dict[str, Any]:
    """Figures of a probability forecast: Brier beside that of the base rate, calibration error, AUC, reliability."""
    return {
        "customers": len(happened),
        "rate": round(float(happened.mean()), 4),
        "brier": round(brier(probability, happened), 5),
        "brier_of_rate": round(float(happened.mean() * (1 - happened.mean())), 5),
        "calibration_error": round(calibration_error(probability, happened), 5),
        "auc": round(auc(probability, happened), 4),
        "reliability": [
            {"customers": row.customers, "predicted": round(row.predicted, 4), "actual": round(row.actual, 4)}
            for row in bins(probability, happened)
        ],
    }
