# ruff: noqa: E501 (a table of one-line messages)
"""Schema drift over several deliveries: what is missing or of another type is named, what is new is kept and told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import IngestResult
from tests.sources.conftest import Land, make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  things:
    delivery: append
    key: [id]
    formats: [jsonl, csv, parquet]
    unwrap: [page]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      name: {from: [name, title], type: string}
      amount: {from: [money.amount, amount], type: decimal}
      seen_at: {from: [seen], type: timestamp_ms}
      coupon: {from: [coupon], type: string}
      origin: {from: ["@file"], type: string}
"""
DAYS = [date(2025, 3, day) for day in range(1, 9)]
Make = Callable[[int], Mapping[str, Any]]


@pytest.fixture
def demo(tmp_path: Path) -> Land:
    return make_land(tmp_path, CONTRACT)


def _deliver(land: Land, day: date, rows: int, file: str = "a.jsonl", **changes: Any) -> IngestResult:
    """A day's file of `rows` records; a change is a value, a function of the record's number, or None to leave out."""
    lines = []
    for i in range(rows):
        record: dict[str, Any] = {
            "id": f"{day}-{file}-{i}",
            "name": f"n{i}",
            "money": {"amount": i},
            "seen": 1741158000123 + i,
            "coupon": "SAVE" if i % 4 == 0 else None,
        }
        for key, value in changes.items():
            record[key] = value(i) if callable(value) else value
            if record[key] is None:
                del record[key]
        lines.append(json.dumps(record) + "\n")
    land("things", file, "".join(lines), day)
    return land.run("things", day)


def _told(result: IngestResult) -> list[tuple[str, str, str]]:
    return [(d.kind, d.field, d.message) for d in result.drift]


def test_deliveries_that_stay_as_they_are_show_no_drift(demo: Land) -> None:
    for day in DAYS:
        result = _deliver(demo, day, 40)
        assert (result.drift, result.message) == ((), "")


def test_a_field_that_nearly_every_record_had_is_missed_at_once_and_until_it_comes_back(demo: Land) -> None:
    _deliver(demo, DAYS[0], 40)
    for day in DAYS[1:3]:
        result = _deliver(demo, day, 40, name=None)
        message = "field name is missing: none of 40 records has it, 100% of those delivered before had"
        assert _told(result) == [("missing", "name", message)]
        assert result.message == f"demo/things/dt={day}/a.jsonl: {message}"
        assert (result.loaded, result.files[0].status) == (40, "ok")
    assert _deliver(demo, DAYS[3], 40).drift == ()


def test_a_field_that_went_out_of_a_nested_object_is_missed(demo: Land) -> None:
    _deliver(demo, DAYS[0], 40)
    assert [d.field for d in _deliver(demo, DAYS[1], 40, money=17).drift if d.is_error] == ["amount"]


def test_a_rare_field_is_missed_only_when_no_earlier_file_was_without_it(demo: Land) -> None:
    for day in DAYS[:2]:
        _deliver(demo, day, 60)
    assert _deliver(demo, DAYS[2], 60, coupon=None).drift == ()  # two files are no rule
    for day in DAYS[3:5]:
        _deliver(demo, day, 60)
    assert _deliver(demo, DAYS[5], 60, coupon=None).drift == ()  # it was absent once before


def test_a_rare_field_that_every_sizeable_file_had_is_missed(demo: Land) -> None:
    for day in DAYS[:3]:
        _deliver(demo, day, 60)
    assert _deliver(demo, DAYS[3], 20, coupon=None).drift == ()  # 20 without: 3 in 1,000 by chance
    (demo.home.landed("demo", "things", DAYS[3]) / "a.jsonl").unlink()
    with Ops(demo.home.ops_db) as ops:
        ops.forget("demo/things/dt=2025-03-04/a.jsonl")
    (drift,) = _deliver(demo, DAYS[4], 60, coupon=None).drift
    assert drift.message == "field coupon is missing: none of 60 records has it, 25% of those delivered before had"


def test_small_files_prove_nothing_alone_but_do_together(demo: Land) -> None:
    _deliver(demo, DAYS[0], 40)
    assert _deliver(demo, DAYS[1], 9, name=None).drift == ()
    for number in range(4):
        demo("things", f"{number}.jsonl", "".join(f'{{"id":"{number}-{i}"}}\n' for i in range(3)), DAYS[2])
    result = demo.run("things", DAYS[2])
    assert {d.field for d in result.drift} == {"name", "amount", "seen_at"}
    # The small delivery of the day before, which had no name either, counts with these.
    assert "name is missing: none of 21 records" in result.message
    assert "amount is missing: none of 12 records" in result.message


def test_a_late_file_is_held_against_what_was_delivered_before_its_day(demo: Land) -> None:
    _deliver(demo, DAYS[3], 40)
    assert _deliver(demo, DAYS[1], 40, name=None).drift == ()


