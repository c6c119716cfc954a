"""What counts as equal between two builds, and the page that tells it. Needs no Spark."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.spark.parity import compare_folders, main
from cdp_pipeline.spark.parity_report import page


def folder(at: Path, query: str) -> Path:
    """A folder of Parquet with the rows of `query`."""
    at.mkdir()
    with duckdb.connect() as con:
        con.execute(f"copy ({query}) to '{at}/part-0.parquet' (format parquet)")
    return at


@pytest.mark.parametrize(
    ("left", "right", "is_equal"),
    [
        # order, engine's types, and what names a run are no difference
        (
            "select 1 as a, 'x' as run_id union all select 2, 'x'",
            "select a, 'y' as run_id from (values (2::bigint), (1)) as t (a)",
            True,
        ),
        ("select 10.005::decimal(18, 4) as net_amount", "select 10.0051::double as net_amount", True),
        ("select 10.00 as net_amount", "select 10.01 as net_amount", False),
        ("select 0.1::double + 0.2::double as share", "select 0.3::double as share", True),
        ("select 0.123456::double as share", "select 0.123457::double as share", False),
        ("select timestamp '2024-01-01 10:00:00' as t", "select timestamptz '2024-01-01 10:00:00+00' as t", True),
        # a row twice is not a row once
        ("select 1 as a union all select 1", "select 1 as a", False),
        ("select 1 as a, 2 as b", "select 1 as a", False),
        ("select null::varchar as a", "select '' as a", False),
    ],
)
def test_equal_rows(left: str, right: str, is_equal: bool, tmp_path: Path) -> None:
    compared = compare_folders("t", folder(tmp_path / "l", left), folder(tmp_path / "r", right))
    assert compared.is_equal is is_equal


def test_a_difference_names_its_columns(tmp_path: Path) -> None:
    left = folder(tmp_path / "l", "select 1 as a, 'x' as b union all select 2, 'y'")
    right = folder(tmp_path / "r", "select 1 as a, 'x' as b union all select 2, 'z'")
    line = compare_folders("insights.t", left, right).line()
    assert " ".join(line.split()) == "insights.t 2 2 DIFFERENT: 1 and 1 rows (by column: b 1)"


def test_the_page_has_a_column_for_each_master(tmp_path: Path) -> None:
    for master, rows, seconds in (("local[2]", 0, 300.0), ("local-cluster[2,1,1024]", 3, 420.4)):
        report = {
            "master": master,
            "as_of": "2017-12-31",
            "measured": "2026-11-22",
            "machine": "2 cores",
            "versions": {"duckdb": "2.0.0"},
            "seconds": {"duckdb": {"core": 20.1}, "spark": {"core": seconds}},
            "tables": [
                {
                    "table": "core.orders",
                    "rows_left": 1200,
                    "rows_right": 1200,
                    "only_left": rows,
                    "only_right": rows,
                    "note": "(by column: amount 3)" if rows else "",
                    "is_equal": not rows,
                }
            ],
        }
        (tmp_path / f"report-{len(master)}.json").write_text(json.dumps(report), encoding="utf-8")
    lines = page(tmp_path).splitlines()
    assert "| `local[2]` | 1 | 1 | 1,200 |" in lines
    assert "| `local-cluster[2,1,1024]` | 1 | 0 | 1,200 |" in lines
    assert "| step | DuckDB | Spark, `local[2]` | Spark, `local-cluster[2,1,1024]` |" in lines
    assert "| core | 20 | 300 | 420 |" in lines
    assert "| core.orders | 1,200 | equal | 3 and 3 rows differ (by column: amount 3) |" in lines


def test_a_home_without_a_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home" / "landing" / "s" / "o" / "dt=2024-01-01").mkdir(parents=True)
    (tmp_path / "home" / "landing" / "s" / "o" / "dt=2024-01-01" / "a.jsonl").write_text("{}\n", encoding="utf-8")
    assert main(["--home", str(tmp_path / "home"), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("has no model of identity resolution; end a `cdp run` there first")
    assert main(["--home", str(tmp_path / "home"), "--out", str(tmp_path), "--steps", "cores"]) == 2
    assert capsys.readouterr().err == "--steps: 'cores' is not one of core, identity, marts\n"
