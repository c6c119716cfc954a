"""After a contract fix, refused rows come in as if they had been good from the start."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources import replay as module
from cdp_pipeline.sources.contract import SourceContract, load_contracts
from cdp_pipeline.sources.ingest import ingest_partition, pending, reconcile
from cdp_pipeline.sources.replay import Replayed, recover, replay

STRICT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  people:
    delivery: upsert
    key: [id]
    formats: [jsonl, json]
    unwrap: [people]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      role: {from: [role], type: string, one_of: [buyer, seller]}
      age: {from: [age], type: integer, min: 0}
      at: {from: [at], type: timestamp}
  days:
    delivery: replace_partition
    key: [id]
    formats: [jsonl]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      role: {from: [role], type: string, one_of: [buyer, seller]}
  sheet:
    delivery: append
    key: [id]
    formats: [csv]
    fields:
      id: {from: [Id], type: string, required: true, tag: PK}
      role: {from: [Role], type: string, one_of: [buyer, seller]}
      note: {from: [Note], type: text}
"""
MENDED = STRICT.replace("[buyer, seller]", "[buyer, seller, guest]").replace("min: 0", "min: -1")
PEOPLE = (
    '{"id":"1","role":"buyer","age":30,"at":"2025-03-01T10:00:00Z","x":1}\n'
    '{"id":"2","role":"guest","age":31,"at":"2025-03-01T11:00:00Z","x":{"y":2}}\n'
    "oops\n"
    '{"id":"4","role":"buyer","age":-1}\n'
    '{"id":"5","role":"pirate"}\n'
)
SHEET = 'Id,Role,Note,New\n1,buyer,a,n1\n2,guest,"two\nlines",n2\n3,guest\n4,pirate,d,n4\n'


def contracts_of(folder: Path, text: str) -> dict[str, SourceContract]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo.yml").write_text(text, encoding="utf-8")
    return load_contracts(folder)


@pytest.fixture
def strict(tmp_path: Path) -> dict[str, SourceContract]:
    return contracts_of(tmp_path / "strict", STRICT)


@pytest.fixture
def mended(tmp_path: Path) -> dict[str, SourceContract]:
    return contracts_of(tmp_path / "mended", MENDED)


def drop(home: Home, obj: str, name: str, text: str, day: str = "2025-03-05") -> Path:
    path = home.landing / "demo" / obj / f"dt={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def ingest(home: Home, contracts: dict[str, SourceContract], run_id: str = "r") -> None:
    with Ops(home.ops_db) as ops:
        for p in pending(home, contracts):
            ingest_partition(home, contracts[p.source].objects[p.obj], p.dt, run_id, ops)


def again(home: Home, contracts: dict[str, SourceContract], **chosen: Any) -> list[Replayed]:
    with Ops(home.ops_db) as ops:
        return replay(home, contracts, ops, "r", **chosen)


def state(home: Home) -> dict[str, Any]:
    """Everything that ingest leaves: rows of raw and quarantine by file, receipts, what still is pending."""
    found: dict[str, Any] = {}
    with duckdb.connect() as con:
        for path in sorted(home.lake.rglob("*.parquet")):
            order = "_line" if "/raw/" in path.as_posix() else "line"
            rows = con.execute(f"select * from read_parquet('{path}', hive_partitioning = false) order by {order}")
            names = [(c[0], str(c[1])) for c in rows.description]
            found[path.relative_to(home.lake).as_posix()] = (names, rows.fetchall())
    with Ops(home.ops_db) as ops:
        found["receipts"] = ops.receipts()
        found["reconciled"] = reconcile(home, ops)
    return found


def both(tmp_path: Path) -> tuple[Home, Home]:
    """A home that met the strict contract first, and one that will only know the mended one."""
    homes = Home(tmp_path / "old"), Home(tmp_path / "clean")
    for home in homes:
        drop(home, "people", "a.jsonl", PEOPLE)
        drop(home, "people", "b.jsonl", '{"id":"9","role":"buyer"}\n')
        drop(home, "people", "c.json", json.dumps({"people": [{"id": "7", "role": "guest"}, {"id": "8"}]}, indent=1))
        drop(home, "sheet", "s.csv", SHEET)
        drop(home, "days", "d.jsonl", '{"id":"1","role":"guest"}\n{"id":"2","role":"buyer"}\n')
    return homes


