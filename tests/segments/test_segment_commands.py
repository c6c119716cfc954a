"""``cdp segment preview|new|check|compile|events`` on a small home and a project of two segments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from segment_company import create_home

from cdp_pipeline.cli import main
from cdp_pipeline.segments import PROJECT, parse_segment

BASE = {"title": "t", "description": "d", "owner": "o", "version": 1, "purpose": "marketing"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "home"
    create_home(root)
    monkeypatch.setenv("CDP_HOME", str(root))
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    for path in [*(PROJECT / "models/marts/features").glob("*.yml"), PROJECT / "seeds/touchpoints.csv"]:
        target = project / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (project / "segments").mkdir()
    save(project / "segments", "buyers", condition="orders_total > 0")
    save(project / "segments", "old", where={"orders": {"older_than_days": 200}})
    return project


def save(folder: Path, name: str, **fields: Any) -> Path:
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump({"name": name, **BASE, **fields}, sort_keys=False), encoding="utf-8")
    return path


def cdp(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main(["segment", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_preview_of_a_file_that_is_not_saved(
    home: Path, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = {"all": [{"segment": "buyers"}, {"orders": {"source": "meituan"}}]}
    path = save(tmp_path, "meituan", where=where)
    code, out, _ = cdp(capsys, "preview", path, "--project", project, "--json")
    found = json.loads(out)
    assert (code, found["members"], found["profiles"], found["share"]) == (0, 2, 4, 0.5)
    assert (found["published_members"], found["change"], found["reachable"]) == (None, None, {})
    assert [(o["segment"], o["members_both"], o["share"], round(o["jaccard"], 3)) for o in found["overlaps"]] == [
        ("buyers", 2, 1.0, 0.667),
        ("old", 1, 0.5, 0.5),
    ]
    assert sorted(p.name for p in (project / "segments").iterdir()) == ["buyers.yml", "old.yml"]


def test_preview_tells_the_change_against_the_published_size(
    home: Path, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path, "buyers", condition="orders_total > 1")
    code, out, _ = cdp(capsys, "preview", path, "--project", project)
    assert code == 0
    assert "members     2 of 4 profiles (50.0%)" in out
    assert "published   3 (another definition, -33.3%)" in out
    assert "reachable   with consent for marketing: email 1" in out
    with duckdb.connect(str(home / "published" / "current" / "marts.duckdb")) as con:
        con.execute("insert into profiles.consent values ('cy', 'marketing', '', 'granted')")
    reachable = json.loads(cdp(capsys, "preview", path, "--project", project, "--json")[1])["reachable"]
    assert (len(reachable), reachable["email"], reachable["sms"]) == (21, 2, 1)


def test_preview_needs_no_warehouse_for_features_and_says_when_it_needs_one(
    home: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "warehouse.duckdb").unlink()
    assert cdp(capsys, "preview", "buyers", "--project", project)[0] == 0
    code, _, err = cdp(capsys, "preview", "old", "--project", project)
    assert code == 1
    assert err.startswith("cdp: old: counts facts, which lie in warehouse.duckdb, and a run is writing it")


@pytest.mark.parametrize(
    ("fields", "code", "line"),
    [
        ({"condition": "orders_total >= 0"}, 2, "cdp: it: selects everyone (4 of 4 profiles)"),
        ({"condition": "orders_total > 99"}, 0, "warning: it: selects no one (0 of 4 profiles)"),
        ({"condition": "orders_total >"}, 2, "cdp: it.yml: condition is no SQL expression"),
        ({"condition": "orders_totl > 1"}, 2, "cdp: it.yml: condition: unknown column 'orders_totl', did you mean"),
        ({"where": {"segment": "it"}}, 2, "cdp: it.yml: segments name each other in a circle: it → it"),
    ],
)
def test_bad_definitions_in_one_line(
    home: Path,
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fields: dict[str, Any],
    code: int,
    line: str,
) -> None:
    path = save(tmp_path, "it", **fields)
    for command in ("preview", "check"):
        found, _, err = cdp(capsys, command, path, "--project", project)
        assert found == code
        (told,) = [one for one in err.splitlines() if one.startswith(("cdp", "warning: it"))]
        assert told.startswith(line)


def test_check_names_every_problem(home: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cdp(capsys, "compile", "--project", project)[0] == 0
    code, out, err = cdp(capsys, "check", "--project", project)
    assert (code, out, err) == (0, "2 segments are valid, 0 errors, 0 warnings\n", "")
    save(project / "segments", "nobody", condition="orders_total > 99")
    assert cdp(capsys, "check", "--project", project)[0] == 0
    code, _, err = cdp(capsys, "check", "--project", project, "--strict")
    assert code == 2
    assert "warning: the dbt models are out of date: run `cdp segment compile`" in err
    save(project / "segments", "wrong", condition="orders_totl > 99")
    save(project / "segments", "worse", where={"event": {"chanel": "website"}})
    code, _, err = cdp(capsys, "check", "--project", project)
    assert code == 2
    assert "worse.yml: where.event: unknown key 'chanel', did you mean 'channel'?" in err
    assert err.splitlines()[-1].startswith("cdp: wrong.yml: condition: unknown column 'orders_totl'")


def test_new_makes_a_valid_draft(home: Path, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(project / "segments", "do_not_contact", where={"consent": {"state": "denied"}})
    target = tmp_path / "fresh.yml"
    assert cdp(capsys, "new", "fresh", "--out", target, "--project", project)[0] == 0
    code, out, _ = cdp(capsys, "preview", target, "--project", project, "--json")
    assert (code, json.loads(out)["members"]) == (0, 0)
    assert cdp(capsys, "new", "copy", "--from", "old", "--project", project)[0] == 0
    copied = parse_segment(yaml.safe_load((project / "segments/copy.yml").read_text(encoding="utf-8")))
    assert (copied.name, copied.title, copied.condition) == ("copy", "Copy", "orders:\n  older_than_days: 200")
    for arguments, line in (
        (["new", "copy"], "segments/copy.yml exists"),
        (["new", "Bad Name"], "'Bad Name': a name has lower-case letters"),
        (["new", "next", "--from", "oldd"], "no segment 'oldd', did you mean 'old'?"),
        (["preview", "buyrs"], "no segment 'buyrs', did you mean 'buyers'?"),
    ):
        code, _, err = cdp(capsys, *arguments, "--project", project)
        assert code == 2
        assert err.startswith(f"cdp: {line}")


def test_compile_writes_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cdp(capsys, "compile", "--check", "--project", project)[0] == 1
    code, out, _ = cdp(capsys, "compile", "--project", project)
    assert (code, len(out.splitlines())) == (0, 2)
    assert cdp(capsys, "compile", "--check", "--project", project)[:2] == (
        0,
        "the dbt models are those of the definitions\n",
    )


def test_events_after_a_cursor(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = cdp(capsys, "events", "--after", "1", "--json")
    page = json.loads(out)
    assert (code, [e["cursor"] for e in page["events"]], page["next_cursor"]) == (0, [2, 3], 3)
    code, out, _ = cdp(capsys, "events", "buyers", "--after", "1")
    assert out.splitlines()[1].split() == ["3", "bo", "buyers", "entered", "2026-01-31", "merged", "v1"]
    assert cdp(capsys, "events", "--after", "3")[1] == "nothing after 3\n"
    assert cdp(capsys, "events", "buyerz")[0] == 2


def test_events_of_an_older_snapshot(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with duckdb.connect(str(home / "published/20260131-000001/marts.duckdb")) as con:
        con.execute("drop table segments.events")
    code, _, err = cdp(capsys, "events")
    assert code == 1
    assert err.startswith("cdp: the published snapshot is of an earlier version")
