"""The four delivery modes over several days: real ingest, then the macros by which staging picks what counts."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import pending, reconcile
from tests.sources.conftest import Land, make_land

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "delivery.sql"
FIELDS = """
    formats: [jsonl, json]
    unwrap: [records]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      value: {from: [value], type: string}
      is_deleted: {from: [deleted], type: boolean}
      updated_at: {from: [updated], type: timestamp, tag: UPD}
"""
CONTRACT = f"""
source: demo
title: Demo
owner: tests
default_region: US
objects:
  appended:
    delivery: append
    key: [id]
{FIELDS}
  upserted:
    delivery: upsert
    key: [id]
    updated_at: updated_at
{FIELDS}
  snapshot:
    delivery: full_snapshot
    key: [id]
{FIELDS}
  days:
    delivery: replace_partition
    key: [id]
{FIELDS}
"""
DAYS = [date(2025, 3, day) for day in range(1, 6)]
PICK = {
    "appended": "{{ first_by_key(raw, ['id']) }}",
    "upserted": "{{ latest_by_key(raw, ['id'], 'updated_at') }}",
    "snapshot": "{{ last_snapshot(raw, ['id']) }}",
    "days": "select * from {{ raw }} where {{ delivered() }}",
}
Row = tuple[str, str | None]


@pytest.fixture
def demo(tmp_path: Path) -> Land:
    return make_land(tmp_path, CONTRACT)


def _record(key: int, value: str, updated: int | None = None, *, deleted: bool | None = None) -> dict[str, Any]:
    """A record; `updated` is an hour of the first of March."""
    record: dict[str, Any] = {"id": str(key), "value": value}
    if updated is not None:
        record["updated"] = f"2025-03-01T{updated:02}:00:00Z"
    return record if deleted is None else record | {"deleted": deleted}


def _lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(r) + "\n" for r in records)


def _run(land: Land) -> None:
    """One run: every unseen file, then raw and quarantine held against the receipts."""
    for waiting in pending(land.home, land.contracts):
        land.run(waiting.obj, waiting.dt)
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).ok
    assert land.pending() == []


def _current(land: Land, obj: str, as_of: date = DAYS[-1], where: str = "true") -> list[Row]:
    """Key and value of the rows that count on a day, through the macro of the delivery mode."""
    raw = f"read_parquet('{land.home.raw('demo', obj)}/*/*.parquet', union_by_name = true)"
    text = MACROS.read_text(encoding="utf-8") + PICK[obj]
    template = jinja2.Environment(autoescape=False).from_string(text)  # noqa: S701 (SQL, no page)
    query = template.render(as_of_date=lambda: f"cast('{as_of}' as date)", raw=raw)
    with duckdb.connect() as con:
        return con.execute(f"SELECT id, value FROM ({query}) WHERE {where} ORDER BY id, value").fetchall()


def test_a_late_file_counts_by_its_times_and_from_its_own_day_on(demo: Land) -> None:
    demo("upserted", "a.jsonl", _lines(_record(1, "new", 9), _record(2, "only", 9)), DAYS[2])
    _run(demo)
    demo("upserted", "a.jsonl", _lines(_record(1, "old", 3), _record(3, "late", 3)), DAYS[0])
    _run(demo)
    assert _current(demo, "upserted") == [("1", "new"), ("2", "only"), ("3", "late")]
    assert _current(demo, "upserted", DAYS[1]) == [("1", "old"), ("3", "late")]


@pytest.mark.parametrize("obj", ["appended", "upserted", "snapshot", "days"])
def test_a_corrected_file_takes_the_place_of_the_faulty_one(demo: Land, obj: str) -> None:
    demo(obj, "a.jsonl", _lines(_record(1, "wrong", 5), _record(2, "right", 5), _record(9, "should not be", 5)))
    demo(obj, "b.jsonl", _lines(_record(3, "other", 5)))
    _run(demo)
    demo(obj, "a.jsonl", _lines(_record(1, "mended", 5), _record(2, "right", 5)))
    _run(demo)
    assert _current(demo, obj) == [("1", "mended"), ("2", "right"), ("3", "other")]


def test_an_update_that_arrives_after_a_newer_one_does_not_win(demo: Land) -> None:
    for day, updated, value in ((0, 5, "b"), (1, 7, "d"), (2, 6, "c"), (3, 4, "a")):
        demo("upserted", "a.jsonl", _lines(_record(1, value, updated)), DAYS[day])
        _run(demo)
    assert [_current(demo, "upserted", day) for day in DAYS[:4]] == [[("1", v)] for v in ("b", "d", "d", "d")]


def test_a_deletion_holds_against_older_updates_and_not_against_newer_ones(demo: Land) -> None:
    demo("upserted", "a.jsonl", _lines(_record(1, "x", 5), _record(2, "x", 5)), DAYS[0])
    demo("upserted", "a.jsonl", _lines(_record(1, "x", 7, deleted=True), _record(2, "x", 7, deleted=True)), DAYS[1])
    demo("upserted", "a.jsonl", _lines(_record(1, "late", 6), _record(2, "back", 8)), DAYS[2])
    _run(demo)
    alive = "NOT coalesce(is_deleted, false)"
    assert _current(demo, "upserted", where=alive) == [("2", "back")]
    assert _current(demo, "upserted", DAYS[1], alive) == []


def test_pages_of_a_cursor_that_overlap_give_each_record_once(demo: Land) -> None:
    first, second = [_record(i, "v", i) for i in (1, 2, 3)], [_record(i, "v", i) for i in (3, 4)]
    demo("upserted", "page1.json", json.dumps({"records": first, "next": "c3"}), DAYS[0])
    demo("upserted", "page2.json", json.dumps({"records": second, "next": None}), DAYS[0])
    demo("upserted", "page1.json", json.dumps({"records": second, "next": "c4"}), DAYS[4])
    _run(demo)
    assert _current(demo, "upserted") == [(str(i), "v") for i in (1, 2, 3, 4)]


def test_of_two_versions_with_the_same_time_the_one_delivered_last_wins(demo: Land) -> None:
    for day, value in enumerate(("first", "second", "first")):
        demo("upserted", "a.jsonl", _lines(_record(1, value, 5)), DAYS[day])
        _run(demo)
    assert [_current(demo, "upserted", day) for day in DAYS[:3]] == [[("1", v)] for v in ("first", "second", "first")]


def test_events_of_retries_count_once_and_from_the_first_day_on(demo: Land) -> None:
    demo("appended", "b.jsonl", _lines(_record(1, "v"), _record(2, "v")), DAYS[1])
    _run(demo)
    demo("appended", "a.jsonl", _lines(_record(1, "v"), _record(2, "v")), DAYS[0])  # the same content, late
    demo("appended", "c.jsonl", _lines(_record(2, "v"), _record(3, "v")), DAYS[2])
    _run(demo)
    assert _current(demo, "appended", DAYS[0]) == [("1", "v"), ("2", "v")]
    assert _current(demo, "appended") == [("1", "v"), ("2", "v"), ("3", "v")]


def test_keys_that_leave_a_snapshot_and_come_back(demo: Land) -> None:
    for day, keys in enumerate(([1, 2, 3], [1, 3], [1, 2, 3], [2])):
        demo("snapshot", "all.jsonl", _lines(*(_record(k, "v") for k in keys)), DAYS[day])
        _run(demo)
    assert [[k for k, _ in _current(demo, "snapshot", day)] for day in DAYS[:4]] == [
        ["1", "2", "3"],
        ["1", "3"],
        ["1", "2", "3"],
        ["2"],
    ]


def _days(land: Land, name: str, keys: Sequence[int], value: str, second: int) -> None:
    path = land("days", name, _lines(*(_record(k, value) for k in keys)))
    os.utime(path, ns=(0, second * 10**9))


def test_parts_of_a_day_that_arrive_in_two_runs_are_both_kept(demo: Land) -> None:
    _days(demo, "part0.jsonl", [1, 2], "v1", 1)
    _run(demo)
    _days(demo, "part1.jsonl", [3, 4], "v1", 2)
    _run(demo)
    assert _current(demo, "days") == [(str(i), "v1") for i in (1, 2, 3, 4)]


def test_a_day_delivered_again_in_parts_replaces_the_earlier_one_and_loses_nothing_on_the_way(demo: Land) -> None:
    _days(demo, "day.jsonl", range(20), "v1", 1)
    _run(demo)
    _days(demo, "again0.jsonl", range(10), "v2", 2)
    _run(demo)
    assert {k for k, _ in _current(demo, "days")} == {str(i) for i in range(20)}
    _days(demo, "again1.jsonl", range(10, 19), "v2", 3)  # a correction may leave out a record
    _run(demo)
    assert set(_current(demo, "days")) == {(str(i), "v2") for i in range(19)}
    _days(demo, "third.jsonl", range(25), "v3", 4)
    _run(demo)
    assert set(_current(demo, "days")) == {(str(i), "v3") for i in range(25)}


def test_a_backlog_with_a_day_and_its_correction_gives_the_correction(demo: Land) -> None:
    _days(demo, "b_first.jsonl", [1, 2, 3], "v1", 1)
    _days(demo, "a_corrected.jsonl", [1, 2, 3, 4], "v2", 2)
    _run(demo)
    assert _current(demo, "days") == [(str(i), "v2") for i in (1, 2, 3, 4)]


def test_a_correction_that_cannot_be_read_replaces_nothing(demo: Land) -> None:
    _days(demo, "a.jsonl", [1, 2], "v1", 1)
    _run(demo)
    demo("days", "b.json.gz", b"no archive")
    demo("days", "c.jsonl", b"")
    _run(demo)
    assert _current(demo, "days") == [("1", "v1"), ("2", "v1")]


RECORDS = st.lists(
    st.builds(_record, st.integers(1, 4), st.sampled_from("xyz"), st.integers(1, 3)), min_size=1, max_size=4
)
FILES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), RECORDS), min_size=2, max_size=6)


@pytest.mark.parametrize("obj", ["appended", "upserted", "snapshot", "days"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=FILES, data=st.data())
def test_neither_order_of_arrival_nor_grouping_into_runs_changes_the_rows_that_count(
    obj: str, files: list[tuple[int, str, list[dict[str, Any]]]], data: st.DataObject
) -> None:
    """The same files, all in one run and in any order over several runs. (A day that is delivered again is told by the
    time of landing, so there the order is theirs and only the runs differ.)"""
    distinct = list({(day, name): (day, name, records) for day, name, records in files}.values())
    order = list(range(len(distinct)))
    if obj != "days":
        order = data.draw(st.permutations(order))
    ends = data.draw(st.sets(st.integers(0, len(order) - 1)))
    results = []
    for stepwise in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            land = make_land(Path(folder), CONTRACT)
            for at, number in enumerate(order if stepwise else range(len(order))):
                day, name, records = distinct[number]
                path = land(obj, f"{name}.jsonl", _lines(*records), DAYS[day])
                os.utime(path, ns=(0, (number + 1) * 10**9))
                if stepwise and at in ends:
                    _run(land)
            _run(land)
            results.append([_current(land, obj, day) for day in DAYS])
    assert results[0] == results[1]
