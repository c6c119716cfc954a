"""``state/ops.sqlite`` (WAL): the small state that outlives runs. Here: receipts of ingested files, the log of what
each run did to each file, and the replays of refused rows.

A receipt says what became of one landed file. It is written after the file's Parquet is in place, so a crash in
between costs one repeated load and never a lost one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from profiles.errors import StateTooNew
from profiles.ops import STATE_VERSION, state_version

STATUSES = ("ok", "over_budget", "empty", "duplicate", "failed", "replaced")
LOADED = ("ok", "over_budget")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ingest_files (
  file         TEXT PRIMARY KEY,
  source       TEXT NOT NULL,
  object       TEXT NOT NULL,
  dt           TEXT NOT NULL,
  size         INTEGER NOT NULL,
  mtime_ns     INTEGER NOT NULL,
  sha256       TEXT NOT NULL,
  contract     TEXT NOT NULL,
  status       TEXT NOT NULL,
  delivered    INTEGER NOT NULL,
  loaded       INTEGER NOT NULL,
  quarantined  INTEGER NOT NULL,
  reasons      TEXT NOT NULL,
  extra_fields TEXT NOT NULL,
  message      TEXT NOT NULL,
  run_id       TEXT NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  filled       TEXT NOT NULL DEFAULT '{}',
  drift        TEXT NOT NULL DEFAULT '[]',
  erased       INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS ingest_files_by_object ON ingest_files (source, object, dt);
CREATE TABLE IF NOT EXISTS ingest_log (
  id           INTEGER PRIMARY KEY,
  run_id       TEXT NOT NULL,
  file         TEXT NOT NULL,
  source       TEXT NOT NULL,
  object       TEXT NOT NULL,
  dt           TEXT NOT NULL,
  contract     TEXT NOT NULL,
  status       TEXT NOT NULL,
  delivered    INTEGER NOT NULL,
  loaded       INTEGER NOT NULL,
  quarantined  INTEGER NOT NULL,
  reasons      TEXT NOT NULL,
  extra_fields TEXT NOT NULL,
  message      TEXT NOT NULL,
  seconds      REAL NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX IF NOT EXISTS ingest_log_by_run ON ingest_log (run_id);
CREATE TABLE IF NOT EXISTS quarantine_replays (
  id           INTEGER PRIMARY KEY,
  run_id       TEXT NOT NULL,
  file         TEXT NOT NULL,
  contract     TEXT NOT NULL,
  origin       TEXT NOT NULL,
  refused      INTEGER NOT NULL,
  released     INTEGER NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
"""
# What a version brought to tables that older files already have: columns by version of the file. A new column begins
# with a default that every reader takes for "not known".
_ADDED = {
    2: {"filled": "TEXT NOT NULL DEFAULT '{}'", "drift": "TEXT NOT NULL DEFAULT '[]'"},
    3: {"erased": "INTEGER NOT NULL DEFAULT 0"},
}


@dataclass(frozen=True)
class Receipt:
    """What became of one landed file. `file` is its path below landing; `contract` the contract's fingerprint.

    `filled`: records with a value, by field. `drift`: mappings of kind, field and message (see `sources/drift.py`).
    `erased`: rows taken out on purpose (an erasure, a retention rule); delivered = loaded + quarantined + erased.
    """

    file: str
    source: str
    object: str
    dt: date
    size: int
    mtime_ns: int
    sha256: str
    contract: str
    status: str
    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    extra_fields: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    run_id: str = ""
    filled: Mapping[str, int] = field(default_factory=dict)
    drift: Sequence[Mapping[str, str]] = ()
    erased: int = 0

    @property
    def missing(self) -> frozenset[str]:
        """Fields that were found missing in this file."""
        return frozenset(d["field"] for d in self.drift if d["kind"] == "missing")


