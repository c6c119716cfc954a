"""Features, affinity and neighbours of 300 real households, recomputed in pandas from the package's files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pandas as pd
import pytest

END = pd.Timestamp("2018-01-01")


@pytest.fixture(scope="module")
def baskets(raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per basket up to the as-of: household_id, at, net (whole cents), discount (whole cents)."""
    lines = raw["transactions"].copy()
    lines["net"] = (lines["sales_value"] * 100).round().astype("int64")
    lines["discount"] = ((lines["retail_disc"] + lines["coupon_match_disc"]) * 100).round().astype("int64")
    one = lines.groupby("basket_id").agg(
        household_id=("household_id", "first"),
        at=("transaction_timestamp", "min"),
        store_id=("store_id", "first"),
        net=("net", "sum"),
        discount=("discount", "sum"),
    )
    return one[one["at"] < END].reset_index()


def _published(marts: duckdb.DuckDBPyConnection, columns: str) -> dict[str, tuple[object, ...]]:
    rows = marts.execute(f"select profile_id, {columns} from features.profile_features").fetchall()
    return {row[0]: row[1:] for row in rows}


def _cents(value: int) -> Decimal:
    return Decimal(value).scaleb(-2)


def test_orders_and_money_to_the_cent(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame) -> None:
    expected = {}
    for household, own in baskets.groupby("household_id"):
        row: list[object] = [own["at"].min().to_pydatetime(), own["at"].max().to_pydatetime()]
        for days in (None, 365, 90, 30):
            window = own if days is None else own[own["at"] >= END - pd.Timedelta(days=days)]
            row += [len(window), _cents(int(window["net"].sum()))]
        row.append((END - pd.Timedelta(days=1)).normalize().date() - own["at"].max().date())
        row.append(_cents(int(own["net"].max())))
        expected[f"p{household}"] = (*row[:-2], row[-2].days, row[-1])  # type: ignore[attr-defined]
    published = _published(
        marts,
        "first_order_at, last_order_at, orders_total, net_amount_total, orders_12m, net_amount_12m, orders_90d,"
        " net_amount_90d, orders_30d, net_amount_30d, recency_days, max_order_amount",
    )
    assert len(published) == 300
    assert published == expected
    assert sum(value[3] for value in published.values()) == _cents(int(baskets["net"].sum()))  # type: ignore[misc]


def test_order_cadence(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame) -> None:
    expected = {}
    for household, own in baskets.groupby("household_id"):
        days = own["at"].dt.normalize().drop_duplicates().sort_values()
        gap = days.diff().dt.days.median()
        expected[f"p{household}"] = (
            None if pd.isna(gap) else float(gap),
            None if pd.isna(gap) else (days.max() + pd.Timedelta(days=_round_half_up(gap))).date(),
        )
    assert _published(marts, "median_days_between_orders, expected_next_order_date") == expected


def _round_half_up(value: float) -> int:
    return int(value + 0.5)


def test_as_of_is_the_last_day(marts: duckdb.DuckDBPyConnection) -> None:
    assert set(_published(marts, "as_of").values()) == {(date(2017, 12, 31),)}
