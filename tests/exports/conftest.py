"""Hand-made snapshots of a company of nine, a home with destinations, and a real Postgres where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from export_company import MARTS, PII, Put

from profiles.exports import Destination, load_destinations
from profiles.manifest import Manifest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def put(home: Path) -> Put:
    """Publishes the company as a further version, after SQL on its marts and its personal data."""
    made = 0

    def publish(marts: str = "", pii: str = "") -> str:
        nonlocal made
        made += 1
        version = f"20250310-{made:06d}"
        folder = home / "published" / version
        folder.mkdir(parents=True)
        for name, sql in (("marts", MARTS + marts), ("pii", PII + pii)):
            with duckdb.connect(str(folder / f"{name}.duckdb")) as con:
                con.execute(sql)
        manifest = Manifest(version, date(2025, 3, 10), "r", 1, "m", "i", datetime.now(UTC), "0", "s", {}, {})
        (folder / "manifest.json").write_text(manifest.to_json())
        link = home / "published" / ".current-new"
        link.symlink_to(version)
        link.replace(home / "published" / "current")
        return version

    return publish


@pytest.fixture
def declare(home: Path) -> Callable[[str], Destination]:
    """Writes one destination, given as YAML flow, and loads it."""

    def write(settings: str) -> Destination:
        home.mkdir(exist_ok=True)
        (home / "destinations.yml").write_text(f"destinations:\n  there: {settings}\n", encoding="utf-8")
        return load_destinations(home)["there"]

    return write


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URI of an empty database on a server of its own, reached through a socket in a private folder."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(p) for p in [shutil.which("initdb")] if p]
    reason = None if found else "no Postgres server is installed (Debian: postgresql)"
    if found and os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            reason = "Postgres does not run as root, and there is no user postgres"
    if reason:
        assert os.environ.get("CDP_REQUIRE_SYSTEM") != "1", reason
        pytest.skip(reason)
    # a socket's path may be 107 bytes long, which pytest's folders exceed
    folder = Path(tempfile.mkdtemp(prefix="cdp-pg-"))
    start: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    if os.geteuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)
        start |= {"user": user.pw_uid, "group": user.pw_gid, "env": {**os.environ, "HOME": str(folder)}}
    binaries = found[-1].parent
    data = folder / "data"
    subprocess.run([binaries / "initdb", "-D", data, "-U", "cdp", "-A", "trust", "--no-sync"], check=True, **start)
    control = [binaries / "pg_ctl", "-D", data, "-w"]
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], check=True, timeout=60, **start)
    try:
        yield f"postgresql:///postgres?host={folder}&user=cdp"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, timeout=60, **start)
        shutil.rmtree(folder, ignore_errors=True)
