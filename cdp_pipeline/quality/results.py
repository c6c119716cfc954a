"""Verdicts over time: what every run's expectations said, kept as Parquet under ``lake/quality/checks``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.quality.checks import CheckResult
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.engine import engine
from cdp_pipeline.sql_text import literal

_COLUMNS = (
    "source varchar, object varchar, run_id varchar, dt date, days bigint, name varchar, severity varchar,"
    " passed boolean, checked bigint, unexpected bigint, message varchar"
)


@dataclass(frozen=True)
class Verdict:
    """One expectation in one run. `dt`: last of the `days` delivery days that were judged together."""

    source: str
    object: str
    run_id: str
    dt: date
    days: int
    name: str
    severity: str
    passed: bool
    checked: int
    unexpected: int
    message: str


@dataclass(frozen=True)
class Delivery:
    """Measures of one delivery day of one object. `fill`: share of filled records by field."""

    source: str
    object: str
    dt: date
    rows: int
    lag_days: int | None
    fill: dict[str, float]


def record_checks(
    home: Home, obj: ObjectContract, dts: Sequence[date], run_id: str, results: Sequence[CheckResult]
) -> None:
    """Keep the verdicts of one run on one object; the same run writes the same file again."""
    if not dts or not results:
        return
    target = home.quality / "checks" / obj.source / obj.name / f"{max(dts).isoformat()}-{run_id}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.inflight")
    rows = [
        (obj.source, obj.name, run_id, max(dts), len(set(dts)), r.name, r.severity, r.passed, r.checked, r.unexpected,
         r.message)
        for r in results
    ]  # fmt: skip
    con = engine()
    con.execute(f"create or replace temp table kept_checks ({_COLUMNS})")
    one = f"({', '.join('?' * len(rows[0]))})"
    con.execute(
        f"insert into kept_checks values {', '.join([one] * len(rows))}", [value for row in rows for value in row]
    )
    con.execute(f"copy kept_checks to {literal(part)} (format parquet)")
    part.replace(target)


def verdicts(home: Home) -> list[Verdict]:
    """Every kept verdict, by source, object, day, run and name."""
    rows = _read(
        home.quality / "checks", "select * exclude (filename) from kept order by source, object, dt, run_id, name"
    )
    return [Verdict(*row) for row in rows]


def deliveries(home: Home) -> list[Delivery]:
    """Every measured delivery day, by source, object and day."""
    rows = _read(
        home.quality / "metrics",
        """select string_split(filename, '/')[-3], string_split(filename, '/')[-2], dt,
            coalesce(max(value) filter (name = 'rows'), 0)::bigint, (max(value) filter (name = 'lag_days'))::bigint,
            coalesce(list((name[6:], value) order by name) filter (name like 'fill:%'), [])
        from kept group by all order by 1, 2, 3""",
    )
    return [Delivery(s, o, dt, rows_, lag, dict(fill)) for s, o, dt, rows_, lag, fill in rows]


def _read(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    if next(folder.glob("*/*/*.parquet"), None) is None:
        return []
    with duckdb.connect() as con:
        parts = literal(folder / "*" / "*" / "*.parquet")
        con.execute(f"create view kept as select * from read_parquet({parts}, filename = true)")
        return con.execute(sql).fetchall()
