"""The audit log: who looked at whom, why, and in which snapshot. Ids and counts only, never a personal value."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from profiles.ops import from_timestamp, open_ops, timestamp

_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit_log (
  audit_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  at         TEXT NOT NULL,
  actor      TEXT NOT NULL,
  action     TEXT NOT NULL,
  profile_id TEXT NOT NULL,
  purpose    TEXT NOT NULL,
  snapshot   TEXT NOT NULL,
  profiles   INTEGER NOT NULL,
  detail     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_log_by_profile ON audit_log (profile_id, at);
"""


@dataclass(frozen=True)
class AuditEntry:
    """One look or act. `actor` is ``key:<id>``, ``session:<name>`` or ``cli:<user>``; `action` names the kind of look
    (``profile``, ``profile_clear``, ``timeline``, ``features`` …); `profile_id` is '' where several are concerned, and
    `profiles` says how many; `detail` holds names of segments or files, never a value."""

    audit_id: int
    at: datetime
    actor: str
    action: str
    profile_id: str
    purpose: str
    snapshot: str
    profiles: int
    detail: str


class AuditLog:
    """The audit log in the state file; safe for any number of threads. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self._con = open_ops(path, _SCHEMA)
        self._lock = threading.Lock()
        self._counting = threading.Lock()  # apart: counting must not wait while an entry waits for another process
        self._counted: dict[tuple[str, str, str, str], int] = {}

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what was counted and let go of the file."""
        self.flush()
        with self._lock:
            self._con.close()

    def record(
        self,
        actor: str,
        action: str,
        *,
        profile_id: str = "",
        purpose: str = "",
        snapshot: str = "",
        profiles: int = 1,
        detail: str = "",
    ) -> None:
        """Write one entry, durably, before the answer goes out."""
        self._write([(timestamp(), actor, action, profile_id, purpose, snapshot, profiles, detail)])

    def count(self, actor: str, action: str, *, purpose: str = "", snapshot: str = "", profiles: int = 1) -> None:
        """Add to the looks of one kind that `flush` writes as a single entry.

        For feature reads by machines: thousands a second, pseudonymous, so who read how many is kept and not each.
        """
        place = (actor, action, purpose, snapshot)
        with self._counting:
            self._counted[place] = self._counted.get(place, 0) + profiles

    def flush(self) -> None:
        """Write an entry for each actor, action, purpose and snapshot counted since the last time."""
        with self._counting:
            counted, self._counted = self._counted, {}
        at = timestamp()
        try:
            self._write([(at, actor, action, "", *place, n, "") for (actor, action, *place), n in counted.items()])
        except BaseException:
            # Nothing was written: what was counted is written the next time.
            with self._counting:
                for key, n in counted.items():
                    self._counted[key] = self._counted.get(key, 0) + n
            raise

    def entries(self, *, profile_id: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """The last `limit` entries, newest first; of one profile where `profile_id` is given."""
        where = "WHERE profile_id = :profile_id" if profile_id is not None else ""
        with self._lock:
            rows = self._con.execute(
                f"SELECT * FROM audit_log {where} ORDER BY audit_id DESC LIMIT :limit",
                {"profile_id": profile_id, "limit": limit},
            ).fetchall()
        return [_entry(row) for row in rows]

    def _write(self, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        with self._lock:
            self._con.execute("BEGIN IMMEDIATE")
            try:
                self._con.executemany(
                    "INSERT INTO audit_log (at, actor, action, profile_id, purpose, snapshot, profiles, detail)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
            except BaseException:
                self._con.execute("ROLLBACK")
                raise
            self._con.execute("COMMIT")


def _entry(row: sqlite3.Row) -> AuditEntry:
    facts: Mapping[str, object] = {name: row[name] for name in row.keys()}  # noqa: SIM118 (a Row iterates values)
    return AuditEntry(**{**facts, "at": from_timestamp(row["at"])})  # type: ignore[arg-type]
