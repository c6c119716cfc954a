"""The empty raw files say the columns of an object; they are written when these change, and only then."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.raw_tables import EMPTY_PARTITION, ensure_tables


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
