"""Backups: what they hold, what they share, what a check finds, and a restored home."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cdp_pipeline import backup
from cdp_pipeline.backup import BackupError, create_backup, list_backups, restore_backup, verify_backup
from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from cdp_pipeline.lock import RunInProgress
from profiles.manifest import Manifest

MANIFEST = Manifest(
    "20240101-000001", date(2024, 1, 1), "r1", 1, "m1", "", datetime(2024, 1, 2, tzinfo=UTC), "0.1.0", "", {}, {}
)
FILES = {
    "landing/shop/orders/dt=2024-01-01/.held.jsonl": b"a name of the source's\n",
    "landing/shop/orders/dt=2024-01-01/a.jsonl": b'{"id": 1}\n',
    "lake/raw/shop/orders/dt=2024-01-01/a.parquet": b"rows",
    "identity.duckdb": b"registry",
    "secrets/hash.key": b"key",
    "published/20240101-000001/marts.duckdb": b"marts",
    "published/20240101-000001/manifest.json": MANIFEST.to_json().encode(),
}
NOT_KEPT = {
    "warehouse.duckdb": b"made again",
    "dagster/storage/runs.db": b"history of runs",
    "dbt/target/manifest.json": b"{}",
    "run.lock": b"",
    "state/locks/shop.orders": b"",
    "published/.building-20240102-000002/marts.duckdb": b"half",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a file of each kind, and a database that has not been checkpointed."""
    home = Home(tmp_path / "home")
    for name, content in {**FILES, **NOT_KEPT}.items():
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (home.root / "secrets").chmod(0o700)
    (home.root / "secrets" / "hash.key").chmod(0o600)
    (home.published / "current").symlink_to("20240101-000001")
    with sqlite3.connect(home.ops_db) as con:
        con.execute("pragma journal_mode = wal")
        con.execute("create table judgements (pair text)")
        con.execute("insert into judgements values ('one')")
    con.close()
    return home


