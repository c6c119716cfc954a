"""Several processes, growing and replaced files, kills: nothing is lost and nothing is there twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.ops_export import export_ops
from cdp_pipeline.sources import ingest
from cdp_pipeline.sources.ingest import reconcile
from tests.sources.conftest import CONTRACT, Land, make_land

# argv: folder of the contracts' home, object, days to ingest (again and again until `stop` exists, when given)
INGEST = """
    import sys
    from datetime import date
    from pathlib import Path
    from cdp_pipeline.home import Home
    from cdp_pipeline.ops import Ops
    from cdp_pipeline.sources.contract import load_contracts
    from cdp_pipeline.sources.ingest import ingest_partition

    folder, obj, days = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split()
    stop = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    contract = load_contracts(folder / "contracts")["demo"].objects[obj]
    while True:
        last = stop is None or stop.exists()
        for day in days:
            with Ops(Home(folder / "home").ops_db) as ops:
                ingest_partition(Home(folder / "home"), contract, date.fromisoformat(day), "r", ops)
        if last:
            break
"""


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INGEST), *arguments], stderr=subprocess.PIPE, text=True
    )


def _finish(*children: subprocess.Popen[str]) -> None:
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors


def _lines(*ids: object) -> str:
    return "".join(f'{{"id":"{i}"}}\n' for i in ids)


def _land_days(land: Land, days: list[str]) -> None:
    """Four files a day: rows of their own, one that every day has, a broken one and one without good rows."""
    for number, day in enumerate(days):
        folder = land.home.landing / "demo" / "events" / f"dt={day}"
        folder.mkdir(parents=True)
        (folder / "own.jsonl").write_text(_lines(*(f"{number}-{i}" for i in range(3000))))
        (folder / "same.jsonl").write_text(_lines(*(f"same-{i}" for i in range(3000))))
        (folder / "cut.jsonl.gz").write_bytes(b"\x1f\x8b" + bytes([number]))
        (folder / "bad.jsonl").write_text('{"id":""}\n' * (number + 1))


def test_two_processes_on_days_of_one_object(land: Land, tmp_path: Path) -> None:
    days = [f"2025-03-0{n}" for n in range(1, 7)]
    _land_days(land, days)
    forward, backward = " ".join(days), " ".join(reversed(days))
    _finish(_start(str(tmp_path), "events", forward), _start(str(tmp_path), "events", backward))
    ids = [row[0] for row in land.rows("events", "event_id")]
    assert len(ids) == len(set(ids)) == 6 * 3000 + 3000
    assert len(land.refused("events")) == 1 + 2 + 3 + 4 + 5 + 6
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).mismatches == ()
        told = sorted((r.status, r.file.rpartition("/")[2]) for r in ops.receipts())
        handled = [entry.receipt.file for entry in ops.log()]
    assert told == sorted(
        [("failed", "cut.jsonl.gz")] * 6
        + [("duplicate", "same.jsonl")] * 5
        + [("ok", "same.jsonl")]
        + [("ok", "own.jsonl")] * 6
        + [("ok", "bad.jsonl")] * 5
        + [("over_budget", "bad.jsonl")]
    )
    assert len(handled) == len(set(handled)) == 24
    assert land.pending() == []


def test_processes_that_begin_together_on_a_new_home(land: Land, tmp_path: Path) -> None:
    _land_days(land, ["2025-03-01"])
    land("people", "a.jsonl", _lines(1, 2))
    same = [_start(str(tmp_path), "events", "2025-03-01") for _ in range(3)]
    _finish(*same, _start(str(tmp_path), "people", "2025-03-05"))
    assert len(land.rows("events")) == 6000
    assert len(land.rows("people")) == 2
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).mismatches == ()
        assert sorted(entry.receipt.run_id for entry in ops.log()) == ["r"] * 5  # each file was handled once


def test_a_file_that_grows_while_it_is_read(land: Land, tmp_path: Path) -> None:
    path, stop = land("events", "a.jsonl", _lines("begin")), tmp_path / "stop"
    reader = _start(str(tmp_path), "events", "2025-03-05", str(stop))
    with path.open("a") as handle:
        for i in range(20_000):
            # In two pieces, so that a read may end within a line.
            handle.write(f'{{"id":"{i}')
            if i % 50 == 0:
                handle.flush()
            handle.write('"}\n')
    stop.touch()
    _finish(reader)
    assert land.pending() == []
    assert sorted(row[0] for row in land.rows("events", "event_id")) == sorted(["begin", *map(str, range(20_000))])
    assert land.refused("events") == []
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).mismatches == ()


def test_a_file_replaced_by_one_of_its_size_and_time(land: Land, tmp_path: Path) -> None:
    path, real = land("events", "a.jsonl", _lines(1)), ingest.load_file

    def slow(*args: Any) -> Any:
        load = real(*args)
        other = tmp_path / "other"
        other.write_text(_lines(2))
        os.utime(other, ns=(0, path.stat().st_mtime_ns))
        other.replace(path)
        return load

    ingest.load_file = slow
    try:
        (result,) = land.run("events").files
    finally:
        ingest.load_file = real
    assert (result.status, result.message) == ("deferred", "changed while it was read; the next run takes it")
    assert land.run("events").loaded == 1
    assert land.rows("events", "event_id") == [("2",)]


def test_a_redelivery_that_fails_replaces_nothing(land: Land) -> None:
    land("days", "a.jsonl", _lines(1))
    land.run("days")
    land("days", "b.jsonl.gz", b"\x1f\x8b\x08")
    assert land.run("days").failed_files[0].message == "truncated .gz archive"
    assert land.rows("days", "id") == [("1",)]
    land("days", "c.jsonl", _lines(2))
    land("days", "d.jsonl", _lines(2))
    # the later copy of a record stays, and the first file is another part of the day
    assert [f.status for f in land.run("days").files] == ["replaced", "ok"]
    assert sorted(land.rows("days", "id")) == [("1",), ("2",)]
    assert land.pending() == []


def test_of_a_replaced_file_no_reason_to_refuse_is_told_any_more(land: Land) -> None:
    land("days", "a.jsonl", _lines(1) + "no json\n")
    assert land.run("days").files[0].reasons == {"invalid JSON": 1}
    land("days", "b.jsonl", _lines(1))
    assert [f.status for f in land.run("days").files] == ["ok"]
    with Ops(land.home.ops_db) as ops:
        replaced, whole = ops.receipts("demo", "days")
    assert (replaced.status, replaced.quarantined, dict(replaced.reasons)) == ("replaced", 0, {})
    assert (whole.status, whole.loaded) == ("ok", 1)
    export_ops(land.home)
    assert duckdb.sql(f"from '{land.home.lake / 'ops' / 'quarantine_reasons.parquet'}'").fetchall() == []


# argv: folder, object, number of kills. The child is killed before the line of the project's code whose number it is.
KILLED = """
    import os, signal, sys
    from datetime import date
    from pathlib import Path
    from cdp_pipeline.home import Home
    from cdp_pipeline.ops import Ops
    from cdp_pipeline.sources.contract import load_contracts
    from cdp_pipeline.sources.ingest import ingest_partition

    folder, obj, kills = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    contract = load_contracts(folder / "contracts")["demo"].objects[obj]
    WATCHED = ("ingest.py", "load.py", "ops.py", "reconcile.py", "landing.py")

    def ingest(home, fatal):
        reached = 0
        def trace(frame, event, argument):
            nonlocal reached
            if not frame.f_code.co_filename.endswith(WATCHED):
                return None
            if event == "line":
                reached += 1
                if reached == fatal:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace
        sys.settrace(trace)
        with Ops(Home(home).ops_db) as ops:
            ingest_partition(Home(home), contract, date(2025, 3, 5), "r", ops)
        sys.settrace(None)
        return reached

    def forked(home, fatal):  # before DuckDB has threads
        read, write = os.pipe()
        if not (pid := os.fork()):
            os.write(write, str(ingest(home, fatal)).encode())
            os._exit(0)
        os.close(write)
        told = os.read(read, 20)
        os.close(read)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return code, int(told or 0)

    code, lines = forked(folder / "counted", 0)
    assert code == 0
    for n in range(kills):
        code, _ = forked(folder / f"killed{n}", 1 + n * lines // kills)
        assert code == -signal.SIGKILL, (n, code)
        code, _ = forked(folder / f"killed{n}", 0)
        assert code == 0, (n, code)
    print(lines)
"""
KILLS = 40


def _state(home: Home) -> dict[str, Any]:
    """All that an ingest leaves: rows by file, and receipts."""
    state: dict[str, Any] = {}
    with duckdb.connect() as con:
        for path in sorted(home.lake.rglob("*")):
            if path.is_file():
                rows = con.execute(f"SELECT * FROM read_parquet('{path}') ORDER BY ALL").fetchall()
                state[path.relative_to(home.lake).as_posix()] = rows
    with Ops(home.ops_db) as ops:
        assert reconcile(home, ops).mismatches == ()
        state["receipts"] = [r.__dict__ | {"mtime_ns": 0} for r in ops.receipts()]
    return state


def _kill_everywhere(tmp_path: Path, obj: str, before: Land) -> None:
    homes = [Home(tmp_path / f"killed{n}") for n in range(KILLS)]
    for home in (*homes, Home(tmp_path / "counted")):
        shutil.copytree(before.home.root, home.root)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), obj, str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10 * KILLS
    undisturbed = _state(Home(tmp_path / "counted"))
    assert len(undisturbed["receipts"]) >= 4
    for n, home in enumerate(homes):
        assert _state(home) == undisturbed, f"kill {n}"


def test_killed_anywhere_then_rerun_equals_undisturbed(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    land("events", "a.jsonl", _lines(1, 2) + "bad\n")
    land("events", "b.jsonl", _lines(3))
    land.run("events")
    land("events", "a.jsonl", _lines(1, 2, 4) + "bad\nworse\n")  # changed
    land("events", "b.jsonl", b"")
    land("events", "c.jsonl", _lines(5) + '{"id":""}\n')
    land("events", "d.jsonl", _lines(5) + '{"id":""}\n')
    land("events", "e.jsonl.gz", b"\x1f\x8b")
    _kill_everywhere(tmp_path, "events", land)


def test_a_redelivery_killed_anywhere_then_rerun_equals_undisturbed(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    land("days", "a.jsonl", _lines(1, 2))
    land("days", "b.jsonl", _lines(3))
    land.run("days")
    land("days", "a.jsonl", _lines(7, 8))
    land("days", "c.jsonl", _lines(9) + "bad\n")
    land("days", "d.jsonl", _lines(10))
    _kill_everywhere(tmp_path, "days", land)
