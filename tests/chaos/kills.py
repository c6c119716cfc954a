"""Kills a process at a chosen point: before its n-th change of a file, or after a share of its time.

Points of the first kind are exact and repeatable. An audit hook of the interpreter counts what the process is about to
change under one folder (files opened for writing, renamed, linked, removed; SQLite and DuckDB files opened) and sends
it SIGKILL at the n-th. What DuckDB and SQLite do inside one call is not seen by it; the second kind falls there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# argv: folder, number of the point (0: only count), file for the count, code, arguments of the code
_HOOKED = """
import os, sys
folder, at, counted, code = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
sys.argv = ["child", *sys.argv[5:]]
seen = 0
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
           "sqlite3.connect"}

def place(value):
    if isinstance(value, bytes):
        value = os.fsdecode(value)
    return isinstance(value, (str, os.PathLike)) and os.fspath(value).startswith(folder)

def hook(event, arguments):
    global seen
    if event == "open":
        path, mode, flags = arguments
        writes = bool(flags and flags & (os.O_WRONLY | os.O_RDWR)) or (mode and set(mode) & set("wax+"))
        if not writes or not place(path):
            return
    elif event not in CHANGES or not any(place(value) for value in arguments[:2]):
        return
    seen += 1
    if seen == at:
        os.kill(os.getpid(), 9)

sys.addaudithook(hook)
exec(compile(code, "<stage>", "exec"), {"__name__": "__main__"})
if at == 0:
    with open(counted, "w") as out:
        out.write(str(seen))
"""


@dataclass(frozen=True)
class Point:
    """Where to kill: before change number `change` (from 1), or, where that is 0, after `share` of the usual time."""

    change: int
    share: float = 0.0

    def __str__(self) -> str:
        return f"change {self.change}" if self.change else f"{self.share:.0%} of the time"


@dataclass(frozen=True)
class Usual:
    """An undisturbed run: how many changes it makes and how long it takes."""

    changes: int
    seconds: float

    def points(self, wanted: int) -> list[Point]:
        """`wanted` points: up to three quarters spread over the changes, the others over the time."""
        exact = min(self.changes, wanted - max(1, wanted // 4))
        timed = wanted - exact
        spread = sorted({1 + round(i * (self.changes - 1) / max(1, exact - 1)) for i in range(exact)})
        return [Point(n) for n in spread] + [Point(0, (i + 1) / (timed + 1)) for i in range(timed)]


def count(code: str, folder: Path, *arguments: str) -> Usual:
    """Run `code` undisturbed."""
    counted = folder.parent / f"{folder.name}.count"
    started = time.monotonic()
    done = _start(code, folder, 0, counted, arguments)
    _, errors = done.communicate(timeout=600)
    assert done.returncode == 0, errors
    return Usual(int(counted.read_text()), time.monotonic() - started)


def kill(code: str, folder: Path, point: Point, usual: Usual, *arguments: str) -> bool:
    """Run `code` and kill it at `point`; False where it had ended before."""
    process = _start(code, folder, point.change or -1, folder, arguments)
    if not point.change:
        try:
            process.wait(timeout=usual.seconds * point.share)
        except subprocess.TimeoutExpired:
            process.kill()
    _, errors = process.communicate(timeout=600)
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode != 0


def _start(code: str, folder: Path, at: int, counted: Path, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _HOOKED, str(folder), str(at), str(counted), code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
