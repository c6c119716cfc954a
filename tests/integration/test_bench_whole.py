"""The bench of the whole: its data is taken in without a refused row, it measures and reports what it should."""

from __future__ import annotations

import importlib.util
import os
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.dom import minidom

import duckdb
import pytest

from cdp_pipeline import steps
from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import load_contracts

ROOT = Path(__file__).parents[2]


def bench_module(name: str) -> ModuleType:
    """A module of bench/whole, which is no package."""
    spec = importlib.util.spec_from_file_location(f"bench_whole_{name}", ROOT / "bench" / "whole" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


made, meter, report = (bench_module(name) for name in ("made", "meter", "report"))


def test_made_files_are_taken_in_whole(tmp_path: Path) -> None:
    """All rows of a first load and of an increment, whose every second record is a new version of an old one."""
    home = Home(tmp_path)
    first = made.write(home.landing, 200)
    later = made.write(home.landing, 200, start=1.0, stop=1.1, day=date(2025, 7, 1))
    assert (first.records, first.interactions) == (180, 2000)
    assert (later.records, later.interactions) == (18, 200)
    plan = steps.plan_run(home, "r1")
    contracts = load_contracts()
    results = [
        result
        for p in plan.unseen
        for result in steps.ingest(home, contracts[p.source].objects[p.obj], [p.dt], plan.run_id)
    ]
    assert sum(r.quarantined for r in results) == 0
    assert sum(r.loaded for r in results) == 180 + 2000 + 18 + 200 + 3  # and the three metrics of the mailing tool
    assert not [drift.message for r in results for drift in r.drift if drift.is_error]
    with duckdb.connect() as con:
        ((ids, versions),) = con.execute(
            f"select count(distinct customer_id), count(*) from '{home.raw('square_pos', 'customers')}/*/*.parquet'"
        ).fetchall()
        assert (ids, versions) == (42, 44)
        ((late,),) = con.execute(
            f"""select count(*) from '{home.raw("web_events", "segment")}/*/*.parquet'
            where occurred_at > _dt + interval 1 day"""
        ).fetchall()
        assert late == 0


def test_truth_names_the_person_behind_each_record(tmp_path: Path) -> None:
    """Two records of one person carry the same address, those of two people never do."""
    made.write(tmp_path / "landing", 400)
    made.write_truth(tmp_path / "truth.parquet", 400)
    with duckdb.connect() as con:
        ((people, addresses, pairs),) = con.execute(
            f"""with shop as (select 'shopify:customers:' || id as record_id, email
                from '{tmp_path}/landing/shopify/customers/*/*.jsonl')
            select count(distinct entity_id), count(distinct email), count(distinct (entity_id, email))
            from shop inner join '{tmp_path}/truth.parquet' using (record_id)"""
        ).fetchall()
    assert 0 < people == addresses == pairs < 80


def test_meter_counts_children_and_splits_stages(tmp_path: Path) -> None:
    child = "x = bytearray(300_000_000); sum(range(6_000_000)); import time; time.sleep(0.5)"
    code = (
        "import subprocess, sys, pathlib, time;"
        f"pathlib.Path({str(tmp_path / 'f')!r}).write_bytes(bytes(20_000_000));"
        "print('  first                    0.1 s', file=sys.stderr, flush=True);"
        f"subprocess.run([sys.executable, '-c', {child!r}]);"
        "print('  second   1.5 s', file=sys.stderr, flush=True); print('no stage 1 s', file=sys.stderr); sys.exit(3)"
    )
    done = meter.measure([sys.executable, "-c", code], dict(os.environ), log=tmp_path / "log", echo=False)
    assert done.code == 3 and done.tail.endswith("no stage 1 s")
    assert list(done.stages) == ["start", "first", "second", "end"]
    assert done.stages["first"].written_gb == pytest.approx(0.02, rel=0.05)
    assert done.stages["second"].written_gb < 0.005
    assert done.stages["second"].peak_gb > 0.3 > done.stages["first"].peak_gb
    assert done.stages["second"].cpu > 0.1
    assert done.total.cpu >= done.stages["second"].cpu
    assert done.stages["second"].seconds == 1.5


def result(records: int, factor: float) -> dict[str, Any]:
    """A size measured: a full run of 100·factor s beyond 20 s of start, an increment of 10·factor s beyond them."""

    def run(seconds: float) -> dict[str, Any]:
        use = {"seconds": seconds, "cpu": seconds * 2, "peak_gb": factor, "read_gb": 1.0, "written_gb": 0.5}
        stages = {"raw_shopify": {**use, "seconds": seconds / 4}, "dbt_core": {**use, "seconds": seconds * 3 / 4}}
        return {"total": use, "stages": stages}

    return {
        "records": records,
        "rows": {"records": records, "interactions": 10 * records, "size": 1},
        "runs": {
            "full": run(20 + 100 * factor),
            "empty": run(20),
            "1.0%": run(20 + 10 * factor),
            "0.1%": run(20 + 1 * factor),
            "parts": run((20 + 100 * factor) / 1.25),
        },
        "quality": {"precision": 0.99, "recall": 0.98},
        "facts": dict.fromkeys(("customer_records", "interactions", "profiles"), records)
        | dict.fromkeys(("landing GB", "lake GB", "warehouse GB", "published GB"), 0.1),
        **report.machine(),
    }


def test_report_holds_the_figures_against_the_targets() -> None:
    text, charts = report.render([result(10_000, 1.0), result(100_000, 12.0)])
    assert "| 100,000 | 1,000,000 | 1220 | 2440 | 12.00 | 20 (40 processor) | 10% (10%) | 1% (1%) | 25% (25%) |" in text
    assert "- memory ≤ 8 GB: 12.00 GB, **missed**" in text
    assert "- empty run ≤ 60 s: 20 s, met" in text
    assert "- 1% beyond the empty run ≤ 15% of the full run beyond it: 10%, met" in text
    assert "- orchestration ≤ 10%: 25%, **missed**" in text
    # 12 times the time; n·log n of 1.1M rows is 11.98 times that of 110,000
    assert "- time grows no faster than n·log n: 1.00 of it from 10,000, **missed**" in text
    assert "| ingest | 305.0 |" in text and "| dbt_core | 915.0 |" in text
    for drawing in charts.values():
        root = minidom.parseString(drawing).documentElement  # noqa: S318  -- our own drawing
        assert root is not None and root.tagName == "svg"
    assert "10%" in report.render([result(10_000, 1.0)])[0]
