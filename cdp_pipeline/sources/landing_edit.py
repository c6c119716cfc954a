"""A landed file without the rows of an erased person: the same format, encoding and compression, swapped in whole.

In files of lines an emptied line stays as a blank one, which every reader passes over, so that the numbers of the
other lines hold. In documents and Parquet the records behind a removed one move up.
"""

from __future__ import annotations

import codecs
import glob
import gzip
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.csv_feed import CsvFeed, CsvShape
from cdp_pipeline.sources.documents import DocumentFeed
from cdp_pipeline.sources.extract import csv_paths
from cdp_pipeline.sources.feeds import FileFaultError, LineFeed, NotUtf8Error, Source, detect_encoding, file_format
from cdp_pipeline.sources.load import is_document
from cdp_pipeline.sources.subjects import prune, redact, redact_json
from cdp_pipeline.sources.tombstones import DROP, PRUNE

IsErased = Callable[[str, str], bool]

# What a file's name has in front while its new content is not complete.
_UNFINISHED = ".erasing-"


def edit_landed(path: Path, obj: ObjectContract, actions: Mapping[int, str], is_erased: IsErased) -> int:
    """Rewrite a landed file by line (or record) number; returns the rows that went, -1 where nothing changed.

    The new file takes the old one's name when it is complete; mode and owner rights stay. Raises FileFaultError where
    the file cannot be read, and leaves it as it was.
    """
    part = _part(path)
    try:
        fmt = file_format(path.name)
        if fmt == "parquet":
            gone = _edit_parquet(path, part, actions, is_erased)
        else:
            gone = _edit_text(path, part, obj, actions, is_erased, is_csv=fmt == "csv")
        if _records(part, obj) != _records(path, obj) - gone:
            raise FileFaultError("it cannot be rewritten without losing other rows")
        if not gone and fmt != "parquet" and _content(part) == _content(path):
            return -1
        shutil.copymode(path, part)
        _sync(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return gone


def remove_unfinished(folder: Path) -> int:
    """Remove what killed processes left of their work below `folder`, and return how many files these were.

    Such a file holds rows of others, who may be erased later. Only for whoever holds the home's lock.
    """
    left = [path for path in folder.rglob(f"{_UNFINISHED}*") if path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _part(path: Path) -> Path:
    """Where the new content of `path` is written; what a killed process left of it goes."""
    for left in path.parent.glob(f"{_UNFINISHED}*-{glob.escape(path.name)}"):
        left.unlink(missing_ok=True)
    return path.with_name(f"{_UNFINISHED}{os.getpid()}-{path.name}")


def _content(path: Path) -> bytes:
    digest = hashlib.sha256()
    for block in Source(path).stored_plain():
        digest.update(block)
    return digest.digest()


def _records(path: Path, obj: ObjectContract) -> int:
    """Records of a landed file, counted as a reader does."""
    fmt = file_format(path.name)
    if fmt == "parquet":
        return int(pq.read_metadata(path).num_rows)
    encoding = obj.encoding or "utf-8"
    while True:
        source = Source(path, encoding)
        feed: CsvFeed | DocumentFeed | LineFeed
        try:
            if fmt == "csv":
                shape = CsvShape(obj.delimiter, obj.skip_after_header, obj.header_contains, obj.drop)
                feed = CsvFeed(source, csv_paths(obj), shape)
            else:
                feed = (
                    DocumentFeed(source, obj.unwrap, dict(obj.expect)) if is_document(path, obj) else LineFeed(source)
                )
            for _ in feed.batches():
                pass
            return feed.records
        except NotUtf8Error:
            encoding = detect_encoding(path)


def scrub_landed(path: Path, is_erased: IsErased) -> bool:
    """Replace every identifier of an erased person in a file that no contract can read; returns whether any stood
    there. A Parquet file is left alone."""
    if file_format(path.name) == "parquet":
        return False
    hit = False

    def noted(kind: str, value: str) -> bool:
        nonlocal hit
        found = is_erased(kind, value)
        hit |= found
        return found

    part = _part(path)
    try:
        with _writer(part, path, "latin-1") as write:
            for line in _lines(b"".join(Source(path).stored_plain())):
                write(redact(line.decode("latin-1"), noted))
        if hit:
            shutil.copymode(path, part)
            _sync(part)
            part.replace(path)
    except FileFaultError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return hit


def _edit_text(
    path: Path, part: Path, obj: ObjectContract, actions: Mapping[int, str], is_erased: IsErased, *, is_csv: bool
) -> int:
    encoding = obj.encoding or "utf-8"
    while True:
        source = Source(path, encoding)
        try:
            with _writer(part, path, _written_as(path, encoding)) as write:
                if is_csv:
                    return _edit_csv(source, obj, actions, is_erased, write)
                if is_document(path, obj):
                    return _edit_document(source, obj, actions, is_erased, write)
                return _edit_lines(source, actions, is_erased, write)
        except (NotUtf8Error, UnicodeDecodeError):
            if encoding != "utf-8":
                raise FileFaultError("its encoding cannot be told") from None
            encoding = detect_encoding(path)


def _edit_lines(source: Source, actions: Mapping[int, str], is_erased: IsErased, write: Callable[[str], object]) -> int:
    gone, number, held = 0, 0, b""
    errors = "surrogateescape" if source.encoding == "utf-8-lossy" else "strict"
    for block in source.utf8():
        *lines, held = (held + block).split(b"\n")
        for line in lines:
            number += 1
            gone += _line(line.decode("utf-8", errors), actions.get(number), is_erased, "\n", write)
    if held:
        gone += _line(held.decode("utf-8", errors), actions.get(number + 1), is_erased, "", write)
    return gone


def _line(text: str, action: str | None, is_erased: IsErased, end: str, write: Callable[[str], object]) -> int:
    kept = text if action is None else _edited(text, action, is_erased)
    write(("" if kept is None else kept) + end)
    return int(kept is None)


def _edited(text: str, action: str, is_erased: IsErased) -> str | None:
    """A record's JSON (or other) text after its action; None where it goes."""
    if action == DROP:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None if action == PRUNE else redact(text, is_erased)
    new = prune(value, is_erased) if action == PRUNE else redact_json(value, is_erased)
    return None if new is None else json.dumps(new, ensure_ascii=False)


def _edit_csv(
    source: Source, obj: ObjectContract, actions: Mapping[int, str], is_erased: IsErased, write: Callable[[str], object]
) -> int:
    """Between the records stand headers and blank lines, which stay."""
    shape = CsvShape(obj.delimiter, obj.skip_after_header, obj.header_contains, obj.drop)
    spans = [
        (start, raw.count("\n") + (not raw.endswith("\n")))
        for start, raw in CsvFeed(source, csv_paths(obj), shape).rows()
    ]
    wanted = {start: lines for start, lines in spans if start in actions}
    text = source.text()
    glue = "\n" if "\n" in text else "\r"
    lines = text.split(glue)
    gone, at, out = 0, 0, []
    while at < len(lines):
        count = wanted.get(at + 1)
        if count is None:
            out.append(lines[at])
            at += 1
            continue
        record = glue.join(lines[at : at + count])
        if actions[at + 1] in (DROP, PRUNE):
            gone += 1
            # A blank line would end a block of a file that has several headers.
            if not obj.header_contains:
                out += [""] * count
        else:
            out.append(redact(record, is_erased))
        at += count
    write(glue.join(out))
    return gone


def _edit_document(
    source: Source, obj: ObjectContract, actions: Mapping[int, str], is_erased: IsErased, write: Callable[[str], object]
) -> int:
    text = source.text()
    gone, number, copied, at, is_torn = 0, 0, 0, 0, False
    out: list[str] = []
    counted = DocumentFeed(source, obj.unwrap, dict(obj.expect))
    records = sum(batch.num_rows for batch in counted.batches())
    for batch in DocumentFeed(source, obj.unwrap, dict(obj.expect)).batches():
        for record in batch.column("raw").to_pylist():
            number += 1
            action = actions.get(number)
            found = text.find(record, at)
            if action is None:
                at = found + len(record) if found >= 0 else at
                continue
            if found < 0 and action in (DROP, PRUNE) and number == records:
                kept = "".join([*out, text[copied:at]]).rstrip().removesuffix(",")
                write(kept + _closing(kept))
                return gone + 1
            if found < 0:
                is_torn = True
                continue
            out.append(text[copied:found])
            copied = at = found + len(record)
            new = _edited(record, action, is_erased)
            if new is not None:
                out.append(new)
                continue
            gone += 1
            behind = len(text) - len(text[at:].lstrip())
            if text[behind : behind + 1] == ",":
                copied = at = behind + 1
            else:
                kept = "".join(out).rstrip()
                out = [kept[:-1] if kept.endswith(",") else kept]
    out.append(text[copied:])
    if actions.get(records) == DROP and _closing(text):
        # The file broke off within the record that went: it ends before it, as a document that is whole.
        kept = "".join(out).rstrip().removesuffix(",")
        out = [kept, _closing(kept)]
    # A broken record is read as another text than stands there: of it, what names the person goes.
    write(redact("".join(out), is_erased) if is_torn else "".join(out))
    return gone


def _closing(text: str) -> str:
    """The brackets that end a JSON document that was cut off between two values."""
    opened: list[str] = []
    for sign in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if sign in "[{":
            opened.append("]" if sign == "[" else "}")
        elif sign in "]}" and opened:
            opened.pop()
    return "".join(reversed(opened))


def _edit_parquet(path: Path, part: Path, actions: Mapping[int, str], is_erased: IsErased) -> int:
    table = pq.read_table(path)
    codec = pq.ParquetFile(path).metadata.row_group(0).column(0).compression.lower() if table.num_rows else "snappy"
    dropped = {line - 1 for line, action in actions.items() if action in (DROP, PRUNE)}
    changed = {line - 1 for line, action in actions.items() if line - 1 not in dropped}
    for i, column in enumerate(table.schema):
        if changed and pa.types.is_string(column.type):
            values = table.column(i).to_pylist()
            for row in changed:
                if values[row] is not None:
                    values[row] = redact(values[row], is_erased)
            table = table.set_column(i, column, pa.array(values, column.type))
    keep = pa.array([i not in dropped for i in range(table.num_rows)], pa.bool_())
    pq.write_table(table.filter(keep), part, compression=codec if codec != "uncompressed" else "none")
    return len(dropped)


def _lines(data: bytes) -> Iterator[bytes]:
    yield from data.splitlines(keepends=True)


def _written_as(path: Path, encoding: str) -> str:
    """The encoding that a file is in, by its first bytes where they say it."""
    head = b""
    for block in Source(path).stored_plain():
        head += block
        if len(head) >= 4:
            break
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-8" if encoding == "utf-8-lossy" else encoding


@contextmanager
def _writer(part: Path, like: Path, encoding: str) -> Iterator[Callable[[str], object]]:
    """Writes text to `part`, encoded and compressed as `like` is."""
    suffix = like.suffix.lower()
    with part.open("wb") as handle:
        raw: Any
        if suffix == ".gz":
            # No name and time in its header: equal content gives equal bytes.
            raw = gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0)
        elif suffix == ".zst":
            raw = zstandard.ZstdCompressor().stream_writer(handle, closefd=False)
        else:
            raw = handle
        encoder = codecs.getincrementalencoder(encoding)("surrogateescape" if encoding == "utf-8" else "strict")
        try:
            yield lambda text: raw.write(encoder.encode(text))
        finally:
            if raw is not handle:
                raw.close()


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


__all__ = ["IsErased", "edit_landed", "remove_unfinished", "scrub_landed"]
