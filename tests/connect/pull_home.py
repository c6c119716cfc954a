"""What a pull works on: a configured home, time that passes without waiting, and what landed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import duckdb
import zstandard
from api_server import FakeApi

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import IngestResult, ingest_partition, pending

DAY = date(2025, 3, 10)
SHOP = {"CDP_CONNECT_SHOP_TOKEN": "shop-token-0001"}
DESK = {
    "CDP_CONNECT_DESK_REFRESH_TOKEN": "refresh-0001",
    "CDP_CONNECT_DESK_CLIENT_ID": "client-01",
    "CDP_CONNECT_DESK_CLIENT_SECRET": "client-secret-01",
}
ENV = {**SHOP, **DESK}


class FakeClock:
    """Time that moves only when someone sleeps, or by `step` seconds at each look."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 1000.0
        self.step = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


def configure(home: Home, api: FakeApi, shop: str = "", desk: str = "") -> None:
    """Write connect.yml; `shop` and `desk` are further keys, like ``page_size: 2``."""
    (home.root / "connect.yml").write_text(
        f"shop: {{type: shopify, base_url: {api.url}, {shop}}}\ndesk: {{type: zendesk, base_url: {api.url}, {desk}}}\n",
        encoding="utf-8",
    )


def landed(home: Home, source: str, obj: str) -> list[dict[str, Any]]:
    """Records of all landing files of an object, in the order of the files."""
    records = []
    for path in sorted(home.landed(source, obj).glob("dt=*/*.jsonl.zst")):
        with path.open("rb") as stream:
            text = zstandard.ZstdDecompressor().stream_reader(stream).read().decode()
        records += [json.loads(line) for line in text.splitlines()]
    return records


def ids(home: Home, source: str, obj: str) -> list[int]:
    return [record["id"] for record in landed(home, source, obj)]


def ingest(home: Home) -> list[IngestResult]:
    """What a run does first: every unseen file into raw and quarantine."""
    contracts = load_contracts()
    with Ops(home.ops_db) as ops:
        return [
            ingest_partition(home, contracts[p.source].objects[p.obj], p.dt, "run-1", ops)
            for p in pending(home, contracts)
        ]


def raw(home: Home, source: str, obj: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows of a raw table, sorted."""
    files = str(home.raw(source, obj) / "dt=*" / "*.parquet")
    with duckdb.connect() as con:
        return con.execute(f"SELECT {columns} FROM read_parquet('{files}') ORDER BY ALL").fetchall()
