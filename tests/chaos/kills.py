"""Kills a process at a chosen point: before its n-th change of a file, or some milliseconds after it.

An audit hook of the interpreter counts what the process is about to change under one folder (files opened for writing,
renamed, linked, removed; SQLite and DuckDB files opened) and kills it at the n-th: exact and repeatable. What DuckDB
and SQLite do inside one call is not seen by the hook; for points in there it sets a timer of the kernel at the change
before, whose signal ends the process as SIGKILL does, without a line of its code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# argv: folder, number of the change (0: only count), seconds after it, file for the count, code, arguments of the code
_HOOKED = """
import json, os, signal, sys, time
folder, at, after, counted, code = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5]
sys.argv = ["child", *sys.argv[6:]]
seen, moments = 0, []
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
    moments.append(time.monotonic())
    if seen == at and after:
        signal.setitimer(signal.ITIMER_REAL, after)
    elif seen == at:
        os.kill(os.getpid(), 9)

sys.addaudithook(hook)
exec(compile(code, "<stage>", "exec"), {"__name__": "__main__"})
if at == 0:
    with open(counted, "w") as out:
        json.dump([*moments, time.monotonic()], out)
"""


# A timer's signal, where nothing handles it, is as sudden as SIGKILL.
_KILLED = (-signal.SIGKILL, -signal.SIGALRM)
_HALVINGS = 4


@dataclass(frozen=True)
class Point:
    """Where to kill: `seconds` after change number `change` (from 1) has begun, or right before it where that is 0."""

    change: int
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds * 1000:.0f} ms after change {self.change}" if self.seconds else f"change {self.change}"

    def attempts(self) -> Iterator[Point]:
        """This point, and nearer ones for a run that had ended before: a timer's aim is as good as the machine is
        steady."""
        if self.seconds:
            yield from (Point(self.change, self.seconds / 2**n) for n in range(_HALVINGS))
        yield from (Point(n) for n in range(self.change, 0, -1))


@dataclass(frozen=True)
class Usual:
    """An undisturbed run: the moments of its changes and, last, of its end, in seconds."""

    moments: tuple[float, ...]

    @property
    def changes(self) -> int:
        """How many changes it makes."""
        return len(self.moments) - 1

    def points(self, wanted: int) -> list[Point]:
        """`wanted` points: up to three quarters are changes, the others are spread over the time between the first
        change and the end."""
        exact = min(self.changes, wanted - max(1, wanted // 4))
        timed = wanted - exact
        spread = sorted({1 + round(i * (self.changes - 1) / max(1, exact - 1)) for i in range(exact)})
        first, end = self.moments[0], self.moments[-1]
        return [Point(n) for n in spread] + [
            self.point_at(first + (end - first) * (i + 1) / (timed + 1)) for i in range(timed)
        ]

    def point_at(self, moment: float) -> Point:
        """The point that lies at a moment."""
        change = sum(m <= moment for m in self.moments[:-1])
        # a timer of no length would never go off
        return Point(change, max(1e-4, moment - self.moments[change - 1]))


def count(code: str, folder: Path, *arguments: str) -> Usual:
    """Run `code` undisturbed."""
    counted = folder.parent / f"{folder.name}.count"
    done = _start(code, folder, Point(0), counted, arguments)
    _, errors = done.communicate(timeout=600)
    assert done.returncode == 0, errors
    return Usual(tuple(json.loads(counted.read_text())))


def kill(code: str, folder: Path, point: Point, *arguments: str) -> bool:
    """Run `code` and kill it at `point`; False where it had ended before."""
    process = _start(code, folder, point, folder, arguments)
    _, errors = process.communicate(timeout=600)
    assert process.returncode in (0, *_KILLED), errors
    return process.returncode in _KILLED


def _start(code: str, folder: Path, point: Point, counted: Path, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    numbers = (str(point.change), str(point.seconds))
    return subprocess.Popen(
        [sys.executable, "-c", _HOOKED, str(folder), *numbers, str(counted), code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
