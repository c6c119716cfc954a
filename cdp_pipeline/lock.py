"""One run at a time per home: an advisory file lock that the operating system drops when its process dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_held: set[Path] = set()


class RunInProgress(RuntimeError):
    """Another process holds the lock; the text is one line that names it."""


@contextmanager
def run_lock(path: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path`, which names its holder in one line.

    Inside a process that already holds it, does nothing: `cdp run` takes it before it starts Dagster, whose resource
    takes it too. Raises RunInProgress when another process still holds it after `wait_seconds`.
    """
    key = path.resolve()
    if key in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # "a+" and not "w": opening must not wipe the holder's line.
    with path.open("a+", encoding="utf-8") as handle:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = path.read_text(encoding="utf-8").strip() or "another process"
                    raise RunInProgress(f"a run is already in progress: {holder} holds {path}") from None
                time.sleep(0.5)
        handle.truncate(0)
        handle.write(f"process {os.getpid()}, started {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n")
        handle.flush()
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)
            handle.truncate(0)
            fcntl.flock(handle, fcntl.LOCK_UN)
