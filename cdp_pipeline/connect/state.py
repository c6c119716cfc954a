"""Where each object of each connection goes on: ``connect_positions`` in ``state/ops.sqlite``. No secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops

_SCHEMA = """
CREATE TABLE IF NOT EXISTS connect_positions (
  connection TEXT NOT NULL,
  host       TEXT NOT NULL,
  object     TEXT NOT NULL,
  position   TEXT NOT NULL,
  files      INTEGER NOT NULL,
  records    INTEGER NOT NULL,
  outcome    TEXT NOT NULL,
  pulled_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (connection, host, object)
);
"""


@dataclass(frozen=True)
class Progress:
    """How far one object is: `position` as in ``walks.py``, files and records landed in all, the last outcome."""

    position: Mapping[str, Any] = field(default_factory=dict)
    files: int = 0
    records: int = 0
    outcome: str = ""
    pulled_at: str = ""


class Positions:
    """The positions of one connection. Use as a context manager."""

    def __init__(self, home: Home, connection: str, host: str) -> None:
        self._key = (connection, host)
        self._ops = Ops(home.ops_db)
        with self._ops.transaction() as con:
            con.execute(_SCHEMA)

    def __enter__(self) -> Positions:
        return self

    def __exit__(self, *exc: object) -> None:
        self._ops.close()

    def read(self, obj: str) -> Progress:
        """Progress of one object; a fresh one when it was never pulled."""
        with self._ops.transaction() as con:
            rows = con.execute(
                "SELECT position, files, records, outcome, pulled_at FROM connect_positions"
                " WHERE connection = ? AND host = ? AND object = ?",
                (*self._key, obj),
            ).fetchall()
        if not rows:
            return Progress()
        row = rows[0]
        return Progress(json.loads(row[0]), int(row[1]), int(row[2]), str(row[3]), str(row[4]))

    def save(self, obj: str, progress: Progress) -> None:
        """Commit; the files that the position stands for must be in place."""
        position = json.dumps(dict(progress.position), sort_keys=True)
        with self._ops.transaction() as con:
            con.execute(
                "INSERT OR REPLACE INTO connect_positions (connection, host, object, position, files, records, outcome)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*self._key, obj, position, progress.files, progress.records, progress.outcome),
            )
