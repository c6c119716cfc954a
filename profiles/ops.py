"""The part of ``state/ops.sqlite`` that this package owns: connections only, each table has a module of its own.

The file is shared with the pipeline and the command line (WAL), so a write waits for another process's up to
`_BUSY_SECONDS` and no transaction here stays open while anything else is done.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from profiles.errors import StateTooNew

# Of the whole file, in its `user_version`. The pipeline upgrades older ones (``cdp_pipeline/ops.py``).
STATE_VERSION = 3

_BUSY_SECONDS = 30


def ops_path(home: Path) -> Path:
    """The state file of the installation at `home`."""
    return home / "state" / "ops.sqlite"


def open_ops(path: Path, schema: str) -> sqlite3.Connection:
    """A connection in autocommit mode to the state file, which is created (mode 0600) where it is absent.

    `schema` creates the caller's own tables. The connection may be used by any thread, one at a time.
    Raises StateTooNew for a file that a newer version has written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    con = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    con.row_factory = sqlite3.Row
    con.execute("PRAGMA journal_mode=WAL")
    con.execute("PRAGMA synchronous=FULL")
    try:
        state_version(con, path)
    except StateTooNew:
        con.close()
        raise
    con.executescript(schema)
    return con


def state_version(con: sqlite3.Connection, path: Path) -> int:
    """Version of the open state file at `path`; 0 where none was ever written. Raises StateTooNew."""
    ((version,),) = con.execute("PRAGMA user_version").fetchall()
    if version > STATE_VERSION:
        raise StateTooNew(path, version, STATE_VERSION)
    return int(version)


def timestamp(at: datetime | None = None) -> str:
    """`at` (default: now) in UTC, ISO 8601 with microseconds, as all times in the state file are written."""
    return (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_timestamp(text: str) -> datetime:
    """The time that `timestamp` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
