"""Reading a user's file into a table of texts: CSV, JSONL or Parquet, and one line that says what is wrong with it."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

import duckdb

from identity.errors import IdentityInputError
from identity.sql_text import file_literal, literal

_DELIMITERS = ",;\t|"
# A longer first line is no header.
_MOST_HEADER = 1_000_000
# DuckDB's bound on one line of a CSV file is 2,000,000 bytes unless told.
_MOST_LINE = 100_000_000
_FLOATS = ("FLOAT", "DOUBLE", "DECIMAL")
_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


def without_ending(path: Path) -> str:
    """The name of a file that `read_file` reads, without its ending: ``crm.1`` of ``crm.1.csv.gz``."""
    name = _uncompressed(path)
    return name[: -len(next(ending for ending in _ENDINGS if name.lower().endswith(ending)))]


def _uncompressed(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".zst")


def read_file(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> list[str]:
    """Write table `table` with every row of `path` as texts, and return its columns, without outer blanks.

    JSON values that are no texts keep their spelling in the file; nested ones become their JSON text. Whole numbers in
    floating columns lose their ``.0``, and timestamps at midnight are dates. Raises `IdentityInputError` with the file
    and, where it is known, the line.
    """
    if not path.exists():
        raise IdentityInputError(f"{path}: no such file")
    if path.is_dir():
        raise IdentityInputError(f"{path}: is a folder; name a file")
    name = _uncompressed(path).lower()
    if not name.endswith(_ENDINGS):
        raise IdentityInputError(f"{path}: unknown file type; use .csv, .tsv, .jsonl or .parquet")
    if path.stat().st_size == 0:
        raise IdentityInputError(f"{path}: is empty")
    if name.endswith((".csv", ".tsv")):
        return _read_csv(con, path, table)
    if name.endswith(".parquet"):
        return _copy(con, path, f"read_parquet({file_literal(path)}, hive_partitioning=false)", table)
    # one level only: the types of the engine's own guess depend on the other rows of the file
    reader = f"read_json({file_literal(path)}, auto_detect=true, maximum_depth=1, hive_partitioning=false"
    try:
        return _copy(con, path, f"{reader})", table)
    except IdentityInputError as error:
        # the names of the columns are taken from the first 20,480 rows; only where a later one has another key must
        # the whole file be read twice
        if "unknown key" not in str(error.__cause__):
            raise
        return _copy(con, path, f"{reader}, sample_size=-1)", table)


def _read_csv(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> list[str]:
    header, delimiter = _header(path)
    # names that differ in case only are one name to the engine
    lowered = [c.lower() for c in header]
    repeated = sorted({c for c in header if c and lowered.count(c.lower()) > 1})
    if repeated:
        told = f"column {repeated[0]} is there twice"
        if len(repeated) > 1:
            told = f"columns {repeated[0]} and {repeated[1]} differ in case only"
        raise IdentityInputError(f"{path}: {told}")
    told = delimiter.replace("\t", "\\t")
    # a name for every place, so that the engine has nothing to guess from the rows
    names = [name or f"column_{place}" for place, name in enumerate(header)]
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in names)
    reader = (
        f"read_csv({file_literal(path)}, auto_detect=false, columns={{{columns}}}, header=true, null_padding=true, "
        f"hive_partitioning=false, delim='{told}', quote='\"', escape='\"', max_line_size={_MOST_LINE}"
    )
    try:
        return _copy(con, path, f"{reader})", table)
    except IdentityInputError as error:
        cause = str(error.__cause__)
        # short rows beside quoted line breaks can only be read by one thread; lines that end in two ways not strictly
        more = "parallel=false" if "parallel" in cause else "strict_mode=false" if "state machine" in cause else ""
        if not more:
            raise
        return _copy(con, path, f"{reader}, {more})", table)


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line, without outer blanks, and what divides them."""
    try:
        with _opened(path) as file:
            start = file.read(_MOST_HEADER)
        text = start.decode("utf-8-sig", errors="strict" if len(start) < _MOST_HEADER else "ignore")
    except UnicodeDecodeError as error:
        raise IdentityInputError(f"{path}: invalid UTF-8; save it as CSV in UTF-8") from error
    except (OSError, EOFError, ValueError) as error:
        raise IdentityInputError(f"{path}: cannot be read ({type(error).__name__})") from error
    line = re.sub(r'"[^"]*"', "", text).partition("\n")[0]
    delimiter = max(_DELIMITERS, key=line.count) if any(d in line for d in _DELIMITERS) else ","
    try:
        names: Sequence[str] = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise IdentityInputError(f"{path} line 1: cannot be parsed") from error
    if not names:
        raise IdentityInputError(f"{path} line 1: holds no column names")
    return [name.strip() for name in names], delimiter


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if path.suffix == ".zst":
        import zstandard

        return cast(IO[bytes], zstandard.open(path, "rb"))
    return path.open("rb")


def _copy(con: duckdb.DuckDBPyConnection, path: Path, reader: str, table: str) -> list[str]:
    try:
        columns = [(row[0], str(row[1])) for row in con.execute(f"describe select * from {reader}").fetchall()]
        names = [column.strip() for column, _ in columns]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise IdentityInputError(f"{path}: column {twice[0]} is there twice")
        texts = ", ".join(f"{_text(column, kind)} as {_name(column.strip())}" for column, kind in columns)
        con.execute(f"create or replace temp table {table} as select {texts} from {reader}")
    except duckdb.Error as error:
        raise _unreadable(path, error) from error
    return names


def _unreadable(path: Path, error: duckdb.Error) -> IdentityInputError:
    """One line; the engine's own message quotes data."""
    text = str(error).replace(str(path), "")
    line = re.search(r"(?:Error on Line:|in line|at line) (\d+)", text)
    where = f" line {line[1]}" if line else ""
    if re.search("not utf-8 encoded|invalid utf-8|invalid unicode|utf8", text.lower()):
        return IdentityInputError(f"{path}{where}: invalid UTF-8; save it in UTF-8")
    if "permission denied" in text.lower():
        return IdentityInputError(f"{path}: no permission to read it")
    if "Number of Columns" in text:
        return IdentityInputError(f"{path}{where}: more cells than the header has columns")
    if "unterminated quote" in text:
        return IdentityInputError(f"{path}{where}: a quoted value does not end")
    return IdentityInputError(f"{path}{where}: cannot be parsed")


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(column: str, kind: str) -> str:
    """SQL for the column as VARCHAR."""
    name = _name(column)
    if kind == "JSON":
        return f"({name} ->> '$')"
    if kind.startswith(_FLOATS):
        whole = f"{name} = trunc({name}) and abs({name}) < 1e15"
        return f"case when {whole} then {name}::bigint::varchar else {name}::varchar end"
    if kind.startswith("TIMESTAMP"):
        return f"regexp_replace({name}::varchar, ' 00:00:00([+].*)?$', '')"
    return f"{name}::varchar"
