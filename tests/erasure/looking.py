"""Looks for planted values in every byte and in every decoded table of a folder, by nothing of the code under test.

Compression hides values from a search of bytes, and a decoded table does not show what lies in the freed pages of its
file, so both are done; every file is tried in every form it might be in.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import lmdb
import msgpack
import zstandard
from planting import HAN, PHONE, STEM, is_code

# In tables of numbers a telephone may lie as a number.
_PATTERN = re.compile("|".join(f"(?:{p.pattern})" for p in (STEM, PHONE, HAN)), re.IGNORECASE)
# The second character of a name lies between \u9f00 and \u9fa5: any looser, and compressed bytes are found to hold one.
_HAN_BYTES = "靐".encode() + rb"\xe9[\xbc-\xbe][\x80-\xbf]|\\u9750\\u9f.."
_BYTES = re.compile(b"|".join([*(p.pattern.encode() for p in (STEM, PHONE)), _HAN_BYTES]), re.IGNORECASE)
# The same for DuckDB, with more hits than are meant; `is_planted` decides.
ANY = "zqxv[gfsetxn][a-z]{4}|555.?01|199.?0907|靐"


def is_planted(text: str) -> bool:
    return bool(_PATTERN.search(text))


def look(root: Path) -> dict[str, set[str]]:
    """Files below `root` that hold planted values, by path below it, each with the values as they stand there."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            # compressed bytes may go on with other letters where a value that is allowed repeats an earlier one
            hits = {hit for text in _readings(path) for hit in text if not STEM.fullmatch(hit) or is_code(hit[-4:])}
            if hits:
                found[path.relative_to(root).as_posix()] = hits
    return found


def places(found: dict[str, set[str]]) -> Counter[str]:
    """Files with planted values by place: the first folders of their path, or the file itself."""
    counted: Counter[str] = Counter()
    for name in found:
        parts = name.split("/")
        if parts[0] == "published":
            counted[f"published/{parts[2]}"] += 1
        elif parts[0] == "lake":
            counted["/".join(parts[: 2 if parts[1] in ("raw", "quarantine") else 3])] += 1
        else:
            counted[parts[0] if len(parts) > 1 and parts[0] != "state" else name] += 1
    return counted


def look_in_postgres(uri: str) -> int:
    """Rows with planted values in all tables of a database, whatever schema they are in."""
    import adbc_driver_postgresql.dbapi as postgres

    with postgres.connect(uri) as con, con.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema::text, table_name::text FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = cursor.fetchall()
        held = 0
        for schema, table in tables:
            cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')
            held += sum(is_planted(row) for (row,) in cursor.fetchall())
    return held


def _readings(path: Path) -> Iterator[set[str]]:
    data = path.read_bytes()
    yield _in_bytes(data)
    for unpacked in (_gunzip(data), _unzstd(data)):
        if unpacked is not None:
            yield _in_bytes(unpacked)
            data = unpacked
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield _in_text(data.decode("utf-16", "replace"))
    elif ".csv" in path.name:
        yield _in_text(data.decode("gb18030", "replace"))
    if path.suffix == ".parquet":
        yield from _in_tables(path, parquet=True)
    elif data[8:12] == b"DUCK":
        yield from _in_tables(path, parquet=False)
    elif data[:15] == b"SQLite format 3":
        yield from _in_sqlite(path)
    elif path.name.endswith((".lmdb", ".mdb")) or (len(data) > 24 and data[16:20] == b"\xde\xc0\xef\xbe"):
        yield from _in_lmdb(path)


def _in_bytes(data: bytes) -> set[str]:
    return {hit.decode("utf-8", "replace").lower() for hit in _BYTES.findall(data)}


def _in_text(text: str) -> set[str]:
    return {hit.lower() for hit in _PATTERN.findall(text)}


def _gunzip(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else None
    except (OSError, EOFError, zlib.error):
        return None


def _unzstd(data: bytes) -> bytes | None:
    try:
        is_packed = data[:4] == b"\x28\xb5\x2f\xfd"
        return zstandard.ZstdDecompressor().stream_reader(data).read() if is_packed else None
    except zstandard.ZstdError:
        return None


def _in_tables(path: Path, *, parquet: bool) -> Iterator[set[str]]:
    with duckdb.connect() as con:
        if parquet:
            tables = [f"read_parquet('{path}', hive_partitioning = false)"]
        else:
            con.execute(f"ATTACH '{path}' AS looked (READ_ONLY)")
            tables = [
                f'looked."{schema}"."{table}"'
                for schema, table in con.execute(
                    "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'looked'"
                ).fetchall()
            ]
        for table in tables:
            # the row as text has every value of it, nested ones included
            rows = con.execute(
                f"SELECT t::VARCHAR FROM {table} t WHERE regexp_matches(t::VARCHAR, $p, 'i')",
                {"p": ANY},
            ).fetchall()
            for (row,) in rows:
                yield _in_text(row)


def _in_sqlite(path: Path) -> Iterator[set[str]]:
    con = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    con.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in con.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield _in_bytes(value) | _in_bytes(_inflated(value))
                    elif isinstance(value, (str, int)):
                        yield _in_text(str(value))
    finally:
        con.close()


def _inflated(value: bytes) -> bytes:
    for unpack in (_gunzip, _unzstd):
        if (data := unpack(value)) is not None:
            return data
    return b""


def _in_lmdb(path: Path) -> Iterator[set[str]]:
    with (
        lmdb.open(str(path), subdir=False, readonly=True, lock=False, max_dbs=16) as env,
        env.begin() as txn,
    ):
        for key, value in txn.cursor():
            yield _in_bytes(key) | _in_bytes(value)
            try:
                yield _in_text(repr(msgpack.unpackb(value, strict_map_key=False)))
            except (ValueError, msgpack.exceptions.ExtraData, msgpack.exceptions.FormatError):
                continue
