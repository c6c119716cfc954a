"""Refused records leave the stream of good ones on the way to raw, in the same pass.

A record is refused by a negative ``_line`` (see ``select_records`` in ``extract.py``). Writing all rows and taking the
refused ones out afterwards would write every good row twice; DuckDB has one target a statement. So the statement's
filter hands each refused row to Python and drops it, and good rows never meet Python.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.func import FunctionNullHandling, PythonUDFType

# Rows of one call are at most a DuckDB vector (2,048); one row group each would read back slowly.
_HELD_BYTES = 8 << 20
_SCHEMA = pa.schema([("line", pa.int64()), ("reasons", pa.string()), ("raw", pa.string())])
_FUNCTION = "cdp_refuse"


class Siphon:
    """Takes the refused rows of one statement into a Parquet file: line, reasons (newline between them), raw.

    A context manager: inside it `filtered` is executable on the connection. `rows` counts what was taken; the file
    `path` exists when there are any.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.path, self.rows = path, 0
        self._con = con
        self._held: list[pa.RecordBatch] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Siphon:
        self._con.create_function(
            _FUNCTION,
            self._take,
            ["BIGINT", "VARCHAR", "VARCHAR"],
            "BOOLEAN",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
            side_effects=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.remove_function(_FUNCTION)
        if kind is None:
            self._write()
        self._held = []
        if self._writer is not None:
            self._writer.close()

    def filtered(self, select: str) -> str:
        """The good rows of a query of raw columns; running it takes the others out."""
        return (
            f"SELECT * FROM ({select}) WHERE CASE WHEN _line > 0 THEN true"
            f" ELSE {_FUNCTION}(-_line, _batch_id, _extra) END"
        )

    def _take(self, line: pa.Array, reasons: pa.Array, raw: pa.Array) -> pa.Array:
        """Called by DuckDB's threads, one at a time as each holds Python's lock."""
        columns = [_flat(c, f.type) for c, f in zip((line, reasons, raw), _SCHEMA, strict=True)]
        batch = pa.record_batch(columns, schema=_SCHEMA)
        self._held.append(batch)
        self.rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._bytes >= _HELD_BYTES:
            self._write()
        return pa.nulls(batch.num_rows, pa.bool_())

    def _write(self) -> None:
        if not self._held:
            return
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.path, _SCHEMA)
        held, self._held, self._bytes = self._held, [], 0
        self._writer.write_table(pa.Table.from_batches(held))


def _flat(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole if whole.type == kind else whole.cast(kind)


__all__ = ["Siphon"]
