"""API keys and the audit log, over the state file that other processes write too."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from profiles.api.limits import Limits
from profiles.audit import AuditLog
from profiles.keys import KeyRefused, KeyStore


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ops.sqlite"


def test_a_key_opens_what_its_scopes_say_until_it_ends(ops: Path) -> None:
    with KeyStore(ops) as keys:
        token, key = keys.new("shop", ["segments:read", "features:read"], created_by="ann")
        assert token.startswith(f"cdp_{key.key_id}_") and len(token) == 4 + 12 + 1 + 43
        assert (key.name, key.scopes, key.created_by) == ("shop", {"features:read", "segments:read"}, "ann")
        assert keys.verify(token).key == key
        for wrong in (token[:-1], token + "A", token.upper(), token.replace(key.key_id, "0" * 12), "", "cdp__", "é"):
            assert (keys.verify(wrong).key, keys.verify(wrong).refusal) == (None, "unknown")
        soon = datetime.now(UTC) + timedelta(milliseconds=50)
        short, _ = keys.new("short", ["features:read"], created_by="ann", expires_at=soon)
        while datetime.now(UTC) < soon:
            pass
        assert keys.verify(short).refusal == "expired"
        assert keys.revoke(key.key_id, revoked_by="bob").revoked_by == "bob"
        assert keys.verify(token).refusal == "revoked"
        assert not keys.has_live_key()
        with pytest.raises(KeyRefused, match="is revoked already"):
            keys.revoke(key.key_id, revoked_by="bob")
        with pytest.raises(KeyRefused, match="no key of this id"):
            keys.revoke("nobody", revoked_by="bob")


def test_bad_requests_for_a_key(ops: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with KeyStore(ops) as keys:
        for name, scopes, options, message in (
            ("x", ["everything"], {}, "unknown scope 'everything'"),
            ("x", [], {}, "at least one scope"),
            (" ", ["pii:read"], {}, "needs a name"),
            ("a\nb", ["pii:read"], {}, "printable"),
            ("x", ["pii:read"], {"expires_at": yesterday}, "expired already"),
            ("x", ["pii:read"], {"requests_per_second": 0.0}, "above zero"),
            ("x", ["pii:read"], {"requests_per_second": float("nan")}, "above zero"),
        ):
            with pytest.raises(KeyRefused, match=message):
                keys.new(name, scopes, created_by="ann", **options)  # type: ignore[arg-type]
        assert keys.list_keys() == []


def test_another_process_revokes_and_the_last_use_is_noted(ops: Path) -> None:
    with KeyStore(ops) as server, KeyStore(ops) as command:
        token, key = command.new("shop", ["features:read"], created_by="ann")
        assert server.verify(token).key == key
        server.write_uses(0.0)
        [listed] = command.list_keys()
        assert listed.last_used_at is not None and datetime.now(UTC) - listed.last_used_at < timedelta(minutes=1)
        command.revoke(key.key_id, revoked_by="ann")
        server._looked_at = -1e9  # a second has passed
        assert server.verify(token).refusal == "revoked"


def test_the_stored_hash_depends_on_a_salt_and_the_file_holds_no_secret(ops: Path) -> None:
    with KeyStore(ops) as keys:
        tokens = [keys.new("shop", ["features:read"], created_by="ann")[0] for _ in range(2)]
    con = sqlite3.connect(ops)
    rows = con.execute("SELECT salt, hash FROM api_keys").fetchall()
    con.close()
    assert len({salt for salt, _ in rows}) == len({digest for _, digest in rows}) == 2
    assert all(len(salt) == 16 and len(digest) == 32 for salt, digest in rows)
    content = ops.read_bytes()
    assert not any(token[17:].encode() in content for token in tokens)


def look(audit: AuditLog, actor: str, action: str, *, snapshot: str = "", profiles: int = 1) -> None:
    """As the server counts: in memory while the entry on disk has room."""
    if not audit.count(actor, action, snapshot=snapshot, profiles=profiles):
        audit.reserve(actor, action, snapshot=snapshot, profiles=profiles)


def test_reading_does_not_wait_for_a_writer(ops: Path) -> None:
    with KeyStore(ops) as keys, AuditLog(ops) as audit:
        token, _ = keys.new("shop", ["features:read"], created_by="ann")
        look(audit, "key:1", "features", snapshot="v")
        other = sqlite3.connect(ops, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        keys._looked_at = -1e9
        assert keys.verify(token).key is not None
        assert all(audit.count("key:1", "features", snapshot="v") for _ in range(100))
        other.execute("ROLLBACK")
        other.close()


def test_audit_entries_and_counts(ops: Path) -> None:
    with AuditLog(ops) as audit:
        audit.record("key:1", "profile", profile_id="p1", purpose="service", snapshot="v1")
        for _ in range(3):
            look(audit, "key:2", "features", snapshot="v1", profiles=100)
        look(audit, "key:2", "features", snapshot="v2")
        audit.flush()
        audit.flush()
        found = [(e.actor, e.action, e.profile_id, e.purpose, e.snapshot, e.profiles) for e in audit.entries()]
        assert found == [
            ("key:2", "features", "", "", "v2", 1),
            ("key:2", "features", "", "", "v1", 300),
            ("key:1", "profile", "p1", "service", "v1", 1),
        ]
        assert [entry.actor for entry in audit.entries(profile_id="p1")] == ["key:1"]
        look(audit, "key:3", "lookup")
    with AuditLog(ops) as again:
        last = again.entries(limit=1)[0]
        assert (last.actor, last.profiles, last.detail) == ("key:3", 1, ""), "settled when it closed"


def test_counts_outlive_a_write_that_fails(ops: Path) -> None:
    with AuditLog(ops) as audit:
        look(audit, "key:1", "features", snapshot="v1", profiles=5)
        audit._con.execute("PRAGMA busy_timeout = 10")
        other = sqlite3.connect(ops, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            audit.flush()
        other.execute("ROLLBACK")
        other.close()
        look(audit, "key:1", "features", snapshot="v1", profiles=2)
        audit.flush()
        assert [(entry.profiles, entry.detail) for entry in audit.entries()] == [(2, ""), (5, "")]


KILLED = """
import os, signal, sys
from pathlib import Path
from profiles.audit import AuditLog

