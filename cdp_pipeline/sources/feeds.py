"""Bytes to records: landed files as Arrow batches of one raw record each, with line numbers.

Belongs here: compression, encodings, line splitting. Not here: what a record means (``extract.py``), documents and
envelopes (``documents.py``), CSV (``csv_feed.py``), Parquet (``parquet.py``).

Why Arrow batches and not ``read_csv``/``read_json``: a lines buffer becomes a string column without copying, so
DuckDB parses in parallel while line numbers stay exact, lines of any length work, and hash, decompression and
encoding check need no second pass (200 MB of orders: 0.5 s to feed, 0.3 s to extract 40 paths; bare read_json 1.9 s).
"""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import zstandard

BLOCK = 4 << 20
# A single value this long is taken for a broken file (no newline in a wrong format), not for data.
MAX_RECORD = 256 << 20
FORMAT_OF_ENDING = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "js": "json",
    "csv": "csv",
    "tsv": "csv",
    "parquet": "parquet",
}
# What a source is read as when nothing names another encoding; lossy replaces what is not UTF-8 and says so.
UTF8 = ("utf-8", "utf-8-lossy")
# By first byte: may a line that holds more than its newline be blank?
_MAY_BE_BLANK = np.zeros(256, dtype=bool)
_MAY_BE_BLANK[[9, 11, 12, 13, 32]] = True

# Plain text on purpose: as Arrow's JSON type an invalid record ends in DuckDB's fatal "function is not marked as
# fallible" inside json_merge_patch(), and TRY cannot catch that.
JSON_SCHEMA = pa.schema([("line", pa.int64()), ("raw", pa.string()), ("problem", pa.string())])


class FileFaultError(Exception):
    """A file that cannot be loaded at all; the text is one line without any value of the data."""


class NotUtf8Error(Exception):
    """The bytes are not UTF-8; the caller decides the encoding and starts again."""


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes) -> bytes: ...


def file_format(name: str) -> str | None:
    """jsonl, json, csv or parquet by the ending, compression aside; None for any other."""
    stem = name.lower().removesuffix(".gz").removesuffix(".zst")
    return FORMAT_OF_ENDING.get(stem.rpartition(".")[2])


