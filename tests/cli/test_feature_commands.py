"""``cdp features list|show`` on a snapshot of five profiles."""

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
        con.execute(
            """create schema features;
            create table features.profile_features as from (values
                ('p1', 3::bigint, 'new', true, null::timestamp), ('p2', 10, 'loyal', false, null),
                ('p3', 90, 'loyal', null, null), ('p4', null, null, null, null), ('p5', 20, 'loyal', true, null))
                t(profile_id, recency_days, rfm_class, has_email, last_order_at)"""
        )
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["features", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_features_are_found_by_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "list", "abandoned", "cart", "--json")
    assert code == 0
    assert {row["feature"] for row in json.loads(out)} >= {"has_abandoned_cart", "abandoned_cart_amount"}
    code, out, _ = _run(capsys, "list")
    assert code == 0 and len(out.splitlines()) > 150
    assert _run(capsys, "list", "unicorns") == (2, "", "cdp: no feature is about 'unicorns'\n")


def test_a_feature_is_shown_with_its_values(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "show", "recency_days", "--home", str(home), "--json")
    facts = json.loads(out)
    assert (facts["profiles"], facts["known"], facts["unit"]) == (5, 4, "days")
    assert [facts[name] for name in ("least", "p25", "median", "greatest")] == [3, 3, 10, 90]
    _, out, _ = _run(capsys, "show", "rfm_class", "--home", str(home))
    assert "known        4 of 5 profiles (80.0%)" in out
    assert [line.split() for line in out.splitlines()[-2:]] == [["loyal", "3", "75.0%"], ["new", "1", "25.0%"]]
    _, out, _ = _run(capsys, "show", "has_email", "--home", str(home), "--json")
    assert json.loads(out)["values"] == {"true": 2, "false": 1}


def test_a_feature_that_nobody_has_yet(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "show", "last_order_at", "--home", str(home))
    assert code == 0 and "known        0 of 5 profiles (0.0%)" in out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("recency_day", "cdp: no feature 'recency_day', did you mean 'recency_days'?\n"),
        ("xyz", "cdp: no feature 'xyz': see cdp features list\n"),
        ("profile_id", "cdp: no feature 'profile_id': see cdp features list\n"),
        ("orders_12m", "cdp: the published snapshot has no feature 'orders_12m': `cdp run` adds it\n"),
    ],
)
def test_a_wrong_name_is_told_in_one_line(name: str, told: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "show", name, "--home", str(home)) == (2, "", told)


def test_a_segment_that_no_run_has_published_is_not_unknown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with duckdb.connect(str(home / "published" / "current" / "marts.duckdb")) as con:
        con.execute("create schema segments; create table segments.definition as select 'vip' as segment")
    assert main(["segment", "show", "clicked_not_bought", "--home", str(home)]) == 2
    assert capsys.readouterr().err.startswith(
        "cdp: segment 'clicked_not_bought' is declared and not published yet: `cdp segment preview clicked_not_bought`"
    )
