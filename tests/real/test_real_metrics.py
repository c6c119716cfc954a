"""Metrics of 300 real households, recomputed in pandas from the package's files; money equal to the cent."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

END = pd.Timestamp("2018-01-01")


@pytest.fixture(scope="module")
def baskets(raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per basket up to the as-of with its month, quarter and whether the household had bought before."""
    lines = raw["transactions"].copy()
    lines["cents"] = (lines["sales_value"] * 100).round().astype("int64")
    found = lines.groupby("basket_id", as_index=False).agg(
        household_id=("household_id", "first"), at=("transaction_timestamp", "min"), cents=("cents", "sum")
    )
    found = found[found["at"] < END].copy()
    # The same order as the marts': by time, then by the order's id as text.
    found["order_id"] = "square_pos:" + found["basket_id"].astype(str)
    found = found.sort_values(["household_id", "at", "order_id"])
    found["is_repeat"] = found.groupby("household_id").cumcount() > 0
    found["month"] = found["at"].dt.to_period("M").dt.start_time
    found["quarter"] = found["at"].dt.to_period("Q").dt.start_time
    return found


def _values(marts: duckdb.DuckDBPyConnection, metric: str, period: str, dimension: str) -> pd.DataFrame:
    frame: pd.DataFrame = marts.execute(
        "select period_start, member, value, low, high, numerator, denominator, n, is_complete"
        " from insights.metric_values where metric = ? and period = ? and dimension = ? order by 1, 2",
        [metric, period, dimension],
    ).df()
    return frame


@pytest.mark.parametrize("period", ["month", "quarter"])
@pytest.mark.parametrize(("dimension", "member"), [("all", "all"), ("channel", "store"), ("touchpoint", "store_till")])
def test_revenue_to_the_cent(
    marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame, period: str, dimension: str, member: str
) -> None:
    expected = baskets.groupby(period)["cents"].agg(["sum", "size"])
    rows = _values(marts, "revenue", period, dimension)
    assert set(rows["member"]) == {member}
    assert list(pd.to_datetime(rows["period_start"])) == list(expected.index)
    assert [round(value * 100) for value in rows["value"]] == list(expected["sum"])
    assert list(rows["n"]) == list(expected["size"])
    assert rows["is_complete"].all()


@pytest.mark.parametrize("period", ["month", "quarter"])
def test_order_value_with_its_interval(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame, period: str) -> None:
    amounts = (baskets["cents"] / 100).groupby(baskets[period])
    half = 1.96 * amounts.std(ddof=0) / np.sqrt(amounts.size())
    rows = _values(marts, "average_order_value", period, "all")
    np.testing.assert_allclose(rows["value"], amounts.mean(), atol=1e-6)
    np.testing.assert_allclose(rows["low"], amounts.mean() - half, atol=2e-6)
    np.testing.assert_allclose(rows["high"], amounts.mean() + half, atol=2e-6)


@pytest.mark.parametrize("period", ["month", "quarter"])
def test_repeat_rate_and_new_customers(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame, period: str) -> None:
    repeats = baskets.groupby(period)["is_repeat"].agg(["sum", "size"])
    k, n, z = repeats["sum"].to_numpy(), repeats["size"].to_numpy(), 1.96
    centre, root = k + z * z / 2, z * np.sqrt(k * (n - k) / n + z * z / 4)
    rows = _values(marts, "repeat_rate", period, "all")
    assert (list(rows["numerator"]), list(rows["denominator"])) == (list(k), list(n))
    np.testing.assert_allclose(rows["value"], 100 * k / n, atol=1e-6)
    np.testing.assert_allclose(rows["low"], np.maximum(100 * (centre - root) / (n + z * z), 0), atol=1e-6)
    np.testing.assert_allclose(rows["high"], np.minimum(100 * (centre + root) / (n + z * z), 100), atol=1e-6)
    newcomers = _values(marts, "new_customers", period, "all")
    assert list(newcomers["value"]) == list(n - k)
    assert newcomers["value"].sum() == baskets["household_id"].nunique()


def test_segments_overlap_and_are_counted_by_member(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame) -> None:
    members = marts.execute("select profile_id, segment from segments.current").df()
    owned = baskets.assign(profile_id="p" + baskets["household_id"].astype(str)).merge(members, on="profile_id")
    expected = owned.groupby(["month", "segment"])["cents"].sum()
    rows = _values(marts, "revenue", "month", "segment")
    assert len(rows) == len(expected) > 100
    found = {(pd.Timestamp(row.period_start), row.member): round(row.value * 100) for row in rows.itertuples()}
    assert found == expected.to_dict()


def test_touchpoint_kpis_to_the_cent(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame) -> None:
    rows = marts.execute(
        "select month, orders, revenue_amount, profiles from insights.touchpoint_kpis where touchpoint = 'store_till'"
        " order by 1"
    ).fetchall()
    expected = baskets.groupby("month").agg(
        n=("cents", "size"), cents=("cents", "sum"), people=("household_id", "nunique")
    )
    assert [(row[1], row[2], row[3]) for row in rows] == [
        (row.n, Decimal(row.cents) / 100, row.people) for row in expected.itertuples()
    ]
