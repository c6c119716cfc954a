"""Holding the receipts against the rows that stand in the lake."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import LOADED, Ops
from cdp_pipeline.sources.outcomes import Reconciliation
from cdp_pipeline.sources.snapshots import is_refused
from cdp_pipeline.sql_text import literal


def output_path(folder: Path, file: str) -> Path:
    """Where the rows of one landed file stand in a folder of raw or of quarantine.

    Characters that a glob reads as a pattern are percent-encoded: `read_parquet` takes every path for a glob.
    """
    name = re.sub(r"[%*?\[\]{}\x00-\x1f]", lambda found: f"%{ord(found.group()):02X}", Path(file).name)
    return folder / f"{name}.parquet"


def reconcile(home: Home, ops: Ops) -> Reconciliation:
    """Hold every receipt against the rows that stand in raw and quarantine, and against landing."""
    mismatches: list[str] = []
    gone: list[str] = []
    receipts = ops.receipts()
    expected: dict[Path, int] = {}
    for r in receipts:
        if r.delivered != r.loaded + r.quarantined + r.erased:
            mismatches.append(
                f"{r.file}: {r.delivered} rows delivered, {r.loaded} loaded + {r.quarantined} refused"
                f" + {r.erased} erased"
            )
        if r.status in LOADED:
            expected[output_path(home.raw(r.source, r.object, r.dt), r.file)] = r.loaded
            if r.quarantined:
                expected[output_path(home.quarantine(r.source, r.object, r.dt), r.file)] = r.quarantined
        if not (home.landing / r.file).exists():
            what = f"its {r.loaded} rows stay in raw" if r.status in LOADED else "nothing of it was loaded"
            gone.append(f"{r.file}: no longer in landing; {what}")
    for tree in (home.lake / "raw", home.lake / "quarantine"):
        actual = _row_counts(tree)
        wanted = {p: n for p, n in expected.items() if p.is_relative_to(tree)}
        for path in sorted(actual.keys() | wanted.keys()):
            name = path.relative_to(home.lake).as_posix()
            if path not in actual:
                mismatches.append(f"lake/{name}: missing, {wanted[path]} rows expected")
            elif path not in wanted:
                mismatches.append(f"lake/{name}: {actual[path]} rows that no receipt covers")
            elif actual[path] != wanted[path]:
                mismatches.append(f"lake/{name}: {actual[path]} rows, {wanted[path]} expected")
    return Reconciliation(
        delivered=sum(r.delivered for r in receipts),
        loaded=sum(r.loaded for r in receipts),
        quarantined=sum(r.quarantined for r in receipts),
        mismatches=tuple(mismatches),
        disappeared=tuple(gone),
        over_budget=tuple(f"{r.file}: {r.message}" for r in receipts if r.status == "over_budget"),
        failed=tuple(f"{r.file}: {r.message}" for r in receipts if r.status == "failed" or is_refused(r)),
    )


def _row_counts(tree: Path) -> dict[Path, int]:
    """Rows of every Parquet file below a folder, from the footers."""
    files = [p for p in sorted(tree.glob("*/*/dt=*/*.parquet")) if p.name != "_empty.parquet"]
    if not files:
        return {}
    with duckdb.connect() as con:
        listed = ", ".join(literal(p) for p in files)
        rows = con.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])").fetchall()
    return {Path(name): int(count) for name, count in rows}


__all__ = ["output_path", "reconcile"]
