"""Customer lifetime value without a contract: BG/NBD for when people buy, Gamma-Gamma for how much.

BG/NBD: P. Fader, B. Hardie, K. Lee (2005), "Counting your customers the easy way", Marketing Science 24(2): while
active, a customer buys at a Poisson rate; after each purchase they leave with some probability; rates are
Gamma(r, alpha) and leaving probabilities Beta(a, b) over customers.
Gamma-Gamma: P. Fader, B. Hardie (2013), "The Gamma-Gamma model of monetary value": a customer's purchases are
Gamma(p, nu) around their own mean, nu is Gamma(q, gamma) over customers, and value does not depend on frequency.

Arrays in all functions: one element per customer (or per distinct history, with `counts`); `frequency` is the number
of repeat purchases, `recency` the time of the last purchase and `age` the time observed, both since the first purchase
and in one unit, which alpha then has too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1, log_expit

from cdp_pipeline.analytics._fit import Array, Fit, FitError, maximise

# Wide enough for anything people do; a fit that ends on one says so (`Fit.at_bound`).
_BG_NBD_BOUNDS = {"r": (1e-3, 1e3), "alpha": (1e-4, 1e5), "a": (1e-4, 1e3), "b": (1e-3, 1e4)}
# In units of the median time observed, which is 1 while fitting.
_BG_NBD_STARTS = ((0.3, 0.1, 0.8, 2.5), (1.0, 0.5, 1.0, 1.0), (2.0, 0.1, 0.1, 5.0), (0.5, 1.0, 5.0, 50.0))
# q above 1: otherwise the mean purchase over all customers does not exist.
_GAMMA_GAMMA_BOUNDS = {"p": (1e-2, 1e4), "q": (1.001, 1e4), "gamma": (1e-4, 1e6)}
_GAMMA_GAMMA_STARTS = ((1.0, 2.0, 1.0), (5.0, 4.0, 1.0), (2.0, 10.0, 5.0), (20.0, 3.0, 0.1))
# The expectation's closed form divides by a - 1 and by a + b + frequency - 1; so near, it is taken on both sides.
_POLE = 1e-6
_BESIDE_POLE = 1e-4
# Beyond, factors of the closed form under- and overflow; both ways agree to 1e-6 below (tests/analytics).
_CLOSED_UP_TO = {"a": 20.0, "b": 500.0}
_NODES = 801
_STEP = 30.0


@dataclass(frozen=True)
class BgNbd:
    """BG/NBD parameters, alpha in the unit of time of the data; `fit` is None for given parameters."""

    r: float
    alpha: float
    a: float
    b: float
    fit: Fit | None = None

    def log_likelihood(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Array:
        """Log-likelihood of each history (equation 6 of the paper, by logarithms throughout)."""
        x, t_x, t = _histories(frequency, recency, age)
        return _bg_nbd(np.array([self.r, self.alpha, self.a, self.b]), x, t_x, t)[0]

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Array:
        """Probability that a customer has not left for good. 1 without a repeat purchase: the model lets nobody leave
        before the second purchase, so it says nothing about one-time buyers."""
        x, t_x, t = _histories(frequency, recency, age)
        return np.where(x > 0, expit(-_log_odds_left(self.r, self.alpha, self.a, self.b, x, t_x, t)), 1.0)

    def expected_purchases(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Array:
        """Expected number of purchases within `horizon` after the time observed.

        Equation 10 of the paper after Euler's transformation of the hypergeometric function: the number of purchases
        then stands in the third parameter only, so that hundreds of purchases neither overflow nor cancel.
        """
        x, t_x, t = _histories(frequency, recency, age)
        return self._expected_while_alive(float(horizon), x, t) * self.probability_alive(x, t_x, t)

    def _expected_while_alive(self, ahead: float, x: Array, t: Array) -> Array:
        near = (np.abs(self.a - 1) < _POLE) | (np.abs(self.a + self.b + x - 1) < _POLE)
        with np.errstate(all="ignore"):
            while_alive = self._while_alive(np.where(near, self.a + _BESIDE_POLE, self.a), ahead, x, t)
            if np.any(near):
                below = self._while_alive(np.where(near, self.a - _BESIDE_POLE, self.a), ahead, x, t)
                while_alive = (while_alive + below) / 2
        # Somebody who never leaves sets the upper bound; what is no number or beyond it has overflowed on the way.
        most = (self.r + x) * ahead / (self.alpha + t)
        beyond = ~((while_alive >= 0) & (while_alive <= most * (1 + 1e-9)))
        beyond |= (self.a > _CLOSED_UP_TO["a"]) | (self.b > _CLOSED_UP_TO["b"])
        if np.any(beyond):
            while_alive[beyond] = self._while_alive_by_quadrature(ahead, x[beyond], t[beyond])
        return while_alive

    def _while_alive(self, a: Array, ahead: float, x: Array, t: Array) -> Array:
        z = ahead / (self.alpha + t + ahead)
        tail = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(a - 1, a + self.b - 1 - self.r, a + self.b + x - 1, z)
        return np.array((a + self.b + x - 1) / (a - 1) * (1 - tail), dtype=np.float64, ndmin=1)

    def _while_alive_by_quadrature(self, ahead: float, x: Array, t: Array) -> Array:
        """The same as a mean over leaving probabilities, which are Beta(a, b + x) for somebody active.

        Trapezoids over their log-odds, dense around the mode and out to where either tail has died away.
        """
        means = np.empty(len(x))
        for bought in np.unique(x).tolist():
            alike = x == bought
            observed, place = np.unique(t[alike], return_inverse=True)
            b = self.b + bought
            spread = float(np.sqrt(1 / self.a + 1 / b))
            scale = min(1.0, spread)
            low, high = (np.arcsinh((12 * spread + 40 / rate) / scale) for rate in (self.a, b))
            grid = np.linspace(-low, high, _NODES)
            odds = np.log(self.a / b) + scale * np.sinh(grid)
            log_weight = self.a * log_expit(odds) + b * log_expit(-odds) + np.log(np.cosh(grid))
            weight = np.exp(log_weight - log_weight.max())
            leaving = np.maximum(expit(odds), np.finfo(np.float64).tiny)
            shrinking = np.log1p(np.outer(ahead / (self.alpha + observed), leaving))
            purchases = -np.expm1(-(self.r + bought) * shrinking) / leaving
            means[alike] = (purchases @ weight / weight.sum())[place]
        return means

    def probability_of_none(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Array:
        """Probability of no purchase within `horizon`: has left, or is active and does not come."""
        x, t_x, t = _histories(frequency, recency, age)
        silent = np.exp((self.r + x) * (np.log(self.alpha + t) - np.log(self.alpha + t + horizon)))
        return np.asarray(1 - self.probability_alive(x, t_x, t) * (1 - silent), dtype=np.float64)

    def discounted_purchases(
        self, horizon: float, annual_rate: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> Array:
        """Expected purchases within `horizon` days, each discounted at `annual_rate` to the end of the time observed.

        Steps of at most 30 days, each at its middle. Needs days as the unit of time.
        """
        x, t_x, t = _histories(frequency, recency, age)
        # While somebody is active, only these two count: some thousand pairs among a million customers.
        pairs, place = np.unique(x + 1j * t, return_inverse=True)
        edges = np.linspace(0.0, horizon, max(1, int(np.ceil(horizon / _STEP))) + 1)
        total = before = np.zeros(pairs.shape, dtype=np.float64)
        for start, end in pairwise(edges.tolist()):
            until = self._expected_while_alive(end, pairs.real, pairs.imag)
            total = total + (until - before) * (1 + annual_rate) ** (-(start + end) / 2 / 365)
            before = until
        return np.asarray(total[place] * self.probability_alive(x, t_x, t), dtype=np.float64)


@dataclass(frozen=True)
class GammaGamma:
    """Gamma-Gamma parameters, gamma in the currency of the data; `fit` is None for given parameters."""

    p: float
    q: float
    gamma: float
    fit: Fit | None = None

    def log_likelihood(self, purchases: ArrayLike, mean_value: ArrayLike) -> Array:
        """Log-density of each customer's mean purchase value (equation 1a of the note), over `purchases` ≥ 1."""
        x, z = _values(purchases, mean_value)
        return _gamma_gamma(np.array([self.p, self.q, self.gamma]), x, z)[0]

    def expected_value(self, purchases: ArrayLike, mean_value: ArrayLike) -> Array:
        """Expected value of a purchase: the customer's own mean drawn towards everybody's, less so the more they
        bought. Without a purchase (`purchases` 0) everybody's mean."""
        x, z = np.asarray(purchases, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
        return np.asarray(self.p * (self.gamma + x * z) / (self.p * x + self.q - 1), dtype=np.float64)


def fit_bg_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, counts: ArrayLike | None = None) -> BgNbd:
    """The BG/NBD model of the highest likelihood; `counts` is how many customers share a history.

    Raises FitError without any repeat purchase or where no start converges, ValueError for an impossible history.
    """
    x, t_x, t = _histories(frequency, recency, age)
    n = np.ones(x.shape) if counts is None else np.asarray(counts, dtype=np.float64)
    x, t_x, t, n = _distinct(n, x, t_x, t)
    customers = int(n.sum())
    if not np.any(x > 0):
        raise FitError(f"none of {customers:,} customers bought twice")
    unit = float(np.median(t[t > 0]))  # some history is positive, because a repeat purchase has a time
    weights = n / n.sum()

    def objective(parameters: Array) -> tuple[float, Array]:
        values, slopes = _bg_nbd(parameters, x, t_x / unit, t / unit)
        return float(weights @ values), slopes @ weights

    found, fit = maximise(objective, _BG_NBD_BOUNDS, _BG_NBD_STARTS, customers)
    # The density of the purchase times is per unit of time.
    shift = float(n @ x * np.log(unit))
    return BgNbd(
        r=found["r"],
        alpha=found["alpha"] * unit,
        a=found["a"],
        b=found["b"],
        fit=Fit(fit.log_likelihood - shift, fit.customers, fit.starts, fit.agreeing, fit.at_bound),
    )


