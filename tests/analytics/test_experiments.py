"""Readouts of experiments from small core and identity tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from cdp_pipeline.analytics import ab_test, experiments
from cdp_pipeline.analytics.experiment_plans import Plan, PlanError, read_plans

END = datetime(2026, 3, 1)
SCHEMA = """
CREATE TABLE interactions (interaction_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, experiment_id VARCHAR,
  variant VARCHAR, campaign_id VARCHAR, occurred_at TIMESTAMP);
CREATE TABLE orders (order_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, status VARCHAR, ordered_at TIMESTAMP,
  net_amount_reporting DECIMAL(18, 4));
CREATE TABLE profile_members (record_id VARCHAR, profile_id VARCHAR);
CREATE TABLE anonymous_links (anonymous_id VARCHAR, profile_id VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP);
CREATE TABLE profile_aliases (alias_profile_id VARCHAR, profile_id VARCHAR);
CREATE TABLE audience_arms (destination VARCHAR, segment VARCHAR, profile_id VARCHAR, variant VARCHAR,
  holdout_share DOUBLE, as_of DATE, planned_share DOUBLE, planned_shares MAP(VARCHAR, DOUBLE));
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(SCHEMA)
        yield con


def _read(con: duckdb.DuckDBPyConnection, plans: dict[str, Plan] | None = None) -> dict[str, pd.DataFrame]:
    return experiments.readouts(con, END, plans or {})


def _rows(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame[list(columns)].astype(object).to_numpy()]


def test_who_counts_and_what_counts(con: duckdb.DuckDBPyConnection) -> None:
    """Fourteen days from the first exposure on; two devices of one person are one; who met both is out and counted."""
    con.execute("""
        INSERT INTO profile_members VALUES ('r1', 'P1'), ('r1b', 'P1'), ('r2', 'P2'), ('r3', 'P3'), ('r4', 'P4');
        INSERT INTO anonymous_links VALUES ('device', 'P3', '2026-01-01', NULL);
        INSERT INTO interactions VALUES
          ('1', 'r1', NULL, 'e', 'a', NULL, '2026-02-01'), ('2', 'r1b', NULL, 'e', 'a', NULL, '2026-02-10'),
          ('3', 'r2', NULL, 'e', 'b', NULL, '2026-02-01'),
          ('4', NULL, 'device', 'e', 'b', NULL, '2026-02-01'), ('5', 'r3', NULL, 'e', 'a', NULL, '2026-02-02'),
          ('6', NULL, 'stranger', 'e', 'b', NULL, '2026-02-15'),
          ('7', 'r4', NULL, 'e', 'a', NULL, '2026-02-15 00:00:01'),
          ('8', NULL, NULL, 'e', 'a', NULL, '2026-02-01'), ('9', 'r2', NULL, 'e', 'a', NULL, '2026-03-01'),
          ('10', 'r2', NULL, 'e', NULL, NULL, '2026-02-01');
        INSERT INTO orders VALUES
          ('early', 'r1', NULL, 'completed', '2026-01-31 23:59:59', 100),
          ('first', 'r1', NULL, 'completed', '2026-02-01', 10.01), ('second', 'r1b', NULL, 'refunded', '2026-02-14', 5),
          ('late', 'r1', NULL, 'completed', '2026-02-15', 1000), ('gone', 'r1', NULL, 'cancelled', '2026-02-02', 1000),
          ('young', 'r4', NULL, 'completed', '2026-02-20', 1000),
          ('unknown', NULL, 'stranger', 'completed', '2026-02-16', 7)""")
    found = _read(con)["experiment_arms"]
    assert _rows(
        found, "variant", "is_control", "kind", "exposed_people", "people", "converted_people", "orders",
        "revenue_amount", "excluded_people", "planned_share",
    ) == [
        # P4's window is not over; P3 met both; P2 and the stranger make b; the tenth and ninth row are no exposure
        ("a", True, "ab", 2, 1, 1, 2, 15.01, 1, 0.5),
        ("b", False, "ab", 2, 2, 1, 1, 7.0, 1, 0.5),
    ]  # fmt: skip


