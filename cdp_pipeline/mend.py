"""What a run puts right before it begins: files of the lake and of the last snapshot that were damaged since.

A raw file is a copy of a landed one, so its receipt is dropped and the run reads the landed file again. A snapshot is
published again from the warehouse it was made of; where that has moved on, the run makes the next one, with the profile
ids that the last one had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_pipeline import steps
from cdp_pipeline.home import Home
from cdp_pipeline.ops import LOADED, Ops, Receipt
from cdp_pipeline.sources.reconcile import output_path
from cdp_pipeline.sql_text import literal
from profiles import layout, snapshots
from profiles.gate import GateBounds
from profiles.manifest import Manifest


@dataclass(frozen=True)
class DamagedFile:
    """A Parquet file of the lake (path below the home) that is `missing`, or `unreadable`; `file` is the landed one."""

    path: str
    what: str
    file: str
    is_landed: bool


def damaged_raw(home: Home, *, deep: bool = False) -> list[DamagedFile]:
    """Files of raw and quarantine that a receipt stands for and that are not there, cannot be read, or hold another
    number of rows. Reads the footers only, or with `deep` every column of every file."""
    if not home.ops_db.exists():
        return []
    with Ops(home.ops_db) as ops:
        receipts = [r for r in ops.receipts() if r.status in LOADED]
    wanted: dict[Path, tuple[Receipt, int]] = {}
    for r in receipts:
        wanted[output_path(home.raw(r.source, r.object, r.dt), r.file)] = (r, r.loaded)
        if r.quarantined:
            wanted[output_path(home.quarantine(r.source, r.object, r.dt), r.file)] = (r, r.quarantined)
    there = [path for path in wanted if path.is_file()]
    rows = _rows(there, deep)
    found = []
    for path, (receipt, expected) in sorted(wanted.items()):
        if rows.get(path) == expected:
            continue
        what = "missing" if path not in there else "unreadable" if path not in rows else f"{rows[path]} rows"
        landed = (home.landing / receipt.file).is_file()
        found.append(DamagedFile(path.relative_to(home.root).as_posix(), what, receipt.file, landed))
    return found


def damaged_tables(home: Home) -> list[str]:
    """Files of the core, identity and analytics tables that cannot be read, as paths below the home. Every run that
    changes something writes them anew."""
    files = [p for folder in (home.core, home.identity, home.analytics) for p in sorted(folder.rglob("*.parquet"))]
    whole = _rows(files, deep=False)
    return [path.relative_to(home.root).as_posix() for path in files if path not in whole]


def mend_raw(home: Home, *, deep: bool = False) -> list[str]:
    """Drop the receipts of damaged files that are still landed, so that they are read again; a line for each file.

    The caller holds the run lock.
    """
    told = []
    damaged = damaged_raw(home, deep=deep)
    if not damaged:
        return []
    with Ops(home.ops_db) as ops:
        for one in damaged:
            if one.is_landed:
                ops.forget(one.file)
                told.append(f"{one.path}: {one.what}; its landed file is read again")
            else:
                told.append(f"{one.path}: {one.what}, and landing/{one.file} is gone: restore one from a backup")
    return told


def mend_snapshot(home: Home, *, checksums: bool = False) -> str | None:
    """Publish the last snapshot again where files of it are missing, cut short or (by `checksums`) altered; a line of
    what was done, None where all is well. The caller holds the run lock."""
    published = home.published
    version = snapshots.newest_version(published)
    if version is None:
        return None
    damaged = snapshots.damaged_files(published / version, checksums=checksums)
    if not damaged:
        if not layout.kept_manifest(published, version).exists():
            snapshots.keep_manifest(published / version)
        return None
    record = snapshots.newest_manifest(home.root)
    assert record is not None  # noqa: S101 - there is a newest version, or it has raised
    what = f"published/{version}: {_listed(damaged)} damaged or missing"
    if not _holds(home, record):
        return f"{what}; a new snapshot is made"
    again = _publish_again(home, record)
    if (published / version).exists():
        snapshots.remove_version(published, version)
    return f"{what}; published again as {again}"


def needs_snapshot(home: Home) -> bool:
    """Whether the last snapshot is not whole, so that a run is due though its inputs are the same."""
    version = snapshots.newest_version(home.published)
    return version is not None and bool(snapshots.damaged_files(home.published / version))


def _holds(home: Home, record: Manifest) -> bool:
    """Whether the warehouse's marts are those of the snapshot: no later run has come as far as identity."""
    if not home.warehouse_db.exists():
        return False
    try:
        return steps.last_identity_run(home).run_id == record.run_id
    except (RuntimeError, ValueError, TypeError):
        return False


def _publish_again(home: Home, record: Manifest) -> str:
    from profiles.publish import publish

    steps.wait_for_warehouse(home)
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        ((records,),) = con.execute("select count(*) from profiles.profile_members").fetchall()
    done = publish(
        home.root,
        warehouse=home.warehouse_db,
        as_of=record.as_of,
        run_id=record.run_id,
        generation=record.generation,
        model_version=record.model_version,
        inputs_fingerprint=record.inputs_fingerprint,
        # it has passed the gate before
        gate=GateBounds(expected_records=int(records), ingest_reconciled=True, check_segments=False),
        extra=record.extra,
        is_damaged=True,
    )
    return done.version


def _rows(files: Sequence[Path], deep: bool) -> Mapping[Path, int]:
    """Rows of each file that can be read; all at once where all can."""
    if not files:
        return {}
    with duckdb.connect() as con:
        try:
            return _counted(con, files, deep)
        except duckdb.Error:
            counted: dict[Path, int] = {}
            for part in _halves(files):
                counted |= _readable(con, part, deep)
            return counted


def _readable(con: duckdb.DuckDBPyConnection, files: Sequence[Path], deep: bool) -> Mapping[Path, int]:
    """By halves, so that a few damaged files among thousands cost a few queries each."""
    try:
        return _counted(con, files, deep)
    except duckdb.Error:
        if len(files) == 1:
            return {}
        return {path: rows for part in _halves(files) for path, rows in _readable(con, part, deep).items()}


def _halves(files: Sequence[Path]) -> Iterable[Sequence[Path]]:
    middle = len(files) // 2
    return [part for part in (files[:middle], files[middle:]) if part]


def _counted(con: duckdb.DuckDBPyConnection, files: Sequence[Path], deep: bool) -> dict[Path, int]:
    listed = ", ".join(literal(path) for path in files)
    counted = con.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])").fetchall()
    if deep:
        # a row's hash needs every page of every column
        for path in files:
            con.execute(f"SELECT bit_xor(hash(t)) FROM read_parquet({literal(path)}) t").fetchall()
    return {Path(name): int(rows) for name, rows in counted}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