def test_a_replay_ends_where_a_clean_load_by_the_mended_contract_ends(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    old, clean = both(tmp_path)
    ingest(old, strict)
    ingest(clean, mended)
    done = again(old, mended)
    assert {(r.file.rpartition("/")[2], r.origin, r.refused, r.released) for r in done} == {
        ("a.jsonl", "landing", 4, 2),
        ("b.jsonl", "landing", 0, 0),
        ("c.json", "landing", 1, 1),
        ("d.jsonl", "landing", 1, 1),
        ("s.csv", "landing", 3, 1),
    }
    assert state(old) == state(clean)
    assert pending(old, mended) == []


def test_a_replay_from_quarantine_ends_there_too_when_only_the_checks_were_mended(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    old, clean = both(tmp_path)
    ingest(old, strict)
    ingest(clean, mended)
    for home in (old, clean):
        for name in ("people/dt=2025-03-05/a.jsonl", "people/dt=2025-03-05/c.json", "sheet/dt=2025-03-05/s.csv"):
            (home.landing / "demo" / name).unlink()
    done = {r.file.rpartition("/")[2]: r for r in again(old, mended)}
    assert {name: (r.origin, r.released, r.remaining) for name, r in done.items()} == {
        "a.jsonl": ("quarantine", 2, 2),
        "b.jsonl": ("landing", 0, 0),
        "c.json": ("quarantine", 1, 0),
        "d.jsonl": ("landing", 1, 0),
        "s.csv": ("quarantine", 1, 2),
    }
    assert "its landed file is gone" in done["a.jsonl"].lost
    assert done["d.jsonl"].lost == ""
    assert state(old) == state(clean)


def test_what_is_lost_with_the_file_are_new_columns_of_rows_loaded_before(
    tmp_path: Path, strict: dict[str, SourceContract]
) -> None:
    wider = MENDED.replace(
        "      age: {from: [age], type: integer, min: -1}",
        "      age: {from: [age], type: decimal}\n      x: {from: [x], type: json}",
    )
    home = Home(tmp_path / "home")
    drop(home, "people", "a.jsonl", PEOPLE).stat()
    ingest(home, strict)
    (home.landing / "demo/people/dt=2025-03-05/a.jsonl").unlink()
    again(home, contracts_of(tmp_path / "wider", wider))
    (names, rows) = state(home)["raw/demo/people/dt=2025-03-05/a.jsonl.parquet"]
    assert [name for name, _ in names][:5] == ["id", "role", "age", "x", "at"]
    picked = [(row[0], None if row[2] is None else float(row[2]), row[3]) for row in rows]
    assert picked == [("1", 30.0, None), ("2", 31.0, '{"y":2}'), ("4", -1.0, None)]


def test_rows_that_were_erased_are_not_taken_for_good_ones(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    """With them the receipt would never add up again, and every later run stop at that."""
    home = Home(tmp_path / "home")
    landed = drop(home, "people", "a.jsonl", PEOPLE)
    ingest(home, strict)
    landed.unlink()
    raw = home.raw("demo", "people", date(2025, 3, 5)) / "a.jsonl.parquet"
    with duckdb.connect() as con, Ops(home.ops_db) as ops:
        # as an erasure leaves it
        con.execute(f"CREATE TABLE kept AS FROM read_parquet('{raw}', hive_partitioning = false) WHERE id <> '1'")
        con.execute(f"COPY kept TO '{raw}' (FORMAT parquet)")
        (receipt,) = ops.receipts()
        ops.save(replace(receipt, loaded=receipt.loaded - 1, erased=1))
    (done,) = again(home, mended)
    assert (done.released, done.remaining) == (2, 2)
    with Ops(home.ops_db) as ops:
        (after,) = ops.receipts()
        assert (after.delivered, after.erased) == (receipt.delivered, 1)
        assert reconcile(home, ops).ok, reconcile(home, ops).mismatches
    assert [r.changed for r in again(home, mended)] == [False]


def test_a_plan_tells_and_writes_nothing(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    home, _ = both(tmp_path)
    ingest(home, strict)
    (home.landing / "demo/sheet/dt=2025-03-05/s.csv").unlink()
    before = state(home)
    told = {r.file.rpartition("/")[2]: (r.released, r.remaining) for r in again(home, mended, plan=True)}
    assert told == {"a.jsonl": (2, 2), "b.jsonl": (0, 0), "c.json": (1, 0), "d.jsonl": (1, 0), "s.csv": (1, 2)}
    assert state(home) == before
    assert list(home.ops_db.parent.glob(".replay-*")) == []


def test_a_second_replay_changes_nothing(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    home, _ = both(tmp_path)
    ingest(home, strict)
    (home.landing / "demo/sheet/dt=2025-03-05/s.csv").unlink()
    again(home, mended)
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in home.lake.rglob("*.parquet")}
    done = again(home, mended)
    assert [r.changed for r in done] == [False, False]
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in home.lake.rglob("*.parquet")} == before


def test_narrowed_by_object_day_and_reason(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    home = Home(tmp_path / "home")
    for day in ("2025-03-05", "2025-03-06"):
        drop(home, "people", "a.jsonl", '{"id":"1","role":"guest"}\n{"id":"2"}\n', day)
        drop(home, "people", "b.jsonl", f'{{"id":"1","age":-1}}\n{{"id":"{day}"}}\n', day)
    ingest(home, strict)
    done = again(home, mended, source="demo", obj="people", dt=date(2025, 3, 6), reason="ALLOWED")
    assert [(r.file, r.released) for r in done] == [("demo/people/dt=2025-03-06/a.jsonl", 1)]
    assert again(home, mended, source="demo", obj="sheet") == []


def test_files_that_were_replaced_stay_so(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract]
) -> None:
    home = Home(tmp_path / "home")
    drop(home, "days", "a.jsonl", '{"id":"old","role":"guest"}\n{"id":"two"}\n')
    ingest(home, strict)
    drop(home, "days", "b.jsonl", '{"id":"new","role":"guest"}\n{"id":"two"}\n')
    ingest(home, strict)
    again(home, mended)
    ingest(home, mended)
    raw = state(home)["raw/demo/days/dt=2025-03-05/b.jsonl.parquet"]
    assert [row[0] for row in raw[1]] == ["new", "two"]
    assert not (home.lake / "raw/demo/days/dt=2025-03-05/a.jsonl.parquet").exists()
    assert pending(home, mended) == []


def test_every_reason_that_a_contract_can_give_is_judged_again(mended: dict[str, SourceContract]) -> None:
    from cdp_pipeline.sources.extract import _checks

    text = STRICT.replace("min: 0}", "min: 0, max: 9, required: true}")
    reasons = set()
    for obj in mended["demo"].objects.values():
        for f in obj.fields:
            reasons |= {reason for _, reason in _checks(obj, f, "t", "c")}
    assert text.count("max: 9") == 1
    assert reasons >= {"missing key id", "age below minimum", "role not one of the allowed values"}
    assert [r for r in reasons if not module._BY_CONTRACT.fullmatch(r)] == []
    feeds = [
        "invalid JSON",
        "truncated line",
        "unclosed quote",
        "repeated header",
        "2 cells, header has 4",
        "error body",
    ]
    assert [r for r in feeds if re.fullmatch(module._BY_CONTRACT, r)] == []


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from cdp_pipeline.home import Home
    from cdp_pipeline.ops import Ops
    from cdp_pipeline.sources.contract import load_contracts
    from cdp_pipeline.sources.replay import replay

    def count(function):
        def counted(*args, **kwargs):
            global calls
            calls += 1
            if calls == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return counted

    # Every step that changes the home on disk is one call of these.
    Path.replace, Path.unlink = count(Path.replace), count(Path.unlink)
    Ops.save, Ops.record_replay = count(Ops.save), count(Ops.record_replay)
    Ops.record_files = count(Ops.record_files)
    contracts = load_contracts(Path(sys.argv[1]))
    for fatal, home in enumerate((Home(Path(p)) for p in sys.argv[2:]), 1):
        if not (pid := os.fork()):  # before DuckDB has threads
            calls = 0
            with Ops(home.ops_db) as ops:
                replay(home, contracts, ops, "r")
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
STEPS = 12


@pytest.mark.parametrize("is_landed", [True, False])
def test_a_kill_at_any_point_costs_nothing(
    tmp_path: Path, strict: dict[str, SourceContract], mended: dict[str, SourceContract], is_landed: bool
) -> None:
    clean = Home(tmp_path / "clean")
    homes = [Home(tmp_path / f"home{fatal}") for fatal in range(1, STEPS + 1)]
    before = Home(tmp_path / "before")
    for home in (clean, before):
        landed = drop(home, "people", "a.jsonl", PEOPLE)
        ingest(home, mended if home is clean else strict)
        if not is_landed:
            landed.unlink()
    for home in homes:
        shutil.copytree(before.root, home.root)
    started, finished = state(before), state(clean)
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED), encoding="utf-8")
    command = [sys.executable, str(script), str(tmp_path / "mended"), *(str(home.root) for home in homes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    codes = [int(line) for line in done.stdout.split()]
    assert codes == sorted(codes)
    assert 4 <= codes.count(-signal.SIGKILL) < STEPS
    for fatal, home in enumerate(homes, 1):
        # What a run does when it starts.
        with Ops(home.ops_db) as ops:
            recover(home, mended, ops, "r")
        ingest(home, mended)
        if not is_landed and state(home) == started:
            again(home, mended)  # killed before it had begun
        assert state(home) == finished, f"killed at step {fatal}"
