"""Files damaged behind the platform's back: named, survived by readers where it can be, mended by the next run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from stages import INGEST, _ingested, _land, _published_once

from cdp_pipeline import mend, steps
from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from profiles import FeatureReader, GateBounds, list_versions, newest_manifest, publish
from profiles.errors import NoSnapshot
from profiles.snapshot_provider import SnapshotProvider
from profiles.snapshots import damaged_files, newest_whole_version, share_unchanged

FIRST, SECOND = date(2025, 3, 1), date(2025, 3, 2)


def _doctor(home: Home, capsys: pytest.CaptureFixture[str], check: str) -> list[str]:
    main(["doctor", "--home", str(home.root), "--json"])
    found = json.loads(capsys.readouterr().out)
    return [f["message"] for f in found if f["check"] == check and not f["ok"]]


# ---- raw and quarantine


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "home"
    folder.mkdir()
    _land(folder)
    subprocess.run([sys.executable, "-c", INGEST, str(folder)], check=True)
    return folder


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _alter(path: Path) -> None:
    """Bytes of the pages; the footer stays."""
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)


def test_damaged_raw_files_are_named_and_read_again_from_landing(
    ingested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(ingested, home.root)
    expected = _ingested(home.root)
    raw = sorted((home.lake / "raw").glob("*/*/dt=*/*.parquet"), key=lambda path: -path.stat().st_size)
    refused = max((home.lake / "quarantine").rglob("*.parquet"), key=lambda path: path.stat().st_size)
    for damage, path in ((_cut, raw[0]), (_empty, raw[1]), (Path.unlink, raw[2]), (Path.unlink, refused)):
        damage(path)
    names = {str(path.relative_to(home.root)) for path in (*raw[:3], refused)}
    assert {one.path for one in mend.damaged_raw(home)} == names
    told = _doctor(home, capsys, "lake")
    assert {line.partition(":")[0] for line in told} == names
    assert all("reads its landed file again" in line for line in told)

    # its footer is whole: only reading all of it shows the damage
    _alter(raw[3])
    assert {one.path for one in mend.damaged_raw(home, deep=True)} == {*names, str(raw[3].relative_to(home.root))}
    lines = mend.mend_raw(home, deep=True)
    assert len(lines) == 5 and not any("backup" in line for line in lines)
    subprocess.run([sys.executable, "-c", INGEST, str(home.root)], check=True)
    assert _ingested(home.root) == expected
    assert mend.mend_raw(home, deep=True) == []


def test_a_damaged_raw_file_whose_landed_file_is_gone_keeps_its_receipt(ingested: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(ingested, home.root)
    hit = next((home.lake / "raw" / "klaviyo" / "profiles").glob("dt=*/*.parquet"))
    _cut(hit)
    (damaged,) = mend.damaged_raw(home)
    (home.landing / damaged.file).unlink()
    for _ in range(2):
        (line,) = mend.mend_raw(home)
        assert "restore one from a backup" in line and damaged.file in line


def test_tables_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for folder in (home.core / "orders", home.identity / "edges"):
        folder.mkdir(parents=True)
        with duckdb.connect() as con:
            con.execute(f"copy (select 1 as x) to '{folder / 'part-0.parquet'}' (format parquet)")
    assert mend.damaged_tables(home) == []
    _cut(home.core / "orders" / "part-0.parquet")
    assert mend.damaged_tables(home) == ["lake/core/orders/part-0.parquet"]


# ---- snapshots


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots; the warehouse is the second one's."""
    folder = tmp_path_factory.mktemp("snapshots") / "home"
    folder.mkdir()
    _published_once(folder)
    _publish_second(folder)
    return folder


def _publish_second(folder: Path) -> None:
    publish(
        folder, warehouse=folder / "warehouse.duckdb", inputs_fingerprint="second", as_of=SECOND, run_id="second",
        generation=2, model_version="m", gate=GateBounds(expected_records=5, ingest_reconciled=True),
    )  # fmt: skip
    _resolved(folder, "second")


def _resolved(folder: Path, run_id: str) -> None:
    """What the identity step of a run leaves."""
    done = steps.IdentityRun(run_id, SECOND.isoformat(), 2, "m", 5, 3, 0, 0, 0, 0, 0, 2, False, {})
    path = Home(folder).lake / "ops" / "identity_run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(done)), encoding="utf-8")


