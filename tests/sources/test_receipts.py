"""Which files are pending, and what repeated, returning and redelivered content does."""

from __future__ import annotations

import os
from datetime import date

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import raw_schema
from cdp_pipeline.sources.ingest import ensure_tables, reconcile
from tests.sources.conftest import Land

NEXT = date(2025, 3, 6)


def _lines(*ids: object) -> str:
    return "".join(f'{{"id":"{i}"}}\n' for i in ids)


def test_a_second_run_has_nothing_to_do_and_changes_nothing(land: Land) -> None:
    land("events", "a.jsonl", _lines(1, 2) + "oops\n")
    assert land.pending() == [("events", "2025-03-05", ("demo/events/dt=2025-03-05/a.jsonl",))]
    land.run("events")
    before = {p: p.stat().st_mtime_ns for p in land.home.lake.rglob("*.parquet")}
    assert land.pending() == []
    assert land.run("events").files == ()
    assert {p: p.stat().st_mtime_ns for p in land.home.lake.rglob("*.parquet")} == before


def test_a_touched_file_is_not_read_again_but_a_changed_one_is(land: Land) -> None:
    path = land("events", "a.jsonl", _lines(1))
    land.run("events")
    os.utime(path, (1, 1))
    assert land.pending() == []
    path.write_text(_lines(2))
    os.utime(path, (2, 2))
    assert len(land.pending()) == 1


def test_a_touched_file_is_read_again_where_it_could_not_be_read(land: Land) -> None:
    path = land("events", "a.jsonl.gz", b"no archive")
    assert land.run("events").files[0].status == "failed"
    assert land.pending() == [], "not by every run"
    os.utime(path, (1, 1))
    assert len(land.pending()) == 1
    assert land.run("events").files[0].status == "failed"
    assert land.pending() == []


def test_a_changed_contract_makes_its_files_pending(land: Land) -> None:
    land("events", "a.jsonl", _lines(1))
    land.run("events")
    with Ops(land.home.ops_db) as ops:
        (receipt,) = ops.receipts()
        ops.save(type(receipt)(**{**receipt.__dict__, "contract": "older"}))
    assert len(land.pending()) == 1


def test_duplicate_events_load_once_whatever_their_name_or_day(land: Land) -> None:
    land("events", "a.jsonl", _lines(1))
    land("events", "b.jsonl", _lines(1))
    land("events", "c.jsonl", _lines(1), NEXT)
    assert [(f.status, f.message) for f in land.run("events").files] == [
        ("ok", ""),
        ("duplicate", "same content as demo/events/dt=2025-03-05/a.jsonl"),
    ]
    assert [f.status for f in land.run("events", NEXT).files] == ["duplicate"]
    assert land.rows("events", "event_id") == [("1",)]


def test_a_duplicate_is_loaded_once_its_original_changes(land: Land) -> None:
    land("events", "a.jsonl", _lines(1))
    land("events", "b.jsonl", _lines(1))
    land.run("events")
    land("events", "a.jsonl", _lines(22))
    land.run("events")
    land.run("events")
    assert land.pending() == []
    assert land.rows("events", "event_id") == [("22",), ("1",)]


def test_a_snapshot_that_returns_to_an_earlier_state_is_news(land: Land) -> None:
    land("snapshot", "a.jsonl", _lines(1))
    land("snapshot", "a.jsonl", _lines(1), NEXT)
    land.run("snapshot")
    assert [f.status for f in land.run("snapshot", NEXT).files] == ["ok"]


def test_a_redelivered_day_replaces_the_earlier_delivery(land: Land) -> None:
    land("days", "a.jsonl", _lines(1, 2))
    land("days", "a.jsonl", _lines(7), NEXT)
    land.run("days")
    land.run("days", NEXT)
    land("days", "b.jsonl", _lines(3))
    land.run("days")
    assert land.rows("days", "id") == [("1",), ("2",), ("3",), ("7",)]  # other records: another part of the day
    land("days", "c.jsonl", _lines(1, 2, 4))
    land.run("days")
    assert land.rows("days", "id") == [("3",), ("1",), ("2",), ("4",), ("7",)]
    assert land.pending() == []
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).ok


def test_every_object_has_a_typed_table_before_any_file(land: Land) -> None:
    ensure_tables(land.home, land.contracts)
    people = land.contracts["demo"].objects["people"]
    with duckdb.connect() as con:
        for name, obj in land.contracts["demo"].objects.items():
            files = f"{land.home.raw('demo', name)}/*/*.parquet"
            query = f"DESCRIBE SELECT * FROM read_parquet('{files}', hive_partitioning = false)"
            assert [(r[0], r[1]) for r in con.execute(query).fetchall()] == raw_schema(obj)
    assert land.rows("people") == []
    assert ("amount", "DECIMAL(18,4)") in raw_schema(people)
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).ok


_PIECES = st.sampled_from(
    [
        *(b'{"id":"1"}', b'{"id":', b"\n", b"\r\n", b"\x00", b"\xff", b"\xe9", b"[", b"]", b"{", b"}", b",", b'"'),
        *("王".encode(), "王".encode("gbk"), b"\xef\xbb\xbf", b"\xff\xfe"),
        *(b'{"people":[', b'{"id":"2"},', b"NaN", b"Name,Id\n", b"#1,2"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.lists(_PIECES | st.binary(max_size=6), max_size=12).map(b"".join),
    name=st.sampled_from(["people/x.jsonl", "people/x.json", "sheet/x.csv", "people/x.jsonl.gz"]),
)
def test_any_bytes_are_accounted_for(land: Land, content: bytes, name: str) -> None:
    obj, _, file = name.partition("/")
    path = land(obj, file, content)
    (result,) = land.run(obj).files
    with Ops(land.home.ops_db) as ops:
        report = reconcile(land.home, ops)
        ops.forget(result.file)
    path.unlink()
    assert result.status in {"ok", "empty", "failed", "over_budget"}
    assert result.status == "failed" or "cannot be read" not in result.message
    assert result.delivered == result.loaded + result.quarantined
    assert report.mismatches == ()
    assert len(land.rows(obj, "_line", f"_file = '{result.file}'")) == result.loaded
    for leftover in land.home.lake.rglob("*.parquet"):
        leftover.unlink()


def test_blank_and_bad_lines_leave_the_numbers_of_the_others(land: Land) -> None:
    lines = [f'{{"id":"{i}"}}' if i % 3 else ("" if i % 2 else "bad") for i in range(1, 50)]
    land("events", "a.jsonl", "\n".join(lines))
    land.run("events")
    assert land.rows("events", "event_id, _line") == [(str(i), i) for i in range(1, 50) if i % 3]
    assert land.refused("events", "line") == [(i,) for i in range(6, 50, 6)]