audit = AuditLog(Path(sys.argv[1]))
for number in range(1000):
    if not audit.count("key:1", "features", snapshot="v1"):
        audit.reserve("key:1", "features", snapshot="v1")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_looks_of_a_server_that_was_killed_are_in_the_log(ops: Path) -> None:
    """1,000 looks were answered; the log says at most how many, and not fewer."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(ops)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with AuditLog(ops) as audit:
        look(audit, "key:1", "features", snapshot="v1")
        audit.flush()
        after, before = audit.entries()
    assert (before.actor, before.action, before.snapshot, before.detail) == ("key:1", "features", "v1", "at most")
    assert 1000 <= before.profiles <= 2100
    assert (after.profiles, after.detail) == (1, "")


def test_many_threads_count_every_look_once(ops: Path) -> None:
    with AuditLog(ops) as audit:

        def read(_: int) -> None:
            for number in range(300):
                look(audit, "key:1", "features")
                if number % 100 == 0:
                    audit.flush()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(read, range(4)))
        audit.flush()
        entries = audit.entries(limit=1000)
    assert sum(entry.profiles for entry in entries) == 1200
    assert {entry.detail for entry in entries} == {""}


def test_token_buckets() -> None:
    now = [0.0]
    limits = Limits(misses_per_minute=60, failed_logins_per_minute=2, clock=lambda: now[0])
    assert [limits.request("k", 2.0, 3.0) for _ in range(3)] == [0, 0, 0]
    assert limits.request("k", 2.0, 3.0) == pytest.approx(0.5)
    assert limits.request("other", 2.0, 3.0) == 0
    now[0] += 0.5
    assert limits.request("k", 2.0, 3.0) == 0
    limits.miss("k", 90)
    assert limits.misses_left("k") == pytest.approx(31.0), "a batch leaves a debt"
    now[0] += 31
    assert limits.misses_left("k") == 0
    limits.failed_login("a")
    assert limits.logins_left("a") == 0
    limits.failed_login("a")
    assert limits.logins_left("a") == pytest.approx(30.0)
    for number in range(20_000):
        limits.failed_login(f"address {number}")
    assert len(limits._failures._buckets) <= 10_000
