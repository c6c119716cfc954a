"""Landing files: from a query to one file for each delivery day, the same bytes for the same rows."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import zstandard

from cdp_pipeline.generate._base import DAYS, FIRST_DAY
from cdp_pipeline.sql_text import literal

Format = Literal["jsonl.zst", "jsonl.gz", "jsonl", "json", "csv"]


@dataclass(frozen=True)
class Export:
    """One object of a source: a query with `dt` (delivery day) and `o` (order of rows) beside the native columns.

    `envelope` is the key under which a page of the source's API wraps its records; with one, the small later
    deliveries land as such pages. `first` and `later` are the formats of the initial load and of the days after it.
    `after_header`: lines that the system writes between a CSV file's header and its rows.
    """

    source: str
    object: str
    query: str
    first: Format = "jsonl.zst"
    later: Format = "jsonl"
    envelope: str | None = None
    after_header: str = ""


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            yield chunk


def compress(plain: Path, target: Path, *, level: int = 12) -> None:
    """Write `plain` to `target` as the ending says (.zst, .gz or none), without a time stamp inside, and remove it."""
    if target.suffix == ".zst":
        packer = zstandard.ZstdCompressor(level=level).compressobj()
        with target.open("wb") as out:
            for chunk in _chunks(plain):
                out.write(packer.compress(chunk))
            out.write(packer.flush())
    elif target.suffix == ".gz":
        with target.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as out_gz:
            for chunk in _chunks(plain):
                out_gz.write(chunk)
    else:
        plain.replace(target)
        return
    plain.unlink()


def _wrap(plain: Path, key: str) -> None:
    lines = plain.read_text(encoding="utf-8").splitlines()
    plain.write_text('{"' + key + '":[' + ",\n".join(lines) + "]}\n", encoding="utf-8")


def write_export(
    con: duckdb.DuckDBPyConnection, landing: Path, export: Export, *, level: int, bad_rows: tuple[str, ...] = ()
) -> int:
    """Write the files of `export` below `landing`, `bad_rows` at the end of the initial load's file.

    Returns the number of good records. The initial load must be JSON lines where there are bad rows.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE out_rows AS {export.query}")
    written = 0
    counts = dict(con.execute("SELECT dt, count(*) FROM out_rows GROUP BY dt").fetchall())
    unknown = set(counts) - set(DAYS)
    if unknown:
        raise ValueError(
            f"{export.source}/{export.object}: delivery days outside the plan: {sorted(map(str, unknown))}"
        )
    for day in DAYS:
        if not counts.get(day):
            continue
        kind: Format = export.first if day == FIRST_DAY else export.later
        if kind == "json" and export.envelope is None:
            kind = "jsonl"
        folder = landing / export.source / export.object / f"dt={day.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{export.object}.{kind}"
        plain = folder / ".plain"
        rows = f"(SELECT * EXCLUDE (dt, o) FROM out_rows WHERE dt = DATE '{day.isoformat()}' ORDER BY o)"
        style = "FORMAT csv, HEADER true" if kind == "csv" else "FORMAT json"
        con.execute(f"COPY {rows} TO {literal(plain)} ({style}, COMPRESSION none)")
        if kind == "json" and export.envelope is not None:
            _wrap(plain, export.envelope)
        if kind == "csv" and export.after_header:
            header, _, lines = plain.read_text(encoding="utf-8").partition("\n")
            plain.write_text(f"{header}\n{export.after_header}{lines}", encoding="utf-8")
        if bad_rows and day == FIRST_DAY:
            with plain.open("a", encoding="utf-8") as more:
                more.writelines(line + "\n" for line in bad_rows)
        compress(plain, target, level=level)
        written += counts[day]
    con.execute("DROP TABLE out_rows")
    return written
