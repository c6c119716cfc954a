"""A file read by a contract without taking anything in: what would be good, what refused, what the contract misses."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.feeds import FileFaultError, file_format
from cdp_pipeline.sources.load import load_file
from cdp_pipeline.sql_text import literal


@dataclass(frozen=True)
class Trial:
    """Rows delivered = good + refused; refusals by first reason; fields of the contract that no good row fills; fields
    of the file that the contract does not know, with rows; whether the error budget is passed. `fault` says why nothing
    could be read at all."""

    object: str
    delivered: int = 0
    good: int = 0
    refused: int = 0
    reasons: Mapping[str, int] | None = None
    never_filled: tuple[str, ...] = ()
    unknown: Mapping[str, int] | None = None
    is_over_budget: bool = False
    fault: str = ""


def dry_read(obj: ObjectContract, file: Path) -> Trial:
    """Read a sample by a contract; nothing stays on disk."""
    if (fmt := file_format(file.name)) not in obj.formats:
        return Trial(obj.name, fault=f"{fmt or 'unknown format'} is not among {', '.join(obj.formats)}")
    with tempfile.TemporaryDirectory() as folder:
        raw, quarantine = Path(folder) / "raw.parquet", Path(folder) / "quarantine.parquet"
        try:
            load = load_file(file, obj, date(2000, 1, 1), "trial", file.name, raw, quarantine)
        except FileFaultError as fault:
            return Trial(obj.name, fault=str(fault))
        load.place()
        counts = ", ".join(f'count("{f.name}")' for f in obj.fields)
        with duckdb.connect() as con:
            filled = con.execute(f"SELECT {counts} FROM read_parquet({literal(raw)})").fetchall()[0]
    return Trial(
        object=obj.name,
        delivered=load.delivered,
        good=load.loaded,
        refused=load.quarantined,
        reasons=load.reasons,
        never_filled=tuple(f.name for f, count in zip(obj.fields, filled, strict=True) if not count),
        unknown=load.extra_fields,
        is_over_budget=load.quarantined > obj.error_budget * load.delivered,
    )


__all__ = ["Trial", "dry_read"]