def test_a_required_field_that_is_gone_is_named(demo: Land) -> None:
    _deliver(demo, DAYS[0], 40)
    result = _deliver(demo, DAYS[1], 40, id=None)
    assert ("missing", "id", "field id is missing: 40 of 40 records lack it and were refused") in _told(result)
    assert result.quarantined == 40


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"amount": "12 EUR", "money": None}, "amount", "field amount has another type: 40 of 40 values are not of type decimal"),
        ({"amount": lambda i: "x" if i < 25 else "1", "money": None}, "amount", "field amount has another type: 25 of 40 values are not of type decimal"),
        ({"name": {"full": "A"}}, "name", "field name has another type: 40 of the first 40 values are JSON objects or lists, not text"),
        ({"seen": 1741158000}, "seen_at", "field seen_at has another unit: all 40 values lie before 1980, so they are no timestamp_ms"),
        ({"seen": "2025-03-05T10:00:00Z"}, "seen_at", "field seen_at has another type: 40 of 40 values are not of type timestamp_ms"),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_named_in_a_first_delivery_too(
    demo: Land, changes: Mapping[str, Any], field: str, message: str
) -> None:
    assert _told(_deliver(demo, DAYS[0], 40, **changes)) == [("retyped", field, message)]


def test_some_bad_values_are_no_other_type(demo: Land) -> None:
    result = _deliver(demo, DAYS[0], 40, amount=lambda i: "x" if i < 19 else "1", money=None)
    assert (result.quarantined, result.drift) == (19, ())
    assert _deliver(demo, DAYS[1], 5, amount="x", money=None).drift == ()


def test_a_new_field_is_kept_and_told_once(demo: Land) -> None:
    assert _deliver(demo, DAYS[0], 20, colour="red").drift == ()
    result = _deliver(demo, DAYS[1], 20, colour="red", size=lambda i: 1 if i < 5 else None)
    assert _told(result) == [("new", "size", "new field 'size' kept in _extra (5 records)")]
    assert result.message == ""
    assert _deliver(demo, DAYS[2], 20, colour="red", size=1).drift == ()
    assert len(demo.rows("things", "id", "_extra->>'size' = '1'")) == 25


def test_names_that_may_be_personal_are_not_told(demo: Land) -> None:
    _deliver(demo, DAYS[0], 20)
    result = _deliver(demo, DAYS[1], 20, **{"jane@example.com": 1, "12025550100": 2})
    assert {d.field for d in result.drift} == {"(a name that may be personal)"}
    assert result.extra_fields == {"(a name that may be personal)": 20}
    state = b"".join(path.read_bytes() for path in demo.home.ops_db.parent.glob("ops.sqlite*"))
    assert b"things" in state and b"jane@" not in state and b"12025550100" not in state
    assert _deliver(demo, DAYS[2], 20, **{"john@example.com": 1}).drift == (), "told once, whoever it is"


def _csv(land: Land, day: date, header: str, rows: int, name: str = "a.csv") -> IngestResult:
    cells = "".join(f"{day}-{name}-{i}" + ",x" * header.count(",") + "\n" for i in range(rows))
    land("things", name, header + "\n" + cells, day)
    return land.run("things", day)


def test_a_column_that_was_there_before_is_named_whatever_the_size(demo: Land) -> None:
    _csv(demo, DAYS[0], "id,name,coupon", 2)
    result = _csv(demo, DAYS[1], "id,name", 1)
    assert _told(result) == [
        ("missing", "coupon", "field coupon is missing: no column 'coupon', which every earlier file had")
    ]
    assert [d.field for d in _csv(demo, DAYS[2], "id,name", 3).drift] == ["coupon"]
    assert _csv(demo, DAYS[3], "id,title,coupon", 3).drift == ()  # another of the field's paths


def test_files_of_different_kinds_and_formats_are_not_held_against_each_other(demo: Land) -> None:
    demo("things", "cleaned.csv", "id,coupon\n1,x\n", DAYS[0])
    demo("things", "subscribed.csv", "id,name\n2,x\n", DAYS[0])
    assert demo.run("things", DAYS[0]).drift == ()
    assert _csv(demo, DAYS[1], "id", 3).drift == ()
    assert _deliver(demo, DAYS[2], 40, coupon=None).drift == ()


def test_a_parquet_column_that_is_gone_is_named(demo: Land) -> None:
    for day, columns in ((DAYS[0], "'1' AS id, 'n' AS name, 2 AS amount"), (DAYS[1], "'2' AS id, 'n' AS name")):
        path = demo("things", "a.parquet", b"", day)
        with duckdb.connect() as con:
            con.execute(f"COPY (SELECT {columns}) TO '{path}' (FORMAT parquet)")
    assert demo.run("things", DAYS[0]).drift == ()
    assert [d.field for d in demo.run("things", DAYS[1]).drift] == ["amount"]
