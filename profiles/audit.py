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


# `detail` of an entry whose number was reserved, and not settled because the server was killed.
AT_MOST = "at most"
# Looks that the first entry of a caller leaves room for; later ones follow what it read before.
_FIRST_RESERVE = 100
_Place = tuple[str, str, str, str]


@dataclass
class _Counted:
    """An entry on disk that `reserved` looks may share; there were `profiles` so far."""

    audit_id: int
    reserved: int = 0
    profiles: int = 0


@dataclass(frozen=True)
class AuditEntry:
    """One look or act. `actor` is ``key:<id>``, ``session:<name>`` or ``cli:<user>``; `action` names the kind of look
    (``profile``, ``profile_clear``, ``timeline``, ``features`` …); `profile_id` is '' where several are concerned, and
    `profiles` says how many (``at most`` in `detail` where a server was killed before it knew); `detail` holds names of
    segments or files, never a value."""

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
        self._counted: dict[_Place, _Counted] = {}
        self._settling: list[_Counted] = []
        self._reads_before: dict[_Place, int] = {}

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
        with self._lock:
            self._insert([(timestamp(), actor, action, profile_id, purpose, snapshot, profiles, detail)])

    def count(self, actor: str, action: str, *, purpose: str = "", snapshot: str = "", profiles: int = 1) -> bool:
        """Add to the looks of one kind that share an entry; False where `reserve` must be called instead.

        For feature reads by machines: thousands a second, pseudonymous, so who read how many is kept and not each. The
        entry is on disk before the first of them is answered and says ``at most`` how many, so that a server that is
        killed leaves too high a number and never too low a one; `flush` writes what it was.
        """
        with self._counting:
            counted = self._counted.get((actor, action, purpose, snapshot))
            if counted is None or counted.profiles + profiles > counted.reserved:
                return False
            counted.profiles += profiles
            return True

    def reserve(self, actor: str, action: str, *, purpose: str = "", snapshot: str = "", profiles: int = 1) -> None:
        """`count` where the entry is missing or used up: writes one for these looks and the next ones. May wait."""
        place = (actor, action, purpose, snapshot)
        with self._lock:
            with self._counting:
                counted = self._counted.get(place)
                if counted and counted.profiles + profiles <= counted.reserved:  # by another thread, a moment ago
                    counted.profiles += profiles
                    return
                before = counted.profiles if counted else 0
                reserved = before + profiles + max(before, _FIRST_RESERVE, self._reads_before.get(place, 0))
            if counted is None:
                row = (timestamp(), actor, action, "", purpose, snapshot, reserved, AT_MOST)
                counted = _Counted(self._insert([row]))
            else:
                self._con.execute("UPDATE audit_log SET profiles = ? WHERE audit_id = ?", (reserved, counted.audit_id))
            with self._counting:
                counted.reserved = reserved
                counted.profiles += profiles
                self._counted[place] = counted

    def flush(self) -> None:
        """Write into the entry of each actor, action, purpose and snapshot how many it was; the next begin new ones."""
        with self._lock:
            with self._counting:
                self._reads_before = {place: counted.profiles for place, counted in self._counted.items()}
                self._settling += self._counted.values()
                self._counted = {}
            if not self._settling:
                return
            # Where this fails, the entries stay as they are and are settled the next time.
            self._con.execute("BEGIN IMMEDIATE")
            try:
                self._con.executemany(
                    "UPDATE audit_log SET profiles = ?, detail = '' WHERE audit_id = ?",
                    [(counted.profiles, counted.audit_id) for counted in self._settling],
                )
            except BaseException:
                self._con.execute("ROLLBACK")
                raise
            self._con.execute("COMMIT")
            self._settling = []

    def entries(self, *, profile_id: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """The last `limit` entries, newest first; of one profile where `profile_id` is given."""
        where = "WHERE profile_id = :profile_id" if profile_id is not None else ""
        with self._lock:
            rows = self._con.execute(
                f"SELECT * FROM audit_log {where} ORDER BY audit_id DESC LIMIT :limit",
                {"profile_id": profile_id, "limit": limit},
            ).fetchall()
        return [_entry(row) for row in rows]

    def _insert(self, rows: Sequence[tuple[object, ...]]) -> int:
        """Insert entries, holding the lock; returns the last one's id."""
        self._con.execute("BEGIN IMMEDIATE")
        try:
            for row in rows:
                last = self._con.execute(
                    "INSERT INTO audit_log (at, actor, action, profile_id, purpose, snapshot, profiles, detail)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                ).lastrowid
        except BaseException:
            self._con.execute("ROLLBACK")
            raise
        self._con.execute("COMMIT")
        return int(last or 0)


def _entry(row: sqlite3.Row) -> AuditEntry:
    facts: Mapping[str, object] = {name: row[name] for name in row.keys()}  # noqa: SIM118 (a Row iterates values)
    return AuditEntry(**{**facts, "at": from_timestamp(row["at"])})  # type: ignore[arg-type]
