"""A Postgres server of its own for tests and proofs, where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class NoPostgres(RuntimeError):
    """None can be started here; the text says why."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """URI of an empty database on a new server, reached through a socket in a private folder. Raises NoPostgres."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(p) for p in [shutil.which("initdb")] if p]
    if not found:
        raise NoPostgres("no Postgres server is installed (Debian: postgresql)")
    start: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    user = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            raise NoPostgres("Postgres does not run as root, and there is no user postgres") from None
    # a socket's path may be 107 bytes long, which pytest's folders exceed
    folder = Path(tempfile.mkdtemp(prefix="cdp-pg-"))
    if user is not None:
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
