"""Deliveries held against what an object usually delivers, kept over time and reported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from cdp_pipeline.quality import check_object, deliveries, record_checks, record_metrics, verdicts
from cdp_pipeline.quality.metrics import habits
from cdp_pipeline.sources.contract import ObjectContract, load_contracts, raw_schema

FIRST = date(2025, 3, 1)
CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  visits:
    delivery: append
    key: [visit_id]
    formats: [jsonl]
    fields:
      visit_id: {from: [id], type: string, required: true}
      email: {from: [e], type: string, personal: true}
      seen_at: {from: [t], type: timestamp, tag: EVT}
"""
Deliver = Callable[..., date]


@pytest.fixture
def visits(tmp_path: Path) -> ObjectContract:
    (tmp_path / "demo.yml").write_text(CONTRACT)
    return load_contracts(tmp_path)["demo"].objects["visits"]


@pytest.fixture
def deliver(tmp_path: Path, visits: ObjectContract) -> Deliver:
    """Write one day: `rows` visits, `filled` of them with an e-mail, seen `age` days before the delivery."""

    def write(day: int, rows: int = 100, filled: int = 80, age: int = 0) -> date:
        dt = FIRST + timedelta(days=day)
        target = Home(tmp_path).raw("demo", "visits", dt) / "a.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(f'"{n}"::{t} as "{n}"' for n, t in raw_schema(visits))
        with duckdb.connect() as con:
            con.execute(
                f"""copy (select {columns} from (
                    select i::varchar as visit_id, case when i < {filled} then 'secret@example.com' end as email,
                        timestamp '{dt}' - interval {age} day as seen_at, 'f' as _file, i + 1 as _line,
                        'r' as _batch_id, null as _extra, date '{dt}' as _dt
                    from range({rows}) t(i))) to '{target}' (format parquet)"""
            )
        return dt

    return write


def judged(home: Home, visits: ObjectContract, dt: date) -> list[tuple[str, str, str]]:
    record_metrics(home, visits, [dt])
    results = check_object(home, visits, [dt])
    record_checks(home, visits, [dt], f"run-{dt}", results)
    return [(r.name, r.severity, r.message) for r in results if not r.passed]


def test_a_day_is_held_against_the_days_before_it(tmp_path: Path, visits: ObjectContract, deliver: Deliver) -> None:
    home = Home(tmp_path)
    # without five earlier days there is no habit to be held against
    assert [judged(home, visits, deliver(day, rows=10 if day == 4 else 100)) for day in range(5)] == [[]] * 5
    # 80 of 100 have an e-mail as usual; 30 of 100 are half of all records less
    assert judged(home, visits, deliver(5, filled=29)) == [
        ("fill_against_history:email", "warn", "2025-03-06: filled 51% of records less than usual")
    ]
    assert judged(home, visits, deliver(6, rows=401, filled=320)) == [
        ("volume_against_history", "warn", "2025-03-07: 4.01 times the usual rows")
    ]
    assert judged(home, visits, deliver(7, age=4)) == [
        ("days_behind", "warn", "2025-03-08: newest event 4 days older than usual")
    ]
    assert judged(home, visits, deliver(8, rows=25, filled=20)) == []
    assert judged(home, visits, deliver(9, rows=24, filled=20)) == [
        ("volume_against_history", "warn", "2025-03-10: 0.24 times the usual rows")
    ]


def test_a_corrected_day_replaces_its_measures(tmp_path: Path, visits: ObjectContract, deliver: Deliver) -> None:
    home = Home(tmp_path)
    for day in range(6):
        judged(home, visits, deliver(day))
    last = deliver(5, rows=1000, filled=800)
    record_metrics(home, visits, [last])
    assert [(h.dt, h.volume, h.days_behind, h.fill_drop["email"]) for h in habits(home, visits, [last])] == [
        (last, 10.0, 0.0, 0.0)
    ]
    assert [(d.dt, d.rows, d.lag_days, d.fill["email"]) for d in deliveries(home)][-1] == (last, 1000, 0, 0.8)
    (home.raw("demo", "visits", last) / "a.parquet").unlink()
    record_metrics(home, visits, [last])
    assert [d.dt for d in deliveries(home)] == [FIRST + timedelta(days=n) for n in range(5)]


def test_list_and_report_show_what_failed_and_no_value(
    tmp_path: Path, visits: ObjectContract, deliver: Deliver, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    for day in range(7):
        judged(home, visits, deliver(day, **({"rows": 500, "filled": 400} if day == 6 else {})))
    assert [v.passed for v in verdicts(home) if v.name == "volume_against_history"] == [True, False]
    assert main(["quality", "list", "--home", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split() == [
        "demo/visits", "2025-03-07", "500", "0", "0", "volume_against_history", "(warn)",
    ]  # fmt: skip
    page = tmp_path / "quality.html"
    assert main(["quality", "report", "--home", str(tmp_path), "--out", str(page)]) == 0
    html = page.read_text(encoding="utf-8")
    assert "5.00 times the usual rows" in html
    assert html.count("<rect") == 7
    assert "<script" not in html and "secret" not in html
