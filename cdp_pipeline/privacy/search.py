"""Does any file of a home hold one of these values? Looks at every byte, and at every table as it is decoded.

Both are needed: compression hides values from a search of bytes, and a decoded table does not show what lies in the
freed pages of its file.
"""

from __future__ import annotations

import codecs
import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import zstandard

from cdp_pipeline.sql_text import literal

_BLOCK = 64 << 20
# Shorter ones are found everywhere by chance.
SHORTEST = 5


def search(root: Path, values: Sequence[str], *, skip: Sequence[Path] = ()) -> dict[Path, int]:
    """Files below `root` that hold at least one of `values`, with the number of different ones found.

    Case is passed over; a hit must not stand inside a longer word or number. Files below `skip` are not looked at.
    """
    wanted = [_Needle(v) for v in sorted({v.strip().lower() for v in values if len(v.strip()) >= SHORTEST})]
    if not wanted:
        return {}
    with duckdb.connect() as con:
        return {path: len(hits) for path in _files(root, skip) if (hits := _hits(con, path, wanted))}


def _hits(con: duckdb.DuckDBPyConnection, path: Path, wanted: Sequence[_Needle]) -> set[str]:
    hits: set[str] = set()
    for block in _contents(path):
        lowered = block.lower()
        words = set(_WORDS.findall(lowered))
        hits |= {n.value for n in wanted if n.value not in hits and n.stands_in(lowered, words)}
    if path.suffix == ".parquet":
        hits |= _in_parquet(con, path, wanted)
    elif path.suffix == ".duckdb":
        hits |= _in_duckdb(con, path, wanted)
    return hits


_TEXTS = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".js"})
_WORDS = re.compile(rb"[a-z0-9]+")


class _Needle:
    """One value: `forms` are the bytes that it may be written as, each with its words of ASCII.

    Most files hold not even the words of a value, and words are looked up for all values at once.
    """

    def __init__(self, value: str) -> None:
        self.value = value
        forms = {value.encode(), json.dumps(value)[1:-1].lower().encode()}
        self.forms = [(form, frozenset(_WORDS.findall(form))) for form in sorted(forms)]
        self.words = [w.decode() for w in _WORDS.findall(value.encode())]

    def stands_in(self, data: bytes, words: set[bytes]) -> bool:
        # Words of a value may be glued to other letters where it stands beside Chinese ones.
        return any((not own or own <= words or not form.isascii()) and _stands(data, form) for form, own in self.forms)


def _files(root: Path, skip: Sequence[Path]) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and not any(path.is_relative_to(s) for s in skip):
                yield path


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file as stored and, where it is compressed, as they were before, in overlapping blocks."""
    with path.open("rb") as stream:
        yield from _blocks(stream)
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    if Path(name).suffix in _TEXTS:
        yield from _recoded(path)
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as inflated:
                yield from _blocks(inflated)
        elif path.suffix == ".zst":
            with zstandard.open(path, "rb") as inflated:
                yield from _blocks(inflated)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return  # what is damaged was looked at as it is


def _recoded(path: Path) -> Iterator[bytes]:
    """A text in UTF-16 or GB18030 as UTF-8."""
    data = path.read_bytes()
    with suppress(OSError, EOFError, zlib.error, zstandard.ZstdError):
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().stream_reader(data).read()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "gb18030"
    try:
        data.decode()
    except UnicodeDecodeError:
        yield data.decode(encoding, "replace").encode()


def _blocks(stream: Any) -> Iterator[bytes]:
    tail = b""
    while block := stream.read(_BLOCK):
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


def _in_parquet(con: duckdb.DuckDBPyConnection, path: Path, wanted: Sequence[_Needle]) -> set[str]:
    try:
        return _in_table(con, f"read_parquet({literal(path)}, hive_partitioning = false)", wanted)
    except duckdb.Error:
        return set()  # no Parquet: its bytes were looked at


def _in_duckdb(con: duckdb.DuckDBPyConnection, path: Path, wanted: Sequence[_Needle]) -> set[str]:
    hits: set[str] = set()
    con.execute(f"ATTACH {literal(path)} AS looked (READ_ONLY)")
    tables = con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'looked'"
    ).fetchall()
    for schema, table in tables:
        hits |= _in_table(con, f'looked."{schema}"."{table}"', wanted)
    con.execute("DETACH looked")
    return hits


def _in_table(con: duckdb.DuckDBPyConnection, relation: str, wanted: Sequence[_Needle]) -> set[str]:
    columns = [
        str(name)
        for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        if any(word in kind for word in ("VARCHAR", "BLOB", "JSON", "BIGINT"))
    ]
    if not columns:
        return set()
    text = " || ' ' || ".join(f"coalesce(\"{name}\"::VARCHAR, '')" for name in columns)
    ascii_words = sorted({w for n in wanted for w in n.words})
    present = {
        w
        for (w,) in con.execute(
            f"""WITH t AS (SELECT DISTINCT unnest(regexp_extract_all(lower({text}), '[a-z0-9]+')) AS w FROM {relation})
            SELECT w FROM t WHERE w IN (SELECT unnest($words::VARCHAR[]))""",
            {"words": ascii_words},
        ).fetchall()
    }
    likely = [n.value for n in wanted if not n.words or present.issuperset(n.words) or not n.value.isascii()]
    if not likely:
        return set()
    # Word bounds are looked at for the few rows that hold the letters at all.
    rows = con.execute(
        f"""WITH t AS (SELECT lower({text}) AS row FROM {relation})
        SELECT DISTINCT n, row FROM t, (SELECT unnest($wanted::VARCHAR[]) AS n) WHERE contains(row, n)""",
        {"wanted": likely},
    ).fetchall()
    return {n for n, row in rows if _stands(row.encode(), n.encode())}