def named(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Backups get their names from the clock; tests make several within a second."""
    times = iter(names)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.strptime(next(times) + "+0000", "%Y%m%dT%H%M%SZ%z")

    monkeypatch.setattr(backup, "datetime", Clock)


def test_a_restored_home_is_the_home_without_what_a_run_makes_again(home: Home, tmp_path: Path) -> None:
    made = create_backup(home, tmp_path / "backups")
    assert set(made.backup.files) == {*FILES, "published/current", "state/ops.sqlite"}
    assert (made.backup.version, made.backup.as_of) == ("20240101-000001", "2024-01-01")
    other = Home(tmp_path / "elsewhere" / "home")
    restore_backup(tmp_path / "backups" / made.backup.name, other)
    for name, content in FILES.items():
        restored, original = other.root / name, home.root / name
        assert restored.read_bytes() == content
        assert restored.stat().st_mode == original.stat().st_mode
        assert restored.stat().st_mtime_ns == original.stat().st_mtime_ns, "ingest knows a file by its time"
    assert (other.published / "current").readlink() == Path("20240101-000001")
    assert (other.root / "secrets").stat().st_mode & 0o777 == 0o700
    with sqlite3.connect(other.ops_db) as con:
        assert con.execute("select pair from judgements").fetchall() == [("one",)]
    con.close()
    assert not any((other.root / name).exists() for name in NOT_KEPT)


def test_what_a_home_keeps_on_another_disk_is_in_its_backup(home: Home, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    home.landing.rename(disk)
    home.landing.symlink_to(disk)
    (tmp_path / "one.jsonl").write_bytes(b'{"id": 2}\n')
    day = disk / "shop" / "orders" / "dt=2024-01-01"
    (day / "b.jsonl").symlink_to(tmp_path / "one.jsonl")
    (day / "gone.jsonl").symlink_to(tmp_path / "nowhere.jsonl")
    (disk / "again").symlink_to(disk)
    made = create_backup(home, tmp_path / "backups")
    path = tmp_path / "backups" / made.backup.name
    assert verify_backup(path) == []
    restored = Home(tmp_path / "restored")
    restore_backup(path, restored)
    disk.rename(tmp_path / "lost")
    day = restored.landed("shop", "orders", date(2024, 1, 1))
    assert not restored.landing.is_symlink()
    assert {f.name: f.read_bytes() for f in day.iterdir() if f.exists()} == {
        ".held.jsonl": b"a name of the source's\n", "a.jsonl": b'{"id": 1}\n', "b.jsonl": b'{"id": 2}\n',
    }  # fmt: skip
    assert (day / "gone.jsonl").is_symlink() and (restored.landing / "again").is_symlink()


def test_a_home_over_another_one_s_landing_is_backed_up_without_it(home: Home, tmp_path: Path) -> None:
    own = Home(tmp_path / "own")
    own.root.mkdir()
    for name in ("landing", "secrets"):
        (own.root / name).symlink_to(home.root / name)
    made = create_backup(own, tmp_path / "backups")
    assert {name: entry.target for name, entry in made.backup.files.items() if name != "run.lock"} == {
        "landing": str(home.landing), "secrets": str(home.secrets),
    }  # fmt: skip


def test_the_next_backup_copies_what_changed(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "20240101T000000Z", "20240102T000000Z", "20240103T000000Z")
    folder = tmp_path / "backups"
    create_backup(home, folder)
    (home.root / "identity.duckdb").write_bytes(b"registry of the next day")
    (home.root / "landing/shop/orders/dt=2024-01-01/a.jsonl").unlink()
    second = create_backup(home, folder)
    assert (second.copied_files, second.copied_bytes) == (2, 24 + home.ops_db.stat().st_size)
    first_folder, second_folder = (folder / f"2024010{day}T000000Z" for day in (1, 2))
    raw = "lake/raw/shop/orders/dt=2024-01-01/a.parquet"
    assert (first_folder / raw).samefile(second_folder / raw)
    assert not (second_folder / raw).samefile(home.root / raw), "the home's files are written in place"
    assert (first_folder / "identity.duckdb").read_bytes() == b"registry"
    assert (second_folder / "identity.duckdb").read_bytes() == b"registry of the next day"
    third = create_backup(home, folder, keep=2)
    assert third.removed == ["20240101T000000Z"]
    assert [b.name for b in list_backups(folder)] == ["20240102T000000Z", "20240103T000000Z"]
    assert verify_backup(second_folder) == verify_backup(folder / "20240103T000000Z") == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: (path / "identity.duckdb").write_bytes(b"registrx"), "identity.duckdb: content changed"),
        (lambda path: (path / "identity.duckdb").write_bytes(b"cut"), "identity.duckdb: 3 bytes, expected 8"),
        (lambda path: (path / "identity.duckdb").unlink(), "identity.duckdb: missing"),
        (lambda path: (path / "published/current").unlink(), "published/current: missing, or points elsewhere"),
        (lambda path: (path / "extra").write_bytes(b"x"), "extra: not part of the backup"),
    ],
)
def test_a_harmed_backup_is_found_and_not_restored(
    home: Home, tmp_path: Path, harm: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backups" / create_backup(home, tmp_path / "backups").backup.name
    assert callable(harm)
    harm(path)
    assert verify_backup(path) == [said]
    other = Home(tmp_path / "other")
    with pytest.raises(BackupError, match=said):
        restore_backup(path, other)
    assert not other.root.exists()
    assert main(["backup", "verify", str(path)]) == 1
    assert said in capsys.readouterr().err


def test_a_backup_that_was_killed_is_none(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    half = folder / ".building-20240101T000000Z"
    half.mkdir(parents=True)
    (half / "identity.duckdb").write_bytes(b"regi")
    assert list_backups(folder) == []
    create_backup(home, folder)
    assert not half.exists()


def test_a_home_is_never_restored_over_another(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "backups" / create_backup(home, tmp_path / "backups").backup.name
    assert main(["backup", "restore", str(path), "--home", str(home.root)]) == 2
    assert "is not empty: move it away first" in capsys.readouterr().err
    assert (home.root / "warehouse.duckdb").exists()


def test_a_backup_belongs_outside_the_home(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", "create", str(home.root / "backups"), "--home", str(home.root)]) == 2
    assert "lies within the home" in capsys.readouterr().err
    assert not (home.root / "backups").exists()
    disk = home.root.parent / "disk"
    home.landing.rename(disk)
    home.landing.symlink_to(disk)
    with pytest.raises(BackupError, match="lies within the home"):
        create_backup(home, disk / "backups")


def test_a_backup_waits_for_no_other_run(home: Home, tmp_path: Path) -> None:
    """The lock is the operating system's: another process must hold it."""

    code = f"""
import sys
from pathlib import Path
from cdp_pipeline.lock import run_lock
with run_lock(Path({str(home.run_lock)!r})):
    print("held", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdin and holder.stdout.readline() == "held\n"
        with pytest.raises(RunInProgress):
            create_backup(home, tmp_path / "backups")
        holder.stdin.write("\n")
        holder.stdin.flush()
        holder.wait(timeout=20)
    assert create_backup(home, tmp_path / "backups").backup.files


def test_the_database_is_one_state_although_it_is_written_meanwhile(home: Home, tmp_path: Path) -> None:
    """Each judgement is written as a pair of rows; a copy between the two would hold an odd number."""
    stop = threading.Event()

    def write() -> None:
        con = sqlite3.connect(home.ops_db, timeout=30)
        while not stop.is_set():
            with con:
                con.executemany("insert into judgements values (?)", [("left",), ("right",)])
        con.close()

    with sqlite3.connect(home.ops_db) as con:
        con.execute("delete from judgements")
    con.close()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = create_backup(home, tmp_path / "backups")
    finally:
        stop.set()
        writer.join()
    path = tmp_path / "backups" / made.backup.name
    assert verify_backup(path) == []
    with sqlite3.connect(f"file:{path / 'state' / 'ops.sqlite'}?mode=ro", uri=True) as con:
        [(rows,)] = con.execute("select count(*) from judgements").fetchall()
    con.close()
    assert rows % 2 == 0
