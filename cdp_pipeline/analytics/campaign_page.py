"""The study of the coupon campaigns as a page: response, differences with intervals, and what they do not prove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdp_pipeline.analytics._markdown import spaced, table

_NAMES = {
    "plain": "plain difference",
    "cuped": "CUPED",
    "matched": "matched",
    "placebo": "matched, before the campaign",
}


def page(result: dict[str, Any], command: str) -> str:
    """Markdown of `campaign_study.study`'s result."""
    data, summary = result["data"], result["summary"]
    parts = [
        "# Coupon campaigns of the Complete Journey year",
        f"Made by `{command}` from real purchases: {data['households']:,} households of a US grocer, "
        f"{data['days'][0]} to {data['days'][1]}, of which {data['targeted_households']:,} received at least one of "
        f"{len(result['campaigns'])} campaigns. How a randomised campaign is read: [experiments.md](experiments.md).",
        "## In short",
        *_verdicts(summary, data),
        "## Response",
        "Redeemers and buyers are targeted households; buyers bought a product with a coupon of the campaign, with or "
        "without the coupon, while it ran, and revenue is what they paid for such products. That is response, not "
        "effect: most of it would have been bought anyway.",
        _response(result["campaigns"]),
        "## Difference in spend",
        f"Dollars per targeted household over the first {data['window_days']} days, against the households that the "
        "campaign did not target, with 95% intervals.",
        _lifts(result["campaigns"], "spend"),
        "## Difference in spend on the products with coupons",
        _lifts(result["campaigns"], "coupon_products"),
        "## Methods",
        *_methods(data),
        "## What this does not show",
        *_LIMITS,
    ]
    return spaced(parts)


def _verdicts(summary: dict[str, Any], data: dict[str, Any]) -> list[str]:
    spend, products = summary["spend"], summary["coupon_products"]
    count = summary["campaigns"]
    return [
        f"- {count} campaigns can be measured ({summary['targets']:,} targets in all); the others began too early or "
        "too late in the year.",
        f"- The plain difference says {_money(spend['plain']['mean'])} more spend per target in {data['window_days']} "
        f"days, above 0 in {spend['plain']['gains']} of {count} campaigns. It measures who was chosen: good customers.",
        f"- Against households that had spent alike it is {_money(spend['matched']['mean'])}, above 0 in "
        f"{spend['matched']['gains']} campaigns and below in {spend['matched']['losses']}.",
        f"- The same method finds {_money(spend['placebo']['mean'])} in the {data['window_days']} days **before** the "
        f"campaigns ({spend['placebo']['gains']} above 0), when they can have had no effect. {_reading(spend)}",
        f"- On the products with coupons: {_money(products['matched']['mean'])} matched, "
        f"{_money(products['placebo']['mean'])} before the campaigns. {_reading(products)}",
    ]


def _reading(found: dict[str, Any]) -> str:
    """What may be said of the matched difference beside its placebo."""
    matched, placebo = found["matched"]["mean"], found["placebo"]["mean"]
    if matched is None or placebo is None:
        return "Too little to compare."
    if placebo > 0 and matched <= placebo:
        return "So the data shows **no effect** beyond what the choice of households explains."
    if abs(placebo) < abs(matched) / 2:
        return "So most of the matched difference is not explained by the choice of households."
    return "So a good part of the matched difference is the choice of households, and the rest is uncertain."


def _methods(data: dict[str, Any]) -> tuple[str, ...]:
    return (
        "- plain difference: mean of the targets less mean of the others; Welch's interval",
        f"- CUPED: adjusted by the spend of the {data['pre_days']} days before, by regression within both groups",
        f"- matched: differences within {data['strata']} equal groups of that spend, weighted by the targets in each",
        f"- matched, before the campaign: the same for the {data['window_days']} days before the start, matched by the "
        f"{data['pre_days']} days before these; an unbiased method finds 0 within chance",
    )


_LIMITS = (
    "- Nobody drew lots. The targets were chosen by what they buy, and no method makes up for what it cannot see; "
    "where the placebo is off, so is the estimate.",
    "- Campaigns overlap: the households compared may have had the coupons of another one, and households count in "
    "several campaigns, so that the campaigns are no independent proofs.",
    "- With so many intervals one in twenty misses by chance.",
    "- Costs of the campaigns are not in the data: there is no return to compute.",
    "- To know, hold people back: `insights.campaigns` shows the lift of each campaign with a holdout.",
)


def _response(campaigns: Sequence[dict[str, Any]]) -> str:
    headings = ("campaign", "type", "from", "to", "targets", "redeemers", "rate", "redemptions", "buyers", "revenue")
    return table(
        headings,
        [
            (
                str(row["campaign"]),
                row["type"],
                row["start"],
                row["end"],
                f"{row['targeted']:,}",
                f"{row['redeemers']:,}",
                "none" if row["response_rate"] is None else f"{row['response_rate']:.1%}",
                f"{row['redemptions']:,}",
                f"{row['buyers']:,}",
                f"{row['revenue']:,.2f}",
            )
            for row in campaigns
        ],
    )


def _lifts(campaigns: Sequence[dict[str, Any]], outcome: str) -> str:
    return table(
        ("campaign", "targets", *_NAMES.values()),
        [
            (
                str(row["campaign"]),
                f"{row['targeted']:,}",
                *(_interval(row["lift"][outcome][estimator]) for estimator in _NAMES),
            )
            for row in campaigns
            if row["lift"]
        ],
    )


def _interval(found: Sequence[float | None]) -> str:
    value, low, high = found
    return "none" if value is None or low is None else f"{value:+,.2f} [{low:+,.2f}, {high:+,.2f}]"


def _money(value: float | None) -> str:
    return "nothing measurable" if value is None else f"{'-' if value < 0 else ''}${abs(value):,.2f}"
