"""Refused rows as a file that an engineer edits and delivers again, and the trail from such rows to their origin.

An exported row carries `_quarantine` (file, line, reason). The contract does not know that field, so it stays with the
row in `_extra` of raw, and nothing else has to remember where the row came from.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Receipt
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.feeds import file_format
from cdp_pipeline.sources.ingest import output_path
from cdp_pipeline.sql_text import literal

ORIGIN = "_quarantine"
HOW_TO_DELIVER = {
    "append": "correct the rows and drop the file into any delivery day of the object",
    "upsert": "correct the rows and drop the file into any delivery day of the object; the newest version counts",
    "full_snapshot": "correct the rows and drop the file into the snapshot's own delivery day, beside it",
    "replace_partition": "a new file would replace the whole day: correct the delivered file itself instead",
}  # fmt: skip


class CorrectionError(ValueError):
    """The rows cannot be exported as asked; the text is one line."""


def export_refused(
    home: Home, obj: ObjectContract, out: Path, *, dt: str | None = None, reason: str | None = None
) -> int:
    """Write the refused rows of an object to `out` (mode 0600; the ending says JSONL or CSV); returns their number.

    JSON records become one line each; text that is no JSON comes in the field ``_text``, to be written out by hand. CSV
    lines come under their own header; cells that are too many or too few are to be mended. Raises CorrectionError where
    `out` exists, and where its format is not the one the rows have.
    """
    wanted = file_format(out.name)
    if wanted not in ("jsonl", "csv") or out.suffix in (".gz", ".zst"):
        raise CorrectionError(f"{out.name}: the ending must be .jsonl or .csv")
    if out.exists():
        raise CorrectionError(f"{out} exists: name another file")
    if not out.parent.is_dir():
        raise CorrectionError(f"{out.parent}: no such folder")
    rows = _refused(home, obj, dt, reason)
    is_csv = [file_format(row["file"]) == "csv" for row in rows]
    if rows and any(flag != (wanted == "csv") for flag in is_csv):
        have = sorted({"csv" if flag else "jsonl" for flag in is_csv})
        raise CorrectionError(f"{out.name}: the refused rows are {' and '.join(have)}: choose that ending, or one --dt")
    text = _csv_text(home, rows, obj) if wanted == "csv" else _jsonl_text(rows)
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
    return len(rows)


def corrected(home: Home, receipts: Sequence[Receipt]) -> set[tuple[str, int]]:
    """File and line of every refused row that came back corrected and stands in raw."""
    files = [
        output_path(home.raw(r.source, r.object, r.dt), r.file)
        for r in receipts
        if ORIGIN in r.extra_fields and r.loaded
    ]
    there = ", ".join(literal(path) for path in files if path.exists())
    if not there:
        return set()
    with duckdb.connect() as con:
        rows = con.execute(f"""
          SELECT json_extract_string(o, '$.file'), TRY_CAST(json_extract_string(o, '$.line') AS BIGINT) FROM (
            SELECT CASE WHEN json_valid(o) THEN o END AS o FROM (
              SELECT json_extract_string(_extra, '$.{ORIGIN}') AS o
              FROM read_parquet([{there}], union_by_name = true, hive_partitioning = false) WHERE _extra IS NOT NULL))
          """).fetchall()
    return {(str(file), int(line)) for file, line in rows if file is not None and line is not None}


def _refused(home: Home, obj: ObjectContract, dt: str | None, reason: str | None) -> list[dict[str, Any]]:
    folder = home.quarantine(obj.source, obj.name)
    files = sorted(folder.glob(f"dt={dt or '*'}/*.parquet"))
    if not files:
        return []
    listed = ", ".join(literal(path) for path in files)
    with duckdb.connect() as con:
        relation = con.execute(
            f"SELECT * FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
            " WHERE $reason IS NULL OR contains(lower(reasons), lower($reason)) ORDER BY file, line",
            {"reason": reason},
        )
        names = [column[0] for column in relation.description]
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]


def _origin(row: dict[str, Any]) -> dict[str, Any]:
    return {"file": row["file"], "line": row["line"], "reason": row["reasons"]}


def _jsonl_text(rows: Sequence[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        try:
            # Numbers stay as they were written: ids may be longer than a float holds.
            record = json.loads(row["raw"], parse_float=_Number, parse_int=_Number)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            record = {"_text": row["raw"]}
        lines.append(_dumps({**record, ORIGIN: _origin(row)}) + "\n")
    return "".join(lines)


class _Number(float):
    """A JSON number that keeps its spelling."""

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def _dumps(value: object) -> str:
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dumps(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _csv_text(home: Home, rows: Sequence[dict[str, Any]], obj: ObjectContract) -> str:
    out = io.StringIO()
    header: list[str] = []
    delimiter = ","
    for row in rows:
        if not row.get("layout"):
            raise CorrectionError(f"{row['file']}: read before headers were kept: `cdp quarantine replay` it first")
        layout = json.loads(row["layout"])
        if header and layout["header"] != header:
            raise CorrectionError("the files with refused rows have different headers: choose one with --dt")
        header, delimiter = layout["header"], layout["delimiter"]
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*header, ORIGIN])
    for row in rows:
        try:
            cells = next(csv.reader(row["raw"].splitlines(keepends=True), delimiter=delimiter), [])
        except csv.Error:
            cells = [row["raw"].rstrip("\r\n")]
        cells += [""] * (len(header) - len(cells))
        writer.writerow([*cells, _dumps(_origin(row))])
    return out.getvalue()


__all__ = ["HOW_TO_DELIVER", "ORIGIN", "CorrectionError", "corrected", "export_refused"]
