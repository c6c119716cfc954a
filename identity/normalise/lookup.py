"""Distinct values out of a table, through a Python function, back as a table to join: the slow path of every pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import duckdb
import pyarrow as pa

# One batch bounds the Python objects alive at once: 100,000 names take about 60 MB.
_BATCH = 50_000
TEXT = pa.string()
TEXTS = pa.list_(TEXT)


def lookup(
    con: duckdb.DuckDBPyConnection,
    table: str,
    distinct: str,
    keys: Sequence[str],
    values: Sequence[tuple[str, pa.DataType]],
    function: Callable[..., Iterable[Any]],
) -> None:
    """Create temp `table` with the `keys` that the query `distinct` gives and `function(*keys)` as `values`."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table}_in AS {distinct}")
    schema = pa.schema([*((key, TEXT) for key in keys), *values])
    con.register(f"{table}_batch", schema.empty_table())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {table}_batch")
    con.unregister(f"{table}_batch")
    count = con.execute(f"SELECT count(*) FROM {table}_in").fetchall()[0][0]
    for start in range(0, count, _BATCH):
        rows = con.execute(
            f"SELECT {', '.join(keys)} FROM {table}_in WHERE rowid >= {start} AND rowid < {start + _BATCH}"
        ).fetchall()
        columns = list(zip(*((*row, *function(*row)) for row in rows), strict=True))
        batch = pa.table([pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
        con.register(f"{table}_batch", batch)
        con.execute(f"INSERT INTO {table} SELECT * FROM {table}_batch")
        con.unregister(f"{table}_batch")
    con.execute(f"DROP TABLE {table}_in")
