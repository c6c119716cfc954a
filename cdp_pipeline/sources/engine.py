"""One in-memory DuckDB for each thread, kept for the process: opening one takes as long as reading a small file.

Whatever a caller makes in it is temporary and of a name of its own, made by CREATE OR REPLACE.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import duckdb

MEMORY_LIMIT = "1GB"
_local = threading.local()


def engine() -> duckdb.DuckDBPyConnection:
    """This thread's connection; its TimeZone is UTC. Not to be closed."""
    con: duckdb.DuckDBPyConnection | None = getattr(_local, "con", None)
    if con is None:
        # A folder of its own: in a common one, two processes that spill write to the same file names.
        spill = Path(tempfile.gettempdir(), f"cdp-ingest-{os.getpid()}-{threading.get_ident()}")
        con = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(spill)})
        con.execute("SET TimeZone = 'UTC'")
        # Outputs are written again under the same names; a cache would have to notice that.
        con.execute("SET enable_external_file_cache = false")
        _local.con = con
    return con


def discard() -> None:
    """Give this thread a new connection at its next call: a fatal error leaves the old one unusable."""
    _local.con = None


__all__ = ["MEMORY_LIMIT", "discard", "engine"]