def test_a_holdout_is_known_by_the_campaign_it_is_kept_from(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        INSERT INTO profile_members SELECT 'r' || n, 'P' || n FROM range(100) AS t (n);
        INSERT INTO interactions SELECT 'i' || n, 'r' || n, NULL, 'x', if(n < 10, 'HoldOut', 'card'),
          if(n < 10, NULL, 'SPRING'), '2026-01-01' FROM range(100) AS t (n)""")
    arms = _read(con)["experiment_arms"]
    columns = ("variant", "is_control", "kind", "campaign_id", "exposed_people", "is_split_suspect")
    assert _rows(arms, *columns) == [
        ("HoldOut", True, "holdout", "SPRING", 10, False),
        ("card", False, "holdout", "SPRING", 90, False),
    ]
    assert arms["split_p_value"].isna().all()  # nobody said how many are to be held out
    planned = _read(con, {"x": Plan(shares={"HoldOut": 0.3, "card": 0.7})})["experiment_arms"]
    # 10 instead of 30: chi-square = 400/30 + 400/70 = 19.05
    assert planned["split_p_value"].iloc[0] == pytest.approx(1.28e-5, rel=0.01)
    assert planned["is_split_suspect"].all()
    empty = _read(con, {"x": Plan(control_variant="nobody")})
    assert _rows(empty["experiment_arms"], "variant", "exposed_people", "is_control")[0] == ("nobody", 0, True)
    assert set(empty["experiment_results"]["verdict"].dropna()) == {"too_few_people"}
    lost = _read(con, {"x": Plan(shares={"HoldOut": 0.1, "card": 0.45, "letter": 0.45})})["experiment_arms"]
    assert _rows(lost, "variant", "exposed_people", "is_split_suspect")[2] == ("letter", 0, True)


def test_an_export_is_read_against_its_holdout(con: duckdb.DuckDBPyConnection) -> None:
    """1,000 members, 200 held out. 160 of the 800 sent buy for 50, 20 of the others; half of either spent 40 before."""
    con.execute("""
        INSERT INTO profile_members SELECT 'r' || n, 'P' || n FROM range(1000) AS t (n);
        INSERT INTO audience_arms SELECT 'mail', 'lapsed', 'P' || n, if(n < 200, 'holdout', 'exported'), 0.2,
          '2026-01-31', NULL, NULL FROM range(1000) AS t (n);
        -- the export of the last day: its people are exposed from the next one on
        INSERT INTO audience_arms VALUES ('mail', 'young', 'P1', 'exported', 0.2, '2026-02-28', 0.8, NULL);
        INSERT INTO orders SELECT 'after' || n, 'r' || n, NULL, 'completed', '2026-02-14 23:59:59', 50
          FROM range(1000) AS t (n) WHERE n < 20 OR n BETWEEN 200 AND 359;
        INSERT INTO orders SELECT 'before' || n, 'r' || n, NULL, 'completed', '2026-01-31 23:59:59', 40
          FROM range(1000) AS t (n) WHERE n < 100 OR n BETWEEN 200 AND 599;
        INSERT INTO orders SELECT 'late' || n, 'r' || n, NULL, 'completed', '2026-02-15', 999
          FROM range(1000) AS t (n)""")
    found = _read(con)
    assert _rows(
        found["experiment_arms"], "experiment_id", "variant", "is_control", "kind", "exposed_people", "people",
        "converted_people", "revenue_amount", "planned_share", "split_p_value",
    ) == [
        ("export:mail/lapsed", "holdout", True, "holdout", 200, 200, 20, 1000.0, 0.2, pytest.approx(1.0)),
        ("export:mail/lapsed", "exported", False, "holdout", 800, 800, 160, 8000.0, 0.8, pytest.approx(1.0)),
    ]  # fmt: skip
    results = found["experiment_results"].set_index(["variant", "metric"])
    bought = results.loc[("exported", "conversion")]
    # z = 0.1 / sqrt(0.18 * 0.82 * (1/800 + 1/200)) = 3.2924
    assert (bought["difference"], bought["p_value"]) == (pytest.approx(0.1), pytest.approx(0.000993, rel=1e-3))
    spent = results.loc[("exported", "revenue_per_person")]
    assert (spent["estimate"], spent["control_estimate"], spent["difference"]) == (10.0, 5.0, 5.0)
    # either arm spent 20 a head before, so the adjustment moves nothing; slope (160,000 + 20,000) / (320,000 + 80,000),
    # squares left: 240,800 of 320,000 and 43,200 of 45,000
    assert spent["cuped_difference"] == pytest.approx(5.0)
    left = (240_800 / 799 / 800 + 43_200 / 199 / 200) / (320_000 / 799 / 800 + 45_000 / 199 / 200)
    assert spent["variance_reduction"] == pytest.approx(1 - left)
    assert spent["always_valid_low"] < spent["difference_low"] < 5 < spent["always_valid_high"]
    assert spent["verdict"] == "significant"


def test_money_that_went_back_is_no_purchase(con: duckdb.DuckDBPyConnection) -> None:
    """One bought for 50 and returned what cost 20, one only returned, one got all of a purchase back."""
    con.execute("""
        INSERT INTO profile_members SELECT 'r' || n, 'P' || n FROM range(3) AS t (n);
        INSERT INTO audience_arms SELECT 'mail', 'vip', 'P' || n, 'exported', 0, '2026-01-31', 1, MAP {'exported': 1}
          FROM range(3) AS t (n);
        INSERT INTO orders VALUES ('o1', 'r0', NULL, 'completed', '2026-02-02', 50),
          ('o2', 'r0', NULL, 'completed', '2026-02-03', -20), ('o3', 'r1', NULL, 'completed', '2026-02-03', -30),
          ('o4', 'r2', NULL, 'refunded', '2026-02-03', 0)""")
    arms = _read(con)["experiment_arms"]
    assert _rows(arms, "people", "converted_people", "orders", "revenue_amount") == [(3, 2, 2, 0.0)]


def test_merged_and_erased_members_of_an_export(con: duckdb.DuckDBPyConnection) -> None:
    """A retired id counts as who it became; who was both sent and held out is in neither arm; the erased are gone."""
    con.execute("""
        INSERT INTO profile_aliases VALUES ('old1', 'P1'), ('old2', 'P2'), ('erased', NULL);
        INSERT INTO audience_arms SELECT 'mail', 'vip', id, variant, share, '2026-01-31', NULL, NULL FROM (VALUES
          ('old1', 'exported', 0.1), ('old2', 'holdout', 0.1), ('P2', 'exported', 0.3), ('erased', 'exported', 0.3),
          ('P3', 'holdout', 0.3)) AS t (id, variant, share)""")
    arms = _read(con)["experiment_arms"]
    assert _rows(arms, "variant", "exposed_people", "excluded_people", "planned_share") == [
        ("holdout", 1, 1, pytest.approx(0.22)),
        ("exported", 1, 1, pytest.approx(0.78)),
    ]
    # a declared plan may set the window; the split stays that of the assignments
    planned = _read(con, {"export:mail/vip": Plan(window_days=7)})["experiment_arms"]
    assert _rows(planned, "window_days", "planned_share")[0] == (7, pytest.approx(0.22))


def test_a_variant_that_nobody_was_drawn_into_has_its_planned_share(con: duckdb.DuckDBPyConnection) -> None:
    """Half card, 49% letter, 1% call: ten people met the first two, and none is a likely number of calls."""
    con.execute("""
        INSERT INTO audience_arms SELECT 'mail', 'vip', 'P' || n, if(n < 5, 'card', 'letter'), 0, '2026-01-31',
          if(n < 5, 0.5, 0.49), MAP {'card': 0.5, 'letter': 0.49, 'call': 0.01} FROM range(10) AS t (n)""")
    arms = _read(con)["experiment_arms"]
    assert _rows(arms, "variant", "exposed_people", "planned_share", "is_split_suspect") == [
        ("call", 0, 0.01, False),
        ("card", 5, 0.5, False),
        ("letter", 5, 0.49, False),
    ]


@pytest.mark.parametrize("is_told", [True, False])
def test_shares_that_were_changed_are_planned_for_as_many_as_they_were_drawn_for(
    con: duckdb.DuckDBPyConnection, is_told: bool
) -> None:
    """1,000 people drawn half and half, then 1,000 of whom nine in ten get a: 1,400 of 2,000 were to, and 1,400 did."""
    for day, first, (a, b) in (("2026-01-30", 0, (0.5, 0.5)), ("2026-01-31", 1000, (0.9, 0.1))):
        told = f"MAP {{'a': {a}, 'b': {b}}}" if is_told else "NULL"
        con.execute(
            f"""INSERT INTO audience_arms SELECT 'mail', 'vip', 'P' || n, if(n < {first} + 1000 * {a}, 'a', 'b'), 0,
              '{day}', if(n < {first} + 1000 * {a}, {a}, {b}), {told} FROM range({first}, {first} + 1000) AS t (n)"""
        )
    arms = _read(con)["experiment_arms"]
    assert _rows(arms, "variant", "exposed_people", "planned_share", "split_p_value") == [
        ("a", 1400, 0.7, pytest.approx(1.0)),
        ("b", 600, 0.3, pytest.approx(1.0)),
    ]


@pytest.fixture
def large(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """200 people a day; of 100 in `odd` 52 are in a, in `even` 48 of 96. a buys with 10%, b with 16%."""
    con.execute("""
        INSERT INTO profile_members SELECT 'r' || n, 'P' || n FROM range(10000) AS t (n);
        INSERT INTO interactions SELECT e || n, 'r' || n, NULL, e, if(n % 100 < 48, 'b', 'a'), NULL,
          TIMESTAMP '2025-12-25' + to_days((n // 200)::INT)
        FROM range(10000) AS t (n), (VALUES ('even'), ('odd')) AS names (e) WHERE e = 'odd' OR n % 100 < 96;
        INSERT INTO orders SELECT 'past' || n, 'r' || n, NULL, 'completed', TIMESTAMP '2025-12-01', 20 + n % 7
        FROM range(10000) AS t (n) WHERE hash(n) % 2 = 0;
        INSERT INTO orders SELECT 'o' || n, 'r' || n, NULL, 'completed',
          TIMESTAMP '2025-12-27' + to_days((n // 200)::INT), if(hash(n) % 2 = 0, 60, 20) + hash(n + 7) % 10
        FROM range(10000) AS t (n) WHERE hash(n + 3) % 100 < if(n % 100 < 48, 16, 10)""")
    return con


def test_verdicts(large: duckdb.DuckDBPyConnection) -> None:
    """A clear difference is found; the same people with a skewed split say nothing, whatever the difference."""
    found = _read(large)
    arms = found["experiment_arms"].set_index(["experiment_id", "variant"])
    assert arms.loc[("odd", "a"), "exposed_people"] == 5200
    assert arms["is_split_suspect"].groupby("experiment_id").all().to_dict() == {"even": False, "odd": True}
    results = found["experiment_results"].set_index(["experiment_id", "variant", "metric"])
    assert results.loc[("even", "b", "conversion"), "verdict"] == "significant"
    assert results.loc[("odd", "b", "conversion"), "verdict"] == "split_suspect"
    assert results.loc[("even", "b", "average_order_value"), "verdict"] == "keep_waiting"
    row = results.loc[("even", "b", "conversion")]
    assert row["always_valid_low"] < row["difference_low"] < row["difference"] < row["always_valid_high"]
    assert 0 < row["p_value"] < row["always_valid_p_value"] <= 0.05
    # the first looks have too few people: two days bring 100 and more to either arm
    assert row["looks"] == 49
    assert results.loc[("even", "b", "revenue_per_person"), "variance_reduction"] > 0.005
    assert pd.isna(results.loc[("even", "a", "conversion"), "difference"])


def test_figures_equal_a_recomputation_person_by_person(large: duckdb.DuckDBPyConnection) -> None:
    people = large.execute("""
        SELECT i.variant, count(o.order_id) FILTER (WHERE o.ordered_at >= i.occurred_at) AS orders,
          coalesce(sum(o.net_amount_reporting) FILTER (WHERE o.ordered_at >= i.occurred_at), 0)::DOUBLE AS revenue,
          coalesce(sum(o.net_amount_reporting) FILTER (WHERE o.ordered_at < i.occurred_at), 0)::DOUBLE AS before
        FROM interactions i LEFT JOIN orders o ON i.record_id = o.record_id
          AND o.ordered_at BETWEEN i.occurred_at - INTERVAL 90 DAY AND i.occurred_at + INTERVAL 14 DAY
        WHERE i.experiment_id = 'even' AND i.occurred_at + INTERVAL 14 DAY <= TIMESTAMP '2026-03-01'
        GROUP BY i.record_id, i.variant ORDER BY i.record_id""").df()
    a, b = people[people["variant"] == "a"], people[people["variant"] == "b"]
    results = _read(large)["experiment_results"].set_index(["experiment_id", "variant", "metric"])
    expected = ab_test.welch(ab_test.Sums.of_values(a["revenue"]), ab_test.Sums.of_values(b["revenue"]))
    row = results.loc[("even", "b", "revenue_per_person")]
    assert (row["difference"], row["p_value"]) == (pytest.approx(expected.difference), pytest.approx(expected.p_value))
    orders = ab_test.Sums.of_values(b["revenue"], b["orders"])
    assert results.loc[("even", "b", "average_order_value"), "standard_error"] == pytest.approx(
        np.sqrt(orders.variance)
    )
    # CUPED as regression: the slope from the deviations within arms
    c = pd.concat([arm["before"] - arm["before"].mean() for arm in (a, b)])
    y = pd.concat([arm["revenue"] - arm["revenue"].mean() for arm in (a, b)])
    slope = float((c * y).sum() / (c * c).sum())
    adjusted = [arm["revenue"] - slope * (arm["before"] - people["before"].mean()) for arm in (a, b)]
    assert row["cuped_difference"] == pytest.approx(adjusted[1].mean() - adjusted[0].mean())
    left = sum(arm.var() / len(arm) for arm in adjusted) / sum(arm["revenue"].var() / len(arm) for arm in (a, b))
    assert row["variance_reduction"] == pytest.approx(1 - left)


def test_no_experiment_gives_typed_empty_tables(con: duckdb.DuckDBPyConnection) -> None:
    found = _read(con)
    assert {name: list(frame.columns) for name, frame in found.items()} == {
        name: list(columns) for name, columns in experiments.TABLES.items()
    }
    assert all(frame.empty for frame in found.values())


HEADER = "experiment_id,control_variant,shares,window_days,pre_days,planned_people,alpha\n"


def test_declared_plans_are_read(tmp_path: Path) -> None:
    file = tmp_path / "plans.csv"
    file.write_text(HEADER + "e,a,a=0.2;b=0.8,7,,,0.01\n", encoding="utf-8")
    assert read_plans(file) == {"e": Plan("a", {"a": 0.2, "b": 0.8}, window_days=7, alpha=0.01)}
    assert read_plans()  # the project's own


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("e,,a=0.2;b=0.9,,,,", "plans.csv, line 2: shares must be above 0 and sum to 1"),
        ("e,,a:0.2,,,,", "plans.csv, line 2: shares must read variant=share;variant=share"),
        ("e,c,a=0.5;b=0.5,,,,", "plans.csv, line 2: shares lacks the control variant c"),
        ("e,,,0,,,", "plans.csv, line 2: window_days must be a number from 1 to 366"),
        ("e,,,,,,five", "plans.csv, line 2: alpha must be a number from 1e-06 to 0.5"),
        ("e,,,,,,\ne,,,,,,", "plans.csv, line 3: experiment_id is given twice"),
        (",a,,,,,", "plans.csv, line 2: experiment_id is missing"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "plans.csv"
    file.write_text(HEADER + line + "\n", encoding="utf-8")
    with pytest.raises(PlanError) as refused:
        read_plans(file)
    assert str(refused.value) == told
