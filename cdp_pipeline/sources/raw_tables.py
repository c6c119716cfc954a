"""The raw tables as such: typed and readable from the first run on, before anything was delivered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import SourceContract, raw_schema
from cdp_pipeline.sql_text import literal

EMPTY_PARTITION = date(1970, 1, 1)


def ensure_tables(home: Home, contracts: Mapping[str, SourceContract]) -> None:
    """Write the typed empty file of every object whose file is absent or has other columns than its contract."""
    with duckdb.connect() as con:
        for source in contracts.values():
            for obj in source.objects.values():
                target = home.raw(source.source, obj.name, EMPTY_PARTITION) / "_empty.parquet"
                schema = raw_schema(obj)
                if target.exists() and parquet_columns(con, target) == schema:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in schema)
                part = target.with_name(f".{target.name}.{os.getpid()}.inflight")
                con.execute(f"COPY (SELECT {columns} LIMIT 0) TO {literal(part)} (FORMAT parquet)")
                part.replace(target)


def parquet_columns(con: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    """Columns of a Parquet file as ``(name, DuckDB type)``, without those that DuckDB makes of the names of folders."""
    query = f"DESCRIBE SELECT * FROM read_parquet({literal(path)}, hive_partitioning = false)"
    return [(r[0], r[1]) for r in con.execute(query).fetchall()]


__all__ = ["EMPTY_PARTITION", "ensure_tables", "parquet_columns"]
