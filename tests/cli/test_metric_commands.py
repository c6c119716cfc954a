"""``cdp metric`` on a snapshot of two metrics."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.cli import main


@pytest.fixture
def home(tmp_path: Path) -> Path:
    version = tmp_path / "published" / "20260131-000001"
    version.mkdir(parents=True)
    (tmp_path / "published" / "current").symlink_to(version.name)
    with duckdb.connect(str(version / "marts.duckdb")) as con:
        con.execute("create schema insights")
        con.execute(
            "create table insights.metrics as select * from (values"
            " ('csat', 'Satisfaction', 'd', 'insights', 'share', 'share of (ok)', 'm', 'channel', 'percent', 'up'),"
            " ('reply', 'Reply', 'd', 'service', 'median', 'median(x)', 'm', 'channel', 'minutes', 'down'))"
            " as t (metric, title, description, owner, kind, formula, model, dimensions, unit, direction)"
        )
        con.execute(
            "create table insights.metric_values as select * from (values"
            " ('csat', 'month', date '2025-12-01', 'all', 'all', 80e0, 70.5e0, 90e0, 8e0, 10e0, 10, true),"
            " ('csat', 'month', date '2026-01-01', 'all', 'all', 50.0e0, 40.0e0, 60.0e0, 5.0e0, 10.0e0, 10, false),"
            " ('csat', 'month', date '2025-12-01', 'channel', 'survey', 80e0, 70.5e0, 90e0, 8e0, 10e0, 10, true))"
            " as t (metric, period, period_start, dimension, member, value, low, high, numerator, denominator, n,"
            " is_complete)"
        )
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["metric", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_shows_the_last_complete_month(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "list", "--home", str(home), "--json")
    rows = {row["metric"]: row for row in json.loads(out)}
    assert code == 0
    assert (rows["csat"]["value"], rows["csat"]["month"], rows["csat"]["n"]) == (80.0, "2025-12-01", 10)
    assert rows["reply"]["value"] is None
    code, out, _ = _run(capsys, "list", "--home", str(home))
    assert code == 0
    assert "80.00" in out


def test_show_tells_definition_values_and_interval(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "show", "csat", "--home", str(home))
    assert code == 0
    assert "share of (ok)" in out
    assert "70.50 to 90.00" in out
    assert "running" in out
    code, out, _ = _run(capsys, "show", "csat", "--by", "channel", "--home", str(home), "--json")
    assert [(row["member"], row["value"]) for row in json.loads(out)["values"]] == [("survey", 80.0)]
    code, out, _ = _run(capsys, "show", "csat", "--last", "1", "--home", str(home), "--json")
    assert [row["period_start"] for row in json.loads(out)["values"]] == ["2026-01-01"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "csta"], "no metric 'csta', did you mean 'csat'?"),
        (["show", "zzz"], "no metric 'zzz': one of csat, reply"),
        (["show", "csat", "--last", "0"], "--last must be at least 1"),
    ],
)
def test_bad_usage_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, _, error = _run(capsys, *arguments, "--home", str(home))
    assert (code, error.count("\n")) == (2, 1)
    assert message in error
