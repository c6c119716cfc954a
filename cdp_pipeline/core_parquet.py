"""Core tables whose Parquet is several files, so that a run writes only those anew whose rows changed.

A source has a file, a large one a file for each month: late rows and corrected ones of a small source then leave the
months of the large ones as they are. Which files are others is told by their rows: each has its fingerprint beside it.
Belongs here: these folders, from the warehouse to their swap. Not here: which tables are written (`core_build`), and
tables of one file (`warehouse`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sql_text import literal

# Table -> column by whose month rows of a large source lie apart.
IN_PARTS = {"campaign_touches": "occurred_at", "interactions": "occurred_at"}
# From so many rows on a source is large. One that grows beyond is written anew once.
LARGE = 1_000_000
# Level 1 takes a quarter less time than the default 3, and the files are a twentieth larger.
FORMAT = "format parquet, compression zstd, compression_level 1"
# Months with a file of their own: times outside are mistakes of a source, and may be of any number of months.
_YEARS = (2000, 2099)
_OTHER = "other"
_NO_SOURCE = "no-source"  # no name of a source has a hyphen
# In each folder: fingerprint, size and time of every file. Spark and DuckDB pass over it.
_FACTS = "_parts.json"
_NEXT, _LAST = ".next", ".last"


@dataclass(frozen=True)
class Part:
    """One file: the rows of a condition."""

    name: str
    condition: str
    rows: int
    fingerprint: str


def sweep(home: Home) -> None:
    """Remove what an export that was killed has left."""
    for name in (_NEXT, _LAST):
        shutil.rmtree(home.core / name, ignore_errors=True)


def write_parts(con: duckdb.DuckDBPyConnection, home: Home, table: str) -> int:
    """Make the folder of one table hold the rows of ``core.<table>``, and return how many; `con` is on the warehouse.

    Files whose rows are as they were are taken over. The new folder is complete before it takes the name; a run that
    is killed between the two renames leaves none, which `core_build.stale_exports` sees. Raises
    duckdb.CatalogException for a table that is not built.
    """
    folder, fresh, last = home.core / table, home.core / _NEXT / table, home.core / _LAST / table
    for leftover in (fresh, last):
        shutil.rmtree(leftover, ignore_errors=True)
        leftover.parent.mkdir(parents=True, exist_ok=True)
    fresh.mkdir()
    known, found = _known(folder), _parts(con, table)
    facts: dict[str, list[object]] = {}
    for part in found:
        target = fresh / f"part-{part.name}.parquet"
        if known.get(target.name) == part.fingerprint:
            os.link(folder / target.name, target)
        else:
            query = f'from core."{table}" where {part.condition}'
            con.execute(f"copy ({query}) to {literal(target)} ({FORMAT})")
        facts[target.name] = [part.fingerprint, *_status(target)]
    (fresh / _FACTS).write_text(json.dumps(facts, sort_keys=True), encoding="utf-8")
    if folder.exists():
        folder.rename(last)
    fresh.rename(folder)
    sweep(home)
    return sum(part.rows for part in found)


def _parts(con: duckdb.DuckDBPyConnection, table: str) -> list[Part]:
    """Files of a table, each with its rows as a number that does not depend on their order: the sum of their hashes.

    A table without rows has one file all the same, for its columns.
    """
    columns = con.execute(f'describe core."{table}"').fetchall()
    names = ", ".join(f'"{name}"' for name, *_ in columns)
    shape = ",".join(f"{name} {kind}" for name, kind, *_ in columns) + f" {duckdb.__version__}"
    at = IN_PARTS[table]
    found = con.execute(
        f"""select source, case when {_in_month(at, _OTHER)} then 0 else year({at}) * 100 + month({at}) end as month,
            count(*), sum(hash({names}))
        from core."{table}" group by 1, 2 order by 1, 2"""
    ).fetchall()
    parts = []
    for source, months in groupby(found, key=lambda row: row[0]):
        told = [(int(month), int(rows), int(hashes)) for _, month, rows, hashes in months]
        of_source = "source is null" if source is None else f"source = {literal(source)}"
        if sum(rows for _, rows, _ in told) < LARGE:
            rows, hashes = (sum(row[n] for row in told) for n in (1, 2))
            parts.append(Part(source or _NO_SOURCE, of_source, rows, f"{rows} {hashes} {shape}"))
            continue
        for month, rows, hashes in told:
            name = f"{month // 100}-{month % 100:02d}" if month else _OTHER
            condition = f"{of_source} and {_in_month(at, name)}"
            parts.append(Part(f"{source or _NO_SOURCE}-{name}", condition, rows, f"{rows} {hashes} {shape}"))
    return parts or [Part(_NO_SOURCE, "true", 0, f"0 {shape}")]


def _in_month(column: str, name: str) -> str:
    """Condition for the rows of one month, which a scan can tell from the bounds that row groups keep."""
    first, last = (f"timestamp '{year}-01-01'" for year in (_YEARS[0], _YEARS[1] + 1))
    if name == _OTHER:
        return f"coalesce({column} < {first} or {column} >= {last}, true)"
    month = f"timestamp '{name}-01'"
    return f"{column} >= {month} and {column} < {month} + interval 1 month"


def _known(folder: Path) -> Mapping[str, str]:
    """Fingerprints of the files that lie as they were written."""
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {name: told[0] for name, told in facts.items() if _status(folder / name) == told[1:]}


def _status(path: Path) -> list[int]:
    if not path.exists():
        return []
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
