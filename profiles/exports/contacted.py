"""Whom each export reached: the part of the export log that is about people, which frequency caps count.

One file per export, ``state/contacted/<destination>/<segment>/<export id>.parquet`` (profile_id, as_of): the members
that it newly told of, less those that the receiver refused. `as_of` is that of the snapshot that was sent. Files below
``exports/`` are retired by their own rules, and the log in ``state/ops.sqlite`` holds counts only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from profiles.exports import people_files
from profiles.rows import literal

# Longest window of a cap; older files are removed.
KEPT_DAYS = 90
FILE = "contacted.parquet"
# Query of whom an export reaches over the temp table ``adds`` (see `sync`).
REACHED = "select profile_id from adds where op = 'add' order by profile_id"


def folder(home: Path) -> Path:
    """Where the files of all destinations lie."""
    return home / "state" / "contacted"


def files(home: Path, destinations: Sequence[str]) -> list[Path]:
    """The files of these destinations."""
    return [path for name in destinations for path in sorted((folder(home) / name).glob("*/*.parquet"))]


def keep(home: Path, destination: str, segment: str, export_id: str, payload: Path, as_of: date) -> None:
    """Put the people that the export in `payload` reached into the log; the same export twice is one.

    `as_of` is that of its snapshot: files of the segment that lie further back than any cap counts are removed.
    """
    target = folder(home) / destination / segment / f"{export_id}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with duckdb.connect() as con:
        told = f"select profile_id from read_parquet({literal(payload / 'members.parquet')})"
        con.execute(
            f"""create table reached as select profile_id, date '{as_of}' as as_of
            from read_parquet({literal(payload / FILE)}) where profile_id in ({told})"""
        )
        [(people,)] = con.execute("select count(*) from reached").fetchall()
        if people:
            people_files.write(con, "from reached order by profile_id", target)
        for path in target.parent.glob("*.parquet"):
            [(last,)] = con.execute(f"select max(as_of) from read_parquet({literal(path)})").fetchall()
            if last is None or (as_of - last).days > KEPT_DAYS:
                path.unlink()


def forget(home: Path, profile_ids: Sequence[str]) -> None:
    """Take erased people out of every file."""
    people_files.forget(folder(home).glob("*/*/*.parquet"), profile_ids)
