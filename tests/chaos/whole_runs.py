"""`cdp run` of a small company, killed with SIGKILL in any step; what readers and the next run must find then."""

from __future__ import annotations

import json
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import reconcile
from profiles import FeatureReader, FeatureRow

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "landing"
SOURCES = ("shopify", "square_pos", "zendesk", "klaviyo")
LAST_DAY = "dt=2017-12-31"
VOLATILE = {"run_id"}
# The line of a step that has ended, as `cdp run` prints it.
STEP = re.compile(r"^  (\S+) +\d+\.\d s$")
# A machine that others use may be as much slower than when the undisturbed run was measured.
PATIENCE = 20
FIRST_SECONDS = 3600.0


def land(home: Home) -> None:
    """The deliveries of four systems but those of the last day."""
    for source in SOURCES:
        shutil.copytree(SAMPLE / source, home.landing / source, ignore=shutil.ignore_patterns(LAST_DAY))


def land_last_day(home: Home) -> None:
    """The deliveries of the last day."""
    for source in SOURCES:
        for day in (SAMPLE / source).glob(f"*/{LAST_DAY}"):
            shutil.copytree(day, home.landing / source / day.parent.name / day.name)


def made_anew(home: Home) -> frozenset[str]:
    """Steps in which the next run makes all tables again, because no complete build is on record."""
    marks = {"dbt_core": "core_build.json", "dbt_marts": "marts_build.json"}
    return frozenset(step for step, name in marks.items() if not (home.root / "dbt" / name).exists())


class Running:
    """A `cdp run` under way, in a session of its own, so that it can be killed with all its children."""

    def __init__(self, home: Home) -> None:
        self.anew = made_anew(home)
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cdp_pipeline", "run", "--home", str(home.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "CDP_HOME": ""},
        )
        self.ended: dict[str, float] = {}
        self.errors: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()
        # after a kill nobody waits for it: children that live on hold the pipe
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.errors.append(line)
                if found := STEP.match(line):
                    self.ended[found[1]] = time.monotonic() - self._started
                    self._news.put(found[1])
        self._news.put(None)

    def until(self, steps: set[str], seconds: float) -> bool:
        """Wait until one of the steps has ended (True), the run has, or the time is over."""
        deadline = time.monotonic() + seconds
        while not steps & self.ended.keys() and self._listener.is_alive():
            try:
                self._news.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
        return bool(steps & self.ended.keys())

    def end(self, seconds: float) -> tuple[int, str]:
        """Wait for its end; exit code and what it printed."""
        code = self.process.wait(timeout=seconds)
        assert self.process.stdout is not None
        with self.process.stdout as out:
            # a killed one has printed nothing, and its children may hold the pipe
            printed = "" if code < 0 else out.read()
        if code >= 0:
            self._listener.join(timeout=60)
        return code, printed


@dataclass(frozen=True)
class Kill:
    """In which step, after which share of its usual time; with all children, or leaving dbt behind."""

    step: str
    share: float
    group: bool

    def __str__(self) -> str:
        return f"{self.step} at {self.share:.0%}" + ("" if self.group else ", dbt left")


@dataclass
class Usual:
    """How long the steps of a run take, as last seen; dbt's by whether they make all anew. Files are taken in before
    the first one of `order`, in which the start of the run is counted, too."""

    order: tuple[str, ...] = ()
    seconds: dict[tuple[str, bool], float] = field(default_factory=dict)

    def learn(self, running: Running) -> None:
        """Take over what a run to its end took."""
        steps = [step for step in running.ended if not step.startswith("raw_")]
        self.order = self.order or tuple(steps)
        before = 0.0
        for step in steps:
            self.seconds[step, step in running.anew] = running.ended[step] - before
            before = running.ended[step]

    def of(self, step: str, *, anew: bool) -> float:
        """Seconds of a step."""
        return self.seconds.get((step, anew)) or self.seconds[step, not anew]

    def total(self, *, anew: bool) -> float:
        """Seconds of a run."""
        return sum(self.of(step, anew=anew) for step in self.order)

    def kills(self, number: int, seed: int = 7) -> list[Kill]:
        """`number` points: one in each step, the others by the time that the steps take; at random within a step, in
        random order."""
        chance = random.Random(seed)
        counts = dict.fromkeys(self.order, 1)
        for _ in range(number - len(counts)):
            step = max(self.order, key=lambda s: self.of(s, anew=True) / counts[s])
            counts[step] += 1
        points = [
            Kill(step, (i + chance.random()) / count, chance.random() < 0.6)
            for step, count in counts.items()
            for i in range(count)
        ]
        chance.shuffle(points)
        return points[:number]


