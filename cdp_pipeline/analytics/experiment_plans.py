"""What is decided of an experiment before it begins: split, window, size. Declared in a seed that dbt reads as well."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLANS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "marts" / "experiment_plans.csv"


class PlanError(ValueError):
    """A line of the experiment plans that cannot be meant; the text names file, line and column."""


@dataclass(frozen=True)
class Plan:
    """What was decided before the experiment; what is not declared has these values."""

    control_variant: str | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    window_days: int = 14
    pre_days: int = 90
    planned_people: int = 5000
    alpha: float = 0.05


def read_plans(path: Path = PLANS) -> dict[str, Plan]:
    """Plans by experiment. Raises PlanError."""
    plans: dict[str, Plan] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            where = f"{path.name}, line {number}"
            name = (row.get("experiment_id") or "").strip()
            if not name or name in plans:
                raise PlanError(f"{where}: experiment_id is {'given twice' if name else 'missing'}")
            default = Plan()
            shares = _shares(row.get("shares") or "", where)
            control = (row.get("control_variant") or "").strip() or None
            if control and shares and control not in shares:
                raise PlanError(f"{where}: shares lacks the control variant {control}")
            plans[name] = Plan(
                control_variant=control,
                shares=shares,
                window_days=int(_number(row, "window_days", default.window_days, 1, 366, where)),
                pre_days=int(_number(row, "pre_days", default.pre_days, 1, 731, where)),
                planned_people=int(_number(row, "planned_people", default.planned_people, 1, 1e9, where)),
                alpha=_number(row, "alpha", default.alpha, 1e-6, 0.5, where),
            )
    return plans


def _shares(text: str, where: str) -> dict[str, float]:
    """`control=0.2;mailed=0.8` as a mapping; empty text is no declaration."""
    try:
        shares = {
            name.strip(): float(share) for name, share in (part.split("=") for part in text.split(";") if part.strip())
        }
    except ValueError:
        raise PlanError(f"{where}: shares must read variant=share;variant=share") from None
    if shares and (min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-6):
        raise PlanError(f"{where}: shares must be above 0 and sum to 1")
    return shares


def _number(row: Mapping[str, str | None], column: str, default: float, low: float, high: float, where: str) -> float:
    text = (row.get(column) or "").strip()
    try:
        value = float(text) if text else float(default)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise PlanError(f"{where}: {column} must be a number from {low:g} to {high:g}")
    return value
