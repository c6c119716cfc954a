"""Requests and receipts in ``state/ops.sqlite``, and the sheet of an erasure that is under way.

A receipt holds ids, times and counts. What an erasure has to find again after a crash (the person's own values) lies in
a file of its own below ``state/erasing`` (mode 0600) until the last search has found nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.errors import SubjectError
from cdp_pipeline.sources.tombstones import TOMBSTONES_SCHEMA

_SCHEMA = """
CREATE TABLE IF NOT EXISTS erasures (
  erasure_id   TEXT PRIMARY KEY,
  requested_at TEXT NOT NULL,
  before       TEXT NOT NULL,
  reason       TEXT NOT NULL,
  profile_ids  TEXT NOT NULL DEFAULT '[]',
  steps        TEXT NOT NULL DEFAULT '[]',
  counts       TEXT NOT NULL DEFAULT '{}',
  finished_at  TEXT
);
CREATE TABLE IF NOT EXISTS consent_changes (
  change_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id   TEXT NOT NULL,
  purpose     TEXT NOT NULL,
  channel     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('granted', 'denied')),
  occurred_at TEXT NOT NULL,
  author      TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS consent_landed (last_change_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS home_copies (path TEXT PRIMARY KEY, made_at TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Erasure:
    """One request: `before` bounds what it binds, `steps` are those done, `counts` rows and files by area."""

    erasure_id: str
    requested_at: str
    before: str
    reason: str
    profile_ids: tuple[str, ...]
    steps: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    finished_at: str | None = None


@dataclass(frozen=True)
class Sheet:
    """What an erasure under way works on; personal, so it never leaves its file."""

    erasure_id: str
    profile_ids: tuple[str, ...]
    records: tuple[str, ...]
    needles: tuple[str, ...]


@contextmanager
def privacy_db(home: Home) -> Iterator[sqlite3.Connection]:
    """The state file with the tables of this package, in autocommit."""
    Ops(home.ops_db).close()
    con = sqlite3.connect(home.ops_db, timeout=30, isolation_level=None)
    con.row_factory = sqlite3.Row
    try:
        con.executescript(_SCHEMA + TOMBSTONES_SCHEMA)
        yield con
    finally:
        con.close()


def erasures(home: Home, *, pending: bool | None = None) -> list[Erasure]:
    """Requests, oldest first; only those under way, or only those finished, where `pending` says so."""
    if not home.ops_db.exists():
        return []
    with privacy_db(home) as con:
        rows = con.execute("SELECT * FROM erasures ORDER BY requested_at, erasure_id").fetchall()
    found = [
        Erasure(
            row["erasure_id"], row["requested_at"], row["before"], row["reason"],
            tuple(json.loads(row["profile_ids"])),
            tuple(json.loads(row["steps"])), json.loads(row["counts"]), row["finished_at"],
        )
        for row in rows
    ]  # fmt: skip
    return [e for e in found if pending is None or (e.finished_at is None) == pending]


def lend_tombstones(home: Home, own: Home) -> bool:
    """Give a home that shares the landing of `home` (``--out``) its tombstones, and note that the copy exists.

    Returns False, and gives nothing, where `own` has read files before it knew of an erasure: its tables hold people
    who were erased since.
    """
    with privacy_db(home) as con:
        con.execute(
            "INSERT OR REPLACE INTO home_copies VALUES (?, ?)",
            (str(own.root), datetime.now(UTC).isoformat(timespec="seconds")),
        )
        stones = [tuple(row) for row in con.execute("SELECT token, erasure_id, before, is_kept FROM tombstones")]
    with privacy_db(own) as con:
        known = {row[0] for row in con.execute("SELECT DISTINCT erasure_id FROM tombstones").fetchall()}
        has_read = con.execute("SELECT 1 FROM ingest_files LIMIT 1").fetchone() is not None
        if has_read and {stone[1] for stone in stones} - known:
            return False
        con.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?)", stones)
    return True


def check_own_landing(home: Home) -> None:
    """Raise InputsError in a home over another one's landing: what is taken out there goes from the other's files."""
    if home.is_borrower:
        whose = home.landing.resolve().parent
        raise InputsError(f"{home.root} reads the landing of {whose}: do this there, and delete this copy")


def copies_of(home: Home) -> list[Path]:
    """Homes that were made with ``--out`` from this one and are still there."""
    if not home.ops_db.exists():
        return []
    with privacy_db(home) as con:
        rows = con.execute("SELECT path FROM home_copies ORDER BY 1").fetchall()
    return [path for row in rows if (path := Path(row["path"])).is_dir()]


def new_erasure_id() -> str:
    return f"er{secrets.token_hex(8)}"


def add_erasure(con: sqlite3.Connection, erasure: Erasure) -> None:
    con.execute(
        "INSERT INTO erasures (erasure_id, requested_at, before, reason, profile_ids, counts)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (erasure.erasure_id, erasure.requested_at, erasure.before, erasure.reason, json.dumps(erasure.profile_ids),
         json.dumps(dict(erasure.counts), sort_keys=True)),
    )  # fmt: skip