def run(home: Home, usual: Usual) -> tuple[bool, float]:
    """`cdp run` to its end: whether it published, and seconds. What it took is the usual from now on."""
    running = Running(home)
    started = time.monotonic()
    known = usual.total(anew=True) if usual.order else 0.0
    code, printed = running.end(PATIENCE * known + FIRST_SECONDS)
    assert code == 0, "".join(running.errors)[-3000:]
    if running.ended:
        usual.learn(running)
    return "\npublished " in printed, time.monotonic() - started


def kill(home: Home, point: Kill, usual: Usual) -> bool:
    """Start a run and kill it at the point; False where it had ended before."""
    running = Running(home)
    position = usual.order.index(point.step)
    if position:
        running.until({usual.order[position - 1], point.step}, PATIENCE * usual.total(anew=True) + FIRST_SECONDS)
    running.until({point.step}, point.share * usual.of(point.step, anew=point.step in running.anew))
    if point.group and running.process.poll() is None:
        os.killpg(running.process.pid, signal.SIGKILL)
    else:
        running.process.kill()
    code, _ = running.end(60)
    assert code in (0, -signal.SIGKILL), f"before {point}: {''.join(running.errors)[-3000:]}"
    return code != 0


def snapshot(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Every published table, its rows sorted, without run ids and wall times."""
    version = (home.published / "current").resolve()
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for name in ("marts", "pii"):
        with duckdb.connect(str(version / f"{name}.duckdb"), read_only=True) as con:
            found = con.execute(
                "select schema_name, table_name, list(column_name order by column_index) from duckdb_columns()"
                " where not internal group by all order by all"
            ).fetchall()
            for schema, table, columns in found:
                kept = [f'"{c}"' for c in columns if c not in VOLATILE]
                tables[f"{name}:{schema}.{table}"] = con.execute(
                    f'select {", ".join(kept)} from "{schema}"."{table}" order by all'
                ).fetchall()
    with duckdb.connect() as con:
        tables["timeline"] = con.execute(
            f"select * from read_parquet('{version / 'timeline' / '*.parquet'}') order by all"
        ).fetchall()
    return tables


def differences(expected: dict[str, list[tuple[Any, ...]]], found: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """Tables that differ, and by how many rows."""
    told = []
    for name in sorted(expected.keys() | found.keys()):
        here, there = map(repr, found.get(name, ())), map(repr, expected.get(name, ()))
        odd = set(here) ^ set(there)
        if odd or len(found.get(name, ())) != len(expected.get(name, ())):
            told.append(f"{name}: {len(odd)} rows")
    return told


def lost(home: Home) -> list[str]:
    """What the lake and the folder of snapshots hold that they must not, or lack."""
    with Ops(home.ops_db) as ops:
        told = list(reconcile(home, ops).mismatches)
    told += [p.name for p in home.published.iterdir() if p.name.startswith((".building", ".removing", ".current"))]
    told += [str(p.relative_to(home.root)) for p in home.lake.rglob(".*.part")]
    return told


@dataclass
class Watch:
    """What a reader saw while runs were killed: reads, versions, and errors (there must be none)."""

    reads: int = 0
    versions: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


@contextmanager
def reader(home: Home, profile_id: str, fingerprints: set[str]) -> Iterator[Watch]:
    """Read `current` all the while, features and SQL, and note everything that is not an answer."""
    watch, over = Watch(), threading.Event()

    def poll() -> None:
        features = FeatureReader(home.published)
        # now and then: on two cores the reads must not slow down what is read beside
        while not over.wait(0.3):
            try:
                row = features.get(profile_id)
                version = (home.published / "current").resolve()
                manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
                with duckdb.connect(str(version / "marts.duckdb"), read_only=True) as con:
                    ((rows,),) = con.execute("select count(*) from profiles.customer_profile").fetchall()
                watch.reads += 1
                watch.versions.add(version.name)
                if not isinstance(row, FeatureRow):
                    watch.errors.append(f"{version.name}: no features of a profile that is there")
                if rows != manifest["tables"]["profiles.customer_profile"]:
                    watch.errors.append(f"{version.name}: {rows} profiles")
                if fingerprints and manifest["inputs_fingerprint"] not in fingerprints:
                    watch.errors.append(f"{version.name}: made from something else")
            except Exception as error:
                watch.errors.append(f"{type(error).__name__}: {error}")
                time.sleep(0.5)
        features.close()

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
