"""Great Expectations suites over raw files written by hand, so that each check can be seen to fail."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.home import Home
from cdp_pipeline.quality import check_object, check_partition
from cdp_pipeline.sources.contract import ObjectContract, load_contracts, raw_schema

DAY = date(2025, 3, 5)
CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  people:
    delivery: upsert
    key: [person_id]
    updated_at: updated_at
    formats: [jsonl]
    fields:
      person_id: {from: [id], type: string, required: true, tag: PK}
      role: {from: [role], type: string, one_of: [buyer, seller]}
      age: {from: [age], type: integer, min: 0, max: 150}
      updated_at: {from: [updated], type: timestamp, required: true, tag: UPD}
"""
GOOD = "('a', 'buyer', 30, '2025-03-05 10:00:00'), ('b', NULL, NULL, '2025-03-04 10:00:00')"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> ObjectContract:
    folder = tmp_path_factory.mktemp("contracts")
    (folder / "demo.yml").write_text(CONTRACT)
    return load_contracts(folder)["demo"].objects["people"]


def _write(home: Home, people: ObjectContract, rows: str, *, without: str = "", day: date = DAY) -> None:
    names = ", ".join(f.name for f in people.fields)
    columns = ", ".join(f'"{n}"::{t} AS "{n}"' for n, t in raw_schema(people) if n != without)
    target = home.raw("demo", "people", day) / "a.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT {columns} FROM (SELECT *, 'f' AS _file, 1 AS _line, 'r' AS _batch_id, NULL AS _extra,"
            f" '{day}' AS _dt FROM (VALUES {rows}) t({names}))) TO '{target}' (FORMAT parquet)"
        )


def test_a_sound_delivery_passes_every_check(tmp_path: Path, people: ObjectContract) -> None:
    home = Home(tmp_path)
    _write(home, people, GOOD)
    results = check_partition(home, people, DAY)
    assert [(r.name, r.severity, r.passed) for r in results] == [
        ("columns", "error", True),
        ("volume", "warn", True),
        ("not_null:person_id", "error", True),
        ("one_of:role", "error", True),
        ("range:age", "error", True),
        ("not_null:updated_at", "error", True),
        ("not_in_future:updated_at", "warn", True),
        ("unique_key", "warn", True),
    ]


@pytest.mark.parametrize(
    ("row", "check", "unexpected"),
    [
        ("(NULL, 'buyer', 30, '2025-03-05')", "not_null:person_id", 1),
        ("('c', 'thief-of-secrets', 30, '2025-03-05')", "one_of:role", 1),
        ("('c', 'buyer', 151, '2025-03-05')", "range:age", 1),
        ("('c', 'buyer', -1, '2025-03-05')", "range:age", 1),
        ("('c', 'buyer', 1, '2025-03-07')", "not_in_future:updated_at", 1),
        ("('a', 'seller', 31, '2025-03-05 10:00:00')", "unique_key", 2),
    ],
)
def test_each_fault_fails_its_check_and_only_that(
    tmp_path: Path, people: ObjectContract, row: str, check: str, unexpected: int
) -> None:
    home = Home(tmp_path)
    _write(home, people, f"{GOOD}, {row}")
    failed = [r for r in check_partition(home, people, DAY) if not r.passed]
    assert [(r.name, r.unexpected, r.checked, r.broken) for r in failed] == [(check, unexpected, 3, False)]
    assert "thief" not in repr(failed)


def test_versions_of_a_record_and_another_day_are_no_repeats(tmp_path: Path, people: ObjectContract) -> None:
    home, other = Home(tmp_path), date(2025, 3, 6)
    _write(home, people, "('a', 'buyer', 30, '2025-03-05 10:00:00'), ('a', 'buyer', 31, '2025-03-05 11:00:00')")
    _write(home, people, "('a', 'buyer', 30, '2025-03-05 10:00:00')", day=other)
    assert [r for r in check_object(home, people, [DAY, other]) if not r.passed] == []


def test_a_missing_column_is_a_broken_check(tmp_path: Path, people: ObjectContract) -> None:
    home = Home(tmp_path)
    _write(home, people, GOOD, without="role")
    failed = [(r.name, r.broken, r.message) for r in check_partition(home, people, DAY) if not r.passed]
    assert failed == [
        ("columns", False, "differ: role"),
        ("one_of:role", True, "could not be evaluated: is a column missing?"),
    ]


def test_identifiers_that_have_not_their_shape_are_a_warning(tmp_path: Path) -> None:
    """Nine of ten addresses must look like one; a phone may be masked and carry an extension."""
    (tmp_path / "demo.yml").write_text(
        """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  people:
    delivery: append
    key: [n]
    formats: [jsonl]
    fields:
      n: {from: [n], type: string}
      email: {from: [e], type: string, tag: ID, kind: email, personal: true}
      phone: {from: [p], type: string, tag: ID, kind: phone, personal: true}
"""
    )
    people = load_contracts(tmp_path)["demo"].objects["people"]
    home = Home(tmp_path)
    phones = ["+86 138 0000 0101", "(202) 555-0101", "138****0101", "19900000000_1234", "202.555.0101 x12"]
    rows = [f"('{i}', 'p{i}@example.com', '{phone}')" for i, phone in enumerate(phones * 2)]
    _write(home, people, ", ".join(rows))
    assert [r.name for r in check_object(home, people, [DAY]) if not r.passed] == []
    _write(home, people, ", ".join([*rows[:8], "('x', 'secret name', '1')", "('y', 'other secret', '1')"]))
    failed = [(r.name, r.severity, r.unexpected) for r in check_object(home, people, [DAY]) if not r.passed]
    assert failed == [("valid:email", "warn", 2), ("valid:phone", "warn", 2)]


def test_a_day_without_rows_is_a_warning_about_volume(tmp_path: Path, people: ObjectContract) -> None:
    results = check_partition(Home(tmp_path), people, DAY)
    assert [(r.name, r.passed, r.severity, r.message) for r in results] == [("volume", False, "warn", "no rows")]
