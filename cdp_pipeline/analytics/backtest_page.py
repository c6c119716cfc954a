"""The result of a back-test as a page: every figure with its interval, and in words where the model is no better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdp_pipeline.analytics._markdown import spaced, table

_MODEL = "model"
_UNITS = {"purchases": "orders", "spend": "money"}


def page(result: dict[str, Any], command: str) -> str:
    """Markdown of `backtest.backtest`'s result; its tables are aligned, so that it reads as plain text too."""
    data = result["data"]
    parts = [
        "# Back-test of lifetime value and churn",
        f"Made by `{command}`. How the models work: [analytics.md](analytics.md).",
        f"Trained on {data['orders']}, {data['trained'][0]} to {data['trained'][1]}; scored on the {data['days']} days "
        f"{data['scored'][0]} to {data['scored'][1]}. {data['customers']:,} customers bought before the cut; of them "
        f"{data['bought_nothing']:,} bought nothing after it. {data['first_seen_after_cut']:,} customers first seen "
        "after the cut are in no figure. "
        f"In brackets: 95% bootstrap intervals over customers ({data['draws']:,} draws, seed {data['seed']}).",
        "## In short",
        *_verdicts(result),
    ]
    for target, unit in _UNITS.items():
        parts += [
            f"## {target.capitalize()}",
            f"Total and mean absolute error per customer in {unit}, and as shares of the actual total and mean.",
            _amounts(result[target]),
            "Customers in ten groups by what the model expected, lowest first, means per customer:",
            _deciles(result["deciles"][target], 1),
        ]
    parts += [
        "## Churn",
        f"Churn is no purchase in the {data['days']} days. Lower is better for the Brier score and the calibration "
        "error (ten groups of equal size), higher for the AUC.",
        _churn(result["churn"]),
        "Customers in ten groups by probability of churn, lowest first:",
        _deciles(result["deciles"]["churn"], 3),
        "## Methods",
        *_METHODS,
        "## Models",
        _parameters(result["models"]),
    ]
    return spaced(parts)


_METHODS = (
    "- model: BG/NBD with Gamma-Gamma for purchases and spend; calibrated logistic regression for churn",
    "- last period repeated: what the customer bought and spent in the period of the same length before the cut",
    "- own average rate: all the customer's orders and spend before the cut, per day since the first one",
    "- recency only: for purchases and spend the mean of customers who had been away as long one period earlier; for "
    "churn the same regression with recency as its only feature",
    "- BG/NBD (churn): that model's probability of no purchase in the period",
    "- share that left before: for everybody the share of churn one period earlier",
)


def _verdicts(result: dict[str, Any]) -> list[str]:
    rows = []
    for target, unit in _UNITS.items():
        for method, found in result["differences"][target].items():
            words = _words(found["mae"], 2, lower_is_better=True)
            rows.append(f"- {target}, error per customer against {method}: {words} {unit}")
        shares = {method: row["total_error_share"]["value"] for method, row in result[target].items()}
        nearest = min(shares, key=lambda method: abs(shares[method]))
        rows.append(
            f"- {target}, total: the model is off by {shares[_MODEL]:+.1%}, "
            + ("nearest of all" if nearest == _MODEL else f"{nearest} by {shares[nearest]:+.1%}")
        )
    for method, found in result["differences"]["churn"].items():
        brier, auc = (
            _words(found["brier"], 4, lower_is_better=True),
            _words(found["auc"], 3, lower_is_better=False),
        )
        rows.append(f"- churn, Brier score against {method}: {brier}")
        rows.append(f"- churn, AUC against {method}: {auc}")
    return rows


def _words(found: dict[str, Any], digits: int, *, lower_is_better: bool) -> str:
    low, high = found["interval"]
    if found["value"] is None or low is None:
        return "**not defined**"
    is_lower, is_higher = high < 0, low > 0
    verdict = "better" if is_lower == lower_is_better else "worse"
    if not is_lower and not is_higher:
        verdict = "no clear difference"
    return f"**{verdict}**, {found['value']:+,.{digits}f} [{low:+,.{digits}f} to {high:+,.{digits}f}]"


def _amounts(methods: dict[str, Any]) -> str:
    headings = (
        "method",
        "total",
        "actual",
        "total off by",
        "of total",
        "error per customer",
        "of mean",
        "rank correlation",
    )
    return table(
        headings,
        [
            (
                name,
                f"{row['total']:,.0f}",
                f"{row['actual_total']:,.0f}",
                f"{row['total_error']:+,.0f}",
                _percent(row["total_error_share"], sign=True),
                _number(row["mae"], 2),
                _percent(row["mae_share"]),
                _number(row["rank_correlation"], 3),
            )
            for name, row in methods.items()
        ],
    )


def _churn(methods: dict[str, Any]) -> str:
    headings = ("method", "expected", "actual", "Brier score", "calibration error", "AUC")
    return table(
        headings,
        [
            (
                name,
                f"{row['expected']:,.0f}",
                f"{row['actual']:,}",
                _number(row["brier"], 4),
                f"{row['calibration_error']:.4f}",
                _number(row["auc"], 3),
            )
            for name, row in methods.items()
        ],
    )


def _deciles(rows: Sequence[dict[str, Any]], digits: int) -> str:
    return table(
        ("group", "customers", "predicted", "actual"),
        [
            (str(number), f"{row['customers']:,}", f"{row['predicted']:,.{digits}f}", f"{row['actual']:,.{digits}f}")
            for number, row in enumerate(rows, 1)
        ],
    )


def _parameters(models: dict[str, Any]) -> str:
    rows = []
    for name in ("lifetime", "value"):
        found = models[name]
        parameters = ", ".join(f"{key} {value:.4g}" for key, value in found["parameters"].items())
        rows.append(
            f"- {found['model']}: {parameters}; {found['starts_in_optimum']} of {found['starts']} starts in the optimum"
        )
    rank = models["value"]["frequency_value_correlation"]
    rows.append(f"- rank correlation of frequency and value (the model takes 0): {'none' if rank is None else rank}")
    churn = models["churn"]
    measured = churn["out_of_fold"]
    rows.append(
        f"- {churn['model']}: trained at {', '.join(churn['training_cuts'])}, calibration {churn['calibration']}; "
        f"out of fold Brier {measured['brier']:.4f}, AUC {measured['auc']:.3f}"
    )
    return "\n".join(rows)


def _number(found: dict[str, Any], digits: int) -> str:
    if found["value"] is None:
        return "none"
    low, high = found["interval"]
    return f"{found['value']:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


def _percent(found: dict[str, Any], *, sign: bool = False) -> str:
    plus = "+" if sign else ""
    low, high = found["interval"]
    return f"{found['value']:{plus}.1%} [{low:{plus}.1%}, {high:{plus}.1%}]"
