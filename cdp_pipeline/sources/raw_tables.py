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
    """Write the typed empty file of every object whose file is absent or has other columns than its contract.

    Where a column has another type now, so have the rows that were loaded before: a landed file that is gone is not
    read again, and one file with text in it would make the column text for all. A value that the new type does not
    know is empty then, as in a replay.
    """
    with duckdb.connect() as con:
        for source in contracts.values():
            for obj in source.objects.values():
                target = home.raw(source.source, obj.name, EMPTY_PARTITION) / "_empty.parquet"
                schema = raw_schema(obj)
                if target.exists():
                    if parquet_columns(con, target) == schema:
                        continue
                    # before the empty file, whose columns tell that it is done
                    _recast(con, home.raw(source.source, obj.name), dict(schema))
                target.parent.mkdir(parents=True, exist_ok=True)
                columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in schema)
                part = target.with_name(f".{target.name}.{os.getpid()}.inflight")
                con.execute(f"COPY (SELECT {columns} LIMIT 0) TO {literal(part)} (FORMAT parquet)")
                part.replace(target)


def _recast(con: duckdb.DuckDBPyConnection, folder: Path, schema: Mapping[str, str]) -> None:
    """Write the files below `folder` anew whose columns have other types than `schema`."""
    for path in folder.glob("*/*.parquet"):
        try:
            columns = parquet_columns(con, path)
        except duckdb.Error:
            continue  # damaged: the run sees to it
        changed = [name for name, kind in columns if schema.get(name, kind) != kind]
        if not changed or path.name == "_empty.parquet":
            continue
        casts = ", ".join(f'try_cast("{name}" AS {schema[name]}) AS "{name}"' for name in changed)
        part = path.with_name(f".{path.name}.{os.getpid()}.inflight")
        rows = f"SELECT * REPLACE ({casts}) FROM read_parquet({literal(path)}, hive_partitioning = false)"
        con.execute(f"COPY ({rows}) TO {literal(part)} (FORMAT parquet)")
        part.replace(path)


def parquet_columns(con: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    """Columns of a Parquet file as ``(name, DuckDB type)``, without those that DuckDB makes of the names of folders."""
    query = f"DESCRIBE SELECT * FROM read_parquet({literal(path)}, hive_partitioning = false)"
    return [(r[0], r[1]) for r in con.execute(query).fetchall()]


__all__ = ["EMPTY_PARTITION", "ensure_tables", "parquet_columns"]
