"""Statistics of randomised comparisons, against values worked out by hand or published, SciPy, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cdp_pipeline.analytics import ab_test
from cdp_pipeline.analytics.ab_test import Sums


def test_two_proportions_by_hand() -> None:
    # 56 of 70 against 48 of 80: Newcombe (1998) prints 0.0524 to 0.3339 for this pair. By hand: pooled share 104/150,
    # its error sqrt(.69333 * .30667 * (1/70 + 1/80)) = .075464, z = .2 / .075464 = 2.6503, p = .008042.
    found = ab_test.two_proportions((48, 80), (56, 70))
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    assert found.p_value == pytest.approx(0.008042, abs=5e-5)


def test_no_success_anywhere_says_nothing() -> None:
    found = ab_test.two_proportions((0, 100), (0, 100))
    assert (found.difference, math.isnan(found.p_value)) == (0.0, True)
    assert found.low < 0 < found.high


def test_welch_equals_scipy() -> None:
    rng = np.random.default_rng(1)
    control, treated = rng.lognormal(3, 1, 250), rng.lognormal(3.1, 1.4, 410)
    found = ab_test.welch(Sums.of_values(control), Sums.of_values(treated))
    expected = stats.ttest_ind(treated, control, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_average_order_has_the_variance_that_repetition_shows() -> None:
    """People with many orders spend less on each: orders are no independent draws, and the delta method knows."""
    rng = np.random.default_rng(2)

    def draw() -> tuple[np.ndarray, np.ndarray]:
        orders = rng.integers(1, 6, 400).astype(float)
        return orders * (30 - 3 * orders) + rng.normal(0, 5, 400), orders

    estimates = [float(y.sum() / x.sum()) for y, x in (draw() for _ in range(2000))]
    one = Sums.of_values(*draw())
    assert math.sqrt(float(one.variance)) == pytest.approx(np.std(estimates), rel=0.1)


def test_split_check() -> None:
    # 5,200 to 4,800: chi-square = 200²/5000 * 2 = 16, p = .0000633; 5,050 to 4,950 is 1, p = .3173.
    assert ab_test.split_p_value([5200, 4800], [0.5, 0.5]) == pytest.approx(6.334e-5, rel=1e-3)
    assert ab_test.split_p_value([5200, 4800], [0.5, 0.5]) < ab_test.SPLIT_ALPHA
    assert ab_test.split_p_value([5050, 4950], [0.5, 0.5]) == pytest.approx(0.3173, abs=1e-4)
    assert ab_test.split_p_value([1000, 4000], [0.2, 0.8]) == pytest.approx(1.0)


def test_cuped_takes_away_what_the_past_explains() -> None:
    """With correlation r between past and present, 1 - r² of the variance stays, and the difference does too."""
    rng = np.random.default_rng(3)
    before = rng.normal(100, 20, (2, 20_000))
    after = before * 0.8 + rng.normal(0, 12, before.shape)  # r² = 16² / (16² + 12²) = .64
    after[1] += 2
    arms = [Sums.of_values(values) for values in after]
    past = [(float(c.sum()), float((c * c).sum()), float((c * y).sum())) for c, y in zip(before, after, strict=True)]
    found = ab_test.cuped(arms[0], arms[1], past[0], past[1])
    assert found.variance_reduction == pytest.approx(0.64, abs=0.01)
    assert found.slope == pytest.approx(0.8, abs=0.01)
    assert found.comparison.low < 2 < found.comparison.high
    plain = ab_test.welch(arms[0], arms[1])
    assert (found.comparison.high - found.comparison.low) < 0.65 * (plain.high - plain.low)


def test_cuped_by_hand() -> None:
    """Control (c, y) = (1, 2), (3, 4); treated (2, 4), (4, 6): slope 1, so 2 less the covariate's lead of 1."""
    found = ab_test.cuped(Sums.of_values([2, 4]), Sums.of_values([4, 6]), (4, 10, 14), (6, 20, 32))
    assert (found.slope, found.comparison.difference, found.variance_reduction) == (1.0, 1.0, 1.0)


def test_always_valid_by_hand() -> None:
    """At n people and t-value t: mixed = n rho², ratio = exp(t²/2 * mixed / (mixed + 1)) / sqrt(mixed + 1)."""
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 1000
    assert ab_test.mixing_variance(1000) == pytest.approx(rho2) == pytest.approx(0.0079371, abs=1e-6)
    # differences of 3 and then 1 standard errors: 1000 * .0079371 = 7.9371; exp(4.5 * .88811) / sqrt(8.9371) = 18.205
    p_values, half = ab_test.always_valid([0.3, 0.1], [0.01, 0.01], [1000, 1000], planned=1000)
    assert p_values[0] == pytest.approx(1 / 18.205, rel=1e-3)
    assert p_values[1] == p_values[0]  # what was once seen stays
    # sqrt(.01 * 8.9371 / 7.9371 * ln(8.9371 / .0025)) = .30354: the interval holds 0 as long as p > .05
    assert half[0] == pytest.approx(0.30354, rel=1e-3)