def fit_gamma_gamma(purchases: ArrayLike, mean_value: ArrayLike, counts: ArrayLike | None = None) -> GammaGamma:
    """The Gamma-Gamma model of the highest likelihood over customers with `purchases` ≥ 1 of mean value above 0.

    Raises FitError where nobody bought twice or no start converges, ValueError for values that are not positive.
    """
    x, z = _values(purchases, mean_value)
    n = np.ones(x.shape) if counts is None else np.asarray(counts, dtype=np.float64)
    x, z, n = _distinct(n, x, z)
    customers = int(n.sum())
    if not np.any(x > 1):
        raise FitError(f"none of {customers:,} customers bought twice for money")
    if float(np.ptp(z)) == 0:
        raise FitError("all customers spend the same: there is nothing to tell them apart by")
    unit = float(np.median(z))
    weights = n / n.sum()

    def objective(parameters: Array) -> tuple[float, Array]:
        values, slopes = _gamma_gamma(parameters, x, z / unit)
        return float(weights @ values), slopes @ weights

    found, fit = maximise(objective, _GAMMA_GAMMA_BOUNDS, _GAMMA_GAMMA_STARTS, customers)
    shift = float(n.sum() * np.log(unit))
    return GammaGamma(
        p=found["p"],
        q=found["q"],
        gamma=found["gamma"] * unit,
        fit=Fit(fit.log_likelihood - shift, fit.customers, fit.starts, fit.agreeing, fit.at_bound),
    )


