"""API keys: made, listed, revoked, and recognised in constant time.

A token is ``cdp_<key id>_<secret>``. The secret has 256 random bits, so one keyed SHA-256 of it, with a salt per key,
is as good as a slow hash: there is nothing to guess. Only the hash is stored; the token is shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from profiles.errors import ProfilesError
from profiles.ops import from_timestamp, open_ops, timestamp

SCOPES = ("features:read", "profiles:read", "pii:read", "segments:read", "steward:write", "privacy:write")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS api_keys (
  key_id              TEXT PRIMARY KEY,
  name                TEXT NOT NULL,
  scopes              TEXT NOT NULL,
  salt                BLOB NOT NULL,
  hash                BLOB NOT NULL,
  created_at          TEXT NOT NULL,
  created_by          TEXT NOT NULL,
  expires_at          TEXT,
  requests_per_second REAL,
  last_used_at        TEXT,
  revoked_at          TEXT,
  revoked_by          TEXT
);
CREATE TABLE IF NOT EXISTS api_key_misses (
  key_id              TEXT PRIMARY KEY,
  misses_per_minute   INTEGER NOT NULL
);
"""
_COLUMNS = (
    "key_id, name, scopes, created_at, created_by, expires_at, requests_per_second, misses_per_minute, last_used_at,"
    " revoked_at, revoked_by"
)
_TABLES = "api_keys LEFT JOIN api_key_misses USING (key_id)"
_TOKEN = re.compile(r"cdp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
# A revoked key is refused this long after its revocation at the latest.
_RELOAD_SECONDS = 1.0
# `last_used_at` is for people who tidy up; to the minute is enough, and reads stay free of writes.
_LAST_USED_SECONDS = 60.0
_MOST_MISSES = 10_000_000
_NOBODY = (b"\x00" * 16, b"\x00" * 32)


class KeyRefused(ProfilesError):
    """A key cannot be made or revoked; the text is one line."""


@dataclass(frozen=True)
class Key:
    """One API key without its secret. None for `requests_per_second` or for `misses_per_minute`, ids and identifiers
    that nobody has, means the server's default."""

    key_id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    requests_per_second: float | None
    misses_per_minute: int | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None

    def refusal(self, now: datetime) -> str | None:
        """Why the key opens nothing at `now`: 'revoked', 'expired', or None where it does."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else None


@dataclass(frozen=True)
class Verdict:
    """What a presented token is: `key` where it opens something, else `refusal` ('unknown', 'revoked', 'expired')."""

    key: Key | None
    refusal: str | None = None


class KeyStore:
    """The keys in the state file; safe for any number of threads. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        # Reading never waits in WAL mode, writing may wait for another process: a connection and a lock for each.
        self._con, self._writing_con = open_ops(path, _SCHEMA), open_ops(path, "")
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._known: dict[str, tuple[Key, bytes, bytes]] = {}
        self._data_version = -1
        self._looked_at = -1e9
        self._used: dict[str, float] = {}
        self._written_at: dict[str, float] = {}

    def __enter__(self) -> KeyStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Note the last uses and let go of the file."""
        self.write_uses(0.0)
        with self._lock, self._writing:
            self._con.close()
            self._writing_con.close()

    def new(
        self,
        name: str,
        scopes: Collection[str],
        *,
        created_by: str,
        expires_at: datetime | None = None,
        requests_per_second: float | None = None,
        misses_per_minute: int | None = None,
    ) -> tuple[str, Key]:
        """Make a key; returns its token, which is kept nowhere, and the key. Raises KeyRefused on a bad request."""
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown:
            raise KeyRefused(f"unknown scope '{unknown[0]}'; there are {', '.join(SCOPES)}")
        if not scopes:
            raise KeyRefused(f"a key needs at least one scope of {', '.join(SCOPES)}")
        if not name.strip() or len(name) > 100 or not name.isprintable():
            raise KeyRefused("a key needs a name of at most 100 printable characters")
        if expires_at is not None and expires_at <= datetime.now(UTC):
            raise KeyRefused("the key would be expired already")
        # Neither is nan above zero: SQLite would keep it as NULL, which is the server's default.
        if requests_per_second is not None and not 0 < requests_per_second < math.inf:
            raise KeyRefused("requests per second must be a number above zero")
        if misses_per_minute is not None and not 0 < misses_per_minute <= _MOST_MISSES:
            raise KeyRefused(f"misses per minute must be a whole number from 1 to {_MOST_MISSES:,}")
        key_id, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
        with self._writing:
            if misses_per_minute is not None:  # before the key, which nobody may use without its bound
                self._writing_con.execute("INSERT INTO api_key_misses VALUES (?, ?)", (key_id, misses_per_minute))
            self._writing_con.execute(
                "INSERT INTO api_keys (key_id, name, scopes, salt, hash, created_at, created_by, expires_at,"
                " requests_per_second) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key_id,
                    name.strip(),
                    " ".join(scope for scope in SCOPES if scope in scopes),
                    salt,
                    _hashed(salt, secret),
                    timestamp(),
                    created_by,
                    timestamp(expires_at) if expires_at else None,
                    requests_per_second,
                ),
            )
        with self._lock:
            self._load()
            return f"cdp_{key_id}_{secret}", self._known[key_id][0]

    def list_keys(self) -> list[Key]:
        """All keys ever made, oldest first."""
        with self._lock:
            rows = self._con.execute(f"SELECT {_COLUMNS} FROM {_TABLES} ORDER BY created_at, key_id").fetchall()
        return [_key(row) for row in rows]

    def revoke(self, key_id: str, *, revoked_by: str) -> Key:
        """Make a key useless for good. Raises KeyRefused where it is unknown or revoked already."""
        with self._writing:
            changed = self._writing_con.execute(
                "UPDATE api_keys SET revoked_at = ?, revoked_by = ? WHERE key_id = ? AND revoked_at IS NULL",
                (timestamp(), revoked_by, key_id),
            ).rowcount
        with self._lock:
            self._load()
            found = self._known.get(key_id)
        if found is None:
            raise KeyRefused("there is no key of this id; `cdp key list` shows all")
        if not changed:
            raise KeyRefused(f"key {key_id} is revoked already")
        return found[0]

    def has_live_key(self) -> bool:
        """Whether any key opens anything now."""
        now = datetime.now(UTC)
        return any(key.refusal(now) is None for key in self.list_keys())

    def verify(self, token: str) -> Verdict:
        """Recognise a token. The secret is compared in constant time, and an unknown id costs the same work."""
        now = time.monotonic()
        if now - self._looked_at > _RELOAD_SECONDS:
            self._refresh(now)
        match = _TOKEN.fullmatch(token)
        key_id, secret = match.groups() if match else ("", "")
        known = self._known.get(key_id)
        key, salt, expected = known or (None, *_NOBODY)
        if not hmac.compare_digest(_hashed(salt, secret), expected) or key is None:
            return Verdict(None, "unknown")
        refusal = key.refusal(datetime.now(UTC)) if key.revoked_at or key.expires_at else None
        if refusal:
            return Verdict(None, refusal)
        self._used[key_id] = time.time()
        return Verdict(key)

    def write_uses(self, older_than_seconds: float = _LAST_USED_SECONDS) -> None:
        """Note in the file which keys were used, each at most once in that time. May wait for another process."""
        due = {
            key_id: at
            for key_id, at in list(self._used.items())
            if at - self._written_at.get(key_id, 0.0) > older_than_seconds
        }
        with self._writing:
            self._writing_con.executemany(
                "UPDATE api_keys SET last_used_at = ? WHERE key_id = ?",
                [(timestamp(datetime.fromtimestamp(at, UTC)), key_id) for key_id, at in due.items()],
            )
        self._written_at |= due

    def _refresh(self, now: float) -> None:
        """Take over what other processes and threads changed."""
        with self._lock:
            self._looked_at = now
            [version] = self._con.execute("PRAGMA data_version").fetchone()
            if version != self._data_version:
                self._data_version = version
                self._load()

    def _load(self) -> None:
        rows = self._con.execute(f"SELECT {_COLUMNS}, salt, hash FROM {_TABLES}").fetchall()
        self._known = {row["key_id"]: (_key(row), row["salt"], row["hash"]) for row in rows}


def _hashed(salt: bytes, secret: str) -> bytes:
    return hmac.digest(salt, secret.encode("ascii"), hashlib.sha256)


def _key(row: sqlite3.Row) -> Key:
    def at(name: str) -> datetime | None:
        return from_timestamp(row[name]) if row[name] else None

    return Key(
        key_id=row["key_id"],
        name=row["name"],
        scopes=frozenset(row["scopes"].split()),
        created_at=from_timestamp(row["created_at"]),
        created_by=row["created_by"],
        expires_at=at("expires_at"),
        requests_per_second=row["requests_per_second"],
        misses_per_minute=row["misses_per_minute"],
        last_used_at=at("last_used_at"),
        revoked_at=at("revoked_at"),
        revoked_by=row["revoked_by"],
    )
