"""Console sessions in ``state/ops.sqlite``: who is signed in, until when, and the token that their forms must carry.

The cookie holds 256 random bits, the file only their hash, so the file opens no session. A session ends with its key.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from profiles.keys import Key, KeyStore
from profiles.ops import from_timestamp, open_ops, timestamp

LASTS = timedelta(hours=8)
"""A working day. There is no renewal: who goes on working signs in again."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS console_sessions (
  token_hash TEXT PRIMARY KEY,
  key_id     TEXT NOT NULL,
  csrf       TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Session:
    """One signed-in browser: the key that it signed in with, and its forms' token."""

    key: Key
    csrf: str

    @property
    def actor(self) -> str:
        """What the audit log calls the person."""
        return f"session:{self.key.key_id}"


class Sessions:
    """Sessions of all browsers; safe for any number of threads."""

    def __init__(self, path: Path, keys: KeyStore) -> None:
        self._con = open_ops(path, _SCHEMA)
        weakref.finalize(self, self._con.close)
        self._keys = keys
        self._lock = threading.Lock()

    def begin(self, key: Key) -> str:
        """A new session for `key`; returns the token for the cookie. Sessions that are over are removed."""
        token, now = secrets.token_urlsafe(32), datetime.now(UTC)
        ends = min(now + LASTS, key.expires_at) if key.expires_at else now + LASTS
        with self._lock:
            self._con.execute("DELETE FROM console_sessions WHERE expires_at <= ?", (timestamp(now),))
            self._con.execute(
                "INSERT INTO console_sessions VALUES (?, ?, ?, ?, ?)",
                (_hashed(token), key.key_id, secrets.token_urlsafe(32), timestamp(now), timestamp(ends)),
            )
        return token

    def find(self, token: str) -> Session | None:
        """The session of a cookie; None where it is unknown, over, or its key opens nothing any more."""
        with self._lock:
            row = self._con.execute(
                "SELECT key_id, csrf, expires_at FROM console_sessions WHERE token_hash = ?", (_hashed(token),)
            ).fetchone()
        now = datetime.now(UTC)
        if row is None or from_timestamp(row["expires_at"]) <= now:
            return None
        key = next((key for key in self._keys.list_keys() if key.key_id == row["key_id"]), None)
        return None if key is None or key.refusal(now) else Session(key, row["csrf"])

    def end(self, token: str) -> None:
        """Sign out."""
        with self._lock:
            self._con.execute("DELETE FROM console_sessions WHERE token_hash = ?", (_hashed(token),))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
