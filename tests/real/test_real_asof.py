"""Training sets of real households: nothing at or after the time asked for is used, and today gives today's row."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cdp_pipeline.asof import AsofError, TrainingSet, training_set
from cdp_pipeline.home import Home

AS_OF = date(2017, 12, 31)
NOW = datetime(2018, 1, 1)
THEN = datetime(2017, 7, 1, 15, 30)
# what came later, in a home where another half-year followed: other orders, lines, touches and acts of the same people
_OTHER_FUTURE = {
    "orders": """SELECT * REPLACE (
        'future:' || order_id AS order_id, ordered_at + INTERVAL 190 DAY AS ordered_at,
        net_amount_reporting * 3 AS net_amount_reporting, 'FUTURE' AS coupon_code)
        FROM now WHERE ordered_at BETWEEN TIMESTAMP '2017-01-01' AND TIMESTAMP '2017-06-20'""",
    "interactions": """SELECT * REPLACE (
        'future:' || interaction_id AS interaction_id, occurred_at + INTERVAL 190 DAY AS occurred_at,
        'website' AS channel, 'product_viewed' AS interaction_type)
        FROM now WHERE occurred_at BETWEEN TIMESTAMP '2017-01-01' AND TIMESTAMP '2017-06-20'""",
    "campaign_touches": """SELECT * REPLACE (
        'future:' || touch_id AS touch_id, occurred_at + INTERVAL 190 DAY AS occurred_at, 'clicked' AS touch_type)
        FROM now WHERE occurred_at BETWEEN TIMESTAMP '2017-01-01' AND TIMESTAMP '2017-06-20'""",
    "order_lines": """SELECT * REPLACE ('future:' || order_id AS order_id, net_amount * 5 AS net_amount) FROM now""",
}
_TIMES = {"orders": "ordered_at", "interactions": "occurred_at", "campaign_touches": "occurred_at"}


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory, real_home: Home) -> Path:
    path = tmp_path_factory.mktemp("requests") / "requests.csv"
    with duckdb.connect() as con:
        con.execute(
            f"""COPY (
                SELECT profile_id, t.time FROM '{real_home.identity}/profile_members/*.parquet'
                CROSS JOIN (VALUES (TIMESTAMP '{NOW}'), (TIMESTAMP '{THEN}')) AS t (time)
                UNION ALL SELECT 'nobody', TIMESTAMP '{THEN}') TO '{path}'"""
        )
    return path


@pytest.fixture(scope="module")
def trained(requests: Path, real_home: Home) -> tuple[TrainingSet, pd.DataFrame]:
    out = requests.with_name("trained.parquet")
    return training_set(real_home, requests, out, AS_OF), _frame(out)


def _frame(path: Path) -> pd.DataFrame:
    with duckdb.connect() as con:
        return con.execute(f"FROM '{path}'").df()


def _rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return [tuple(None if pd.isna(value) else value for value in row) for row in frame.itertuples(index=False)]


def test_every_request_is_answered_once(trained: tuple[TrainingSet, pd.DataFrame]) -> None:
    done, frame = trained
    assert (done.rows, done.unknown, done.days) == (601, 1, 2)
    assert set(frame["as_of"].astype(str)) == {"2017-12-31", "2017-06-30"}
    assert not {"country", "has_email", "is_email_marketing_allowed"} & set(frame.columns)
    nobody = frame[frame["profile_id"] == "nobody"]
    assert nobody.drop(columns=["profile_id", "time", "as_of"]).isna().all(axis=None)


def test_today_gives_the_row_that_is_published(
    trained: tuple[TrainingSet, pd.DataFrame], marts: duckdb.DuckDBPyConnection
) -> None:
    _, frame = trained
    names = [name for name in frame.columns if name not in ("time", "resolved_profile_id")]
    assert len(names) > 140
    published = marts.execute(f"select {', '.join(names)} from features.profile_features order by profile_id").df()
    today = frame.loc[frame["time"] == pd.Timestamp(NOW), names].sort_values("profile_id")
    assert len(today) == 300
    for name in names:
        assert _rows(today[[name]]) == _rows(published[[name]]), name


def test_what_followed_changes_nothing(
    trained: tuple[TrainingSet, pd.DataFrame], requests: Path, real_home: Home, tmp_path: Path
) -> None:
    _, frame = trained
    other = Home(tmp_path / "other")
    shutil.copytree(real_home.lake, other.lake)
    with duckdb.connect() as con:
        for table, future in _OTHER_FUTURE.items():
            file = other.core / table / "part-0.parquet"
            con.execute(f"CREATE OR REPLACE TABLE now AS FROM '{file}'")
            kept = f"WHERE {_TIMES[table]} < TIMESTAMP '2017-07-01'" if table in _TIMES else ""
            con.execute(f"COPY (SELECT * FROM now {kept} UNION ALL BY NAME {future}) TO '{file}' (FORMAT parquet)")
        asked = requests.with_name("then.parquet")
        con.execute(
            f"COPY (SELECT profile_id, time::TIMESTAMP AS time FROM '{requests}' WHERE time::TIMESTAMP = '{THEN}')"
            f" TO '{asked}'"
        )
    out = tmp_path / "then.parquet"
    training_set(other, asked, out, AS_OF)
    then, before = _frame(out), frame[frame["time"] == pd.Timestamp(THEN)]
    for name in frame.columns:
        assert _rows(then[[name]]) == _rows(before[[name]]), name


def test_orders_then_are_those_before_midnight(
    trained: tuple[TrainingSet, pd.DataFrame], raw: dict[str, pd.DataFrame]
) -> None:
    _, frame = trained
    lines = raw["transactions"]
    lines = lines[lines["transaction_timestamp"] < pd.Timestamp("2017-07-01")]
    cents = (lines["sales_value"] * 100).round().astype("int64")
    sums = cents.groupby(lines["household_id"]).sum()
    then = frame[(frame["time"] == pd.Timestamp(THEN)) & (frame["orders_total"] > 0)]
    found = (then["net_amount_total"] * 100).round().astype("int64")
    assert dict(zip(then["profile_id"], found, strict=True)) == {f"p{h}": int(total) for h, total in sums.items()}


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ("profile,time\np1,2017-07-01\n", "has no column profile_id"),
        ("profile_id,time\np1,soon\n", "1 of 1 rows have no profile_id or no readable time"),
        ("profile_id,time\np1,2018-01-02\n", "1 of 1 times lie after 2018-01-01 23:59:59 UTC"),
        ("profile_id,time\np1,2017-07-01\np1,2017-07-02\np1,2017-07-03\n", "asks for 3 distinct days, at most 2"),
        ("profile_id,time\n", "has no rows"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path: Path, real_home: Home, rows: str, wrong: str) -> None:
    file = tmp_path / "asked.csv"
    file.write_text(rows, encoding="utf-8")
    with pytest.raises(AsofError, match=wrong):
        training_set(real_home, file, tmp_path / "out.parquet", AS_OF, most_days=2)
    assert not (tmp_path / "out.parquet").exists()
    assert not list(real_home.root.glob(".asof-*"))
