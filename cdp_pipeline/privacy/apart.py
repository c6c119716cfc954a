"""Finishing erasures before a run that Dagster starts: in a process of its own, as a whole run is a step of an erasure,
and Dagster's cannot hold another one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from cdp_pipeline.privacy import store
from cdp_pipeline.privacy.errors import ErasureFailed


def finish_apart(home: Home, *, wait_seconds: float, say: Callable[[str], None]) -> bool:
    """Finish the erasures under way; returns whether there were any. The caller does not hold the run lock.

    A run that is going on is waited for `wait_seconds`: it may finish them itself. Raises RunInProgress after that, and
    ErasureFailed with the line of `cdp privacy resume` where that fails.
    """
    with run_lock(home.run_lock, wait_seconds=wait_seconds):
        if not store.erasures(home, pending=True):
            return False
    say("an erasure is under way: it is finished first, and takes in all that has landed")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cdp_pipeline", "privacy", "resume", "--home", str(home.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        line = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1].removeprefix("cdp: ")
        raise ErasureFailed(f"an erasure is under way and could not be finished: {line}")
    say("the erasure is finished")
    return True
