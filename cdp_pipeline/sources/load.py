"""One landed file into Parquet: choose the feed, run the SELECT, quarantine what was refused.

Belongs here: the DuckDB side of reading a file. Not here: which files, where they go and receipts (``ingest.py``).
"""

from __future__ import annotations

import difflib
import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.csv_feed import CsvFeed, CsvShape
from cdp_pipeline.sources.documents import DocumentFeed
from cdp_pipeline.sources.drift import UNKNOWN, FieldCounts, count_fields, shown_name
from cdp_pipeline.sources.engine import MEMORY_LIMIT, discard, engine
from cdp_pipeline.sources.extract import (
    ENVELOPE,
    csv_paths,
    csv_select,
    is_values_line,
    json_select,
    known_paths,
    looks_like_document,
)
from cdp_pipeline.sources.feeds import FileFaultError, LineFeed, NotUtf8Error, Source, detect_encoding, file_format
from cdp_pipeline.sources.parquet import ParquetTable
from cdp_pipeline.sources.shapes import learn
from cdp_pipeline.sources.siphon import Siphon
from cdp_pipeline.sql_text import literal

Feed = LineFeed | CsvFeed | DocumentFeed | ParquetTable
_HEAD = 1 << 20
_MAX_EXTRA_NAMES = 200
# Wide rows: 100,000 orders are 197 MB of Parquet before compression, and each thread holds a group.
_ROW_GROUP = 30_720
# How the operating system says it, and so DuckDB.
_NO_SPACE = os.strerror(errno.ENOSPC)


@dataclass(frozen=True)
class FileLoad:
    """A file's rows, written under temporary names; `place` makes them visible, `discard` removes them.

    delivered = loaded + quarantined, where `delivered` was counted by the feed and not by the SQL.
    """

    raw: Path
    quarantine: Path
    sha256: str
    delivered: int
    loaded: int
    quarantined: int
    reasons: dict[str, int]
    extra_fields: dict[str, int]
    counts: FieldCounts = UNKNOWN

    def place(self) -> None:
        """Rename both outputs into place; a quarantine file of an earlier load goes when nothing was refused now."""
        if self.quarantined:
            inflight(self.quarantine).replace(self.quarantine)
        else:
            self.quarantine.unlink(missing_ok=True)
        inflight(self.raw).replace(self.raw)

    def discard(self) -> None:
        inflight(self.raw).unlink(missing_ok=True)
        inflight(self.quarantine).unlink(missing_ok=True)


def inflight(path: Path) -> Path:
    """The temporary name of an output; hidden, so that no ``*.parquet`` glob sees it."""
    return path.with_name(f".{path.name}.inflight")


def load_file(
    path: Path, obj: ObjectContract, dt: date, run_id: str, file: str, raw: Path, quarantine: Path
) -> FileLoad:
    """Read one landed file by its contract and write raw and quarantine rows under temporary names.

    `file` is the name that rows and quarantine carry. Raises FileFaultError (one line, no values) when nothing can be
    loaded, FileNotFoundError when the file is gone.
    """
    raw.parent.mkdir(parents=True, exist_ok=True)
    # A contract that names UTF-8 wants no guess: what is none is refused line by line.
    encoding = {None: "utf-8", "utf-8": "utf-8-lossy"}.get(obj.encoding, obj.encoding) or "utf-8"
    as_document = is_document(path, obj, encoding)
    while True:
        try:
            return _attempt(path, obj, dt, run_id, file, raw, quarantine, encoding, as_document)
        except NotUtf8Error:
            encoding = detect_encoding(path)
        except _EnvelopesError:
            as_document = True
        except BaseException:
            inflight(raw).unlink(missing_ok=True)
            inflight(quarantine).unlink(missing_ok=True)
            raise


class _EnvelopesError(Exception):
    """A file read line by line turned out to hold envelopes."""


