"""BG/NBD and Gamma-Gamma against published figures, numerical integration and simulated customers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit, log_expit
from scipy.stats import gamma as gamma_distribution
from simulated_customers import CDNOW, CDNOW_VALUE, simulate

from cdp_pipeline.analytics._fit import FitError
from cdp_pipeline.analytics.lifetime import BgNbd, _bg_nbd, _gamma_gamma, fit_bg_nbd, fit_gamma_gamma

GROCER = BgNbd(r=1.391, alpha=9.417, a=0.028, b=26.39)


def test_published_customers_of_cdnow() -> None:
    # "Implementing the BG/NBD model in Excel", customer 0001: 1.226 purchases in the 39 weeks ahead.
    assert CDNOW.expected_purchases(39, [2], [30.43], [38.86])[0] == pytest.approx(1.226, abs=5e-4)
    # The Gamma-Gamma note, customers 0001 to 0003: two, one and no repeat purchases.
    value = CDNOW_VALUE.expected_value([2, 1, 0], [22.35, 11.77, 0])
    assert value == pytest.approx([24.66, 18.91, 35.22], abs=1e-2)


def integral(f: Callable[[float], float], *edges: float) -> float:
    """Sum of the pieces between the edges, each to a relative precision."""
    return sum(float(quad(f, low, high, limit=500, epsabs=0)[0]) for low, high in pairwise(edges))


def over_leavings(a: float, b: float, value: Callable[[float], float]) -> float:
    """Mean of value(p) over p ~ Beta(a, b), on the logit scale because the density may be infinite at 0."""
    norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def weighted(u: float) -> float:
        return math.exp(norm + a * float(log_expit(u)) + b * float(log_expit(-u))) * value(float(expit(u)))

    mode = math.log(a / b)
    return integral(weighted, -700, -100, -30, *sorted({mode - 3, mode - 0.5, mode, mode + 0.5, mode + 3}), 40)


@pytest.mark.parametrize("model", [CDNOW, GROCER, BgNbd(2.0, 1.0, 3.0, 0.5)])
@pytest.mark.parametrize(("x", "t_x", "t"), [(0, 0.0, 20.0), (1, 3.0, 30.0), (4, 29.0, 30.0), (9, 12.5, 39.0)])
def test_likelihood_is_the_integral_over_customers(model: BgNbd, x: int, t_x: float, t: float) -> None:
    """A customer of known rate and leaving probability has a likelihood of two terms; both are integrated apart."""
    rates = gamma_distribution(model.r, scale=1 / model.alpha)

    def over_rates(until: float) -> float:
        return integral(
            lambda u: math.exp((x + 1) * u - math.exp(u) * until) * rates.pdf(math.exp(u)), -120, -20, -8, -3, 0, 5
        )

    expected = over_leavings(model.a, model.b, lambda p: (1 - p) ** x) * over_rates(t)
    if x:
        expected += over_leavings(model.a, model.b, lambda p: p * (1 - p) ** (x - 1)) * over_rates(t_x)
    assert model.log_likelihood([x], [t_x], [t])[0] == pytest.approx(math.log(expected), abs=1e-7)


@pytest.mark.parametrize(
    "model",
    [
        CDNOW,
        GROCER,
        BgNbd(0.5, 3.0, 1.0, 2.0),
        BgNbd(0.5, 3.0, 0.3, 0.7),
        BgNbd(20.0, 10.0, 100.0, 10_000.0),  # everybody leaves alike: the closed form overflows
        BgNbd(0.1, 0.5, 0.3, 10_000.0),
        BgNbd(20.0, 0.5, 1.7, 1_000.0),
    ],
)
@pytest.mark.parametrize(
    ("x", "t_x", "t", "ahead"), [(0, 0, 0, 90), (1, 3, 30, 5), (12, 80, 100, 365), (260, 270, 272, 92)]
)
def test_expected_purchases_is_the_integral_over_those_still_there(
    model: BgNbd, x: int, t_x: float, t: float, ahead: float
) -> None:
    """Somebody active of rate l and leaving probability p buys (1 - exp(-l p ahead)) / p times; a = 1 and a + b = 1
    are the places at which the closed form divides by 0, and the last models those at which it is not used."""

    def bought(p: float) -> float:
        return -math.expm1(-(model.r + x) * math.log1p(p * ahead / (model.alpha + t))) / p

    expected = over_leavings(model.a, model.b + x, bought)
    alive = model.probability_alive([x], [t_x], [t])[0]
    assert model.expected_purchases(ahead, [x], [t_x], [t])[0] == pytest.approx(alive * expected, rel=1e-6)


def test_expectation_of_simulated_customers_who_look_alike() -> None:
    """Of 400,000 customers those with one history bought on average what the model says for that history."""
    age = np.full(400_000, 39.0)
    frequency, recency, later = simulate(CDNOW, age, seed=7, ahead=39.0)
    for x, low, high in ((0, 0, 0), (1, 0, 10), (1, 30, 39), (2, 15, 30), (4, 30, 39)):
        alike = (frequency == x) & (recency >= low) & (recency <= high)
        assert alike.sum() > 1_000
        expected = CDNOW.expected_purchases(39, frequency[alike], recency[alike], age[alike])
        error = later[alike].std() / math.sqrt(alike.sum())
        assert later[alike].mean() == pytest.approx(expected.mean(), abs=4 * error)
        none = CDNOW.probability_of_none(39, frequency[alike], recency[alike], age[alike]).mean()
        share = (later[alike] == 0).mean()
        assert share == pytest.approx(none, abs=4 * math.sqrt(share * (1 - share) / alike.sum()))


def test_parameters_come_back_from_simulated_customers() -> None:
    age = np.random.default_rng(3).uniform(27, 39, 60_000)
    frequency, recency, _ = simulate(CDNOW, age, seed=4)
    fitted = fit_bg_nbd(frequency, recency, age)
    assert (fitted.r, fitted.alpha) == (pytest.approx(CDNOW.r, rel=0.04), pytest.approx(CDNOW.alpha, rel=0.05))
    # a and b are known worse one by one than the share that leaves after a purchase, a / (a + b)
    assert (fitted.a, fitted.b) == (pytest.approx(CDNOW.a, rel=0.15), pytest.approx(CDNOW.b, rel=0.15))
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(CDNOW.a / (CDNOW.a + CDNOW.b), rel=0.03)
    assert fitted.fit is not None
    assert (fitted.fit.agreeing, fitted.fit.at_bound) == (fitted.fit.starts, ())
    assert fitted.fit.log_likelihood == pytest.approx(fitted.log_likelihood(frequency, recency, age).sum())
    assert fitted.fit.log_likelihood > CDNOW.log_likelihood(frequency, recency, age).sum()


def test_value_parameters_come_back_from_simulated_customers() -> None:
    rng = np.random.default_rng(5)
    purchases = rng.integers(1, 9, 30_000).astype(float)
    nu = rng.gamma(CDNOW_VALUE.q, 1 / CDNOW_VALUE.gamma, len(purchases))
    mean_value = rng.gamma(CDNOW_VALUE.p * purchases, 1 / (nu * purchases))
    fitted = fit_gamma_gamma(purchases, mean_value)
    assert fitted.p == pytest.approx(CDNOW_VALUE.p, rel=0.06)
    assert fitted.q == pytest.approx(CDNOW_VALUE.q, rel=0.05)
    assert fitted.gamma == pytest.approx(CDNOW_VALUE.gamma, rel=0.08)
    assert fitted.fit is not None and fitted.fit.agreeing == fitted.fit.starts
    # those who spent most fall back towards the others, as their next purchase does
    top = mean_value > np.quantile(mean_value, 0.9)
    following = rng.gamma(CDNOW_VALUE.p, 1 / nu)[top].mean()
    assert following < 0.95 * mean_value[top].mean()
    assert fitted.expected_value(purchases[top], mean_value[top]).mean() == pytest.approx(following, rel=0.05)


def test_value_density_is_the_integral_over_customers() -> None:
    p, q, gamma = CDNOW_VALUE.p, CDNOW_VALUE.q, CDNOW_VALUE.gamma
    for x, z in ((1, 12.0), (3, 40.0)):
        expected = quad(
            lambda nu, x=x, z=z: (
                gamma_distribution(p * x, scale=1 / (nu * x)).pdf(z) * gamma_distribution(q, scale=1 / gamma).pdf(nu)
            ),
            1e-9,
            5,
            limit=500,
        )[0]
        assert CDNOW_VALUE.log_likelihood([x], [z])[0] == pytest.approx(math.log(expected), abs=1e-6)


def test_gradients_are_those_of_finite_differences() -> None:
    x, t_x, t = np.array([0.0, 1.0, 5.0, 260.0]), np.array([0.0, 4.0, 9.0, 270.0]), np.array([7.0, 30.0, 10.0, 272.0])
    z = np.array([3.0, 80.0, 21.5, 9.99])
    for function, point in (
        (lambda at: _bg_nbd(at, x, t_x, t), np.array([0.5, 2.0, 0.7, 1.5])),
        (lambda at: _gamma_gamma(at, x + 1, z), np.array([1.2, 3.0, 15.0])),
    ):
        for i, step in enumerate(np.eye(len(point)) * 1e-6):
            slope = (function(point + step)[0] - function(point - step)[0]) / 2e-6
            assert function(point)[1][i] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_counts_and_units_do_not_change_the_model() -> None:
    age = np.repeat([20.0, 30.0, 39.0], 1_000)
    frequency, recency, _ = simulate(CDNOW, age, seed=8)
    recency = np.minimum(np.ceil(recency), age)
    one_by_one = fit_bg_nbd(frequency, recency, age)
    rows, counts = np.unique(np.column_stack([frequency, recency, age]), axis=0, return_counts=True)
    assert len(rows) < 1_000
    grouped = fit_bg_nbd(*rows.T, counts=counts)
    in_days = fit_bg_nbd(frequency, recency * 7, age * 7)
    assert grouped == one_by_one
    assert (in_days.r, in_days.alpha / 7) == (pytest.approx(one_by_one.r), pytest.approx(one_by_one.alpha))
    assert one_by_one.fit is not None and in_days.fit is not None
    assert in_days.fit.log_likelihood == pytest.approx(
        in_days.log_likelihood(frequency, recency * 7, age * 7).sum(), rel=1e-9
    )


def test_who_has_left() -> None:
    # a buyer every other day who has been away for 100 days, one who was here yesterday, and a one-time buyer
    alive = GROCER.probability_alive([50, 50, 0], [100, 199, 0], [200, 200, 200])
    assert alive[0] < 0.001
    assert alive[1] > 0.998
    assert alive[2] == 1  # the model cannot tell; scores leave it NULL


def test_later_purchases_count_less() -> None:
    history = ([5], [150], [200])
    plain = GROCER.expected_purchases(365, *history)[0]
    assert GROCER.discounted_purchases(365, 0.0, *history)[0] == pytest.approx(plain)
    # at an even pace a year at 10% is worth (1 - 1/1.1) / ln(1.1) = 0.9538 of itself; early purchases are likelier
    assert 0.953 < GROCER.discounted_purchases(365, 0.10, *history)[0] / plain < 0.956


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(FitError, match="none of 3 customers bought twice"):
        fit_bg_nbd([0, 0, 0], [0, 0, 0], [10, 20, 30])
    with pytest.raises(FitError, match="none of 2 customers bought twice for money"):
        fit_gamma_gamma([1, 1], [10, 20])
    with pytest.raises(FitError, match="all customers spend the same"):
        fit_gamma_gamma([2, 3], [10, 10])
    with pytest.raises(ValueError, match="1 impossible histories"):
        fit_bg_nbd([1, 2], [5, 40], [10, 30])
    with pytest.raises(ValueError, match="a mean value above 0"):
        fit_gamma_gamma([2, 3], [10, 0])


@pytest.mark.skipif("CDNOW_FOLDER" not in os.environ, reason="the CDNOW sample is not part of the project")
def test_published_parameters_from_the_cdnow_sample() -> None:
    """CDNOW_FOLDER holds the two summaries of 2,357 customers that the package lifetimes 0.11.3 ships."""
    folder = Path(os.environ["CDNOW_FOLDER"])
    times = pd.read_csv(folder / "cdnow_customers_summary.csv")
    bg_nbd = fit_bg_nbd(times["frequency"], times["recency"], times["T"])
    assert bg_nbd.fit is not None and bg_nbd.fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert (bg_nbd.r, bg_nbd.alpha, bg_nbd.a, bg_nbd.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=1e-3)
    amounts = pd.read_csv(folder / "cdnow_customers_summary_with_transactions.csv").query("x > 0")
    value = fit_gamma_gamma(amounts["x"], amounts["zbar"])
    assert (value.p, value.q, value.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=1e-2)