REPETITIONS, DAYS, DAILY = 1000, 40, 50


@pytest.fixture(scope="module")
def conversions() -> tuple[Sums, Sums]:
    """1,000 experiments without any effect: 2,000 people in either arm over 40 days, 8% of whom convert."""
    rng = np.random.default_rng(20171231)
    drawn = rng.binomial(DAILY, 0.08, (2, REPETITIONS, DAYS)).cumsum(axis=2).astype(float)
    people = np.arange(1, DAYS + 1) * float(DAILY)
    control, treated = (Sums.of_mean(people, successes, successes) for successes in drawn)
    return control, treated


@pytest.fixture(scope="module")
def revenue() -> tuple[Sums, Sums]:
    """The same with skewed money: 8% spend a log-normal amount."""
    rng = np.random.default_rng(7)
    people = np.arange(1, DAYS + 1) * float(DAILY)
    arms = []
    for _ in range(2):
        buys = rng.random((REPETITIONS, DAYS * DAILY)) < 0.08
        money = np.where(buys, rng.lognormal(3.5, 1, buys.shape), 0)
        ends = slice(DAILY - 1, None, DAILY)
        arms.append(
            Sums.of_mean(people, money.cumsum(axis=1)[:, ends], (money * money).cumsum(axis=1)[:, ends]),
        )
    return arms[0], arms[1]


@pytest.mark.parametrize("metric", ["conversions", "revenue"])
def test_aa_false_positives(metric: str, request: pytest.FixtureRequest) -> None:
    """Without an effect the final test errs in 5% ± 1.5; looking daily at it far more often; the sequential one not."""
    control, treated = request.getfixturevalue(metric)
    final = [_p_value(metric, control, treated, at, DAYS - 1) for at in range(REPETITIONS)]
    assert 0.035 <= float(np.mean(np.array(final) < 0.05)) <= 0.065
    difference = np.asarray(treated.estimate) - np.asarray(control.estimate)
    variance = np.asarray(treated.variance) + np.asarray(control.variance)
    with np.errstate(invalid="ignore", divide="ignore"):
        peeked = (np.abs(difference) / np.sqrt(variance) > stats.norm.ppf(0.975)).any(axis=1)
    assert float(peeked.mean()) > 0.2
    people = np.asarray(control.n) * 2
    stopped = [
        ab_test.always_valid(d, v, people, planned=4000)[0][-1] <= 0.05
        for d, v in zip(difference, variance, strict=True)
    ]
    assert float(np.mean(stopped)) <= 0.05


def test_the_sequential_test_finds_an_effect(conversions: tuple[Sums, Sums]) -> None:
    """8% against 12% is found in most experiments long before the end, and the interval shrinks around it."""
    rng = np.random.default_rng(5)
    people = np.arange(1, DAYS + 1) * float(DAILY)
    better = rng.binomial(DAILY, 0.12, (REPETITIONS, DAYS)).cumsum(axis=1).astype(float)
    control, treated = conversions[0], Sums.of_mean(people, better, better)
    difference = np.asarray(treated.estimate) - np.asarray(control.estimate)
    variance = np.asarray(treated.variance) + np.asarray(control.variance)
    found = np.array(
        [ab_test.always_valid(d, v, people * 2, 4000)[0] <= 0.05 for d, v in zip(difference, variance, strict=True)]
    )
    assert found[:, -1].mean() > 0.8
    assert np.median(found.argmax(axis=1)[found[:, -1]]) < DAYS - 5


def _p_value(metric: str, control: Sums, treated: Sums, at: int, look: int) -> float:
    if metric == "conversions":
        people = round(float(np.asarray(control.n)[look]))
        successes = [round(float(np.asarray(arm.y)[at, look])) for arm in (control, treated)]
        return ab_test.two_proportions((successes[0], people), (successes[1], people)).p_value
    arms = [
        Sums.of_mean(
            float(np.asarray(arm.n)[look]), float(np.asarray(arm.y)[at, look]), float(np.asarray(arm.yy)[at, look])
        )
        for arm in (control, treated)
    ]
    return ab_test.welch(arms[0], arms[1]).p_value
