"""A sample file as columns of texts, before there is a contract for it.

Nested objects become columns with dotted paths, as a contract names them; lists, and objects whose keys are data
themselves, stay JSON. Bounded: a sample is held in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp_pipeline.sources.csv_feed import CsvFeed
from cdp_pipeline.sources.feeds import FileFaultError, NotUtf8Error, Source, detect_encoding, file_format
from cdp_pipeline.sql_text import literal

MAX_BYTES = 64 << 20
MAX_ROWS = 100_000
# More keys than a record has fields: an object that is a table of something.
_MAX_KEYS = 60
# Keys beside the records in a page of an API.
_PAGING = re.compile(
    r"(next|prev|previous|page|per|limit|offset|total|count|size|cursor|has|more|meta|links?|info|paging|pagination|code|"
    r"err|error|errcode|errmsg|msg|message|success|status|ok|request|trace|version|timestamp|url|object|type)(_.*)?",
    re.IGNORECASE,
)
_KEY_LIKE_DATA = re.compile(r"\d+|.*@.*|[0-9a-fA-F-]{20,}|\+?[\d() -]{7,}")
_VALUE_LIKE_HEADER = re.compile(r"[^@\s]+@[^@\s]+\.\w+|[+-]?[\d.,:/ -]*\d[\d.,:/ -]*|\d{4}-\d\d-\d\d.*")


class SampleError(ValueError):
    """A file that cannot serve as a sample; the text is one line without any value of it."""


@dataclass(frozen=True)
class Sample:
    """Texts by column (dotted path), one list entry per record, NULL where absent; `kinds` are the JSON kinds seen:
    number, text, boolean, json. `unwrap` is the key under which the file holds its records, None without one."""

    format: str
    columns: dict[str, list[str | None]]
    kinds: dict[str, frozenset[str]]
    records: int
    broken: int
    unwrap: str | None = None

    def table(self) -> pa.Table:
        """The columns as strings, named ``c0``, ``c1`` … in their order."""
        texts = {f"c{i}": pa.array(values, pa.string()) for i, values in enumerate(self.columns.values())}
        return pa.table(texts)


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def read_sample(path: Path) -> Sample:
    """Read a JSON, JSONL, CSV or Parquet file (also .gz, .zst). Raises SampleError."""
    if not path.is_file():
        raise SampleError(f"{path}: no such file")
    fmt = file_format(path.name)
    if fmt is None:
        raise SampleError(
            f"{path.name}: the ending must be json, jsonl, csv or parquet (or one of them with .gz, .zst)"
        )
    try:
        if fmt == "csv":
            sample = _csv(path)
        elif fmt == "parquet":
            sample = _of_records("parquet", _parquet_rows(path), 0, None)
        else:
            sample = _json(path, fmt)
    except FileFaultError as fault:
        raise SampleError(f"{path.name}: {fault}") from None
    if not sample.records or not sample.columns:
        why = "none of its records can be read" if sample.broken else "no records in it"
        raise SampleError(f"{path.name}: {why}")
    return sample


def _csv(path: Path) -> Sample:
    try:
        return _csv_in(path, "utf-8")
    except NotUtf8Error:
        return _csv_in(path, detect_encoding(path))


def _csv_in(path: Path, encoding: str) -> Sample:
    feed = CsvFeed(Source(path, encoding), [])
    named = [h for h in feed.header if h]
    if not named:
        raise SampleError(f"{path.name}: no header line")
    like_values = sum(_VALUE_LIKE_HEADER.fullmatch(h) is not None for h in named)
    if like_values * 3 > len(named):
        raise SampleError(f"{path.name}: its first line looks like data, not like a header")
    columns: dict[str, list[str | None]] = {h: [] for h in feed.unknown}
    records = broken = 0
    for batch in feed.batches():
        rows = batch.to_pydict()
        for problem, cells in zip(rows["problem"], rows["u"], strict=True):
            if problem is not None:
                broken += 1
                continue
            records += 1
            for name, cell in zip(feed.unknown, cells, strict=True):
                columns[name].append(cell if cell is not None and cell.strip() else None)
        if records >= MAX_ROWS:
            break
    return Sample("csv", columns, {name: frozenset({"text"}) for name in columns}, records, broken)


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        try:
            rows = con.execute(
                f"SELECT to_json(t)::VARCHAR FROM read_parquet({literal(path)}, hive_partitioning = false,"
                f" binary_as_string = true) AS t LIMIT {MAX_ROWS}"
            ).fetchall()
        except duckdb.Error:
            raise FileFaultError("damaged or no Parquet file") from None
    return [_loads(text) for (text,) in rows]


def _json(path: Path, fmt: str) -> Sample:
    text = _text(path)
    lines = [line for line in text.splitlines() if line.strip()]
    values: list[Any] = []
    broken = 0
    if fmt == "jsonl" or _is_object(lines[0] if lines else ""):
        for line in lines[:MAX_ROWS]:
            try:
                values.append(_loads(line))
            except ValueError:
                broken += 1
    if broken > len(values):
        values, broken = [], 0
    if not values:
        values, broken = _values(text)
    records, unwrap = _unwrapped(values)
    return _of_records(fmt, records, broken, unwrap)


def _text(path: Path) -> str:
    source = Source(path)
    data = bytearray()
    for block in source.utf8():
        data += block
        if len(data) > MAX_BYTES:
            raise FileFaultError(f"a sample has at most {MAX_BYTES >> 20} MB: cut it")
    try:
        return data.decode()
    except UnicodeDecodeError:
        lossy = detect_encoding(path)
        return b"".join(Source(path, lossy).utf8()).decode(errors="replace")


def _values(text: str) -> tuple[list[Any], int]:
    """JSON values one after another, with blanks or commas between; what follows a fault is left out."""
    decoder = json.JSONDecoder(parse_int=_Number, parse_float=_Number)
    found: list[Any] = []
    at = 0
    while at < len(text) and len(found) < MAX_ROWS:
        if text[at] in " \t\r\n,":
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return found, 1
        found.append(value)
    return found, 0


def _unwrapped(values: Sequence[Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Records out of arrays and envelopes, and the envelope's key."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    objects = [item for item in flat if isinstance(item, dict)]
    keys = {key for one in objects if (key := _envelope_key(one)) is not None}
    if len(keys) == 1 and all(_envelope_key(one) is not None for one in objects):
        (key,) = keys
        return [row for one in objects for row in one[key] if isinstance(row, dict)], key
    return objects[:MAX_ROWS], None


def _envelope_key(value: dict[str, Any]) -> str | None:
    """The one key whose list of objects is all that an object holds, paging aside."""
    lists = [k for k, v in value.items() if isinstance(v, list) and v and all(isinstance(x, dict) for x in v)]
    rest = [k for k in value if k not in lists]
    return lists[0] if len(lists) == 1 and all(_PAGING.fullmatch(k) for k in rest) else None


def _of_records(fmt: str, records: Sequence[dict[str, Any]], broken: int, unwrap: str | None) -> Sample:
    children: dict[str, set[str]] = {}
    for record in records:
        _note_keys(record, "", children)
    opaque = {
        path
        for path, keys in children.items()
        if path and (len(keys) > _MAX_KEYS or any(_KEY_LIKE_DATA.fullmatch(k) or "." in k or '"' in k for k in keys))
    }
    if any("." in key or '"' in key for key in children.get("", ())):
        raise SampleError("a field name holds a dot or a quote, which no path of a contract can name")
    columns: dict[str, list[str | None]] = {}
    kinds: dict[str, set[str]] = {}
    for number, record in enumerate(records):
        for path, text, kind in _cells(record, "", opaque):
            column = columns.setdefault(path, [])
            column.extend([None] * (number - len(column)))
            column.append(text)
            kinds.setdefault(path, set()).update({kind} if kind else set())
    for column in columns.values():
        column.extend([None] * (len(records) - len(column)))
    # An object that is null in some records would be a column beside its own fields.
    parents = {path.rpartition(".")[0] for path in columns if "." in path}
    columns = {p: c for p, c in columns.items() if p not in parents or any(v is not None for v in c)}
    return Sample(fmt, columns, {p: frozenset(kinds.get(p, set())) for p in columns}, len(records), broken, unwrap)


def _note_keys(value: dict[str, Any], path: str, children: dict[str, set[str]]) -> None:
    children.setdefault(path, set()).update(value)
    for key, inner in value.items():
        if isinstance(inner, dict):
            _note_keys(inner, f"{path}.{key}" if path else key, children)


def _cells(value: dict[str, Any], path: str, opaque: set[str]) -> Iterator[tuple[str, str | None, str]]:
    for key, inner in value.items():
        place = f"{path}.{key}" if path else key
        if isinstance(inner, dict) and inner and place not in opaque:
            yield from _cells(inner, place, opaque)
        elif isinstance(inner, dict | list):
            yield place, json.dumps(inner, ensure_ascii=False) if inner else None, "json"
        elif isinstance(inner, bool):
            yield place, "true" if inner else "false", "boolean"
        elif isinstance(inner, _Number):
            yield place, str(inner), "number"
        elif inner is None or not str(inner).strip():
            yield place, None, ""
        else:
            yield place, str(inner), "text"


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number)
    except RecursionError:
        raise ValueError("too deep") from None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


__all__ = ["Sample", "SampleError", "read_sample"]
