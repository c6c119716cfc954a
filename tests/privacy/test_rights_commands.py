"""`cdp privacy` as somebody types it: consents, the answer to a request for access, receipts, and what is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

import small_home

from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.consents import PURPOSES
from cdp_pipeline.privacy.erase import erase
from cdp_pipeline.privacy.retention import apply_retention
from cdp_pipeline.privacy.search import search
from cdp_pipeline.privacy.store import lend_tombstones
from cdp_pipeline.run import run as run_platform
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import ensure_tables, ingest_partition, pending
from cdp_pipeline.warehouse import PROJECT

PERSON, OLIVE = "zyx.canary@quill.example", "olive@other.example"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after a run. Steps below share it and stand in the order in which an office lives through them."""
    home = Home(tmp_path_factory.mktemp("rights") / "home")
    small_home.land(home)
    shutil.copytree(home.landing, home.root.parent / "originals")
    small_home.run(home)
    with sqlite3.connect(home.ops_db) as con:
        con.execute("CREATE TABLE audit_log (at TEXT, actor TEXT, action TEXT, profile_id TEXT)")
    con.close()
    return home


def cdp(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    code = main(["privacy", *arguments, "--home", str(home.root)])
    said = capsys.readouterr()
    return code, said.out, said.err


def answer(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = cdp(home, capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_consent_is_recorded_for_every_record_of_the_person(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = cdp(home, capsys, "consent", PERSON, "--purpose", "profiling", "--state", "denied")
    assert code == 0 and "profiling over every channel: denied" in out and "next run" in out
    assert PERSON not in out
    said = answer(home, capsys, "consent", PERSON, "--purpose", "marketing", "--channel", "email", "--state", "granted")
    assert said["state"] == "granted" and said["records"] == 3
    with sqlite3.connect(home.ops_db) as con:
        rows = con.execute("SELECT record_id, purpose, state FROM consent_changes ORDER BY 2, 1").fetchall()
    con.close()
    assert [r[1:] for r in rows] == [("marketing", "granted")] * 3 + [("profiling", "denied")] * 3


def test_the_purposes_are_those_that_the_models_read() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert list(PURPOSES) == project["vars"]["consent_purposes"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("consent", "nobody@example.org", "--purpose", "marketing", "--state", "denied"),
            "nobody has this identifier",
        ),
        (("consent", PERSON, "--purpose", "E mail", "--state", "denied"), "one word of small letters"),
        (("consent", PERSON, "--purpose", "marketng", "--state", "denied"), "did you mean 'marketing'?"),
        (("consent", PERSON, "--purpose", "marketing", "--channel", "e_mail", "--state", "denied"), "mean 'email'?"),
        (("consent", PERSON, "--purpose", "marketing", "--channel", "e-mail", "--state", "denied"), "mean 'email'?"),
        (
            ("consent", PERSON, "--kind", "emial", "--purpose", "marketing", "--state", "denied"),
            "one of email, external",
        ),
        (("export", "nobody@example.org", "--out", "x"), "nobody has this identifier"),
        (("export", small_home.SHARED_PHONE, "--out", "x"), "does not tell one person"),
        (("erase", PERSON), "add --yes"),
        (("erase",), "nobody is named"),
        (("reapply", "nowhere.sqlite"), "nowhere.sqlite"),
    ],
)
def test_what_cannot_be_done_is_one_line_without_the_value(
    home: Home,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    line: str,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, _, err = cdp(home, capsys, *arguments)
    assert code == 2 and line in err and len(err.strip().splitlines()) == 1
    assert "nobody@example" not in err and PERSON not in err


def test_the_answer_to_a_person_names_sources_and_recipients(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed = answer(home, capsys, "export", PERSON, "--out", str(tmp_path / "first"))
    profile = json.loads(Path(listed["files"][1]).read_text(encoding="utf-8"))["profile_id"]
    with sqlite3.connect(home.ops_db) as con:
        con.execute("INSERT INTO audit_log VALUES ('2025-03-01', 'service desk', 'profile', ?)", (profile,))
    con.close()
    code, out, _ = cdp(home, capsys, "export", PERSON, "--out", str(tmp_path / "second"))
    assert code == 0 and len(out.splitlines()) == 2
    page, data = (tmp_path / "second" / name for name in ("your-data.html", "your-data.json"))
    assert page.stat().st_mode & 0o077 == 0 and data.stat().st_mode & 0o077 == 0
    told = {s["name"]: s["rows"] for s in json.loads(data.read_text(encoding="utf-8"))["sections"]}
    assert {r["source"] for r in told["records"]} == {"shopify", "zendesk", "mailchimp"}
    assert {r["file"].partition("/")[0] for r in told["files"]} >= {"shopify", "zendesk", "mailchimp"}
    assert [r["actor"] for r in told["log-audit_log"]] == ["service desk"]
    text = page.read_text(encoding="utf-8")
    assert "service desk" in text and "77 Xanthic Alley" in text and OLIVE not in text


def test_nothing_is_under_way_and_nobody_was_erased(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert cdp(home, capsys, "resume")[:2] == (0, "no erasure is under way\n")
    assert cdp(home, capsys, "receipts")[:2] == (0, "nobody was erased\n")
    assert answer(home, capsys, "receipts") == []
    plan = answer(home, capsys, "erase", PERSON, "--dry-run")
    assert plan["records"] == 3 and set(plan["sources"]) >= {"shopify", "zendesk", "mailchimp"}
    assert answer(home, capsys, "receipts") == [], "a dry run writes nothing"


def test_receipts_after_an_erasure(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    _borrow(home, other)
    assert lend_tombstones(home, other)
    _ingest(other)
    (receipt,) = erase(home, [PERSON], reason="request 12", rerun=small_home.run)
    (listed,) = answer(home, capsys, "receipts")
    assert listed["erasure_id"] == receipt.erasure_id and listed["finished_at"] and listed["reason"] == "request 12"
    assert listed["counts"]["records"] == 3
    code, out, _ = cdp(home, capsys, "receipts")
    assert code == 0 and receipt.erasure_id in out and PERSON not in out
    # who made a copy for trying things out is told that it still holds the person
    assert f"delete the copy made with --out: {other.root}" in out
    with pytest.raises(InputsError, match="erased since it was made"):
        run_platform(home, out=other.root)


def test_a_home_of_its_own_over_the_same_landing_reads_no_erased_person(home: Home, tmp_path: Path) -> None:
    small_home.again(home, home.root.parent / "originals")
    before = {p: p.read_bytes() for p in home.landing.rglob("again-*")}
    other = Home(tmp_path / "other")
    _borrow(home, other)
    assert lend_tombstones(home, other)
    _ingest(other)
    assert search(other.lake, [PERSON, "900000000777", "canaryfreetextalpha"]) == {}
    assert search(other.lake, [OLIVE])
    # the files are the other installation's: they are left to it
    assert {p: p.read_bytes() for p in home.landing.rglob("again-*")} == before
    assert not list(other.ops_db.parent.glob(".erasing-*"))
    (other.root / "privacy.yml").write_text("retention: {quarantine: 1}\n", encoding="utf-8")
    for ask in (lambda: erase(other, [OLIVE]), lambda: apply_retention(other)):
        with pytest.raises(InputsError, match=f"reads the landing of {home.root}: do this there"):
            ask()


def test_erasures_are_carried_over_from_a_later_state_file(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = tmp_path / "later.sqlite"
    shutil.copyfile(home.ops_db, later)
    assert cdp(home, capsys, "reapply", str(later))[:2] == (0, "this home knows of all these erasures\n")


def _borrow(home: Home, other: Home) -> None:
    other.root.mkdir()
    for name in ("landing", "secrets"):
        (other.root / name).symlink_to(home.root / name)


def _ingest(home: Home) -> None:
    contracts = {name: contract for name, contract in load_contracts().items() if name in small_home.SOURCES}
    ensure_tables(home, contracts)
    with Ops(home.ops_db) as ops:
        for partition in pending(home, contracts):
            ingest_partition(home, contracts[partition.source].objects[partition.obj], partition.dt, "run", ops)
