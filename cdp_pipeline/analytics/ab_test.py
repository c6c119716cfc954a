"""Statistics of a randomised comparison, from sums over people. No tables and no clock here.

A metric is the ratio of two sums over the people of an arm: conversions or revenue over people (the denominator is 1
for each), revenue over orders for the average order. All functions take scalars or arrays (one element per look).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

Array = NDArray[np.float64]
Number = float | Array

# Below it an imbalance of the arms is taken for a fault: a usual bound, far lower than that of a readout.
SPLIT_ALPHA = 0.001


@dataclass(frozen=True)
class Sums:
    """Sums over the people of one arm: numerator y, denominator x (1 each for a mean), their squares and product."""

    n: Number
    y: Number
    yy: Number
    x: Number
    xx: Number
    xy: Number

    @classmethod
    def of_mean(cls, n: Number, y: Number, yy: Number) -> Sums:
        """Sums of a mean over people."""
        return cls(n=n, y=y, yy=yy, x=n, xx=n, xy=y)

    @classmethod
    def of_values(cls, y: Sequence[float] | Array, x: Sequence[float] | Array | None = None) -> Sums:
        """Sums of values that are at hand, one per person."""
        above = np.asarray(y, dtype=np.float64)
        below = np.ones_like(above) if x is None else np.asarray(x, dtype=np.float64)
        return cls(
            n=float(len(above)),
            y=float(above.sum()),
            yy=float((above * above).sum()),
            x=float(below.sum()),
            xx=float((below * below).sum()),
            xy=float((above * below).sum()),
        )

    @property
    def estimate(self) -> Number:
        """y / x; NaN where x is 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.divide(self.y, self.x)

    @property
    def variance(self) -> Number:
        """Variance of `estimate`: of a mean s²/n, of a ratio by the delta method (Deng, Knoblich and Lu 2018)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.divide(self.y, self.x)
            centred = (
                (self.yy - np.divide(np.square(self.y), self.n))
                - 2 * ratio * (self.xy - np.divide(np.multiply(self.x, self.y), self.n))
                + np.square(ratio) * (self.xx - np.divide(np.square(self.x), self.n))
            )
            spread = np.maximum(np.divide(centred, np.subtract(self.n, 1)), 0.0)
            return np.divide(np.multiply(self.n, spread), np.square(self.x))


@dataclass(frozen=True)
class Comparison:
    """Treated less control with its interval, and the p-value of no difference; NaN where it is not defined."""

    difference: float
    low: float
    high: float
    p_value: float


def welch(control: Sums, treated: Sums, alpha: float = 0.05) -> Comparison:
    """Welch's t-test of two estimates with their own variances; 95% interval at alpha .05."""
    v0, v1 = float(control.variance), float(treated.variance)
    difference = float(treated.estimate) - float(control.estimate)
    error = np.sqrt(v0 + v1)
    n0, n1 = float(control.n), float(treated.n)
    if not (n0 > 1 and n1 > 1 and error > 0):
        return Comparison(difference, np.nan, np.nan, np.nan)
    degrees = (v0 + v1) ** 2 / (v0**2 / (n0 - 1) + v1**2 / (n1 - 1))
    half = float(stdtrit(degrees, 1 - alpha / 2)) * error
    p_value = float(2 * stdtr(degrees, -abs(difference) / error))
    return Comparison(difference, difference - half, difference + half, p_value)


def two_proportions(control: tuple[int, int], treated: tuple[int, int], alpha: float = 0.05) -> Comparison:
    """z-test with pooled variance of two shares, each (successes, people); Newcombe's interval (1998, method 10).

    The interval joins the Wilson intervals of both shares, so that it stays inside -1 to 1.
    """
    (x0, n0), (x1, n1) = control, treated
    if n0 == 0 or n1 == 0:
        return Comparison(np.nan, np.nan, np.nan, np.nan)
    p0, p1 = x0 / n0, x1 / n1
    z = float(ndtri(1 - alpha / 2))
    low0, high0 = _wilson(x0, n0, z)
    low1, high1 = _wilson(x1, n1, z)
    pooled = (x0 + x1) / (n0 + n1)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    p_value = float(2 * ndtr(-abs(p1 - p0) / error)) if error > 0 else np.nan
    return Comparison(
        p1 - p0,
        p1 - p0 - float(np.sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)),
        p1 - p0 + float(np.sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)),
        p_value,
    )