@pytest.fixture
def home(twice: Path, tmp_path: Path) -> Home:
    shutil.copytree(twice, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def _members(home: Home) -> list[Any]:
    marts = (home.published / "current").resolve() / "marts.duckdb"
    with duckdb.connect(str(marts), read_only=True) as con:
        return con.execute("from segments.membership order by all").fetchall()


SNAPSHOT_DAMAGE: dict[str, Callable[[Path], None]] = {
    "removed": shutil.rmtree,
    "without marts": lambda version: (version / "marts.duckdb").unlink(),
    "without manifest": lambda version: (version / "manifest.json").unlink(),
    "manifest cut short": lambda version: _cut(version / "manifest.json"),
    "features cut short": lambda version: _cut(version / "features.lmdb"),
    "a byte altered": lambda version: _alter(version / "marts.duckdb"),
}


@pytest.mark.parametrize("how", SNAPSHOT_DAMAGE)
def test_a_damaged_snapshot_is_named_and_published_again(
    how: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _members(home)
    version = (home.published / "current").resolve()
    SNAPSHOT_DAMAGE[how](version)
    (line,) = _doctor(home, capsys, "published")
    assert version.name in line and "publishes it again" in line and "20250301-000001" in line

    told = mend.mend_snapshot(home, checksums=how == "a byte altered")
    assert told is not None and version.name in told
    now = newest_manifest(home.root)
    assert now is not None and (now.run_id, now.generation, now.inputs_fingerprint) == ("second", 2, "second")
    assert _members(home) == before
    assert damaged_files(home.published / now.version, checksums=True) == []
    assert [v.version for v in list_versions(home.root)] == ["20250301-000001", now.version], "the damaged one is gone"
    reader = FeatureReader(home.published)
    assert reader.get("p1") is not None
    reader.close()
    assert mend.mend_snapshot(home, checksums=True) is None
    assert _doctor(home, capsys, "published") == []


def test_a_reader_of_a_removed_snapshot_is_told_which(home: Home) -> None:
    version = (home.published / "current").resolve()
    shutil.rmtree(version)
    for read in (FeatureReader(home.published).snapshot, SnapshotProvider(home.published).current):
        with pytest.raises(NoSnapshot, match=version.name):
            read()


def test_ids_and_older_snapshots_survive_where_the_warehouse_has_moved_on(home: Home) -> None:
    """A later run failed after identity: the snapshot cannot be had back, its generation can."""
    _resolved(home.root, "third, which failed")
    shutil.rmtree((home.published / "current").resolve())
    told = mend.mend_snapshot(home)
    assert told is not None and "a new snapshot is made" in told
    assert mend.needs_snapshot(home)
    manifest = newest_manifest(home.root)
    assert manifest is not None and (manifest.generation, manifest.as_of) == (2, SECOND)
    assert newest_whole_version(home.published) == "20250301-000001", "segment history is read from there"
    _publish_second(home.root)
    assert [v.version for v in list_versions(home.root)] == ["20250301-000001", "20250302-000003"]
    assert not mend.needs_snapshot(home)


def test_a_snapshot_that_is_gone_without_record_stops_the_run(home: Home) -> None:
    version = (home.published / "current").resolve()
    shutil.rmtree(version)
    shutil.rmtree(home.root / "state" / "snapshots")
    with pytest.raises(NoSnapshot, match="restore a backup"):
        newest_manifest(home.root)


def test_damage_is_not_shared_with_the_next_snapshot(home: Home) -> None:
    manifest = newest_manifest(home.root)
    assert manifest is not None
    earlier = home.published / manifest.version
    building = home.root / "building"
    shutil.copytree(earlier, building)
    _alter(earlier / "features.lmdb")
    names = {"features.lmdb", "marts.duckdb"}
    files = {name: entry for name, entry in manifest.files.items() if name in names}
    assert share_unchanged(building, files, earlier, manifest.files) == 1
    assert (building / "marts.duckdb").samefile(earlier / "marts.duckdb")
    assert not (building / "features.lmdb").samefile(earlier / "features.lmdb")


def test_rollback_refuses_a_damaged_version(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (home.published / "20250301-000001" / "marts.duckdb").unlink()
    assert main(["publish", "rollback", "20250301-000001", "--home", str(home.root)]) == 1
    assert "damaged" in capsys.readouterr().err
    assert (home.published / "current").resolve().name == "20250302-000002"
