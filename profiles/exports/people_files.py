"""Parquet files that name people (profile_id) under ``state/``: written whole or not at all, and rid of the erased."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from profiles.rows import literal


def write(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Make the rows of `sql` the file at `path`, in one step, readable by its owner alone."""
    part = path.with_name(f".{path.name}.part")
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    con.execute(f"copy ({sql}) to {literal(part)} (format parquet, compression zstd)")
    part.chmod(0o600)
    with part.open("rb") as done:
        os.fsync(done.fileno())
    part.replace(path)


def forget(paths: Iterable[Path], profile_ids: Sequence[str]) -> None:
    """Take these people out of the files; a file that names none of them stays as it is."""
    for path in sorted(paths):
        with duckdb.connect() as con:
            con.execute("create table gone (profile_id varchar)")
            con.executemany("insert into gone values (?)", [[profile_id] for profile_id in profile_ids])
            con.execute(f"create table kept as from read_parquet({literal(path)})")
            [(held,)] = con.execute("select count(*) from kept semi join gone using (profile_id)").fetchall()
            if held:
                write(con, "from kept anti join gone using (profile_id) order by profile_id", path)