@dataclass(frozen=True)
class LogEntry:
    """What one run did to one landed file: its receipt at that time, the seconds it took and when it was done (UTC,
    ISO 8601). Unlike a receipt it stays when the file is read again."""

    receipt: Receipt
    seconds: float
    finished_at: str


_NOT_LOGGED = ("size", "mtime_ns", "sha256", "filled", "drift", "erased")


class Ops:
    """The open state file, upgraded to this version. Use as a context manager; one instance per thread.

    Raises StateTooNew for a file that a newer version has written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._con = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._con.row_factory = sqlite3.Row
        self._con.execute("PRAGMA journal_mode=WAL")
        self._con.execute("PRAGMA synchronous=FULL")
        try:
            if state_version(self._con, path) < STATE_VERSION:
                self._upgrade(path)
        except StateTooNew:
            self._con.close()
            raise

    def _upgrade(self, path: Path) -> None:
        """Make the tables, or bring those of an older file forward; all or none, by one process."""
        self._con.executescript(_SCHEMA)
        with self.transaction() as con:  # asked again under the lock: two processes may open an old file at once
            version = state_version(con, path)
            for later in sorted(v for v in _ADDED if v > version):
                # files from before versions were written have some of the columns
                for name in sorted(_ADDED[later].keys() - self._columns()):
                    con.execute(f"ALTER TABLE ingest_files ADD COLUMN {name} {_ADDED[later][name]}")
            con.execute(f"PRAGMA user_version = {STATE_VERSION}")

    def _columns(self) -> set[str]:
        return {str(row["name"]) for row in self._con.execute("PRAGMA table_info(ingest_files)").fetchall()}

    def __enter__(self) -> Ops:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._con.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing for several writes."""
        self._con.execute("BEGIN IMMEDIATE")
        try:
            yield self._con
        except BaseException:
            self._con.execute("ROLLBACK")
            raise
        self._con.execute("COMMIT")

    def receipts(self, source: str | None = None, obj: str | None = None, dt: date | None = None) -> list[Receipt]:
        """Receipts, narrowed by what is given, ordered by file."""
        wanted = {"source": source, "object": obj, "dt": dt.isoformat() if dt else None}
        given = {k: v for k, v in wanted.items() if v is not None}
        where = " AND ".join(f"{k} = :{k}" for k in given) or "1"
        rows = self._con.execute(f"SELECT * FROM ingest_files WHERE {where} ORDER BY file", given)
        return [_receipt(row) for row in rows.fetchall()]

    def save(self, receipt: Receipt) -> None:
        """Write or overwrite the receipt of one file."""
        self._con.execute(
            "INSERT OR REPLACE INTO ingest_files (file, source, object, dt, size, mtime_ns, sha256, contract, status,"
            " delivered, loaded, quarantined, reasons, extra_fields, message, run_id, filled, drift, erased)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                receipt.file,
                receipt.source,
                receipt.object,
                receipt.dt.isoformat(),
                receipt.size,
                receipt.mtime_ns,
                receipt.sha256,
                receipt.contract,
                receipt.status,
                receipt.delivered,
                receipt.loaded,
                receipt.quarantined,
                json.dumps(dict(receipt.reasons), sort_keys=True),
                json.dumps(dict(receipt.extra_fields), sort_keys=True),
                receipt.message,
                receipt.run_id,
                json.dumps(dict(receipt.filled), sort_keys=True),
                json.dumps([dict(d) for d in receipt.drift], sort_keys=True),
                receipt.erased,
            ),
        )

    def record_files(self, handled: Sequence[tuple[Receipt, float]]) -> None:
        """Save the receipts of files that a run has handled, with the seconds each took, and log them; all or none."""
        with self.transaction():
            for receipt, seconds in handled:
                self.save(receipt)
                self._append(receipt, seconds)

    def touch(self, receipt: Receipt, mtime_ns: int) -> None:
        """Note another modification time of unchanged content, unless the file was read anew since."""
        self._con.execute(
            "UPDATE ingest_files SET mtime_ns = ? WHERE file = ? AND sha256 = ? AND mtime_ns = ?",
            (mtime_ns, receipt.file, receipt.sha256, receipt.mtime_ns),
        )

    def amend_file(self, receipt: Receipt) -> None:
        """Save a receipt again about which the same run has found out more; the log keeps one entry."""
        with self.transaction() as con:
            self.save(receipt)
            con.execute(
                "UPDATE ingest_log SET message = ? WHERE id ="
                " (SELECT max(id) FROM ingest_log WHERE run_id = ? AND file = ?)",
                (receipt.message, receipt.run_id, receipt.file),
            )

    def _append(self, receipt: Receipt, seconds: float) -> None:
        facts = _log_facts(receipt) | {"seconds": round(seconds, 4)}
        marks = ", ".join(f":{name}" for name in facts)
        self._con.execute(f"INSERT INTO ingest_log ({', '.join(facts)}) VALUES ({marks})", facts)

    def log(self, run_id: str | None = None) -> list[LogEntry]:
        """What runs did to files, in the order of doing; of one run where `run_id` is given."""
        where = "run_id = :run_id" if run_id else "1"
        rows = self._con.execute(f"SELECT * FROM ingest_log WHERE {where} ORDER BY id", {"run_id": run_id})
        return [_entry(row) for row in rows.fetchall()]

    def record_replay(self, receipt: Receipt, origin: str, refused: int, seconds: float) -> None:
        """Record a file whose refused rows were judged again; `origin` is landing or quarantine, `refused` the rows
        that were in quarantine before."""
        with self.transaction() as con:
            con.execute(
                "INSERT INTO quarantine_replays (run_id, file, contract, origin, refused, released)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (receipt.run_id, receipt.file, receipt.contract, origin, refused, refused - receipt.quarantined),
            )
            if origin == "quarantine":  # a file that is still landed was recorded when it was read
                self.save(receipt)
                self._append(receipt, seconds)

    def replays(self) -> list[tuple[str, str, int]]:
        """Replays so far as (file, contract, rows released), oldest first."""
        rows = self._con.execute("SELECT file, contract, released FROM quarantine_replays ORDER BY id").fetchall()
        return [(row["file"], row["contract"], row["released"]) for row in rows]

    def forget(self, file: str) -> None:
        """Drop one receipt, so that the file is pending again when it is still landed."""
        self._con.execute("DELETE FROM ingest_files WHERE file = ?", (file,))


