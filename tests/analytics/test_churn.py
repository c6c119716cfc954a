"""Churn: the model finds a planted relation, its calibration is measured on customers it has not seen."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cdp_pipeline.analytics import metrics
from cdp_pipeline.analytics._fit import FitError
from cdp_pipeline.analytics.churn import _folds, fit_churn, training_cuts

CUT = date(2025, 3, 1)


def customers(n: int, seed: int) -> pd.DataFrame:
    """Histories of `n` customers with nothing but noise in all columns."""
    rng = np.random.default_rng(seed)
    purchases = rng.integers(1, 30, n)
    gap = np.where(purchases > 1, rng.uniform(2, 40, n), np.nan)
    last_90 = rng.integers(0, 9, n)
    return pd.DataFrame(
        {
            "profile_id": [f"P{i:06d}" for i in range(n)],
            "purchases": purchases,
            "orders": purchases,
            "amount": rng.uniform(1, 900, n),
            "age": rng.integers(120, 400, n),
            "recency": rng.integers(0, 120, n),
            "gap": gap,
            "gap_deviation": gap / 2,
            "last_30": np.minimum(last_90, rng.integers(0, 4, n)),
            "last_90": last_90,
            "place": rng.permutation(n) + 1,
        }
    )


def test_a_planted_relation_is_found_and_calibrated() -> None:
    known, new = customers(12_000, 1), customers(4_000, 2)

    def truth(rows: pd.DataFrame) -> np.ndarray:
        return expit(-5 + 1.3 * np.log1p(rows["recency"].to_numpy()))

    known["is_gone"] = np.random.default_rng(3).random(len(known)) < truth(known)
    model = fit_churn([(CUT, known)])
    found = model.probability(new)
    assert np.abs(found - truth(new)).mean() < 0.02
    assert model.quality["calibration_error"] < 0.02
    # no forecast can be better than the truth itself, p (1 - p) on average
    best = (truth(known) * (1 - truth(known))).mean()
    assert best * 0.99 < model.quality["brier"] < best * 1.04 < model.quality["brier_of_rate"]


def test_isotonic_calibration_is_used_where_it_helps() -> None:
    """A jump at 40 days is no logistic curve; blocks of the calibration can follow it."""
    known, new = customers(12_000, 4), customers(4_000, 5)
    known["is_gone"] = np.random.default_rng(6).random(len(known)) < np.where(known["recency"] < 40, 0.05, 0.8)
    with_it, without = fit_churn([(CUT, known)]), fit_churn([(CUT, known)], calibrate=False)
    assert (with_it.facts()["calibration"], without.facts()["calibration"]) == ("isotonic", "none")
    assert with_it.quality["brier"] < without.quality["brier"]
    late = new["recency"].to_numpy() > 60
    assert with_it.probability(new)[late].mean() == pytest.approx(0.8, abs=0.02)
    assert with_it.probability(new)[~late].min() > 0


def test_a_customer_of_several_days_is_in_one_fold() -> None:
    """Otherwise a customer's later day would be predicted from their earlier one, and the figures would flatter."""
    first = customers(100, 7)
    second = first.iloc[:60].assign(place=lambda rows: rows["place"] + 1)
    folds = _folds(pd.concat([first, second], ignore_index=True))
    assert folds[:60].tolist() == folds[100:].tolist()
    assert np.unique(folds[:100], return_counts=True)[1].tolist() == [20] * 5


def test_training_days_end_by_the_as_of() -> None:
    end = date(2025, 7, 1)
    cuts = training_cuts(date(2025, 1, 1), end, 60)
    assert cuts == [date(2025, 5, 2), date(2025, 4, 12), date(2025, 3, 23), date(2025, 3, 3)]
    assert all(cut + timedelta(days=60) <= end for cut in cuts)
    assert training_cuts(date(2025, 4, 1), end, 60) == []


def test_too_few_of_either_kind_is_said() -> None:
    rows = customers(500, 9)
    rows["is_gone"] = np.arange(500) < 49
    with pytest.raises(FitError, match="49 customers left and 451 stayed on the training days: 50 of each are needed"):
        fit_churn([(CUT, rows)])


def test_measures_by_hand() -> None:
    probability, happened = np.array([0.1, 0.1, 0.4, 0.8]), np.array([0.0, 1.0, 0.0, 1.0])
    assert metrics.brier(probability, happened) == pytest.approx((0.01 + 0.81 + 0.16 + 0.04) / 4)
    # pairs of (went, stayed): .1 ties .1 (half), .1 < .4 (no), .8 > .1, .8 > .4
    assert metrics.auc(probability, happened) == pytest.approx(2.5 / 4)
    assert np.isnan(metrics.auc(probability, np.ones(4)))
    low, high = metrics.bins(probability, happened, 2)
    assert (low.customers, low.predicted, low.actual) == (2, pytest.approx(0.1), 0.5)
    assert (high.customers, high.predicted, high.actual) == (2, pytest.approx(0.6), 0.5)
    assert metrics.calibration_error(probability, happened, 2) == pytest.approx((0.4 + 0.1) / 2)
    assert len(metrics.bins(np.full(30, 0.2), np.zeros(30))) == 1  # equal predictions cannot be told apart
    assert metrics.rank_correlation(np.array([1.0, 2, 3]), np.array([10.0, 30, 20])) == pytest.approx(0.5)
    assert np.isnan(metrics.rank_correlation(np.ones(3), np.arange(3.0)))


def test_bootstrap_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(11).normal(10, 2, 400)
    low, high = metrics.interval(lambda at: float(values[at].mean()), 400, seed=1, draws=800)
    assert (low, high) == metrics.interval(lambda at: float(values[at].mean()), 400, seed=1, draws=800)
    width = 2 * 1.96 * values.std() / 20
    assert low < values.mean() < high
    assert high - low == pytest.approx(width, rel=0.12)
