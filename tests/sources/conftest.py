"""A landing folder to drop files into, and an ingest over small contracts made for the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import SourceContract, load_contracts
from cdp_pipeline.sources.ingest import IngestResult, ingest_partition, pending

DAY = date(2025, 3, 5)
CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
timezone: America/New_York
objects:
  people:
    delivery: upsert
    key: [person_id]
    updated_at: updated_at
    formats: [jsonl, json]
    unwrap: [people, person]
    expect: {errcode: ["0"]}
    drop: [secret]
    fields:
      person_id: {from: [id], type: string, required: true, tag: PK, strip_prefix: "p_"}
      name: {from: [name.full, name.short], type: string}
      note: {from: [note], type: text}
      age: {from: [age], type: integer, min: 0, max: 150}
      amount: {from: [amount], type: decimal}
      is_active: {from: [active], type: boolean}
      born_on: {from: [born], type: date}
      role: {from: [role], type: string, one_of: [buyer, seller]}
      tags: {from: [tags], type: json}
      seen_s: {from: [seen_s], type: timestamp_s}
      seen_ms: {from: [seen_ms], type: timestamp_ms}
      seen_us: {from: [seen_us], type: timestamp_us}
      updated_at: {from: [updated], type: timestamp, tag: UPD}
  events:
    delivery: append
    key: [event_id]
    formats: [jsonl, json]
    fields:
      event_id: {from: [id], type: string, required: true, tag: PK}
      value: {from: [v], type: string}
  snapshot:
    delivery: full_snapshot
    key: [id]
    formats: [jsonl]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
  days:
    delivery: replace_partition
    key: [id]
    formats: [jsonl]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
  sheet:
    delivery: upsert
    key: [order_name, sku, _line]
    formats: [csv]
    carry_forward: {by: order_name, columns: [order_id, email, coupon]}
    fields:
      order_name: {from: [Name], type: string, required: true}
      order_id: {from: [Id, Record Id], type: string, required: true}
      email: {from: [Email], type: string, tag: ID, kind: email, personal: true}
      coupon: {from: [Coupon], type: string}
      sku: {from: [Sku], type: string}
      price_amount: {from: [Price], type: decimal}
      created_at: {from: [Created at], type: timestamp}
"""


@dataclass
class Land:
    """`land("people", "a.jsonl", b"…")` drops a file; `run("people")` ingests that object's day."""

    home: Home
    contracts: dict[str, SourceContract]
    runs: list[str] = field(default_factory=list)

    def __call__(self, obj: str, name: str, content: bytes | str, day: date = DAY) -> Path:
        path = self.home.landed("demo", obj, day) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, obj: str, day: date = DAY) -> IngestResult:
        self.runs.append(f"run{len(self.runs) + 1}")
        with Ops(self.home.ops_db) as ops:
            return ingest_partition(self.home, self.contracts["demo"].objects[obj], day, self.runs[-1], ops)

    def pending(self) -> list[tuple[str, str, tuple[str, ...]]]:
        return [(p.obj, p.dt.isoformat(), p.files) for p in pending(self.home, self.contracts)]

    def rows(self, obj: str, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
        return self._rows(self.home.raw("demo", obj), columns, where, "_file, _line")

    def refused(self, obj: str, columns: str = "line, reason") -> list[tuple[Any, ...]]:
        return self._rows(self.home.quarantine("demo", obj), columns, "true", "file, line")

    def _rows(self, folder: Path, columns: str, where: str, order: str) -> list[tuple[Any, ...]]:
        if not list(folder.glob("*/*.parquet")):
            return []
        with duckdb.connect() as con:
            query = f"SELECT {columns} FROM read_parquet('{folder}/*/*.parquet') WHERE {where} ORDER BY {order}"
            return con.execute(query).fetchall()


def make_land(folder: Path, contract: str) -> Land:
    """A home below `folder` with this text as the contract of the source `demo`."""
    contracts = folder / "contracts"
    contracts.mkdir(exist_ok=True)
    (contracts / "demo.yml").write_text(contract)
    return Land(Home(folder / "home"), load_contracts(contracts))


@pytest.fixture
def land(tmp_path: Path) -> Land:
    return make_land(tmp_path, CONTRACT)
