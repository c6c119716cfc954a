"""The empty raw files say the columns of an object; they are written when these change, and only then."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import reconcile
from cdp_pipeline.sources.raw_tables import EMPTY_PARTITION, ensure_tables
from tests.sources.conftest import make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  orders:
    delivery: upsert
    key: [id]
    formats: [jsonl]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      points: {from: [points], type: TYPE}
"""


def test_empty_files_are_written_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    delighted = load_contracts()["delighted"]
    ensure_tables(home, {"delighted": delighted})
    files = {path: path.stat().st_mtime_ns for path in home.lake.rglob("_empty.parquet")}
    assert len(files) == len(delighted.objects)
    ensure_tables(home, {"delighted": delighted})
    assert {path: path.stat().st_mtime_ns for path in home.lake.rglob("_empty.parquet")} == files
    people = delighted.objects["people"]
    fewer = dataclasses.replace(people, fields=people.fields[:-1])
    ensure_tables(home, {"delighted": dataclasses.replace(delighted, objects={"people": fewer})})
    changed = home.raw("delighted", "people", EMPTY_PARTITION) / "_empty.parquet"
    assert [p for p, time in files.items() if p.stat().st_mtime_ns != time] == [changed]
    with duckdb.connect() as con:
        columns = [row[0] for row in con.execute(f"describe select * from '{changed}'").fetchall()]
    assert people.fields[-1].name not in columns


def test_rows_of_a_file_that_is_gone_have_the_types_of_today(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT.replace("TYPE", "string"))
    ensure_tables(land.home, land.contracts)
    gone = land("orders", "a.jsonl", '{"id": "1", "points": "7"}\n{"id": "2", "points": "seven"}\n')
    land.run("orders")
    gone.unlink()
    land.contracts = make_land(tmp_path, CONTRACT.replace("TYPE", "integer")).contracts
    ensure_tables(land.home, land.contracts)
    land("orders", "b.jsonl", '{"id": "3", "points": 9}\n')
    land.run("orders")
    files = f"read_parquet('{land.home.raw('demo', 'orders')}/*/*.parquet', union_by_name = true)"
    with duckdb.connect() as con:
        assert con.execute(f"select distinct typeof(points) from {files}").fetchall() == [("BIGINT",)]
        rows = con.execute(f"select id, points from {files} order by id").fetchall()
        assert rows == [("1", 7), ("2", None), ("3", 9)]
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).ok
