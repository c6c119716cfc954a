"""Orders in, scores out: what counts as a purchase, when there is no model, and that nothing later plays a part."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from simulated_customers import shop_orders, write_orders

from cdp_pipeline.analytics import OrdersError, score_profiles
from cdp_pipeline.analytics.orders import histories, load_orders
from cdp_pipeline.analytics.scores import SCORES

START, AS_OF = date(2025, 1, 1), date(2025, 12, 31)
Row = tuple[str | None, datetime | None, Decimal | None]


@pytest.fixture(scope="module")
def shop() -> list[Row]:
    return list(shop_orders(900, START, 400, seed=1))


@pytest.fixture(scope="module")
def scored(shop: list[Row], tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, dict]:
    folder = tmp_path_factory.mktemp("shop")
    return score(folder, shop)


def score(folder: Path, rows: list[Row], as_of: date = AS_OF, **options: float) -> tuple[pd.DataFrame, dict]:
    """Scores and facts of the rows."""
    summary = score_profiles(write_orders(folder / "orders.parquet", rows), folder / "scores.parquet", as_of, **options)
    assert json.loads(summary.facts_file.read_text(encoding="utf-8")) == summary.facts
    frame = pd.read_parquet(summary.out)
    with duckdb.connect() as con:  # what is missing is NULL and not NaN, which SQL would take for a great number
        nan = " OR ".join(f"isnan({name})" for name in SCORES)
        assert con.execute(f"SELECT count(*) FROM read_parquet(?) WHERE {nan}", [str(summary.out)]).fetchall() == [(0,)]
    assert (list(frame), len(frame)) == (["profile_id", *SCORES], summary.profiles)
    return frame, summary.facts


def test_purchases_are_days_with_an_order(tmp_path: Path) -> None:
    d = datetime
    rows: list[Row] = [
        ("A", d(2025, 3, 1, 10), Decimal("20.00")),
        ("A", d(2025, 3, 1, 10), Decimal("20.00")),  # the same second: one purchase of two orders
        ("A", d(2025, 3, 5, 23, 59), Decimal("0.00")),  # paid with a voucher: a purchase
        ("A", d(2025, 3, 6, 9), Decimal("-5.50")),  # a refund: no purchase, but off the amount
        ("A", d(2025, 3, 15, 9), None),  # a purchase of unknown amount
        ("A", d(2025, 4, 1, 0), Decimal("99.00")),  # after the end
        ("B", d(2025, 3, 31, 23, 59, 59), Decimal("7.25")),
        ("C", d(2025, 3, 3), Decimal("-9.00")),  # never bought
        (None, d(2025, 3, 3), Decimal("9.00")),
        ("D", None, Decimal("9.00")),
    ]
    end = date(2025, 4, 1)
    with duckdb.connect() as con:
        counts = load_orders(con, write_orders(tmp_path / "o.parquet", rows), end)
        history = histories(con, end).set_index("profile_id")
        earlier = histories(con, date(2025, 3, 6), label_days=10).set_index("profile_id")
        shorter = histories(con, date(2025, 3, 6), label_days=9)
    assert counts.facts() == {
        "rows": 10,
        "used": 7,
        "without_profile": 1,
        "without_time": 1,
        "after_as_of": 1,
        "zero_amount": 1,
        "negative_amount": 2,
        "without_amount": 1,
    }
    assert list(history.index) == ["A", "B"]
    a, b = history.loc["A"], history.loc["B"]
    assert (a["purchases"], a["orders"], a["amount"]) == (3, 4, 34.5)
    assert (a["age"], a["recency"], a["gap"], a["gap_deviation"]) == (30, 16, 7, 3)
    assert (a["last_30"], a["last_90"]) == (2, 3)
    assert (b["purchases"], b["age"], b["recency"]) == (1, 0, 0)
    assert np.isnan(b["gap"])
    # as it was known on 5 March, and whether somebody came in the days after: the refund is no visit, the 15th is
    assert list(earlier.index) == ["A"]
    assert earlier.loc["A", ["purchases", "orders", "amount", "age", "recency"]].tolist() == [2, 3, 40.0, 4, 0]
    assert (earlier["is_gone"].tolist(), shorter["is_gone"].tolist()) == ([False], [True])


def test_scores_mean_what_they_say(shop: list[Row], scored: tuple[pd.DataFrame, dict], tmp_path: Path) -> None:
    frame, facts = scored
    days: dict[str, set[date]] = {}
    for profile, at, _ in shop:
        if profile and at and at.date() <= AS_OF:
            days.setdefault(profile, set()).add(at.date())
    assert list(frame["profile_id"]) == sorted(days)
    assert facts["repeat_buyers"] == sum(len(on) > 1 for on in days.values())
    one_time = np.array([len(days[profile]) == 1 for profile in frame["profile_id"]])
    assert one_time.any()
    assert frame["probability_alive"].isna().tolist() == one_time.tolist()
    for name in set(SCORES) - {"probability_alive"}:
        assert frame[name].notna().all()
    assert frame["churn_probability"].between(0, 1).all()
    # later money is discounted at 10%, and only that lies between value and orders times order value
    ratio = frame["lifetime_value"] / (frame["expected_orders"] * frame["expected_order_value"])
    assert ratio.between(0.94, 1).all()
    even, _ = score(tmp_path, shop, discount_rate=0.0)
    assert even["lifetime_value"].to_numpy() == pytest.approx(even["expected_orders"] * even["expected_order_value"])
    assert facts["lifetime"]["starts_in_optimum"] == facts["lifetime"]["starts"]
    assert facts["churn"]["out_of_fold"]["brier"] < facts["churn"]["out_of_fold"]["brier_of_rate"]


def test_neither_row_order_nor_the_future_matters(
    shop: list[Row], scored: tuple[pd.DataFrame, dict], tmp_path: Path
) -> None:
    frame, facts = scored
    rows = [row for row in shop if row[1] and row[1].date() <= AS_OF]
    assert len(rows) < len(shop)
    np.random.default_rng(2).shuffle(rows)
    rows += [(profile, datetime(2026, 1, 1), Decimal(1000)) for profile in ("P00001", "P00002", "new")]
    again, told = score(tmp_path, rows)
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    orders = ("orders",)
    assert {k: v for k, v in told.items() if k not in orders} == {k: v for k, v in facts.items() if k not in orders}
    assert told["orders"]["after_as_of"] == 3


def test_too_few_repeat_buyers_are_not_modelled(tmp_path: Path) -> None:
    rows: list[Row] = []
    for number in range(150):
        rows.append((f"P{number}", datetime(2025, 5, 1), Decimal(10)))
        if number < 99:
            rows.append((f"P{number}", datetime(2025, 6, 1) + timedelta(days=number), Decimal(20)))
    frame, facts = score(tmp_path, rows)
    assert len(frame) == 150
    assert frame[list(SCORES)].isna().all(axis=None)
    reason = "99 profiles bought on two days or more, 100 are needed"
    assert [facts[model] for model in ("lifetime", "value", "churn")] == [{"model": None, "reason": reason}] * 3


@pytest.mark.parametrize(
    "rows", [[], [("A", datetime(2026, 1, 1), Decimal(5))], [("A", datetime(2025, 1, 1), Decimal(-5))]]
)
def test_nobody_to_score(tmp_path: Path, rows: list[Row]) -> None:
    """An empty file, an as-of before the first order, and refunds alone give a typed file without rows."""
    frame, facts = score(tmp_path, rows)
    assert (len(frame), facts["profiles"], facts["lifetime"]["reason"]) == (0, 0, "no purchase up to the as-of")
    with duckdb.connect() as con:
        types = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(tmp_path / "scores.parquet")]).fetchall()
    assert [row[1] for row in types] == ["VARCHAR", *["DOUBLE"] * 5]


def test_each_model_is_missing_for_its_own_reason(tmp_path: Path) -> None:
    """Four months of orders that all cost the same: purchases can be expected, values and churn cannot."""
    rows: list[Row] = [(who, at, Decimal(10)) for who, at, _ in shop_orders(600, START, 120, seed=3)]
    rows = list({(row[0], row[1].date()): row for row in rows if row[1]}.values())
    frame, facts = score(tmp_path, rows, as_of=date(2025, 4, 30))
    assert frame["expected_orders"].notna().all()
    assert frame[["expected_order_value", "lifetime_value", "churn_probability"]].isna().all(axis=None)
    assert facts["value"]["reason"] == "all customers spend the same: there is nothing to tell them apart by"
    assert facts["churn"]["reason"].startswith("the orders go back 1")
    assert facts["churn"]["reason"].endswith("180 are needed to learn who left")


def test_a_refunded_customer_is_worth_little_but_something(shop: list[Row], tmp_path: Path) -> None:
    spent = sum(amount for who, at, amount in shop if who == "P00001" and at and at.date() <= AS_OF and amount)
    frame, _ = score(tmp_path, [*shop, ("P00001", datetime(2025, 12, 30), -2 * spent)])
    value = frame.set_index("profile_id")["expected_order_value"]
    assert 0 < value["P00001"] < value.median()


def test_bad_files_are_one_clear_line(tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    with pytest.raises(OrdersError, match=r"^no orders file at .*missing\.parquet$"):
        score_profiles(tmp_path / "missing.parquet", out, AS_OF)
    text = tmp_path / "text.parquet"
    text.write_text("profile_id,ordered_at,net_amount\n", encoding="utf-8")
    with pytest.raises(OrdersError, match=r"^text\.parquet cannot be read as orders: "):
        score_profiles(text, out, AS_OF)
    narrow = tmp_path / "narrow.parquet"
    pd.DataFrame({"profile_id": ["A"], "ordered_at": [datetime(2025, 1, 1)]}).to_parquet(narrow)
    with pytest.raises(OrdersError, match=r"^narrow\.parquet has no column net_amount: it needs profile_id, "):
        score_profiles(narrow, out, AS_OF)
    told = tmp_path / "told.parquet"
    columns = {"profile_id": ["A"], "ordered_at": ["yesterday"], "net_amount": [1.5]}
    pd.DataFrame(columns).to_parquet(told)
    with pytest.raises(OrdersError, match=r"^told\.parquet: ordered_at is VARCHAR, it must be a timestamp \(UTC\)$"):
        score_profiles(told, out, AS_OF)
    pd.DataFrame({**columns, "ordered_at": [datetime(2025, 1, 1)], "net_amount": ["a lot"]}).to_parquet(told)
    with pytest.raises(OrdersError, match=r"^told\.parquet: net_amount is VARCHAR, it must be a number$"):
        score_profiles(told, out, AS_OF)
    with pytest.raises(ValueError, match="horizon_days and churn_days must be at least 1"):
        score_profiles(write_orders(tmp_path / "o.parquet", []), out, AS_OF, horizon_days=0)
    assert not out.exists()


def test_doubles_and_zones_are_read(tmp_path: Path) -> None:
    """Amounts that are no numbers are unknown ones, and a time with a zone is taken at UTC."""
    orders = tmp_path / "orders.parquet"
    pd.DataFrame(
        {
            "profile_id": [1, 1, 2],
            "ordered_at": pd.to_datetime(
                ["2025-03-31T20:30-05:00", "2025-03-01T00:00Z", "2025-03-31T19:30-04:00"], utc=True
            ),
            "net_amount": [10.0, float("nan"), float("inf")],
        }
    ).to_parquet(orders)
    with duckdb.connect() as con:
        counts = load_orders(con, orders, date(2025, 4, 1))
        history = histories(con, date(2025, 4, 1))
    assert (counts.used, counts.after_as_of, counts.without_amount) == (2, 1, 2)
    assert history[["profile_id", "recency", "amount"]].to_numpy().tolist() == [["1", 30, 0.0], ["2", 0, 0.0]]


def test_only_the_two_files_are_left(tmp_path: Path) -> None:
    score(tmp_path, [("A", datetime(2025, 1, 1), Decimal(5))])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.parquet", "scores.json", "scores.parquet"]