class Source:
    """One landed file as a stream of UTF-8 bytes; `sha256` of the stored bytes is complete once all was read."""

    def __init__(self, path: Path, encoding: str = "utf-8", block: int = BLOCK) -> None:
        self.path, self.encoding, self.block = path, encoding, block
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def utf8(self) -> Iterator[bytes]:
        """Blocks of UTF-8 without byte order mark; for encoding utf-8 and utf-8-lossy they are not yet checked.

        A byte order mark says more of a file than any contract: it wins over `encoding`."""
        blocks = self._plain()
        head = b""
        for block in blocks:
            head += block
            if len(head) >= 4:
                break
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            yield from self._transcoded(head, blocks, "utf-16")
        elif self.encoding not in UTF8 and not head.startswith(codecs.BOM_UTF8):
            yield from self._transcoded(head, blocks, self.encoding)
        else:
            yield head.removeprefix(codecs.BOM_UTF8)
            yield from blocks

    def text(self) -> str:
        """All of the file, decoded; bytes that are not UTF-8 raise NotUtf8Error or become lone surrogates."""
        return "".join(text_blocks(Source(self.path, self.encoding)))

    def stored_plain(self) -> Iterator[bytes]:
        """Blocks as they are stored, compression aside."""
        return self._plain()

    def _transcoded(self, head: bytes, blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        newlines = 0
        try:
            yield (text := decoder.decode(head)).encode()
            for block in blocks:
                newlines += text.count("\n")
                yield (text := decoder.decode(block)).encode()
            newlines += text.count("\n")
            yield decoder.decode(b"", final=True).encode()
        except UnicodeError as error:
            if encoding == "utf-16":
                raise FileFaultError("not valid UTF-16 although it begins as such") from None
            ahead = error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
            line = newlines + ahead + 1
            raise FileFaultError(f"line {line}: not valid {encoding}, the encoding that its contract names") from None

    def _stored(self) -> Iterator[bytes]:
        # zstd gives all that an input inflates to at once, at worst 32,768 times its size.
        size = {".gz": 256 << 10, ".zst": 2 << 10}.get(self.path.suffix.lower(), self.block)
        with self.path.open("rb") as handle:
            while block := handle.read(size):
                self._hash.update(block)
                yield block

    def _plain(self) -> Iterator[bytes]:
        suffix = self.path.suffix.lower()
        if suffix not in (".gz", ".zst"):
            yield from self._stored()
            return
        inflater: _Inflater | None = None
        for data in self._stored():
            try:
                while data:
                    if inflater is None:
                        inflater = _Gzip() if suffix == ".gz" else _zstd()
                    block = inflater.decompress(data)
                    yield from (block[at : at + BLOCK] for at in range(0, len(block), BLOCK))
                    data = inflater.unused_data
                    if inflater.eof:
                        inflater = None
                        if suffix == ".gz" and not data.strip(b"\0"):
                            break  # gzip allows zero padding behind the last member
            except (zlib.error, zstandard.ZstdError):
                raise FileFaultError(f"damaged {suffix} archive") from None
        if inflater is not None:
            raise FileFaultError(f"truncated {suffix} archive")


class _Gzip:
    """A gzip member by at most BLOCK bytes a call; what is left of the input stands in `unused_data`."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data or self._member.unconsumed_tail

    def decompress(self, data: bytes) -> bytes:
        return self._member.decompress(data, BLOCK)


def _zstd() -> _Inflater:
    inflater: _Inflater = zstandard.ZstdDecompressor().decompressobj()
    return inflater


class LineFeed:
    """One record per line. `records` counts non-blank lines, independently of what the SQL makes of them."""

    schema = JSON_SCHEMA

    def __init__(self, source: Source) -> None:
        self.source = source
        self.records = 0
        self.unterminated: int | None = None
        self.error: Exception | None = None
        self._next = 1

    def batches(self) -> Iterator[pa.RecordBatch]:
        first, held = 1, [b""]
        for block in self.source.utf8():
            start, cut = block.find(b"\n") + 1, block.rfind(b"\n") + 1
            if not cut:
                held.append(block)
                if sum(map(len, held)) > MAX_RECORD:
                    raise FileFaultError(f"line {first} is longer than {MAX_RECORD >> 20} MB")
                continue
            # The line across two blocks is copied together, the others stay where they were read.
            if any(held):
                line = b"".join((*held, block[:start]))
                yield self._batch(line, 0, len(line), first)
                first += 1
            else:
                start = 0
            if start < cut:
                batch = self._batch(block, start, cut, first)
                first = self._next
                yield batch
            held = [block[cut:]]
        if rest := b"".join(held):
            self.unterminated = first
            yield self._batch(rest, 0, len(rest), first)

    def _batch(self, buffer: bytes, begin: int, end: int, first: int) -> pa.RecordBatch:
        """The lines in `buffer[begin:end]`, blank ones left out; the first has the number `first`."""
        data = np.frombuffer(buffer, dtype=np.uint8, count=end)
        ends = np.flatnonzero(data[begin:] == 10) + (begin + 1)
        if not len(ends) or ends[-1] != end:
            ends = np.append(ends, end)
        offsets = np.empty(len(ends) + 1, dtype=np.int32)
        offsets[0], offsets[1:] = begin, ends
        starts = offsets[:-1]
        raw = pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(buffer)])
        problem = pa.nulls(len(ends), pa.string())
        try:
            raw.validate(full=True)
        except pa.ArrowInvalid:
            if self.source.encoding != "utf-8-lossy":
                raise NotUtf8Error from None
            raw, problem = lossy([buffer[a:b] for a, b in zip(starts, ends, strict=True)])
        self._next = first + len(ends)
        numbers = pa.py_buffer(np.arange(first, self._next, dtype=np.int64))
        # Not pa.array(): for its conversions it imports pandas.
        lines = pa.Array.from_buffers(pa.int64(), len(ends), [None, numbers])
        batch = pa.record_batch([lines, raw, problem], schema=JSON_SCHEMA)
        keep = data[starts] != 10
        suspects = np.flatnonzero(_MAY_BE_BLANK[data[starts]] & keep)
        keep[[i for i in suspects if not buffer[starts[i] : ends[i]].strip()]] = False
        if not keep.all():
            batch = batch.filter(pa.array(keep))
        self.records += batch.num_rows
        return batch


def detect_encoding(path: Path) -> str:
    """gb18030 or utf-8-lossy for a file that is not UTF-8 throughout.

    Nearly any bytes decode as GB18030, so that alone proves nothing: every line must decode, most lines with other
    than ASCII characters must not be UTF-8, and most of those characters must be two high bytes as all common Han
    are (a Latin-1 letter stands beside ASCII).
    """
    not_utf8 = is_utf8 = pairs = high = 0
    for lines in _byte_lines(Source(path)):
        for line in lines:
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                is_utf8 += 1
            except UnicodeDecodeError:
                not_utf8 += 1
            try:
                text = line.decode("gb18030")
            except UnicodeDecodeError:
                return "utf-8-lossy"
            if high < 100_000:
                for char in text:
                    if not char.isascii():
                        high += 1
                        pairs += min(char.encode("gb18030")) >= 0xA1
    return "gb18030" if not_utf8 > is_utf8 and pairs >= 0.8 * high else "utf-8-lossy"


def _byte_lines(source: Source) -> Iterator[list[bytes]]:
    rest = b""
    for block in source.utf8():
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield lines
    yield [rest]


def text_blocks(source: Source) -> Iterator[str]:
    """Decoded blocks; bytes that are not UTF-8 raise NotUtf8Error, or become lone surrogates for utf-8-lossy."""
    errors = "surrogateescape" if source.encoding == "utf-8-lossy" else "strict"
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    try:
        for block in source.utf8():
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotUtf8Error from None


def text_lines(source: Source) -> Iterator[str]:
    """Decoded lines with their newline. A file whose only line end is CR gets newlines in its place."""
    held, cr_only = [""], None
    for block in text_blocks(source):
        if cr_only is None and block:
            cr_only = "\n" not in block and "\r" in block
        first, *others = _split_keep(block.replace("\r", "\n") if cr_only else block)
        held.append(first)
        if sum(map(len, held)) > MAX_RECORD:
            raise FileFaultError(f"a line is longer than {MAX_RECORD >> 20} MB")
        if others:
            yield "".join(held)
            yield from others[:-1]
            held = others[-1:]
    if rest := "".join(held):
        yield rest


def _split_keep(text: str) -> list[str]:
    """Split behind each newline (and nothing else, unlike splitlines); the last piece has none."""
    pieces = text.split("\n")
    return [piece + "\n" for piece in pieces[:-1]] + [pieces[-1]]


def lossy(lines: list[bytes]) -> tuple[pa.Array, pa.Array]:
    """Lines as text with replacement characters, and the problem of those that needed one."""
    texts: list[str] = []
    problems: list[str | None] = []
    for line in lines:
        try:
            texts.append(line.decode())
            problems.append(None)
        except UnicodeDecodeError:
            texts.append(line.decode(errors="replace"))
            problems.append("invalid UTF-8")
    return pa.array(texts, type=pa.string()), pa.array(problems, type=pa.string())
