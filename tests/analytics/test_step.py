"""The analytics step on small core and identity tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from cdp_pipeline.analytics import step

AS_OF = date(2025, 6, 30)
CORE = {
    "interactions": "interaction_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, experiment_id VARCHAR,"
    " variant VARCHAR, campaign_id VARCHAR, occurred_at TIMESTAMP",
    "orders": "order_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, ordered_at TIMESTAMP, status VARCHAR,"
    " net_amount_reporting DECIMAL(18,4)",
    "consents": "record_id VARCHAR, purpose VARCHAR, channel VARCHAR, state VARCHAR, occurred_at TIMESTAMP,"
    " source VARCHAR",
    "record_identifiers": "record_id VARCHAR, kind VARCHAR",
    "feedback": "feedback_id VARCHAR, comment VARCHAR, occurred_at TIMESTAMP",
    "ticket_messages": "message_id VARCHAR, direction VARCHAR, body VARCHAR, occurred_at TIMESTAMP",
}
IDENTITY = {
    "profile_members": "record_id VARCHAR, profile_id VARCHAR",
    "profile_aliases": "alias_profile_id VARCHAR, profile_id VARCHAR",
    "anonymous_links": "anonymous_id VARCHAR, profile_id VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP",
    "record_identifiers": "record_id VARCHAR, kind VARCHAR, is_trusted BOOLEAN",
}
# 200 customers of one record each; customer n buys every 5 + n days from 2024-06-01 on, n % 7 of them stop in March.
ORDERS = """
SELECT 'o' || n || '-' || i AS order_id, CASE WHEN n > 0 THEN 'r' || n END AS record_id,
  CASE WHEN n = 0 THEN 'device' END AS anonymous_id,
  TIMESTAMP '2024-06-01 12:00' + to_days((i * (5 + n % 60) + n % 11)::INT) AS ordered_at,
  'completed' AS status, 10 + n % 13 + i % 5 AS net_amount_reporting
FROM range(0, 200) AS customers (n), range(0, 100) AS purchases (i)
WHERE ordered_at < CASE WHEN n % 7 = 0 AND n > 0 THEN TIMESTAMP '2025-03-01' ELSE TIMESTAMP '2025-12-01' END
"""


def _lake(root: Path, rows: dict[str, str]) -> tuple[Path, Path]:
    for folder, tables in (("core", CORE), ("identity", IDENTITY)):
        for table, columns in tables.items():
            path = root / folder / table / "part-0.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            with duckdb.connect() as con:
                con.execute(f"CREATE TABLE t ({columns})")
                if f"{folder}/{table}" in rows:
                    con.execute(f"INSERT INTO t BY NAME {rows[f'{folder}/{table}']}")
                con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return root / "core", root / "identity"


FILLED = {
    "core/orders": ORDERS,
    "identity/profile_members": "SELECT 'r' || n AS record_id, 'p' || n AS profile_id FROM range(1, 200) AS t (n)",
    "identity/anonymous_links": "SELECT 'device' AS anonymous_id, 'p500' AS profile_id,"
    " TIMESTAMP '2025-01-01' AS valid_from, NULL AS valid_to",
    "core/consents": """SELECT * FROM (VALUES
        ('r3', 'profiling', 'website', 'granted', TIMESTAMP '2025-01-01', 's'),
        ('r3', 'profiling', 'website', 'denied', TIMESTAMP '2025-02-01', 's'),
        ('r4', 'profiling', 'website', 'denied', TIMESTAMP '2025-01-01', 's'),
        ('r4', 'profiling', 'website', 'granted', TIMESTAMP '2025-02-01', 's'),
        ('r5', 'profiling', 'website', 'denied', TIMESTAMP '2025-07-01', 's'),
        ('r6', 'marketing', 'email', 'denied', TIMESTAMP '2025-01-01', 's')
      ) AS t (record_id, purpose, channel, state, occurred_at, source)""",
}


def _scores(root: Path) -> dict[str, tuple[float | None, float | None, str | None]]:
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT profile_id, lifetime_value, churn_probability, missing_reason"
            f" FROM '{root}/analytics/profile_scores/*.parquet'"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    step.run_jobs(*_lake(root, FILLED), root / "analytics", AS_OF)
    return root


def test_everybody_is_scored_but_who_objected(lake: Path) -> None:
    scores = _scores(lake)
    assert scores.pop("p3") == (None, None, "opted_out")
    # granted later, denied only after the as-of, or of another purpose: scored
    assert {reason for _, _, reason in scores.values()} == {None}
    # the device belonged to p500 from January on
    assert len(scores) == 199 and "p500" in scores
    assert all(value > 0 and 0 <= churn <= 1 for value, churn, _ in scores.values())  # type: ignore[operator]
    stopped = [churn for name, (_, churn, _) in scores.items() if int(name[1:]) % 7 == 0]
    others = [churn for name, (_, churn, _) in scores.items() if int(name[1:]) % 7]
    assert sum(stopped) / len(stopped) > 2 * sum(others) / len(others)  # type: ignore[arg-type]


def test_orders_after_the_as_of_change_nothing(lake: Path, tmp_path: Path) -> None:
    until = f"SELECT * FROM ({ORDERS}) WHERE ordered_at < TIMESTAMP '2025-07-01'"
    step.run_jobs(*_lake(tmp_path, {**FILLED, "core/orders": until}), tmp_path / "analytics", AS_OF)
    assert _scores(tmp_path) == _scores(lake)


def test_an_empty_company_gets_typed_tables_and_the_reason(tmp_path: Path) -> None:
    stale = tmp_path / "analytics" / "a_job_of_yesterday"
    stale.mkdir(parents=True)
    rows = step.run_jobs(*_lake(tmp_path, {}), tmp_path / "analytics", AS_OF)
    assert (rows["profile_scores"], rows["score_models"]) == (0, 3)
    assert not stale.exists()
    with duckdb.connect() as con:
        for table, columns in step.declared_tables().items():
            described = con.execute(f"DESCRIBE FROM '{tmp_path}/analytics/{table}/*.parquet'").fetchall()
            assert {row[0]: row[1] for row in described} == dict(columns)
        reasons = con.execute(
            f"SELECT DISTINCT is_fitted, reason FROM '{tmp_path}/analytics/score_models/*.parquet'"
        ).fetchall()
    assert reasons == [(False, "no purchase up to the as-of")]


def test_a_job_that_breaks_its_word_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ModuleType("careless")
    job.TABLES = {"numbers": {"n": "BIGINT", "label": "VARCHAR"}}  # type: ignore[attr-defined]
    job.run = lambda con, as_of_end, as_of: {"numbers": con.sql("SELECT 1 AS n")}  # type: ignore[attr-defined]
    monkeypatch.setattr(step, "JOBS", (job,))
    with pytest.raises(step.AnalyticsError, match="numbers lacks label"):
        step.run_jobs(*_lake(tmp_path, {}), tmp_path / "analytics", AS_OF)
    job.run = lambda con, as_of_end, as_of: {}  # type: ignore[attr-defined]
    with pytest.raises(step.AnalyticsError, match="careless promised"):
        step.run_jobs(*_lake(tmp_path, {}), tmp_path / "analytics", AS_OF)
