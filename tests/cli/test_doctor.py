"""What `cdp doctor` says of homes in which something is wrong."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from cdp_pipeline import diagnosis
from cdp_pipeline.cli import main
from cdp_pipeline.defs.jobs import JOB
from cdp_pipeline.defs.launch import instance_of
from cdp_pipeline.defs.run_tags import LAUNCHER_TAG
from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from cdp_pipeline.ops import Ops, Receipt
from cdp_pipeline.privacy import store
from profiles.ops import STATE_VERSION


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    return home


def _publish(home: Home, version: str = "20250301-000001", size: int = 1, age_hours: int = 0) -> Path:
    folder = home.published / version
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as con:
        con.execute("CREATE SCHEMA IF NOT EXISTS quality")
        con.execute(
            "CREATE OR REPLACE TABLE quality.checks AS FROM (VALUES ('no_open_end', false, 'error'),"
            " ('all_in', true, 'error'), ('size', false, 'warn')) AS t (check_name, is_passed, severity)"
        )
    made = datetime.now(UTC) - timedelta(hours=age_hours)
    manifest = {
        "version": version, "as_of": "2025-03-01", "run_id": "r", "generation": 1, "model_version": "m",
        "inputs_fingerprint": "", "created_at": made.isoformat(), "tables": {},
        "platform_version": "0", "schema_hash": "",
        "files": {"marts.duckdb": {"size_bytes": size, "sha256": "0"}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    link = home.published / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    return folder


def _land(home: Home) -> None:
    folder = home.landed("zendesk", "users", date(2025, 3, 2))
    folder.mkdir(parents=True)
    (folder / "users.jsonl").write_text("{}\n", encoding="utf-8")


def test_a_failed_check_is_named_and_warnings_are_counted(home: Home) -> None:
    assert list(diagnosis.gates(home)) == []
    folder = _publish(home)
    assert list(diagnosis.gates(home)) == [("checks", False, "1 failed: no_open_end (table quality.checks)")]
    with duckdb.connect(str(folder / "marts.duckdb")) as con:
        con.execute("UPDATE quality.checks SET is_passed = true WHERE severity = 'error'")
    assert list(diagnosis.gates(home)) == [("checks", True, "no error in the published snapshot, 1 warnings")]


def test_an_old_snapshot_is_a_fault_only_while_files_wait(home: Home) -> None:
    _publish(home, age_hours=50)
    assert list(diagnosis.snapshot_age(home)) == []
    _land(home)
    assert list(diagnosis.snapshot_age(home)) == [("freshness", False, "published 50 hours ago, and files wait")]
    _publish(home)
    assert list(diagnosis.snapshot_age(home)) == [("freshness", True, "published 0 hours ago, and files wait")]


def test_a_disk_without_room_for_the_next_run(home: Home) -> None:
    _publish(home, size=10**18)
    ((name, ok, line),) = diagnosis.snapshot_age(home)
    assert (name, ok) == ("room", False)
    assert line.endswith("GB free, the next run may need 3000000000.0: lower CDP_KEEP_VERSIONS")


def test_stores_tell_their_versions_and_damage(home: Home) -> None:
    Ops(home.ops_db).close()
    with duckdb.connect(str(home.identity_db)) as con:
        con.execute("CREATE TABLE store_version AS SELECT 1 AS version")
    assert list(diagnosis.stores(home)) == [
        ("state", True, f"version {STATE_VERSION}"),
        ("identity store", True, "version 1, 2 after the next run"),
    ]
    con = sqlite3.connect(home.ops_db)
    con.execute("PRAGMA user_version = 2")
    con.close()
    home.identity_db.write_bytes(b"no database" * 500)
    state, identity = diagnosis.stores(home)
    assert state == ("state", True, f"version 2, {STATE_VERSION} after the next run")
    assert identity[:2] == ("identity store", False) and identity[2].endswith("): restore a backup")


def test_a_field_that_the_newest_delivery_lacks(home: Home) -> None:
    gone = [{"kind": "missing", "field": "phone", "message": ""}]
    with Ops(home.ops_db) as ops:
        for day, drift in ((1, gone), (2, [])):
            dt = date(2025, 3, day)
            ops.save(Receipt(f"crm/people/{day}", "crm", "people", dt, 1, 1, "", "", "ok", 1, 1, drift=drift))
    assert list(diagnosis.schema_drift(home)) == []
    with Ops(home.ops_db) as ops:
        ops.save(Receipt("crm/people/3", "crm", "people", date(2025, 3, 3), 1, 1, "", "", "ok", 1, 1, drift=gone))
    assert list(diagnosis.schema_drift(home)) == [
        ("drift", False, "crm/people/3: no record has phone, earlier deliveries had")
    ]


def test_the_last_run_and_runs_whose_process_is_gone(home: Home) -> None:
    assert list(diagnosis.last_runs(home)) == []
    with instance_of(home) as instance:
        assert list(diagnosis.last_runs(home)) == []
        job = dg.GraphDefinition(name=JOB, node_defs=[dg.OpDefinition(lambda: None, "nothing")]).to_job()
        run = instance.create_run_for_job(job)
        instance.report_run_failed(run)
        ((name, ok, line),) = diagnosis.last_runs(home)
        assert (name, ok) == ("last run", False)
        assert f"{run.run_id[:8]} of 20" in line and ": failure; why is in " in line
        for _ in range(2):
            instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={LAUNCHER_TAG: "cli"})
    last, stale = diagnosis.last_runs(home)
    assert last[:2] == ("last run", True)
    assert stale == (
        "stale runs",
        False,
        "2 runs are shown as going on, their process is gone: `cdp run` or Dagster's daemon will end them",
    )
    with run_lock(home.run_lock):
        assert len(list(diagnosis.last_runs(home))) == 2


def test_a_run_that_waits_for_its_turn_is_not_taken_for_dead(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with instance_of(home) as instance:
        job = dg.GraphDefinition(name=JOB, node_defs=[dg.OpDefinition(lambda: None, "nothing")]).to_job()
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={LAUNCHER_TAG: "cli"})
        waiting = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        with _held_elsewhere(home):
            assert [finding[0] for finding in diagnosis.last_runs(home)] == ["last run"]
        assert "1 runs are shown as going on" in list(diagnosis.last_runs(home))[1][2], "that of the command line"
        monkeypatch.setattr("cdp_pipeline.defs.dead_runs.START_SECONDS", -1)
        assert "2 runs are shown as going on" in list(diagnosis.last_runs(home))[1][2], "it had time to take the lock"
        instance.report_run_failed(waiting)
    last = next(diagnosis.last_runs(home))
    assert last[2].endswith(": failure; why is in Dagster's log of the run (`cdp dev`)")


def test_an_erasure_that_nobody_works_on(home: Home) -> None:
    assert list(diagnosis.erasures(home)) == []
    with store.privacy_db(home) as db:
        store.add_erasure(db, store.Erasure("er1", "2025-03-01T10:30:00.000000+00:00", "2025-03-01", "", ("p1",)))
    told = "1 under way since 2025-03-01 10:30 UTC"
    assert list(diagnosis.erasures(home)) == [
        ("erasures", False, f"{told}: `cdp privacy resume`, or the next run, finishes them")
    ]
    with _held_elsewhere(home):
        assert list(diagnosis.erasures(home)) == [("erasures", True, told)]
    store.finish(home, ["er1"])
    assert list(diagnosis.erasures(home)) == []


@contextmanager
def _held_elsewhere(home: Home) -> Iterator[None]:
    """Another process holds the run lock; `run_lock` lets its own process through."""
    with home.run_lock.open("a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def test_a_dagster_that_cannot_be_opened_is_named(home: Home) -> None:
    with instance_of(home):
        pass
    (home.root / "dagster.yaml").write_text("storage: {nowhere: 1}\n", encoding="utf-8")
    ((name, ok, line),) = diagnosis.last_runs(home)
    assert (name, ok) == ("dagster", False)
    assert line.startswith("Dagster's storage cannot be opened (")


def test_the_engine_that_is_asked_for_must_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDP_ENGINE", "spark")
    # where the extra is installed, Java is what is missing
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert main(["doctor", "--home", str(tmp_path / "none")]) == 1
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("FAIL  spark ")]
    assert line.partition("CDP_ENGINE: ")[2].startswith("spark needs ")


def test_files_that_people_write_are_read(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (home.root / "alerts.yml").write_text("receivers: {ops: {kind: pager}}\n", encoding="utf-8")
    (home.root / "destinations.yml").write_text("destinations: {shop: {kind: pigeon}}\n", encoding="utf-8")
    (home.root / "privacy.yml").write_text("retention: {logs: 400}\n", encoding="utf-8")
    assert main(["doctor", "--json", "--home", str(home.root)]) == 1
    found = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert found["alerts.yml"]["ok"] is False and "kind must be webhook or email" in found["alerts.yml"]["message"]
    assert found["destinations.yml"]["ok"] is False and "kind must be one of" in found["destinations.yml"]["message"]
    assert found["privacy.yml"]["ok"] is True, found["privacy.yml"]["message"]
