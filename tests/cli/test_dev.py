"""``cdp dev`` as whatever starts and stops it sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_pipeline.orphans import PROCESSES

pytestmark = pytest.mark.skipif(not PROCESSES.is_dir(), reason="needs /proc")


def living(group: int) -> list[str]:
    """Command lines of the group's processes that have not ended."""
    found = []
    for process in PROCESSES.glob("[0-9]*"):
        try:
            state, _, of_group = (process / "stat").read_text().rpartition(") ")[2].split()[:3]
            if int(of_group) == group and state != "Z":
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return found


def wait_until(what: str, seconds: float, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_what_ends_it_ends_dagster_and_all_its_servers(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "cdp_pipeline", "dev", "--home", str(tmp_path), "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        dev = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until("web server", 120, lambda: any("dagster_webserver" in line for line in living(dev.pid)))
        dev.terminate()
        dev.wait(60)
        # Servers of the code end by themselves once nobody asks for them: within a second here.
        wait_until("the end of all", 20, lambda: not living(dev.pid))
    finally:
        if living(dev.pid):
            os.killpg(dev.pid, signal.SIGKILL)
        dev.wait(30)