def _attempt(
    path: Path,
    obj: ObjectContract,
    dt: date,
    run_id: str,
    file: str,
    raw: Path,
    quarantine: Path,
    encoding: str,
    as_document: bool,
) -> FileLoad:
    source = Source(path, encoding)
    con = engine()
    feed: Feed
    present: set[str] | None = None
    batches: Iterator[pa.RecordBatch] = iter(())
    if file_format(path.name) == "csv":
        shape = CsvShape(obj.delimiter, obj.skip_after_header, obj.header_contains, obj.drop)
        feed = CsvFeed(source, csv_paths(obj), shape)
        present = set(feed.header)
        _check_header(obj, feed.header, present)
        batches = feed.batches()
        select = csv_select(obj, "feed", feed.unknown, file, dt, run_id)
    elif file_format(path.name) == "parquet":
        feed = ParquetTable(path, obj)
        present = feed.present(csv_paths(obj))
        _check_header(obj, feed.header, present)
        select = feed.select(file, dt, run_id)
    else:
        envelopes = dict(obj.expect), obj.envelope_paths
        feed = DocumentFeed(source, obj.unwrap, *envelopes) if as_document else LineFeed(source)
        batches = feed.batches()
        head = next(batches, None)
        batches = batches if head is None else chain([head], batches)
        shapes = None if head is None else learn(con, head, known_paths(obj))
        select = json_select(obj, "feed", file, dt, run_id, with_envelope=as_document, shapes=shapes)
    target = inflight(raw)
    refused = Siphon(con, quarantine.with_name(f".{quarantine.name}.refused"))
    try:
        _run(con, feed, batches, select, target, refused)
        # From the footer: the count of rows that were written, whatever the statement says of itself.
        counted = con.execute(f"SELECT num_rows FROM parquet_file_metadata({literal(target)})").fetchall()
        loaded = int(counted[0][0])
        if loaded + refused.rows != feed.records:
            raise FileFaultError(f"{feed.records} records read but {loaded + refused.rows} written")
        reasons = _quarantine(con, feed, refused.path, file, dt, quarantine, run_id) if refused.rows else {}
    finally:
        refused.path.unlink(missing_ok=True)
    extras = extra_fields(con, target)
    counts = count_fields(con, obj, target, inflight(quarantine) if refused.rows else None, present)
    sha256 = feed.sha256 if isinstance(feed, ParquetTable) else source.sha256
    return FileLoad(raw, quarantine, sha256, feed.records, loaded, refused.rows, reasons, extras, counts)


def _run(
    con: duckdb.DuckDBPyConnection,
    feed: Feed,
    batches: Iterator[pa.RecordBatch],
    select: str,
    target: Path,
    refused: Siphon,
) -> None:
    """Write the good rows of `select` over the feed to `target`, the others to `refused`.

    What the feed raised comes out as it was, not as DuckDB's report of it."""

    def guarded(feed: LineFeed | CsvFeed | DocumentFeed) -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Exception as error:
            feed.error = error
            raise

    if not isinstance(feed, ParquetTable):
        con.register("feed", pa.RecordBatchReader.from_batches(feed.schema, guarded(feed)))
    try:
        with refused:
            good = refused.filtered(select)
            con.execute(f"COPY ({good}) TO {literal(target)} (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})").fetchall()
    except duckdb.OutOfMemoryException as error:
        if "max_temp_directory_size" in str(error):  # it was the disk that had no room for what memory had none for
            raise OSError(errno.ENOSPC, _NO_SPACE) from None
        raise FileFaultError(f"needs more than {MEMORY_LIMIT} of memory") from None
    except duckdb.Error as error:
        discard()
        if not isinstance(feed, ParquetTable) and feed.error is not None:
            raise feed.error from None
        if _NO_SPACE in str(error):
            raise OSError(errno.ENOSPC, _NO_SPACE) from None
        if isinstance(error, duckdb.IOException) and not isinstance(feed, ParquetTable):
            raise  # the feed reads, so this is of writing: not the file's fault
        # The error's own text may quote the record, so only its kind is said.
        raise FileFaultError(f"cannot be read ({type(error).__name__})") from error
    finally:
        if not isinstance(feed, ParquetTable):
            con.unregister("feed")


