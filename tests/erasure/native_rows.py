"""Landed files taken apart into native rows, and written with rows added, in the form in which they were delivered."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from cdp_pipeline.sources.contract import ObjectContract, load_contracts


@dataclass
class LandedFile:
    """A landed file taken apart: `rows` are the native rows, `put` writes it with rows added."""

    path: Path
    obj: ObjectContract
    rows: list[Any]
    put: Callable[[Sequence[Any]], None]


def landed_files(landing: Path) -> Iterator[LandedFile]:
    """Every landed file that a contract covers, in the order of the paths."""
    contracts = load_contracts()
    for path in sorted(landing.glob("*/*/dt=*/*")):
        source, name = path.parts[-4:-2]
        if path.name.startswith(".") or source not in contracts or name not in contracts[source].objects:
            continue
        obj = contracts[source].objects[name]
        text, encoding = read_text(path)
        plain = path.name.removesuffix(".gz").removesuffix(".zst")
        opened = _csv if plain.endswith(".csv") else _document if plain.endswith(".json") else _lines
        yield opened(path, obj, text, encoding)


def _lines(path: Path, obj: ObjectContract, text: str, encoding: str) -> LandedFile:
    rows = [_json(line) for line in text.splitlines()]

    def put(new: Sequence[Any]) -> None:
        end = "" if text.endswith("\n") or not text else "\n"
        said = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in new)
        write_text(path, text + end + said, encoding)

    return LandedFile(path, obj, rows, put)


def _document(path: Path, obj: ObjectContract, text: str, encoding: str) -> LandedFile:
    document = _json(text)
    if document is None:
        return _lines(path, obj, text, encoding)
    lists = [document] if isinstance(document, list) else [v for v in document.values() if isinstance(v, list)]
    rows = max(lists, key=len) if lists else []

    def put(new: Sequence[Any]) -> None:
        rows.extend(new)
        write_text(path, json.dumps(document, ensure_ascii=False), encoding)

    return LandedFile(path, obj, list(rows), put)


def _csv(path: Path, obj: ObjectContract, text: str, encoding: str) -> LandedFile:
    parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=obj.delimiter or ","))
    header = parsed[0] if parsed else []
    rows = [dict(zip(header, cells, strict=False)) if len(cells) == len(header) else None for cells in parsed[1:]]

    def put(new: Sequence[Any]) -> None:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=obj.delimiter or ",").writerows([list(row.values()) for row in new])
        end = "" if text.endswith("\n") else "\r\n"
        write_text(path, text + end + out.getvalue(), encoding)

    return LandedFile(path, obj, rows, put)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def read_text(path: Path) -> tuple[str, str]:
    """Text and encoding of a landed file, unpacked."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding), encoding if data[
                :3
            ] == b"\xef\xbb\xbf" or encoding != "utf-8-sig" else "utf-8"
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def write_text(path: Path, text: str, encoding: str) -> None:
    data = text.encode(encoding)
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor().compress(data)
    path.write_bytes(data)
