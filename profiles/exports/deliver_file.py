"""Files of an export: what a receiver uploads. Built inside the pending folder, which appears whole when it is renamed.

Prescribed formats get ``adds.csv`` and ``removes.csv``, in the receiver's headings and to be loaded removes first; with
variants each has its own (``adds-<variant>.csv``), since the receiver's columns have no place for it. The open ones get
``members`` (all of them) and ``changes`` (op: add, change, remove).
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import duckdb

from profiles.exports.destinations import Destination
from profiles.exports.formats import VARIANT, Format
from profiles.rows import literal, quoted


def write(payload: Path, destination: Destination) -> tuple[str, ...]:
    """Write the files of `destination` beside the Parquet in `payload`; returns their names, the order to load them."""
    form = destination.form
    with duckdb.connect() as con:
        for table in ("adds", "removes", "members"):
            con.execute(f"create view {table} as from read_parquet({literal(payload / f'{table}.parquet')})")
        if form.fixed:
            return _prescribed(con, payload, form)
        return _open(con, payload, form)


def _prescribed(con: duckdb.DuckDBPyConnection, payload: Path, form: Format) -> tuple[str, ...]:
    if not form.is_split:
        return tuple(name for table in ("removes", "adds") for name in _list(con, payload, form, table, table, "true"))
    drawn = con.execute(
        f"select {VARIANT} from removes union select {VARIANT} from adds order by 1"  # never NULL
    ).fetchall()
    return tuple(
        name
        for (variant,) in drawn
        for table in ("removes", "adds")
        for name in _list(con, payload, form, table, f"{table}-{variant}", f"{VARIANT} = {literal(variant)}")
    )


def _list(
    con: duckdb.DuckDBPyConnection, payload: Path, form: Format, table: str, name: str, condition: str
) -> tuple[str, ...]:
    """Write the rows of `table` as ``<name>.csv``; returns its name, nothing where there are none."""
    [(rows,)] = con.execute(f"select count(*) from {table} where {condition}").fetchall()
    if not rows:
        return ()
    columns = ", ".join(quoted(column) for column in form.columns if column != VARIANT)
    target = payload / f"{name}.csv"
    body = payload / f".{name}.body"
    _create(target)
    _create(body)
    con.execute(
        f"copy (select {columns} from {table} where {condition} order by profile_id) to {literal(body)}"
        " (format csv, header false)"
    )
    # a heading may come twice, which a table's column names may not
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerow(
            [heading for column, (heading, _) in form.columns.items() if column != VARIANT]
        )
    with body.open("rb") as source, target.open("ab") as sink:
        shutil.copyfileobj(source, sink)
        sink.flush()
        os.fsync(sink.fileno())
    body.unlink()
    return (target.name,)


def _open(con: duckdb.DuckDBPyConnection, payload: Path, form: Format) -> tuple[str, ...]:
    columns = ", ".join(["profile_id", *(quoted(column) for column in form.columns)])
    style = "format csv, header true" if form.ending == "csv" else "format parquet, compression zstd"
    queries = {
        # where the members are Parquet, they are there already
        "members": f"select {columns} from members order by profile_id" if form.ending == "csv" else None,
        "changes": f"select op, {columns} from adds union all by name select 'remove' as op, {columns} from removes "
        "order by profile_id",
    }
    for name, sql in queries.items():
        if sql is not None:
            target = payload / f"{name}.{form.ending}"
            _create(target)
            con.execute(f"copy ({sql}) to {literal(target)} ({style})")
            target.chmod(0o600)
    return tuple(f"{name}.{form.ending}" for name in queries)


def _create(path: Path) -> None:
    """An empty file that only its owner may read, before anything is in it."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
