"""Feast beside the platform: its Python SDK and its feature server, over SQLite, with the same features and clients.

Feast pins pandas below 3, so it gets an environment of its own. What favours Feast is chosen where there is a choice:
its store holds only the profiles that are asked for (SQLite would need some 25 kB for each of the others), its registry
is read once, its server writes no access log, checks no key, and is not restarted after 1,000 requests as by default.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

SCRIPT = Path(__file__).parent / "feast_store.py"
# Feast's reads must cost at least this many times ours.
LEAST_TIMES = 5.0
_STARTING = 120


def environment(folder: Path) -> tuple[Path, str] | str:
    """Python of an environment with Feast in `folder` and Feast's version; one line why there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, check=False)
        if made.returncode:
            return "Feast is left out: no virtual environment can be made"
    told = subprocess.run([python, "-c", "import feast; print(feast.__version__)"], capture_output=True, text=True)
    if told.returncode:
        install = [str(python), "-m", "pip", "install", "--quiet", "feast"]
        if subprocess.run(install, capture_output=True, check=False).returncode:
            return "Feast is left out: `pip install feast` failed (no package index?)"
        told = subprocess.run([python, "-c", "import feast; print(feast.__version__)"], capture_output=True, text=True)
    if told.returncode:
        return "Feast is left out: it was installed and cannot be imported"
    return python, told.stdout.strip().splitlines()[-1]


def export(marts: Path, ids: Sequence[str], parquet: Path) -> None:
    """The features of `ids` as Feast's offline source."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{marts}' AS marts (READ_ONLY)")
        con.execute("CREATE TABLE ids AS SELECT unnest($ids::VARCHAR[]) AS profile_id", {"ids": list(ids)})
        con.execute(
            "COPY (SELECT *, TIMESTAMPTZ '2025-03-01 00:00:00+00' AS event_timestamp"
            " FROM marts.features.profile_features JOIN ids USING (profile_id) ORDER BY profile_id)"
            f" TO '{parquet}' (FORMAT parquet)"
        )


def run_script(python: Path, command: str, repository: Path, parquet: Path) -> str:
    """Run `feast_store.py` in Feast's environment; returns what it printed."""
    done = subprocess.run(
        [python, str(SCRIPT), command, str(repository), str(parquet)],
        capture_output=True,
        text=True,
        check=False,
        env=_environ(),
    )
    if done.returncode:
        raise SystemExit(f"Feast failed to {command}: {done.stderr.strip()[-500:]}")
    return done.stdout


def sdk_costs(python: Path, repository: Path, parquet: Path) -> dict[str, dict[str, float]]:
    """CPU milliseconds of one read by the SDK: by service (ten, all) and number of ids (1, 100)."""
    costs: dict[str, dict[str, float]] = json.loads(run_script(python, "measure", repository, parquet).splitlines()[-1])
    return costs


class Server:
    """``feast serve`` with one worker, as ``cdp serve`` has; `port`, and `pids` of the master and its worker."""

    def __init__(self, python: Path, repository: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        command = [python.with_name("feast"), "--chdir", repository, "serve", "--port", str(self.port)]
        options = ["--no-access-log", "--workers", "1", "--max-requests", "100000000", "--registry_ttl_sec", "3600"]
        self._process = subprocess.Popen(
            [*map(str, command), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environ(),
            start_new_session=True,
        )
        deadline = time.monotonic() + _STARTING
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SystemExit("feast serve did not start")
            time.sleep(0.2)
        self.pids = [self._process.pid, *_children(self._process.pid)]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def stop(self) -> None:
        """End it with its workers."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(20)


def kinds(server: Server, ids: Sequence[str], batch: int) -> dict[str, dict[str, Any]]:
    """What the load asks Feast's server for."""
    common = {"port": server.port, "pids": server.pids, "request": "feast", "ids": list(ids)}
    return {
        f"feast {service} {count}": common | {"service": service, "count": count}
        for service in ("ten", "all")
        for count in (1, batch)
    }


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text(encoding="ascii").split()):
            found += [child, *_children(child)]
    return found


def _environ() -> dict[str, str]:
    # Feast tells its makers how it is used unless it is told not to; our packages must not shine through.
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {"FEAST_USAGE": "False", "PYTHONWARNINGS": "ignore"}
