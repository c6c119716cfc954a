"""What a process and all its children use, stage by stage, from /proc (Linux).

A stage ends with a line that the process prints; what was used since the line before is its own. Processor time and
bytes count those of finished children, too: the kernel adds them to the parent that waited for them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLE_SECONDS = 0.2
# `  dbt_core   41.3 s`, as cdp run prints it
_STEP = re.compile(r"^\s+(\S+)\s+([\d.]+) s$")


@dataclass(frozen=True)
class Use:
    """Of one stage: wall and processor seconds, largest resident memory of all processes together in GB, and GB that
    were read and written by system calls, those from the page cache included."""

    seconds: float
    cpu: float
    peak_gb: float
    read_gb: float
    written_gb: float


@dataclass(frozen=True)
class Measured:
    """A finished command: its exit code, its last lines, what all of it used, and its stages in their order.

    The stage ``start`` is what came before the first one began, ``end`` what followed the last."""

    code: int
    tail: str
    total: Use
    stages: dict[str, Use] = field(default_factory=dict)


def measure(command: Sequence[str], env: dict[str, str], *, log: Path, echo: bool = True) -> Measured:
    """Run `command` to its end; its output goes to `log`, finished stages are printed, too."""
    started = time.monotonic()
    marks: list[tuple[str, float, float, _Totals]] = []
    lines: list[str] = []
    with log.open("w", encoding="utf-8") as file:
        child = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True, env=env)
        tree = _Tree(child.pid)
        tree.start()
        assert child.stderr is not None
        for line in child.stderr:
            file.write(line)
            lines = [*lines[-4:], line.strip()]
            found = _STEP.match(line.rstrip())
            if found:
                marks.append((found[1], float(found[2]), time.monotonic(), tree.mark()))
                if echo:
                    print(f"    {found[1]:<24} {found[2]:>8} s", file=sys.stderr, flush=True)
        child.stderr.close()
        tree.finish()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    ended = time.monotonic()
    last = tree.mark()
    cpu = usage.ru_utime + usage.ru_stime
    total = Use(ended - started, cpu, tree.highest, last.read / 1e9, last.written / 1e9)
    return Measured(child.returncode, " ".join(lines), total, _stages(marks, started, ended, last, cpu))


def _stages(
    marks: list[tuple[str, float, float, _Totals]], started: float, ended: float, last: _Totals, cpu: float
) -> dict[str, Use]:
    stages: dict[str, Use] = {}
    before = _Totals()
    for name, seconds, at, totals in marks:
        if not stages:
            stages["start"] = Use(max(0.0, at - seconds - started), 0.0, 0.0, 0.0, 0.0)
        stages[name] = _between(before, totals, seconds)
        before = totals
    if marks:
        rest = _between(before, last, ended - marks[-1][2])
        stages["end"] = Use(rest.seconds, max(0.0, cpu - before.cpu), rest.peak_gb, rest.read_gb, rest.written_gb)
    return stages


@dataclass
class _Totals:
    """Since the start: processor seconds, bytes read and written; the peak is that since the mark before, in GB."""

    cpu: float = 0.0
    read: int = 0
    written: int = 0
    peak: float = 0.0


def _between(before: _Totals, after: _Totals, seconds: float) -> Use:
    return Use(
        round(seconds, 2),
        max(0.0, after.cpu - before.cpu),
        after.peak,
        max(0, after.read - before.read) / 1e9,
        max(0, after.written - before.written) / 1e9,
    )


class _Tree(threading.Thread):
    """Looks at a process and its descendants five times a second."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.highest = 0.0
        self._root = root
        self._peak = 0.0
        self._seen = _Totals()
        self._lock = threading.Lock()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            self._look()

    def finish(self) -> None:
        self._look()
        self._over.set()
        self.join()

    def mark(self) -> _Totals:
        """Totals up to now, and the peak since the last mark."""
        self._look()
        with self._lock:
            seen, self._peak = _Totals(self._seen.cpu, self._seen.read, self._seen.written, self._peak), 0.0
        return seen

    def _look(self) -> None:
        cpu = read = written = resident = 0
        for pid in _family(self._root):
            try:
                numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                facts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
            except (OSError, ValueError):
                continue
            cpu += sum(int(n) for n in numbers[11:15])
            resident += int(numbers[21]) * _PAGE
            read += int(facts["rchar"])
            written += int(facts["wchar"])
        with self._lock:
            # a child that ends between two reads is missing for a moment: totals never go back
            self._seen = _Totals(
                max(self._seen.cpu, cpu / _TICKS), max(self._seen.read, read), max(self._seen.written, written)
            )
            self._peak = max(self._peak, resident / 1e9)
            self.highest = max(self.highest, self._peak)


def _family(root: int) -> list[int]:
    """A process and all that came from it."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found