def _log_facts(receipt: Receipt) -> dict[str, object]:
    facts = {key: value for key, value in receipt.__dict__.items() if key not in _NOT_LOGGED}
    facts["dt"] = receipt.dt.isoformat()
    facts["reasons"] = json.dumps(dict(receipt.reasons), sort_keys=True)
    facts["extra_fields"] = json.dumps(dict(receipt.extra_fields), sort_keys=True)
    return facts


def _entry(row: sqlite3.Row) -> LogEntry:
    receipt = Receipt(
        file=row["file"],
        source=row["source"],
        object=row["object"],
        dt=date.fromisoformat(row["dt"]),
        size=0,
        mtime_ns=0,
        sha256="",
        contract=row["contract"],
        status=row["status"],
        delivered=row["delivered"],
        loaded=row["loaded"],
        quarantined=row["quarantined"],
        reasons=json.loads(row["reasons"]),
        extra_fields=json.loads(row["extra_fields"]),
        message=row["message"],
        run_id=row["run_id"],
    )
    return LogEntry(receipt, row["seconds"], row["finished_at"])


def _receipt(row: sqlite3.Row) -> Receipt:
    facts = {key: row[key] for key in row.keys() if key != "finished_at"}  # noqa: SIM118 (a Row iterates values)
    facts["dt"] = date.fromisoformat(facts["dt"])
    for name in ("reasons", "extra_fields", "filled", "drift"):
        facts[name] = json.loads(facts[name])
    return Receipt(**facts)
