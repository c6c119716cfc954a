"""Taking values out of files that no run makes again: exports, logs, truth tables, the matching model, the state file.

A row or line that holds one of the values goes; inside a document the values are replaced. Every file is written anew
and swapped in.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import duckdb
import zstandard

from cdp_pipeline.sources.subjects import ERASED
from cdp_pipeline.sql_text import literal

_LINES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".err", ".out", ".txt"})


def purge_file(path: Path, values: Sequence[str]) -> int:
    """Rewrite a file without `values`; returns the rows, lines or places that went.

    Of databases only SQLite's are touched, such as Dagster's: a value is replaced. One that is in use stays as it is.
    """
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    if sidecar := re.fullmatch(r"(.+)-(?:wal|shm|journal)", name):
        name, path = sidecar[1], path.with_name(sidecar[1])  # what SQLite has not taken over into its file yet
    suffix = Path(name).suffix
    if suffix == ".parquet":
        return _purge_parquet(path, values)
    if suffix in (".duckdb", ".mdb", ".lmdb"):
        return 0
    if suffix in (".sqlite", ".db"):
        try:
            return purge_sqlite(path, values)
        except sqlite3.DatabaseError:
            return 0  # in use, or none: the search afterwards names it
    data = _read(path)
    pattern = _pattern(values)
    if suffix in _LINES:
        lines = data.splitlines(keepends=True)
        kept = [line for line in lines if not pattern.search(line)]
        gone, new = len(lines) - len(kept), b"".join(kept)
    else:
        new, gone = pattern.subn(ERASED.encode(), data)
    if gone:
        _write(path, new)
    return gone


def purge_sqlite(path: Path, values: Sequence[str], *, delete_from: Sequence[str] = ()) -> int:
    """Take `values` out of every table of an SQLite file; rows of `delete_from` go whole. Returns the rows touched.

    Triggers that forbid deletion are put aside meanwhile. Then the file is written anew and its log emptied: afterwards
    no freed page holds what was deleted.
    """
    if not path.exists():
        return 0
    pattern = _pattern(values)
    touched = 0
    con = sqlite3.connect(path, timeout=60, isolation_level=None)
    con.create_function("holds", 1, lambda text: int(isinstance(text, str) and bool(pattern.search(text.encode()))))
    con.create_function("without", 1, lambda text: pattern.sub(ERASED.encode(), text.encode()).decode())
    try:
        con.execute("BEGIN IMMEDIATE")
        triggers = con.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            con.execute(f'DROP TRIGGER "{name}"')
        tables = con.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for (table,) in tables:
            columns = [
                c for _, c, kind, *_ in con.execute(f'PRAGMA table_info("{table}")') if "INT" not in kind.upper()
            ]
            if not columns:
                continue
            if table in delete_from:
                where = " OR ".join(f'holds("{c}")' for c in columns)
                touched += con.execute(f'DELETE FROM "{table}" WHERE {where}').rowcount
                continue
            for column in columns:
                touched += con.execute(
                    f'UPDATE "{table}" SET "{column}" = without("{column}") WHERE holds("{column}")'
                ).rowcount
        for _, sql in triggers:
            con.execute(sql)
        con.execute("COMMIT")
        con.execute("VACUUM")
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        con.close()
    return touched


def _purge_parquet(path: Path, values: Sequence[str]) -> int:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with duckdb.connect() as con:
        relation = f"read_parquet({literal(path)}, hive_partitioning = false)"
        names = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
        text = " || ' ' || ".join(f"coalesce(\"{n}\"::VARCHAR, '')" for n in names)
        # RE2 knows no look-behind; the bounds are spelt out instead.
        words = "|".join(re.escape(v).replace("\\ ", " ") for v in sorted(values, key=len, reverse=True) if v)
        bound = f"(?i)(^|[^a-z0-9])({words})($|[^a-z0-9])"
        ((before,),) = con.execute(f"SELECT count(*) FROM {relation}").fetchall()
        ((after,),) = con.execute(
            f"COPY (SELECT * FROM {relation} WHERE NOT regexp_matches({text}, $bound))"
            f" TO {literal(part)} (FORMAT parquet)",
            {"bound": bound},
        ).fetchall()
    if after == before:
        part.unlink()
        return 0
    shutil.copymode(path, part)
    part.replace(path)
    return int(before) - int(after)


def _pattern(values: Sequence[str]) -> re.Pattern[bytes]:
    # in JSON what is not ASCII mostly stands as \\u codes
    forms = {form for v in values for form in (v, json.dumps(v)[1:-1])}
    words = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True) if form)
    return re.compile(f"(?i)(?<![A-Za-z0-9])(?:{words or '(?!)'})(?![A-Za-z0-9])".encode())


def _read(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    return path.read_bytes()


def _write(path: Path, data: bytes) -> None:
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor().compress(data)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    shutil.copymode(path, part)
    part.replace(path)