def _wilson(successes: int, n: int, z: float) -> tuple[float, float]:
    middle = (successes + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(successes * (n - successes) / n + z * z / 4)
    return middle - half, middle + half


def split_p_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Chi-square p-value of people per arm against the planned shares (which sum to 1); NaN without people.

    An arm with a share must not be left out of `counts`, even when nobody is in it.
    """
    total = sum(counts)
    if total == 0 or len(counts) < 2:
        return float("nan")
    expected = np.asarray(shares, dtype=np.float64) * total
    distance = ((np.asarray(counts) - expected) ** 2 / expected).sum()
    return float(chdtrc(len(counts) - 1, distance))


@dataclass(frozen=True)
class Adjusted:
    """A comparison after CUPED, the slope it used, and the share of variance that it took away."""

    comparison: Comparison
    slope: float
    variance_reduction: float


def cuped(
    control: Sums, treated: Sums, control_before: tuple[float, float, float], treated_before: tuple[float, float, float]
) -> Adjusted:
    """Welch's test on values adjusted by a covariate from before the experiment (CUPED, Deng et al. 2013).

    `…_before` are sums over the arm's people: the covariate c, its square, and its product with the value. The slope is
    the regression within arms; where the covariate says nothing, nothing changes.
    """
    within = [_centred(arm, before) for arm, before in ((control, control_before), (treated, treated_before))]
    covariance, square = (sum(item[i] for item in within) for i in (0, 1))
    slope = covariance / square if square > 0 else 0.0
    arms = []
    for arm, (c, cc, cy) in ((control, control_before), (treated, treated_before)):
        n = float(arm.n)
        # the sums of y - slope * c; shifting c by the overall mean moves both arms alike
        arms.append(
            Sums.of_mean(n, float(arm.y) - slope * c, float(arm.yy) - 2 * slope * cy + slope**2 * cc),
        )
    comparison = welch(arms[0], arms[1])
    before = float(control.variance) + float(treated.variance)
    after = float(arms[0].variance) + float(arms[1].variance)
    return Adjusted(comparison, slope, 1 - after / before if before > 0 else float("nan"))


def _centred(arm: Sums, before: tuple[float, float, float]) -> tuple[float, float]:
    c, cc, cy = before
    n = float(arm.n)
    return (cy - c * float(arm.y) / n, cc - c * c / n) if n else (0.0, 0.0)


def mixing_variance(planned: float, alpha: float = 0.05) -> float:
    """Variance of the mixing distribution, in standard deviations², that is tightest at `planned` people.

    The closed form given by Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024). Any value is valid; a bad guess of
    the size costs power only.
    """
    return float((-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / planned)


def always_valid(
    difference: Number, variance: Number, n: Number, planned: float, alpha: float = 0.05
) -> tuple[Array, Array]:
    """Always-valid p-values and half-widths of a difference at each look, in order of time.

    The mixture sequential probability ratio test with a normal mixture (Robbins 1970; Johari, Koomen, Pekelis and Walsh
    2022), in the standardised form of asymptotic confidence sequences: however often one looks and whenever one stops,
    a true null falls below alpha with probability alpha at most, for large n. `difference`, its `variance` and the
    people `n` of both arms together are cumulative. The p-value is the least so far: evidence once found stays.
    """
    moved = np.atleast_1d(np.asarray(difference, dtype=np.float64))
    spread = np.atleast_1d(np.asarray(variance, dtype=np.float64))
    mixed = np.atleast_1d(np.asarray(n, dtype=np.float64)) * mixing_variance(planned, alpha)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        log_ratio = 0.5 * (mixed / (mixed + 1) * np.square(moved) / spread - np.log1p(mixed))
        p_values = np.minimum(np.exp(-log_ratio), 1.0)
        half = np.sqrt(spread * (mixed + 1) / mixed * np.log((mixed + 1) / alpha**2))
    p_values = np.where(np.isfinite(log_ratio), p_values, 1.0)
    running: Any = np.minimum.accumulate(p_values)
    return running, half
