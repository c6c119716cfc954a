"""Receipts of ingest as Parquet, so that dbt can model them. Typed also when nothing was ever ingested."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import Reconciliation, reconcile
from cdp_pipeline.sources.run_report import run_reports

FILES = pa.schema(
    [
        ("source", pa.string()),
        ("object", pa.string()),
        ("dt", pa.date32()),
        ("file", pa.string()),
        ("rows_delivered", pa.int64()),
        ("rows_raw", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_erased", pa.int64()),
        ("status", pa.string()),
        ("message", pa.string()),
    ]
)
REASONS = pa.schema(
    [
        ("source", pa.string()),
        ("object", pa.string()),
        ("dt", pa.date32()),
        ("reason", pa.string()),
        ("rows", pa.int64()),
    ]
)
RUNS = pa.schema(
    [
        ("run_id", pa.string()),
        ("finished_at", pa.timestamp("us")),
        ("source", pa.string()),
        ("object", pa.string()),
        ("files", pa.int64()),
        ("files_failed", pa.int64()),
        ("files_over_budget", pa.int64()),
        ("files_duplicate", pa.int64()),
        ("rows_delivered", pa.int64()),
        ("rows_raw", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("reasons", pa.string()),
        ("new_fields", pa.string()),
        ("drift", pa.string()),
        ("seconds", pa.float64()),
    ]
)


def export_ops(home: Home) -> dict[str, int]:
    """Write ``lake/ops/{ingest_files,quarantine_reasons,ingest_runs}.parquet``; returns rows by table.

    In ``ingest_runs`` (one row per run and object) reasons and new fields are JSON objects of rows by name, drift is a
    JSON list of lines.
    """
    with Ops(home.ops_db) as ops:
        receipts = ops.receipts()
        reports = run_reports(ops.log())
    runs = [
        {
            "run_id": report.run_id,
            "finished_at": datetime.fromisoformat(report.finished_at).replace(tzinfo=None),
            "source": one.source,
            "object": one.object,
            "files": one.files,
            "files_failed": one.failed,
            "files_over_budget": one.over_budget,
            "files_duplicate": one.duplicates,
            "rows_delivered": one.delivered,
            "rows_raw": one.loaded,
            "rows_quarantined": one.quarantined,
            "reasons": json.dumps(dict(one.reasons), ensure_ascii=False),
            "new_fields": json.dumps(dict(one.new_fields), ensure_ascii=False),
            "drift": json.dumps(list(one.drift), ensure_ascii=False),
            "seconds": one.seconds,
        }
        for report in reports
        for one in report.objects
    ]
    files = [
        {
            "source": r.source,
            "object": r.object,
            "dt": r.dt,
            "file": r.file,
            "rows_delivered": r.delivered,
            "rows_raw": r.loaded,
            "rows_quarantined": r.quarantined,
            "rows_erased": r.erased,
            "status": r.status,
            "message": r.message,
        }
        for r in receipts
    ]
    reasons: dict[tuple[Any, ...], int] = {}
    # earlier releases left its reasons to a file that a later delivery had replaced
    for r in [r for r in receipts if r.quarantined]:
        for reason, rows in r.reasons.items():
            key = (r.source, r.object, r.dt, reason)
            reasons[key] = reasons.get(key, 0) + rows
    counted = [dict(zip(REASONS.names, (*key, rows), strict=True)) for key, rows in sorted(reasons.items())]
    _write(home.lake / "ops" / "ingest_files.parquet", pa.Table.from_pylist(files, FILES))
    _write(home.lake / "ops" / "quarantine_reasons.parquet", pa.Table.from_pylist(counted, REASONS))
    _write(home.lake / "ops" / "ingest_runs.parquet", pa.Table.from_pylist(runs, RUNS))
    return {"ingest_files": len(files), "quarantine_reasons": len(counted), "ingest_runs": len(runs)}


def reconciliation(home: Home) -> Reconciliation:
    """Every receipt held against raw, quarantine and landing."""
    with Ops(home.ops_db) as ops:
        return reconcile(home, ops)


def is_reconciled(home: Home) -> bool:
    """Delivered rows stand in raw or in quarantine, for every file."""
    return reconciliation(home).ok


def _write(target: Path, table: pa.Table) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    pq.write_table(table, part, compression="zstd")
    part.replace(target)