def _quarantine(
    con: duckdb.DuckDBPyConnection, feed: Feed, refused: Path, file: str, dt: date, quarantine: Path, run_id: str
) -> dict[str, int]:
    """Write the refused rows of a file to quarantine; returns rows by first reason."""
    target = inflight(quarantine)
    reasons, reason = "reasons", "string_split(reasons, chr(10))[1]"
    if isinstance(feed, LineFeed):
        envelopes = con.execute(
            f"SELECT count(*) FROM read_parquet({literal(refused)}) WHERE {reason} = '{ENVELOPE}'"
        ).fetchall()
        if envelopes[0][0] or _holds_values(con, feed, refused, reason):
            raise _EnvelopesError
        if feed.unterminated is not None:
            reasons = (
                f"CASE WHEN line = {feed.unterminated} AND reasons = 'invalid JSON'"
                " THEN 'truncated line' ELSE reasons END"
            )
            reason = f"string_split({reasons}, chr(10))[1]"
    # What a refused CSV line needs to be read again without its file.
    layout = (
        literal(json.dumps({"delimiter": feed.delimiter, "header": feed.header}))
        if isinstance(feed, CsvFeed)
        else "NULL"
    )
    con.execute(f"""
      COPY (SELECT raw, {literal(file)} AS file, line, {reason} AS reason,
              replace({reasons}, chr(10), '; ') AS reasons, {literal(run_id)} AS run_id,
              DATE {literal(dt.isoformat())} AS dt, {layout}::VARCHAR AS layout
            FROM read_parquet({literal(refused)}) ORDER BY line)
      TO {literal(target)} (FORMAT parquet)""")
    rows = con.execute(
        f"SELECT reason, count(*) FROM read_parquet({literal(target)}) GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return {str(name): int(count) for name, count in rows}


def extra_fields(con: duckdb.DuckDBPyConnection, target: Path) -> dict[str, int]:
    """Rows by unknown top-level field, the most frequent names only; those that look like data have one name together,
    as what is told of a load stays in the state file and the log."""
    rows = con.execute(f"""
      SELECT name, count(*) FROM (
        SELECT unnest(json_keys(_extra)) AS name FROM read_parquet({literal(target)}) WHERE _extra IS NOT NULL)
      GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MAX_EXTRA_NAMES}""").fetchall()
    fields: dict[str, int] = {}
    for name, count in rows:
        fields.setdefault(shown_name(str(name)), int(count))  # the most frequent one, for those with one name
    return fields


def is_document(path: Path, obj: ObjectContract, encoding: str = "utf-8") -> bool:
    """Does a JSON file hold something other than one record per line, by its first megabyte?"""
    fmt = file_format(path.name)
    if fmt not in ("json", "jsonl"):
        return False
    head, whole = b"", False
    with suppress(FileFaultError):  # the load reports it
        for block in Source(path, encoding, block=_HEAD).utf8():
            head += block
            if len(head) >= _HEAD:
                break
        else:
            whole = True
    return looks_like_document(head.decode(errors="replace"), whole=whole, fmt=fmt, unwrap=obj.unwrap)


def _holds_values(con: duckdb.DuckDBPyConnection, feed: LineFeed, refused: Path, reason: str) -> bool:
    """Are there lines of several values, or is it a .json file in which lines are not records throughout?"""
    broken = con.execute(
        f"SELECT raw FROM read_parquet({literal(refused)}) WHERE {reason} = 'invalid JSON' ORDER BY line LIMIT 20"
    ).fetchall()
    is_json = file_format(feed.source.path.name) == "json"
    return any(is_json or is_values_line(line) for (line,) in broken)


def _check_header(obj: ObjectContract, header: Sequence[str], present: set[str]) -> None:
    """A file with columns must have one for every required field; `present` are the paths that it has. The fault
    names columns the contract knows and close look-alikes only: a CSV without header has personal data there."""
    if not header:
        return
    for f in obj.fields:
        if f.required and f.record_paths == f.paths and not set(f.paths) & present:
            near = [m for p in f.paths for m in difflib.get_close_matches(p, header, 1, cutoff=0.6)]
            known = sum(h in csv_paths(obj) for h in header)
            hint = f"; nearest is '{near[0]}'" if near else ""
            raise FileFaultError(
                f"header has no column '{f.paths[0]}' (required field {f.name}){hint};"
                f" {known} of its {len(header)} columns are known"
            )
