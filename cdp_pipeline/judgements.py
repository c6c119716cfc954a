"""Judgements by people in ``state/ops.sqlite``: recorded, taken back, never deleted.

A row is written once; only its ``revoked_`` columns may be filled in later, once. A later judgement on the same pair
revokes the earlier one. A judgement that contradicts the others is refused before it is written.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.ops import Ops

if TYPE_CHECKING:
    from identity.judgements import Judgement

_SCHEMA = """
CREATE TABLE IF NOT EXISTS judgements (
  judgement_id  INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id_l   TEXT NOT NULL,
  record_id_r   TEXT NOT NULL,
  judgement     TEXT NOT NULL CHECK (judgement IN ('positive', 'negative', 'unsure')),
  author        TEXT NOT NULL,
  reason        TEXT NOT NULL,
  evidence      TEXT,
  created_at    TEXT NOT NULL,
  revoked_at    TEXT,
  revoked_by    TEXT,
  revoke_reason TEXT,
  CHECK (record_id_l < record_id_r)
);
CREATE UNIQUE INDEX IF NOT EXISTS judgements_live ON judgements (record_id_l, record_id_r) WHERE revoked_at IS NULL;
CREATE TRIGGER IF NOT EXISTS judgements_are_kept BEFORE DELETE ON judgements
BEGIN SELECT RAISE(ABORT, 'judgements are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS judgements_are_revoked_once BEFORE UPDATE ON judgements
WHEN OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL
  OR NEW.judgement_id IS NOT OLD.judgement_id OR NEW.record_id_l IS NOT OLD.record_id_l
  OR NEW.record_id_r IS NOT OLD.record_id_r OR NEW.judgement IS NOT OLD.judgement OR NEW.author IS NOT OLD.author
  OR NEW.reason IS NOT OLD.reason OR NEW.evidence IS NOT OLD.evidence OR NEW.created_at IS NOT OLD.created_at
BEGIN SELECT RAISE(ABORT, 'a judgement can only be revoked, and only once'); END;
"""
_COLUMNS = (
    "judgement_id, record_id_l, record_id_r, judgement, author, reason, evidence, created_at, revoked_at, revoked_by,"
    " revoke_reason"
)


class Contradicted(ValueError):
    """A judgement contradicts others; the text is one line with the path."""


class NotJudged(ValueError):
    """There is no live judgement to take back; the text is one line."""


@dataclass(frozen=True)
class Recorded:
    """One row of ``judgements``; times are ISO 8601 in UTC. `record_id_l` < `record_id_r`."""

    judgement_id: int
    record_id_l: str
    record_id_r: str
    judgement: str
    author: str
    reason: str
    evidence: str | None
    created_at: str
    revoked_at: str | None
    revoked_by: str | None
    revoke_reason: str | None


@dataclass(frozen=True)
class Decision:
    """What someone decides about two records; `line` is that of the file it came from (0 = none)."""

    record_id_l: str
    record_id_r: str
    judgement: str
    author: str
    reason: str = ""
    evidence: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Outcome:
    """What recording one decision did: `status` is ``recorded``, ``superseded`` (`earlier` was revoked), ``unchanged``
    (the live one says the same, and stays) or ``taken_back`` (recorded before and undone since)."""

    status: str
    judgement: Recorded
    earlier: Recorded | None = None


class JudgementStore(Ops):
    """The judgements in the state file. Use as a context manager; one instance per thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._con.executescript(_SCHEMA)

    def __enter__(self) -> JudgementStore:
        return self

    def judgements(self, *, revoked: bool = False) -> list[Recorded]:
        """Live judgements by id; with `revoked` those taken back as well."""
        where = "1" if revoked else "revoked_at IS NULL"
        rows = self._con.execute(f"SELECT {_COLUMNS} FROM judgements WHERE {where} ORDER BY judgement_id")
        return [Recorded(*row) for row in rows.fetchall()]

    def record(self, decisions: Sequence[Decision], *, where: str = "", once: bool = False) -> list[Outcome]:
        """Record all `decisions` or none. Raises Contradicted with the path of judgements; `where` names their file.

        With `once` a decision that was recorded before, by the same author for the same reason, is not recorded again
        though it was undone or overruled since: a file can be imported any number of times.
        """
        with self.transaction() as con:
            outcomes = [self._record(con, decision, once) for decision in decisions]
            self._check(decisions, where)
        return outcomes

    def undo(self, record_a: str, record_b: str, *, author: str, reason: str = "") -> Recorded:
        """Take back the live judgement on two records. Raises NotJudged where there is none."""
        left, right = sorted((record_a, record_b))
        with self.transaction() as con:
            live = self._live(con, left, right)
            if live is None:
                raise NotJudged(f"there is no live judgement on {left} and {right}")
            return self._revoke(con, live, author, reason)

    def undo_by_id(self, judgement_id: int, *, author: str, reason: str = "") -> Recorded:
        """Take back one judgement. Raises NotJudged where it is unknown or was taken back already."""
        with self.transaction() as con:
            row = con.execute(f"SELECT {_COLUMNS} FROM judgements WHERE judgement_id = ?", (judgement_id,)).fetchone()
            if row is None:
                raise NotJudged(f"there is no judgement {judgement_id}; `cdp steward list` names them")
            found = Recorded(*row)
            if found.revoked_at:
                raise NotJudged(f"judgement {judgement_id} was taken back on {found.revoked_at[:10]} already")
            return self._revoke(con, found, author, reason)

    def _live(self, con: sqlite3.Connection, left: str, right: str) -> Recorded | None:
        row = con.execute(
            f"SELECT {_COLUMNS} FROM judgements WHERE record_id_l = ? AND record_id_r = ? AND revoked_at IS NULL",
            (left, right),
        ).fetchone()
        return Recorded(*row) if row else None

    def _record(self, con: sqlite3.Connection, decision: Decision, once: bool) -> Outcome:
        left, right = sorted((decision.record_id_l, decision.record_id_r))
        live = self._live(con, left, right)
        if live and live.judgement == decision.judgement and (once or live.evidence == decision.evidence):
            return Outcome("unchanged", live)
        if once:
            before = con.execute(
                f"SELECT {_COLUMNS} FROM judgements WHERE record_id_l = ? AND record_id_r = ? AND judgement = ?"
                " AND author = ? AND reason = ? ORDER BY judgement_id DESC LIMIT 1",
                (left, right, decision.judgement, decision.author, decision.reason),
            ).fetchone()
            if before:
                return Outcome("taken_back", Recorded(*before), live)
        if live:
            self._revoke(con, live, decision.author, f"superseded by {decision.judgement}")
        cursor = con.execute(
            "INSERT INTO judgements (record_id_l, record_id_r, judgement, author, reason, evidence, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (left, right, decision.judgement, decision.author, decision.reason, decision.evidence, _now()),
        )
        row = con.execute(f"SELECT {_COLUMNS} FROM judgements WHERE judgement_id = ?", (cursor.lastrowid,)).fetchone()
        return Outcome("superseded" if live else "recorded", Recorded(*row), live)

    def _revoke(self, con: sqlite3.Connection, live: Recorded, author: str, reason: str) -> Recorded:
        con.execute(
            "UPDATE judgements SET revoked_at = ?, revoked_by = ?, revoke_reason = ? WHERE judgement_id = ?",
            (_now(), author, reason, live.judgement_id),
        )
        row = con.execute(f"SELECT {_COLUMNS} FROM judgements WHERE judgement_id = ?", (live.judgement_id,)).fetchone()
        return Recorded(*row)

    def _check(self, decisions: Sequence[Decision], where: str) -> None:
        from identity.judgements import contradictions

        lines = {tuple(sorted((d.record_id_l, d.record_id_r))): d.line for d in decisions}
        live = [replace(j, line=lines.get(j.pair, 0)) for j in as_judgements(self.judgements())]
        for found in contradictions(live):
            new = next((j for j in found.judgements if len(decisions) == 1 and j.pair in lines), None)
            line = max(j.line for j in found.judgements)
            place = f"{where} line {line}: " if where and line else ""
            raise Contradicted(place + found.text(new))


def as_judgements(rows: Iterable[Recorded]) -> list[Judgement]:
    """Rows as the identity step takes them."""
    from identity.judgements import Judgement

    return [
        Judgement(r.record_id_l, r.record_id_r, r.judgement, r.author, r.reason, r.created_at, r.evidence) for r in rows
    ]


def live_judgements(path: Path) -> list[Recorded]:
    """Live judgements in the state file at `path`, none where there is no file yet."""
    if not path.exists():
        return []
    with JudgementStore(path) as store:
        return store.judgements()


def fingerprint(rows: Iterable[Recorded]) -> str:
    """Hash over what live judgements say, whoever said it and when: undoing one gives the earlier hash back.

    Empty without judgements.
    """
    facts = sorted((r.record_id_l, r.record_id_r, r.judgement, r.evidence or "") for r in rows)
    if not facts:
        return ""
    return hashlib.sha256("\n".join("\t".join(fact) for fact in facts).encode()).hexdigest()[:32]


def current_author() -> str:
    """The user of the operating system, or the number of one without a name; never fails."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid-{os.getuid()}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
