"""Core tables whose Parquet is several files, by month, so that a run writes only the months anew that changed.

Which these are is told by their rows: each file has the fingerprint of its month beside it. Belongs here: these
folders, from the warehouse to their swap. Not here: which tables are written (`core_build`), and tables of one file
(`warehouse`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sql_text import literal

# Table -> column by whose month its rows lie apart.
BY_MONTH = {"campaign_touches": "occurred_at", "interactions": "occurred_at"}
# Months with a file of their own: times outside are mistakes of a source, and may be of any number of months.
_YEARS = (2000, 2099)
_OTHER = "other"
# In each folder: fingerprint, size and time of every file. Spark and DuckDB pass over it.
_FACTS = "_parts.json"
_NEXT, _LAST = ".next", ".last"


def sweep(home: Home) -> None:
    """Remove what an export that was killed has left."""
    for name in (_NEXT, _LAST):
        shutil.rmtree(home.core / name, ignore_errors=True)


def write_months(con: duckdb.DuckDBPyConnection, home: Home, table: str) -> int:
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
    known, found = _known(folder), _fingerprints(con, table)
    facts: dict[str, list[object]] = {}
    for name, fingerprint in found.items():
        target = fresh / f"part-{name}.parquet"
        if known.get(target.name) == fingerprint:
            os.link(folder / target.name, target)
        else:
            query = f'from core."{table}" where {_in_month(BY_MONTH[table], name)}'
            con.execute(f"copy ({query}) to {literal(target)} (format parquet, compression zstd)")
        facts[target.name] = [fingerprint, *_status(target)]
    (fresh / _FACTS).write_text(json.dumps(facts, sort_keys=True), encoding="utf-8")
    if folder.exists():
        folder.rename(last)
    fresh.rename(folder)
    sweep(home)
    return sum(int(fingerprint.partition(" ")[0]) for fingerprint in found.values())


def _in_month(column: str, name: str) -> str:
    """Condition for the rows of one file, which a scan can tell from the bounds that row groups keep."""
    first, last = (f"timestamp '{year}-01-01'" for year in (_YEARS[0], _YEARS[1] + 1))
    if name == _OTHER:
        return f"coalesce({column} < {first} or {column} >= {last}, true)"
    month = f"timestamp '{name}-01'"
    return f"{column} >= {month} and {column} < {month} + interval 1 month"


def _fingerprints(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Rows of each month as a number that does not depend on their order: count, sum of hashes, and what made them. A
    table without rows has one part all the same, for its columns."""
    columns = con.execute(f'describe core."{table}"').fetchall()
    shape = ",".join(f"{name} {kind}" for name, kind, *_ in columns)
    names = ", ".join(f'"{name}"' for name, *_ in columns)
    at = BY_MONTH[table]
    found = con.execute(
        f"""select case when {_in_month(at, _OTHER)} then 0 else year({at}) * 100 + month({at}) end as month,
            count(*) || ' ' || sum(hash({names})) || ' ' || hash($shape || version())
        from core."{table}" group by 1 order by 1""",
        {"shape": shape},
    ).fetchall()
    named = {f"{month // 100}-{month % 100:02d}" if month else _OTHER: str(told) for month, told in found}
    return named or {_OTHER: f"0 {shape}"}


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
