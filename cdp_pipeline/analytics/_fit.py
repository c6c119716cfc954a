"""Maximum likelihood with bounds and several starts. What is maximised belongs to the models, not here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array: TypeAlias = NDArray[np.float64]
Objective: TypeAlias = Callable[[Array], tuple[float, Array]]

# Two starts have found the same optimum where their mean log-likelihoods per customer differ by less than this.
SAME_OPTIMUM = 1e-6


class FitError(ValueError):
    """A model could not be fitted: the data has nothing to learn from, or no start converged."""


@dataclass(frozen=True)
class Fit:
    """How an optimisation ended.

    `log_likelihood` is the sum over customers; `agreeing` is how many of `starts` ended in the optimum that is used;
    `at_bound` names the parameters that ran into a bound, which the data then says little about.
    """

    log_likelihood: float
    customers: int
    starts: int
    agreeing: int
    at_bound: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """For the model facts in JSON."""
        return {
            "log_likelihood": round(self.log_likelihood, 4),
            "customers": self.customers,
            "starts": self.starts,
            "starts_in_optimum": self.agreeing,
            "at_bound": list(self.at_bound),
        }


def maximise(
    objective: Objective,
    bounds: Mapping[str, tuple[float, float]],
    starts: Sequence[Sequence[float]],
    customers: int,
) -> tuple[dict[str, float], Fit]:
    """The parameters of the highest likelihood.

    `objective` maps parameters to the mean log-likelihood per customer and its gradient; all parameters are positive
    and searched on the log scale within `bounds`. Raises FitError where no start converges.
    """
    limits = np.log(np.array(list(bounds.values()), dtype=np.float64))

    def descent(point: Array) -> tuple[float, Array]:
        values = np.exp(point)
        height, slope = objective(values)
        return -height, -slope * values

    found = []
    for start in starts:
        point = np.clip(np.log(np.asarray(start, dtype=np.float64)), limits[:, 0], limits[:, 1])
        with np.errstate(all="ignore"):
            result = minimize(
                descent,
                point,
                jac=True,
                method="L-BFGS-B",
                bounds=limits,
                options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
            )
        # "abnormal" is what the line search says where rounding lets it climb no further: on top, that is converged.
        if np.isfinite(result.fun) and (result.success or _is_flat(result.x, result.jac, limits)):
            found.append(result)
    if not found:
        raise FitError(f"none of {len(starts)} starts converged on {customers:,} customers")
    best = min(found, key=lambda result: float(result.fun))
    touched = (best.x - limits[:, 0] < 1e-6) | (limits[:, 1] - best.x < 1e-6)
    return (
        {name: float(value) for name, value in zip(bounds, np.exp(best.x), strict=True)},
        Fit(
            log_likelihood=float(-best.fun * customers),
            customers=customers,
            starts=len(starts),
            agreeing=sum(float(result.fun) - float(best.fun) < SAME_OPTIMUM for result in found),
            at_bound=tuple(name for name, is_touched in zip(bounds, touched, strict=True) if is_touched),
        ),
    )


def _is_flat(point: Array, slope: Array, limits: Array) -> bool:
    """Whether no step within the bounds goes down any further."""
    projected = np.clip(point - slope, limits[:, 0], limits[:, 1]) - point
    return bool(np.max(np.abs(projected)) < 1e-4)
