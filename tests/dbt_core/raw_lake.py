"""A raw lake from hand-made rows, in the shape that ingest writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sources.dbt_sources import DATA_TYPES, INGEST_COLUMNS, load_raw_contracts

Query = Callable[..., list[tuple[Any, ...]]]


def write_raw_lake(home: Home, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Write `rows` ("source.object" → rows with contract fields) and the empty file of every object.

    A row may carry `_dt` (default 2025-03-31) and `_file`; dicts and lists become JSON text.
    """
    unknown = set(rows)
    with duckdb.connect() as con:
        for contract in load_raw_contracts():
            for name, spec in contract["objects"].items():
                columns = {field: DATA_TYPES[rule["type"]] for field, rule in spec["fields"].items()}
                columns |= {column: kind for column, kind, _ in INGEST_COLUMNS}
                folder = home.raw(contract["source"], name)
                _write(con, folder / "dt=1970-01-01" / "_empty.parquet", columns, [])
                label = f"{contract['source']}.{name}"
                unknown.discard(label)
                by_day: dict[str, list[dict[str, Any]]] = {}
                for number, row in enumerate(rows.get(label, []), start=1):
                    day = row.get("_dt", "2025-03-31")
                    file = f"{contract['source']}/{name}/dt={day}/part.jsonl"
                    full = {"_file": file, "_line": number, "_batch_id": "b1", **row, "_dt": day}
                    by_day.setdefault(day, []).append(full)
                for day, day_rows in by_day.items():
                    _write(con, folder / f"dt={date.fromisoformat(day)}" / "part.parquet", columns, day_rows)
    if unknown:
        raise ValueError(f"no such objects: {sorted(unknown)}")


def write_raw_day(home: Home, label: str, day: str, rows: list[dict[str, Any]], *, file: str = "part") -> Path:
    """Write one file of an object ("source.object") as delivered on `day`, in place of one of that name."""
    source, _, name = label.partition(".")
    spec = next(c["objects"][name] for c in load_raw_contracts() if c["source"] == source)
    columns = {field: DATA_TYPES[rule["type"]] for field, rule in spec["fields"].items()}
    columns |= {column: kind for column, kind, _ in INGEST_COLUMNS}
    path = home.raw(source, name) / f"dt={date.fromisoformat(day)}" / f"{file}.parquet"
    landed = f"{source}/{name}/dt={day}/{file}.jsonl"
    with duckdb.connect() as con:
        full = [{"_file": landed, "_line": n, "_batch_id": "b1", **row, "_dt": day} for n, row in enumerate(rows, 1)]
        _write(con, path, columns, full)
    return path


def _write(con: duckdb.DuckDBPyConnection, path: Path, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    extra = {key for row in rows for key in row} - set(columns)
    if extra:
        raise ValueError(f"{path.parent.parent.name}: not in the contract: {sorted(extra)}")
    definitions = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    con.execute(f"create or replace table t ({definitions})")
    if rows:
        marks = ", ".join("?" for _ in columns)
        con.executemany(
            f"insert into t values ({marks})", [[_plain(row.get(name)) for name in columns] for row in rows]
        )
    con.execute(f"copy t to '{path}' (format parquet)")


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
