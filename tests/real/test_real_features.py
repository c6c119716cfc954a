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


def test_rfm_quintiles_and_deciles(marts: duckdb.DuckDBPyConnection, baskets: pd.DataFrame) -> None:
    year = baskets[baskets["at"] >= END - pd.Timedelta(days=365)]
    by = pd.DataFrame(
        {
            "last": baskets.groupby("household_id")["at"].max(),
            "orders": year.groupby("household_id").size(),
            "money": year.groupby("household_id")["net"].sum(),
        }
    ).fillna(0)
    expected: dict[str, list[object]] = {f"p{household}": [] for household in by.index}
    for parts in (5, 10):
        for column in ("last", "orders", "money"):
            # percent rank: how many are less, by how many others there are
            place = (by[column].rank(method="min") - 1) / (len(by) - 1)
            for household, value in place.items():
                expected[f"p{household}"].append(min(parts, 1 + int(parts * value)))
    published = _published(
        marts,
        "rfm_recency, rfm_frequency, rfm_monetary, rfm_recency_decile, rfm_frequency_decile, rfm_monetary_decile",
    )
    assert {name: list(values) for name, values in published.items()} == expected


@pytest.fixture(scope="module")
def bought(raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Lines up to the as-of with their product's category, brand and department."""
    lines = raw["transactions"]
    lines = lines[lines["transaction_timestamp"] < END]
    return lines.merge(raw["products"], on="product_id", how="left")


@pytest.mark.parametrize(
    ("kind", "column"), [("category", "product_category"), ("brand", "brand"), ("department", "department")]
)
def test_affinity(marts: duckdb.DuckDBPyConnection, bought: pd.DataFrame, kind: str, column: str) -> None:
    # the day of a basket is that of its first line
    first = bought.groupby("basket_id")["transaction_timestamp"].transform("min").dt.normalize()
    lines = bought.assign(
        weight=0.5 ** ((pd.Timestamp("2017-12-31") - first).dt.days / 90),
        cents=(bought["sales_value"] * 100).round().astype("int64"),
    )
    by = (
        lines.dropna(subset=[column])
        .groupby(["household_id", column])
        .agg(purchases=("weight", "size"), cents=("cents", "sum"), score=("weight", "sum"))
    )
    by["score"] = by["score"].round(6)
    by["share"] = by["score"] / by.groupby("household_id")["score"].transform("sum")
    expected = {(f"p{row['household_id']}", row[column]): row for _, row in by.reset_index().iterrows()}
    rows = marts.execute(
        "select profile_id, item, purchases, net_amount, score, share, rank from features.affinity where kind = ?",
        [kind],
    ).fetchall()
    assert len(rows) == sum(min(10, n) for n in by.groupby("household_id").size())
    for profile, item, purchases, money, score, share, _ in rows:
        row = expected[(profile, item)]
        assert (purchases, money) == (row["purchases"], _cents(int(row["cents"])))
        assert score == pytest.approx(row["score"], abs=2e-6)
        assert share == pytest.approx(row["share"], abs=2e-6)
    strongest = {profile: item for profile, item, *_, rank in rows if rank == 1}
    best = by["score"].groupby("household_id").max()
    assert all(expected[p, item]["score"] == pytest.approx(best[int(p[1:])], abs=2e-6) for p, item in strongest.items())


def test_neighbours_bought_together(marts: duckdb.DuckDBPyConnection, bought: pd.DataFrame) -> None:
    items = bought.dropna(subset=["product_category"])[
        ["basket_id", "product_id", "product_category"]
    ].drop_duplicates()
    n_baskets = items["basket_id"].nunique()
    sellers = items.groupby(["product_category", "product_id"]).size().rename("n").reset_index()
    sellers = sellers[sellers["n"] >= 3].assign(text=lambda f: f["product_id"].astype(str))
    sellers = sellers.sort_values(["product_category", "n", "text"], ascending=[True, False, True])
    sellers = sellers.groupby("product_category").head(20)
    n = dict(zip(sellers["product_id"], sellers["n"], strict=True))
    kept = items[items["product_id"].isin(n)]
    together: dict[tuple[int, int], int] = {}
    for _, products in kept.groupby("basket_id")["product_id"]:
        ids = sorted(products)
        if 2 <= len(ids) <= 60:
            for i, one in enumerate(ids):
                for other in ids[i + 1 :]:
                    together[one, other] = together.get((one, other), 0) + 1
    expected = {}
    for (one, other), count in together.items():
        if count >= 3:
            lift = count * n_baskets / (n[one] * n[other])
            cosine = count / (n[one] * n[other]) ** 0.5
            expected[str(one), str(other)] = expected[str(other), str(one)] = (count, lift, cosine)
    rows = marts.execute(
        "select product_id, neighbour_product_id, n_together, lift, cosine, rank from features.product_neighbours"
        " where kind = 'bought'"
    ).fetchall()
    assert len(rows) > 1000
    for one, other, count, lift, cosine, rank in rows:
        assert expected[one, other][0] == count
        assert (lift, cosine) == pytest.approx(expected[one, other][1:], abs=1e-6)
        assert 1 <= rank <= 20
    by_product: dict[str, int] = {}
    for one, _ in expected:
        by_product[one] = by_product.get(one, 0) + 1
    assert len(rows) == sum(min(20, count) for count in by_product.values())


def test_coupon_use(marts: duckdb.DuckDBPyConnection, raw: dict[str, pd.DataFrame], baskets: pd.DataFrame) -> None:
    redeemed = raw["coupon_redemptions"]
    days = redeemed.assign(day=redeemed["redemption_date"].dt.normalize())[["household_id", "day"]].drop_duplicates()
    first = baskets.assign(day=baskets["at"].dt.normalize()).groupby(["household_id", "day"])["basket_id"].min()
    used = days.merge(first.reset_index(), on=["household_id", "day"])
    with_coupon = used.groupby("household_id").size()
    orders = baskets.groupby("household_id").size()
    expected = {f"p{h}": round(int(with_coupon.get(h, 0)) / int(n), 4) for h, n in orders.items()}
    assert {name: values[0] for name, values in _published(marts, "coupon_order_share").items()} == pytest.approx(
        expected
    )
    touches = redeemed.drop_duplicates()
    touches = touches[touches["redemption_date"] >= END - pd.Timedelta(days=365)]
    counts = touches.groupby("household_id").size()
    assert len(counts) > 20
    found = {name: values[0] for name, values in _published(marts, "coupons_redeemed_12m").items()}
    assert found == {f"p{h}": int(counts.get(h, 0)) for h in orders.index}


def test_recommended_coupons_are_live_unused_and_real(
    marts: duckdb.DuckDBPyConnection, raw: dict[str, pd.DataFrame]
) -> None:
    rows = marts.execute("select profile_id, coupon_code, rank from features.recommended_coupons").fetchall()
    codes = "CAMP" + raw["coupon_redemptions"]["campaign_id"].astype(str) + "-"
    codes += raw["coupon_redemptions"]["coupon_upc"].astype(str)
    used = set(zip("p" + raw["coupon_redemptions"]["household_id"].astype(str), codes, strict=True))
    named = marts.execute(
        "select distinct profile_id, coupon_code from marts_intermediate.int_coupon_redemptions"
    ).fetchall()
    assert rows and set(named) <= used
    assert not {(profile, code) for profile, code, _ in rows} & set(named)
    # a campaign that was neither sent nor redeemed in December is over
    ends = raw["campaign_descriptions"].set_index("campaign_id")["end_date"]
    recommended = {int(code.removeprefix("CAMP").split("-")[0]) for _, code, _ in rows}
    assert all(ends[campaign] >= pd.Timestamp("2017-11-01") for campaign in recommended)
    assert max(rank for *_, rank in rows) <= 5
