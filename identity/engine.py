"""The DuckDB connection of a pass: how much memory it may take, and where it puts what does not fit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# GB for the engine, whatever the size, and per million records; the process takes about half a GB more. Tables that do
# not fit go to the temporary folder.
BASE_GB = 1.6
GB_PER_MILLION = 0.65


@contextmanager
def connect(scratch: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose temporary files lie in a folder of their own under `scratch`, removed at the end.

    Where `scratch` cannot be written, they lie in the system's temporary folder."""
    usable = scratch if scratch and scratch.is_dir() and os.access(scratch, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="cdp-identity-", dir=usable) as folder, duckdb.connect() as con:
        con.execute("set preserve_insertion_order = false")
        con.execute(f"set temp_directory = '{folder.replace(chr(39), chr(39) * 2)}'")
        yield con


def bound_memory(con: duckdb.DuckDBPyConnection, records: int) -> None:
    """Let `con` take what a pass over `records` records needs, at most 70% of the machine's memory.

    The environment variable CDP_IDENTITY_MEMORY_GB overrides it.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    wanted = os.environ.get("CDP_IDENTITY_MEMORY_GB")
    limit = float(wanted) if wanted else min(BASE_GB + GB_PER_MILLION * records / 1e6, 0.7 * physical)
    con.execute(f"set memory_limit = '{max(limit, 0.5):.2f}GB'")


@contextmanager
def unoptimised(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run what is inside as it is written: over a handful of rows, long conditions take longer to optimise than to
    evaluate. Not for tables of the store, whose scans would lose their filters."""
    con.execute("pragma disable_optimizer")
    try:
        yield
    finally:
        con.execute("pragma enable_optimizer")
