"""The export log in ``state/ops.sqlite``: what went where, by which definition, from which snapshot. Counts only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from profiles.ops import from_timestamp, open_ops, ops_path, timestamp

_SCHEMA = """
CREATE TABLE IF NOT EXISTS exports (
  export_id          TEXT PRIMARY KEY,
  destination        TEXT NOT NULL,
  kind               TEXT NOT NULL,
  segment            TEXT NOT NULL,
  definition_version TEXT NOT NULL,
  purpose            TEXT NOT NULL,
  channel            TEXT NOT NULL,
  snapshot           TEXT NOT NULL,
  exported_at        TEXT NOT NULL,
  members            INTEGER NOT NULL,
  added              INTEGER NOT NULL,
  changed            INTEGER NOT NULL,
  removed            INTEGER NOT NULL,
  dead_letters       INTEGER NOT NULL,
  counts             TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS export_batches (
  export_id    TEXT NOT NULL,
  batch        INTEGER NOT NULL,
  outcome      TEXT NOT NULL,
  finished_at  TEXT NOT NULL,
  PRIMARY KEY (export_id, batch)
);
"""


@dataclass(frozen=True)
class ExportRecord:
    """One delivered export. `members` is how many the receiver holds after it, `counts` the segment's members by what
    became of them (see `audience.STATES`); `dead_letters` are members that the receiver refused."""

    export_id: str
    destination: str
    kind: str
    segment: str
    definition_version: str
    purpose: str
    channel: str
    snapshot: str
    exported_at: datetime
    members: int
    added: int
    changed: int
    removed: int
    dead_letters: int
    counts: Mapping[str, int]


def record(home: Path, export: ExportRecord) -> None:
    """Write `export`; the same one twice is one."""
    values = asdict(export) | {"exported_at": timestamp(export.exported_at), "counts": json.dumps(dict(export.counts))}
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    with closing(open_ops(ops_path(home), _SCHEMA)) as con:
        con.execute(f"INSERT OR IGNORE INTO exports ({names}) VALUES ({marks})", values)


def history(home: Path, destination: str | None = None, segment: str | None = None) -> list[ExportRecord]:
    """All exports, the newest first, of one destination or segment where they are named."""
    if not ops_path(home).exists():
        return []
    with closing(open_ops(ops_path(home), _SCHEMA)) as con:
        rows = con.execute(
            """SELECT * FROM exports WHERE (:d IS NULL OR destination = :d) AND (:s IS NULL OR segment = :s)
            ORDER BY rowid DESC""",
            {"d": destination, "s": segment},
        ).fetchall()
    return [
        ExportRecord(
            **{**dict(row), "exported_at": from_timestamp(row["exported_at"]), "counts": json.loads(row["counts"])}
        )
        for row in rows
    ]


def finished_batches(home: Path, export_id: str) -> dict[int, str]:
    """Batches of an export that were answered, and how: ``sent`` or ``refused``."""
    with closing(open_ops(ops_path(home), _SCHEMA)) as con:
        rows = con.execute("SELECT batch, outcome FROM export_batches WHERE export_id = ?", [export_id]).fetchall()
    return {row["batch"]: row["outcome"] for row in rows}


def finish_batch(home: Path, export_id: str, batch: int, outcome: str) -> None:
    """Note that a batch was answered, so that no later try sends it again."""
    with closing(open_ops(ops_path(home), _SCHEMA)) as con:
        con.execute(
            "INSERT OR IGNORE INTO export_batches VALUES (?, ?, ?, ?)", [export_id, batch, outcome, timestamp()]
        )
