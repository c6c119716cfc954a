"""`cdp run` of a small company, killed with SIGKILL at any time; what readers and the next run must find then."""

from __future__ import annotations

import json
import os
import random
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


def land(home: Home) -> None:
    """The deliveries of four systems but those of the last day."""
    for source in SOURCES:
        shutil.copytree(SAMPLE / source, home.landing / source, ignore=shutil.ignore_patterns(LAST_DAY))


def land_last_day(home: Home) -> None:
    """The deliveries of the last day."""
    for source in SOURCES:
        for day in (SAMPLE / source).glob(f"*/{LAST_DAY}"):
            shutil.copytree(day, home.landing / source / day.parent.name / day.name)


def start(home: Home, *arguments: str) -> subprocess.Popen[str]:
    """`cdp run` in a session of its own, so that it can be killed with all its children."""
    return subprocess.Popen(
        [sys.executable, "-m", "cdp_pipeline", "run", "--home", str(home.root), "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore", "CDP_HOME": ""},
    )


def run(home: Home, *arguments: str) -> dict[str, Any]:
    """`cdp run` to its end."""
    process = start(home, *arguments)
    out, errors = process.communicate(timeout=1800)
    assert process.returncode == 0, errors[-3000:]
    summary: dict[str, Any] = json.loads(out)
    return summary


@dataclass(frozen=True)
class Kill:
    """After which share of the usual time; with all children, or leaving dbt behind."""

    share: float
    group: bool

    def __str__(self) -> str:
        return f"{self.share:.0%} of the time, {'with' if self.group else 'without'} its children"


def kills(number: int, seed: int = 7) -> list[Kill]:
    """`number` points spread over the run, at random within their stretch, in random order."""
    chance = random.Random(seed)
    points = [Kill((i + chance.random()) / number, chance.random() < 0.6) for i in range(number)]
    chance.shuffle(points)
    return points


def kill(home: Home, point: Kill, usual_seconds: float) -> bool:
    """Start a run and kill it; False where it had ended before."""
    process = start(home)
    try:
        process.wait(timeout=max(0.2, usual_seconds * point.share))
    except subprocess.TimeoutExpired:
        if point.group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    # not communicate(): children that live on hold the pipes
    return process.wait(timeout=60) == -signal.SIGKILL


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
        while not over.wait(0.1):
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
