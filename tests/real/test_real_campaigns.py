"""Attribution, campaigns and sessions of 300 real households, recomputed in pandas from the package's files."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pandas as pd
import pytest

END = pd.Timestamp("2018-01-01")
WINDOW = pd.Timedelta(days=30)
MODELS = ("first", "last", "linear", "position", "time_decay", "markov")


@pytest.fixture(scope="module")
def baskets(raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per basket up to the as-of: basket_id, household_id, at, cents, own (campaign of its coupon or None)."""
    lines = raw["transactions"].copy()
    lines["cents"] = (lines["sales_value"] * 100).round().astype("int64")
    one = lines.groupby("basket_id", as_index=False).agg(
        household_id=("household_id", "first"), at=("transaction_timestamp", "min"), cents=("cents", "sum")
    )
    redeemed = raw["coupon_redemptions"].assign(day=lambda frame: frame["redemption_date"].dt.normalize())
    redeemed["code"] = "CAMP" + redeemed["campaign_id"].astype(str) + "-" + redeemed["coupon_upc"].astype(str)
    codes = redeemed.groupby(["household_id", "day"], as_index=False)["code"].min()
    firsts = lines.assign(day=lines["transaction_timestamp"].dt.normalize())
    firsts = firsts.groupby(["household_id", "day"], as_index=False)["basket_id"].min().merge(codes)
    one = one.merge(firsts[["basket_id", "code"]], how="left", on="basket_id")
    one["own"] = one["code"].str.split("-").str[0]
    return one[one["at"] < END]


@pytest.fixture(scope="module")
def paths(raw: dict[str, pd.DataFrame], baskets: pd.DataFrame) -> dict[int, list[tuple[pd.Timestamp, str]]]:
    """The touches of each basket that has any, in order: when, and the campaign. All of them came by letter."""
    touches = defaultdict(set)
    for row in raw["coupon_redemptions"].itertuples():
        touches[row.household_id].add((row.redemption_date + pd.Timedelta(hours=12), f"CAMP{row.campaign_id}"))
    found = {}
    for basket in baskets.itertuples():
        seen = sorted(t for t in touches[basket.household_id] if basket.at - WINDOW < t[0] <= basket.at)
        own = basket.own if isinstance(basket.own, str) else None
        if own:
            last = max((t for t in seen if t[1] == own), default=None)
            seen = [t for t in seen if t != last] + [(basket.at, own)]
        if seen:
            found[basket.basket_id] = seen
    return found


def _dealt(cents: int, weights: list[Any]) -> list[int]:
    """Whole cents by weight: the floors, and what is left by largest remainder, ties to the earlier."""
    total = sum(weights)
    exact = [cents * weight / total for weight in weights]
    shares = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (-round(float(exact[i] - shares[i]), 6), i))
    for i in order[: cents - sum(shares)]:
        shares[i] += 1
    return shares


def _weights(model: str, path: list[tuple[pd.Timestamp, str]], at: pd.Timestamp) -> list[Any]:
    n = len(path)
    ends = {"first": [1, *[0] * (n - 1)], "last": [*[0] * (n - 1), 1]}
    if model in ends:
        return [Fraction(weight) for weight in ends[model]]
    if model == "position" and n > 2:
        return [Fraction(2, 5), *[Fraction(1, 5) / (n - 2)] * (n - 2), Fraction(2, 5)]
    if model == "time_decay":
        return [2.0 ** (-(at - when).total_seconds() / (7 * 86400)) for when, _ in path]
    return [Fraction(1)] * n  # one touchpoint only: no touch is worth more to the chain than another


def test_credits_to_the_cent(
    marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame, paths: dict[int, list[tuple[pd.Timestamp, str]]]
) -> None:
    expected: dict[tuple[str, str | None], int] = defaultdict(int)
    for basket in baskets.itertuples():
        path = paths.get(basket.basket_id)
        for model in MODELS:
            if path is None:
                expected[model, None] += basket.cents
                continue
            for (_, campaign), cents in zip(path, _dealt(basket.cents, _weights(model, path, basket.at)), strict=True):
                expected[model, campaign] += cents
    published = {
        (model, campaign): int(amount * 100)
        for model, campaign, amount in marts.execute(
            "select model, campaign_id, sum(revenue_amount) from insights.attribution group by all"
        ).fetchall()
    }
    assert any(len(path) > 2 for path in paths.values())
    assert published == {key: cents for key, cents in expected.items() if cents}
    for model in MODELS:
        assert sum(cents for (of, _), cents in published.items() if of == model) == baskets["cents"].sum()


def test_only_letters_touched_anybody(marts: duckdb.DuckDBPyConnection, paths: dict[int, Any]) -> None:
    assert marts.execute(
        "select touchpoint, channel, conversions, removal_effect from insights.removal_effects"
    ).fetchall() == [("direct_mail", "postal_mail", len(paths), 1.0)]


def test_campaign_response_to_the_cent(
    marts: duckdb.DuckDBPyConnection,
    raw: dict[str, pd.DataFrame],
    baskets: pd.DataFrame,
    paths: dict[int, list[tuple[pd.Timestamp, str]]],
) -> None:
    sent = raw["campaigns"].merge(raw["campaign_descriptions"])
    bought = sent.merge(baskets, on="household_id")
    bought = bought[(bought["at"] >= bought["start_date"]) & (bought["at"] < bought["start_date"] + WINDOW)]
    lasts = pd.DataFrame(
        [(path[-1][1], basket) for basket, path in paths.items()], columns=["campaign", "basket_id"]
    ).merge(baskets, on="basket_id")
    redeemed = raw["coupon_redemptions"].drop_duplicates()
    expected = {}
    for campaign, targets in sent.groupby("campaign_id"):
        own, name = bought[bought["campaign_id"] == campaign], f"CAMP{campaign}"
        last = lasts[lasts["campaign"] == name]
        expected[name] = (
            len(targets),
            own["household_id"].nunique(),
            len(own),
            Decimal(int(own["cents"].sum())).scaleb(-2),
            len(last),
            Decimal(int(last["cents"].sum())).scaleb(-2),
            int((redeemed["campaign_id"] == campaign).sum()),
        )
    published = marts.execute(
        """select campaign_id, recipients, responders, response_orders, response_revenue_amount, orders, revenue_amount,
        redeemed from insights.campaigns"""
    ).fetchall()
    assert {row[0]: row[1:] for row in published} == expected


def test_store_visits(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame) -> None:
    """Baskets of a household half an hour apart or less are one visit, counted in the month in which it begins."""
    visits = baskets.sort_values(["household_id", "at", "basket_id"])
    pause = visits.groupby("household_id")["at"].diff()
    starts = visits[pause.isna() | (pause > pd.Timedelta(minutes=30))]
    by_month = starts["at"].dt.to_period("M").dt.to_timestamp().dt.date.value_counts().to_dict()
    assert (
        dict(marts.execute("select month, sessions from insights.session_kpis where channel = 'store'").fetchall())
        == by_month
    )
    assert marts.execute(
        """select value, profiles, revenue_amount from insights.omnichannel
        where basis = 'purchase' and grouping = 'combination'"""
    ).fetchall() == [
        (
            "store",
            300,
            Decimal(int(baskets.loc[baskets["at"] >= END - pd.Timedelta(days=365), "cents"].sum())).scaleb(-2),
        )
    ]