def _histories(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> tuple[Array, Array, Array]:
    x, t_x, t = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (frequency, recency, age))
    wrong = ~((x >= 0) & (t_x >= 0) & (t_x <= t) & ((x > 0) | (t_x == 0)) & np.isfinite(t))
    if np.any(wrong):
        raise ValueError(
            f"{int(np.sum(wrong))} impossible histories: frequency ≥ 0, 0 ≤ recency ≤ age, recency 0 without a repeat"
        )
    return x, t_x, t


def _values(purchases: ArrayLike, mean_value: ArrayLike) -> tuple[Array, Array]:
    x, z = np.asarray(purchases, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    if not (np.all(x >= 1) and np.all(z > 0) and np.all(np.isfinite(z))):
        raise ValueError("each customer needs at least one purchase and a mean value above 0")
    return x, z


def _distinct(counts: Array, *columns: Array) -> tuple[Array, ...]:
    """Each distinct row once, sorted, with the number of customers that share it as last column."""
    rows, place = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    return (*rows.T, np.bincount(place.ravel(), weights=counts, minlength=len(rows)))


def _log_odds_left(r: float, alpha: float, a: float, b: float, x: Array, t_x: Array, t: Array) -> Array:
    """Log-odds that a customer with a repeat purchase has left; anything for one without."""
    stayed = np.maximum(b + x - 1, b)
    return np.asarray(np.log(a) - np.log(stayed) + (r + x) * (np.log(alpha + t) - np.log(alpha + t_x)))


def _bg_nbd(parameters: Array, x: Array, t_x: Array, t: Array) -> tuple[Array, Array]:
    """Log-likelihoods, and their gradient by r, alpha, a, b (4 rows)."""
    r, alpha, a, b = (float(value) for value in parameters)
    repeated = x > 0
    stayed = np.maximum(b + x - 1, b)
    log_odds = _log_odds_left(r, alpha, a, b, x, t_x, t)
    values = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        - (r + x) * np.log(alpha + t)
        + betaln(a, b + x)
        - betaln(a, b)
        + np.where(repeated, np.logaddexp(0.0, log_odds), 0.0)
    )
    left = np.where(repeated, expit(log_odds), 0.0)
    both = digamma(a + b) - digamma(a + b + x)
    slopes = np.stack(
        [
            digamma(r + x)
            - digamma(r)
            + np.log(alpha)
            - np.log(alpha + t)
            + left * np.log((alpha + t) / (alpha + t_x)),
            r / alpha - (r + x) / (alpha + t) + left * (r + x) * (1 / (alpha + t) - 1 / (alpha + t_x)),
            both + left / a,
            both + digamma(b + x) - digamma(b) - left / stayed,
        ]
    )
    return values, slopes


def _gamma_gamma(parameters: Array, x: Array, z: Array) -> tuple[Array, Array]:
    """Log-densities, and their gradient by p, q, gamma (3 rows)."""
    p, q, gamma = (float(value) for value in parameters)
    shape = p * x
    both = gamma + x * z
    log_share = np.log(x) + np.log(z) - np.log(both)
    values = (
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * (np.log(gamma) - np.log(both))
        + shape * log_share
        - np.log(z)
    )
    slopes = np.stack(
        [
            x * (digamma(shape + q) - digamma(shape) + log_share),
            digamma(shape + q) - digamma(q) + np.log(gamma) - np.log(both),
            q / gamma - (shape + q) / both,
        ]
    )
    return values, slopes
