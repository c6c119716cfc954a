"""What tests of several folders share: a real Postgres where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


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