def note_step(home: Home, erasure_ids: Sequence[str], step: str, counts: Mapping[str, int]) -> None:
    """Record a finished step of some erasures; counts of a step done in several goes add up."""
    with privacy_db(home) as con:
        con.execute("BEGIN IMMEDIATE")
        for erasure_id in erasure_ids:
            row = con.execute("SELECT steps, counts FROM erasures WHERE erasure_id = ?", (erasure_id,)).fetchone()
            steps, known = json.loads(row["steps"]), json.loads(row["counts"])
            for name, n in counts.items():
                known[name] = known.get(name, 0) + n
            con.execute(
                "UPDATE erasures SET steps = ?, counts = ? WHERE erasure_id = ?",
                (
                    json.dumps([*steps, step] if step not in steps else steps),
                    json.dumps(known, sort_keys=True),
                    erasure_id,
                ),
            )
        con.execute("COMMIT")


def add_counts(home: Home, erasure_ids: Sequence[str], counts: Mapping[str, int]) -> None:
    """Add to the counts of erasures under way, before the step that they belong to is finished."""
    with privacy_db(home) as con:
        con.execute("BEGIN IMMEDIATE")
        for erasure_id in erasure_ids:
            row = con.execute("SELECT counts FROM erasures WHERE erasure_id = ?", (erasure_id,)).fetchone()
            known = json.loads(row["counts"])
            for name, n in counts.items():
                known[name] = known.get(name, 0) + n
            con.execute(
                "UPDATE erasures SET counts = ? WHERE erasure_id = ?", (json.dumps(known, sort_keys=True), erasure_id)
            )
        con.execute("COMMIT")


def finish(home: Home, erasure_ids: Sequence[str]) -> None:
    """Issue the receipts; the sheets are gone before."""
    for erasure_id in erasure_ids:
        _sheet_file(home, erasure_id).unlink(missing_ok=True)
    with privacy_db(home) as con:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        con.executemany(
            "UPDATE erasures SET finished_at = ? WHERE erasure_id = ?",
            [(now, erasure_id) for erasure_id in erasure_ids],
        )


def take_over(home: Home, state: Path, known: set[str]) -> list[Erasure]:
    """Copy the erasures of another state file that are not `known`, as ones to be carried out, with their tombstones.

    Raises SubjectError where `state` is no state file of this platform.
    """
    if not state.is_file():
        raise SubjectError(f"{state}: there is no such file")
    other = sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)
    try:
        rows = other.execute("SELECT erasure_id, requested_at, before, reason, profile_ids FROM erasures").fetchall()
        stones = other.execute("SELECT token, erasure_id, before, is_kept FROM tombstones").fetchall()
    except sqlite3.DatabaseError:
        raise SubjectError(f"{state}: is no state file that knows of erasures") from None
    finally:
        other.close()
    missing = [
        Erasure(row[0], row[1], row[2], row[3], tuple(json.loads(row[4]))) for row in rows if row[0] not in known
    ]
    ids = {e.erasure_id for e in missing}
    with privacy_db(home) as con:
        con.execute("BEGIN IMMEDIATE")
        con.executemany(
            "INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?)", [stone for stone in stones if stone[1] in ids]
        )
        for erasure in missing:
            add_erasure(con, erasure)
        con.execute("COMMIT")
    return missing


def write_sheet(home: Home, sheet: Sheet) -> None:
    path = _sheet_file(home, sheet.erasure_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(sheet.__dict__, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def read_sheet(home: Home, erasure_id: str) -> Sheet:
    """The sheet of an erasure under way; an empty one where the file is lost (a restored backup without it)."""
    path = _sheet_file(home, erasure_id)
    if not path.exists():
        return Sheet(erasure_id, (), (), ())
    d = json.loads(path.read_text(encoding="utf-8"))
    return Sheet(d["erasure_id"], tuple(d["profile_ids"]), tuple(d["records"]), tuple(d["needles"]))


def sheets_folder(home: Home) -> Path:
    return home.ops_db.parent / "erasing"


def _sheet_file(home: Home, erasure_id: str) -> Path:
    return sheets_folder(home) / f"{erasure_id}.json"


def privacy_fingerprint(home: Home) -> str:
    """Hash over the erasures and consent changes, which change results without a change in landing; empty without."""
    if not home.ops_db.exists():
        return ""
    con = sqlite3.connect(home.ops_db, timeout=30)
    try:
        known = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
        if not {"erasures", "consent_changes"} <= known:
            return ""
        facts = [
            *con.execute("SELECT erasure_id FROM erasures ORDER BY 1").fetchall(),
            *con.execute("SELECT change_id FROM consent_changes ORDER BY 1").fetchall(),
        ]
    finally:
        con.close()
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32] if facts else ""
