"""Does any file of a home hold one of these values? Looks at every byte, and at every table as it is decoded.

Both are needed: compression hides values from a search of bytes, and a decoded table does not show what lies in the
freed pages of its file.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import zstandard

_BLOCK = 64 << 20
# Shorter ones are found everywhere by chance.
SHORTEST = 5


def search(root: Path, values: Sequence[str], *, skip: Sequence[Path] = ()) -> dict[Path, int]:
    """Files below `root` that hold at least one of `values`, with the number of different ones found.

    Case is passed over; a hit must not stand inside a longer word or number. Files below `skip` are not looked at.
    """
    wanted = sorted({v.strip().lower() for v in values if len(v.strip()) >= SHORTEST})
    if not wanted:
        return {}
    needles = {n: _written(n) for n in wanted}
    found: dict[Path, int] = {}
    for path in _files(root, skip):
        hits: set[str] = set()
        for block in _contents(path):
            lowered = block.lower()
            hits |= {n for n, forms in needles.items() if n not in hits and any(_stands(lowered, f) for f in forms)}
        if path.suffix == ".parquet":
            hits |= _in_parquet(path, wanted)
        elif path.suffix == ".duckdb":
            hits |= _in_duckdb(path, wanted)
        if hits:
            found[path] = len(hits)
    return found


def _files(root: Path, skip: Sequence[Path]) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and not any(path.is_relative_to(s) for s in skip):
                yield path


def _written(value: str) -> list[bytes]:
    """The bytes that a value may be written as."""
    forms = {value.encode(), json.dumps(value)[1:-1].lower().encode(), value.encode("utf-16-le")}
    if not value.isascii():
        try:
            forms.add(value.encode("gb18030"))
        except UnicodeEncodeError:
            pass
    return sorted(forms)


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file as stored and, where it is compressed, as they were before, in overlapping blocks."""
    yield from _blocks(path.open("rb"))
    try:
        if path.suffix == ".gz":
            yield from _blocks(gzip.open(path, "rb"))
        elif path.suffix == ".zst":
            yield from _blocks(zstandard.open(path, "rb"))
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return  # what is damaged was looked at as it is


def _blocks(stream: object) -> Iterator[bytes]:
    tail = b""
    with stream:  # type: ignore[attr-defined]
        while block := stream.read(_BLOCK):  # type: ignore[attr-defined]
            yield tail + block
            tail = block[-4096:]


def _stands(data: bytes, needle: bytes) -> bool:
    """Does `needle` stand in `data`, not inside a longer word?"""
    at = data.find(needle)
    while at >= 0:
        before, after = data[at - 1 : at], data[at + len(needle) : at + len(needle) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = data.find(needle, at + 1)
    return False


def _in_parquet(path: Path, wanted: Sequence[str]) -> set[str]:
    try:
        with duckdb.connect() as con:
            return _in_table(con, f"read_parquet('{_quoted(path)}', hive_partitioning = false)", wanted)
    except duckdb.Error:
        return set()  # no Parquet: its bytes were looked at


def _in_duckdb(path: Path, wanted: Sequence[str]) -> set[str]:
    hits: set[str] = set()
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{_quoted(path)}' AS looked (READ_ONLY)")
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'looked'"
        ).fetchall()
        for schema, table in tables:
            hits |= _in_table(con, f'looked."{schema}"."{table}"', wanted)
    return hits


def _in_table(con: duckdb.DuckDBPyConnection, relation: str, wanted: Sequence[str]) -> set[str]:
    columns = [
        str(name)
        for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        if any(word in kind for word in ("VARCHAR", "BLOB", "JSON", "BIGINT"))
    ]
    if not columns:
        return set()
    text = " || ' ' || ".join(f"coalesce(\"{name}\"::VARCHAR, '')" for name in columns)
    # Word bounds are looked at for the few rows that hold the letters at all.
    rows = con.execute(
        f"""WITH t AS (SELECT lower({text}) AS row FROM {relation})
        SELECT DISTINCT n, row FROM t, (SELECT unnest($wanted::VARCHAR[]) AS n) WHERE contains(row, n)""",
        {"wanted": list(wanted)},
    ).fetchall()
    return {n for n, row in rows if _stands(row.encode(), n.encode())}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
