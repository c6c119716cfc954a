"""What was taken away for good, by erasures and by retention.

A published file that is built upon an earlier one may keep deleted values in its free space, so nothing is built upon a
snapshot that was made before a removal.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime

from cdp_pipeline.home import Home
from cdp_pipeline.privacy.store import privacy_db

_SCHEMA = "CREATE TABLE IF NOT EXISTS removals (removed_at TEXT NOT NULL, what TEXT NOT NULL, files INTEGER NOT NULL)"
_COLUMNS = {"erasures": "erasure_id", "tombstones": "erasure_id", "removals": "removed_at"}


def note_removal(home: Home, what: str, files: int) -> None:
    """A retention rule has taken away `files` files of landing, or rows of them."""
    with privacy_db(home) as con:
        con.execute(_SCHEMA)
        con.execute("INSERT INTO removals VALUES (?, ?, ?)", (datetime.now(UTC).isoformat(), what, files))


def removals_fingerprint(home: Home) -> str:
    """Hash over all erasures and removals of a home, those under way included; empty without any."""
    if not home.ops_db.exists():
        return ""
    con = sqlite3.connect(home.ops_db, timeout=30)
    try:
        known = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
        facts = [
            (table, row[0])
            for table, column in _COLUMNS.items()
            if table in known
            for row in con.execute(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1").fetchall()
        ]
    finally:
        con.close()
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32] if facts else ""
