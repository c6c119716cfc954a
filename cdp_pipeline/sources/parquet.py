"""A landed Parquet file to raw columns: read natively, with the same paths, casts and checks as every other format.

A timestamp column is what it says whatever epoch unit the contract expects of other formats, nested values are JSON,
and what is refused is kept as one JSON object.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.sources.casts import EPOCH_UNITS
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.extract import (
    body_checks,
    json_paths,
    null_patch,
    path_list,
    scalar_paths,
    select_records,
    special_cells,
    without_empty_objects,
)
from cdp_pipeline.sources.feeds import FileFaultError
from cdp_pipeline.sql_text import literal


class ParquetTable:
    """One landed Parquet file: `records` from its footer, `sha256` of its bytes. Raises FileFaultError."""

    def __init__(self, path: Path, obj: ObjectContract) -> None:
        self.path, self.obj = path, obj
        try:
            self.records: int = pq.read_metadata(path).num_rows
            self.schema: pa.Schema = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise FileFaultError("damaged or no Parquet file") from None
        if len({name.lower() for name in self.schema.names}) != len(self.schema.names):
            raise FileFaultError("two columns have the same name")
        with path.open("rb") as handle:
            self.sha256 = hashlib.file_digest(handle, "sha256").hexdigest()

    @property
    def header(self) -> list[str]:
        return [str(name) for name in self.schema.names]

    def present(self, paths: Sequence[str]) -> set[str]:
        """Those of `paths` whose column there is."""
        return {p for p in paths if self._column(p) is not None}

    def select(self, file: str, dt: date, run_id: str) -> str:
        """Raw columns of the file's rows; `line` is the row number."""
        scalars, jsons = scalar_paths(self.obj), json_paths(self.obj)
        cells = {p: self._text(p) for p in scalars} | special_cells(self.obj, file)
        texts = {
            f.name: f"coalesce({', '.join(self._json(p) for p in f.paths)})"
            for f in self.obj.fields
            if f.type == "json"
        }
        whole = {c for p in [*scalars, *jsons, *self.obj.drop] if (c := self._column(p)) == p}
        left = [c for c in self.header if c not in whole]
        inside = [p for p in [*scalars, *jsons, *self.obj.drop] if self._column(p) not in (None, p)]
        extra = "NULL::VARCHAR"
        if left:
            patch = null_patch(inside)
            # The empty patch first: it removes the keys of columns that are null.
            object_ = f"json_merge_patch('{{}}'::JSON, to_json({_struct(left)}))"
            merged = f"TRY(json_merge_patch({object_}, {patch}))::VARCHAR" if inside else f"{object_}::VARCHAR"
            extra = without_empty_objects(merged, inside)
        shown = [c for c in self.header if c not in self.obj.drop]
        kept = f"to_json({_struct(shown)})::VARCHAR" if shown else "'{}'"
        # One struct, so that no column of the file is taken for one of the reader's.
        whole_row = "{" + ", ".join(f"{literal(c)}: {_quoted(c)}" for c in self.header) + "}"
        source = f"""
          SELECT file_row_number + 1 AS line, {whole_row} AS raw, NULL::VARCHAR AS problem, '' AS v
          FROM read_parquet({literal(glob.escape(str(self.path)))}, file_row_number = true, binary_as_string = true,
            hive_partitioning = false)"""
        return select_records(
            self.obj, source, cells, texts, extra, kept, file, dt, run_id, checks=body_checks(self.obj, cells)
        )

    def _column(self, path: str) -> str | None:
        """The column that `path` is or leads into; a column of the whole name wins."""
        parts = path.split(".")
        for size in range(len(parts), 0, -1):
            name = ".".join(parts[:size])
            if name in self.schema.names:
                return name
        return None

    def _text(self, path: str) -> str:
        column = self._column(path)
        if column is None:
            return "(NULL::VARCHAR)"
        kind, cell = self.schema.field(column).type, _cell(column)
        if column != path:
            return f"TRY(json_extract_string({self._as_json(column)}, {path_list([path[len(column) + 1 :]])})[1])"
        if pa.types.is_nested(kind):
            return f"(to_json({cell})::VARCHAR)"
        if pa.types.is_timestamp(kind):
            units = [EPOCH_UNITS[f.type] for f in self.obj.fields if path in f.paths and f.type in EPOCH_UNITS]
            if units:
                return f"((epoch_us({cell})::DECIMAL(25,6) / {units[0]})::VARCHAR)"
        return f"({cell}::VARCHAR)"  # in brackets: an index may follow, and VARCHAR[1] is a type

    def _json(self, path: str) -> str:
        column = self._column(path)
        if column is None:
            return "(NULL::VARCHAR)"
        text = self._as_json(column)
        if column != path:
            text = f"TRY(json_extract({text}, {path_list([path[len(column) + 1 :]])})[1])"
        return f"nullif({text}::VARCHAR, 'null')"

    def _as_json(self, column: str) -> str:
        """A nested column as JSON; a text column is JSON when it holds some, and a JSON string otherwise."""
        cell = _cell(column)
        if pa.types.is_nested(self.schema.field(column).type):
            return f"CASE WHEN {cell} IS NOT NULL THEN to_json({cell})::VARCHAR END"
        text = f"{cell}::VARCHAR"
        return f"CASE WHEN json_valid({text}) THEN {text} ELSE to_json(nullif({text}, ''))::VARCHAR END"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(column: str) -> str:
    return f"raw.{_quoted(column)}"


def _struct(columns: Sequence[str]) -> str:
    return "{" + ", ".join(f"{literal(c)}: {_cell(c)}" for c in columns) + "}"
