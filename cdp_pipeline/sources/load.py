"""One landed file into Parquet: choose the feed, run the SELECT, split off what was refused.

Belongs here: the DuckDB side of reading a file. Not here: which files, where they go and receipts (``ingest.py``).
"""

from __future__ import annotations

import difflib
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.documents import DocumentFeed
from cdp_pipeline.sources.extract import (
    ENVELOPE,
    csv_paths,
    csv_select,
    json_paths,
    json_select,
    literal,
    looks_like_document,
    scalar_paths,
)
from cdp_pipeline.sources.feeds import (
    CsvFeed,
    FileFaultError,
    LineFeed,
    NotUtf8Error,
    Source,
    detect_encoding,
    file_format,
)
from cdp_pipeline.sources.shapes import learn

Feed = LineFeed | CsvFeed | DocumentFeed
_HEAD = 1 << 20
_MEMORY_LIMIT = "1GB"
_MAX_EXTRA_NAMES = 50
# Wide rows: a group of DuckDB's default size holds 300 MB of orders for each thread.
_ROW_GROUP = 30_720
_local = threading.local()


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
    encoding, as_document = "utf-8", _is_document(path, obj)
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
    feed: Feed
    if file_format(path.name) == "csv":
        feed = CsvFeed(source, csv_paths(obj), obj.delimiter)
        _check_header(obj, feed)
        select = csv_select(obj, "feed", feed.unknown, file, dt, run_id)
    else:
        feed = DocumentFeed(source, obj.unwrap, dict(obj.expect)) if as_document else LineFeed(source)
    con = _engine()
    batches = feed.batches()
    if not isinstance(feed, CsvFeed):
        head = next(batches, None)
        if head is not None:
            batches = chain([head], batches)
        known = [*scalar_paths(obj), *json_paths(obj), *obj.drop]
        select = json_select(obj, "feed", file, dt, run_id, head and learn(con, head, known))
    target = inflight(raw)
    _run(con, feed, batches, f"COPY ({select}) TO {literal(target)} (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})")
    counts = con.execute(
        f"SELECT count(*) FILTER (_line > 0), count(*) FILTER (_line < 0) FROM read_parquet({literal(target)})"
    ).fetchall()[0]
    loaded, refused = int(counts[0]), int(counts[1])
    if loaded + refused != feed.records:
        raise FileFaultError(f"{feed.records} records read but {loaded + refused} written")
    reasons = _split(con, feed, raw, quarantine, run_id) if refused else {}
    extra_fields = _extra_fields(con, target)
    return FileLoad(raw, quarantine, source.sha256, feed.records, loaded, refused, reasons, extra_fields)


def _engine() -> duckdb.DuckDBPyConnection:
    """This thread's in-memory connection, kept for the process: opening one takes 20 ms, as long as a small file."""
    con: duckdb.DuckDBPyConnection | None = getattr(_local, "con", None)
    if con is None:
        con = duckdb.connect(config={"memory_limit": _MEMORY_LIMIT, "temp_directory": tempfile.gettempdir()})
        con.execute("SET TimeZone = 'UTC'")
        _local.con = con
    return con


def _run(con: duckdb.DuckDBPyConnection, feed: Feed, batches: Iterator[pa.RecordBatch], sql: str) -> None:
    """Execute `sql` over the feed; what the feed raised comes out as it was, not as DuckDB's report of it."""

    def guarded() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Exception as error:
            feed.error = error
            raise

    con.register("feed", pa.RecordBatchReader.from_batches(feed.schema, guarded()))
    try:
        con.execute(sql).fetchall()
    except duckdb.OutOfMemoryException:
        raise FileFaultError(f"needs more than {_MEMORY_LIMIT} of memory") from None
    except duckdb.Error as error:
        _local.con = None  # a fatal error leaves the connection unusable; the next file gets a new one
        if feed.error is not None:
            raise feed.error from None
        # The error's own text may quote the record, so only its kind is said.
        raise FileFaultError(f"cannot be read ({type(error).__name__})") from error
    finally:
        con.unregister("feed")


def _split(con: duckdb.DuckDBPyConnection, feed: Feed, raw: Path, quarantine: Path, run_id: str) -> dict[str, int]:
    """Move the refused rows of a written file to quarantine; returns rows by first reason."""
    quarantine.parent.mkdir(parents=True, exist_ok=True)
    both, target = inflight(raw), inflight(quarantine)
    reason = "string_split(_batch_id, chr(10))[1]"
    if isinstance(feed, LineFeed):
        envelopes = con.execute(
            f"SELECT count(*) FROM read_parquet({literal(both)}) WHERE _line < 0 AND {reason} = '{ENVELOPE}'"
        ).fetchall()
        if envelopes[0][0]:
            raise _EnvelopesError
        if feed.unterminated is not None:
            reason = (
                f"CASE WHEN _line = -{feed.unterminated} AND _batch_id = 'invalid JSON'"
                f" THEN 'truncated line' ELSE {reason} END"
            )
    con.execute(f"""
      COPY (SELECT _extra AS raw, _file AS file, -_line AS line, {reason} AS reason,
              replace(_batch_id, chr(10), '; ') AS reasons, {literal(run_id)} AS run_id, _dt AS dt
            FROM read_parquet({literal(both)}) WHERE _line < 0)
      TO {literal(target)} (FORMAT parquet)""")
    good = raw.with_name(f".{raw.name}.good")
    con.execute(
        f"COPY (SELECT * FROM read_parquet({literal(both)}) WHERE _line > 0) TO {literal(good)} (FORMAT parquet)"
    )
    good.replace(both)
    rows = con.execute(
        f"SELECT reason, count(*) FROM read_parquet({literal(target)}) GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return {str(name): int(count) for name, count in rows}


def _extra_fields(con: duckdb.DuckDBPyConnection, target: Path) -> dict[str, int]:
    """Rows by unknown top-level field, the most frequent names only."""
    rows = con.execute(f"""
      SELECT name, count(*) FROM (
        SELECT unnest(json_keys(_extra)) AS name FROM read_parquet({literal(target)}) WHERE _extra IS NOT NULL)
      GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MAX_EXTRA_NAMES}""").fetchall()
    return {str(name): int(count) for name, count in rows}


def _is_document(path: Path, obj: ObjectContract) -> bool:
    """Does a JSON file hold something other than one record per line, by its first megabyte?"""
    fmt = file_format(path.name)
    if fmt not in ("json", "jsonl"):
        return False
    head, whole = b"", False
    with suppress(FileFaultError):  # the load reports it
        for block in Source(path, block=_HEAD).utf8():
            head += block
            if len(head) >= _HEAD:
                break
        else:
            whole = True
    return looks_like_document(head.decode(errors="replace"), whole=whole, fmt=fmt, unwrap=obj.unwrap)


def _check_header(obj: ObjectContract, feed: CsvFeed) -> None:
    """A CSV file must have a column for every required field. The fault names columns the contract knows and close
    look-alikes only: a file without header has personal data in its first line."""
    if not feed.header:
        return
    for f in obj.fields:
        if f.required and not set(f.paths) & set(feed.header):
            near = [m for p in f.paths for m in difflib.get_close_matches(p, feed.header, 1, cutoff=0.6)]
            known = sum(h in set(feed.paths) for h in feed.header)
            hint = f"; nearest is '{near[0]}'" if near else ""
            raise FileFaultError(
                f"line 1: header has no column '{f.paths[0]}' (required field {f.name}){hint};"
                f" {known} of its {len(feed.header)} columns are known"
            )
