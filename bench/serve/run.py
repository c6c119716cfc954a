"""Reads under load: HTTP from a second process, and in this one, beside a full run, publishing, and Feast.

    python bench/serve/run.py [--profiles 1000000] [--features 100] [--home DIR] [--run-home DIR] [--feast-env DIR]

Builds a home of generated profiles and one of the committed sample (kept where the options say), starts ``cdp serve``
for each on a free port, and measures, with 8 connections from a second process on loopback:

- undisturbed;
- while ``cdp run --full`` rebuilds and publishes the sample's home beside it, until that has finished. The same load
  reads the sample's home too, so that it meets the run's new version, and every answer is held against the version that
  it names, on disk;
- while another process publishes a new version of the large home, and then while `current` is swapped between its
  versions every second: errors and mixed answers only;
- beside Feast's feature server over SQLite, with the same ids, features and clients (`feast_reads`).

Kinds of requests take turns: an empty endpoint of the same server (`/healthz`: a plain route of the application, with
its routing, middleware, size limits, security headers and counters, and without a key), features of one profile,
features of 100. The ids asked for are read once before, so that the first touch of a page, which the machine pays once
for each version, is not measured. In this process: a bare LMDB get, and the same rows decoded, by CPU time, because
the machine is shared; and Feast's SDK in a process of its own, by CPU time too. Exits 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import beside
import duckdb
import feast_reads

import data
from profiles import FeatureReader, FeatureRow, layout
from profiles.keys import KeyStore
from profiles.lmdb_store import PROFILE, open_store
from profiles.ops import ops_path

HERE = Path(__file__).parent
ROUNDS = 7
BATCH = 100
# "What it must show" of the serving work: decoded against bare, read against empty, and its p99.
MOST_DECODED, LEAST_THROUGHPUT, MOST_P99 = 4.0, 0.60, 3.0
# A stop for a run that never ends; a full run of the sample takes some twenty rounds.
_MOST_ROUNDS = 1000
Kinds = dict[str, dict[str, Any]]


def microseconds(read: Callable[[Sequence[str]], object], calls: Sequence[Sequence[str]]) -> float:
    """Least mean CPU time of one call over some rounds of all `calls`."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for wanted in calls:
            read(wanted)
        best = min(best, time.process_time() - started)
    return best / len(calls) * 1e6


def in_process(home: Path, ids: Sequence[str]) -> dict[str, float]:
    """CPU microseconds of one call, by the way of reading."""
    published = layout.published_dir(home)
    reader = FeatureReader(published)
    store = open_store((published / layout.CURRENT).resolve() / layout.FEATURES)
    names = list(reader.get(ids[0]) or ())[:10]

    def row_of(wanted: Sequence[str]) -> FeatureRow:
        row = reader.get(wanted[0])
        assert row is not None
        return row

    def ten(row: FeatureRow) -> list[object]:
        return [row[name] for name in names]

    def rows_of(wanted: Sequence[str]) -> list[FeatureRow]:
        return [row for row in reader.get_many(wanted).values() if isinstance(row, FeatureRow)]

    single = [[one] for one in ids]
    batches = [ids[start : start + BATCH] for start in range(0, len(ids) - BATCH + 1, BATCH)]
    return {
        "bare get": microseconds(lambda wanted: store.get(PROFILE + wanted[0].encode()), single),
        "get, decoded": microseconds(row_of, single),
        "get, ten features": microseconds(lambda wanted: ten(row_of(wanted)), single),
        "get, all features as a dictionary": microseconds(lambda wanted: row_of(wanted).as_dict(), single),
        f"{BATCH} ids, ten features": microseconds(lambda wanted: [ten(row) for row in rows_of(wanted)], batches),
        f"{BATCH} ids, all features": microseconds(lambda wanted: [row.as_dict() for row in rows_of(wanted)], batches),
    }


def load(task: dict[str, Any]) -> dict[str, Any]:
    """Run the load in its own process."""
    done = subprocess.run(
        [sys.executable, str(HERE / "load.py")], input=json.dumps(task), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the load failed: {done.stderr.strip()[-500:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def report(title: str, result: dict[str, Any], *, bounded: bool = True) -> list[str]:
    """Print one measurement; returns the bounds that it misses, errors and mixed answers alone unless `bounded`."""
    print(f"\n{title}")
    missed = []
    rate = {kind: one["answers"] / one["seconds"] for kind, one in result.items()}
    for kind, one in result.items():
        print(
            f"  {kind:<14}{rate[kind]:9,.0f}/s   p50 {one['p50_ms']:8.2f} ms   p99 {one['p99_ms']:9.2f} ms"
            f"   {one['server_cpu_us']:8,.0f} µs of the server's CPU"
            f"   {one['answers']:,} answers, {one['errors']} errors, {one['mixed']} mixed,"
            f" {len(one['versions'])} versions",
            flush=True,
        )
        if one["errors"] or one["mixed"]:
            missed.append(f"{title}: {kind} had {one['errors']} errors and {one['mixed']} mixed answers")
    if "empty" in result:
        share = rate["single"] / rate["empty"]
        slower = result["single"]["p99_ms"] / result["empty"]["p99_ms"]
        cheaper = result["empty"]["server_cpu_us"] / max(1e-9, result["single"]["server_cpu_us"])
        print(
            f"  single against empty: {share:.0%} of the throughput, {slower:.2f} × its p99;"
            f" by the server's CPU time alone {cheaper:.0%}"
        )
        if bounded and share < LEAST_THROUGHPUT:
            missed.append(f"{title}: throughput {share:.0%}, wanted {LEAST_THROUGHPUT:.0%}")
        if bounded and slower > MOST_P99:
            missed.append(f"{title}: p99 {slower:.2f} ×, wanted {MOST_P99} ×")
    return missed


def kinds_of(home: Path, server: beside.Server, ids: Sequence[str], mark: str | None) -> Kinds:
    """What the load asks a server for, with a new key."""
    with KeyStore(ops_path(home)) as keys:
        token, _ = keys.new("bench", ["features:read"], created_by="bench", requests_per_second=1e9)
    common = {"port": server.port, "pids": server.pids, "key": token, "ids": list(ids), "mark": mark}
    return {
        "empty": common | {"request": "empty", "ids": []},
        "single": common | {"request": "single", "count": 1},
        "batch": common | {"request": "batch", "count": min(BATCH, len(ids))},
    }


def ids_of(home: Path, most: int) -> list[str]:
    """Some living profiles of a home."""
    marts = (layout.published_dir(home) / layout.CURRENT).resolve() / layout.MARTS
    with duckdb.connect(str(marts), read_only=True) as con:
        known = [str(row[0]) for row in con.execute("SELECT profile_id FROM profiles.customer_profile").fetchall()]
    return random.Random(7).sample(sorted(known), min(most, len(known)))  # noqa: S311


def during_a_full_run(task: dict[str, Any], kinds: Kinds, run_home: Path, folder: Path) -> list[str]:
    """The load while ``cdp run --full`` works and publishes beside it."""
    title = "while a full run is going on"
    server = beside.Server(run_home)
    run = beside.FullRun(run_home, folder / "finished")
    try:
        own = kinds_of(run_home, server, ids_of(run_home, 500), None)
        own.pop("empty")
        run.start()
        try:
            asked = kinds | {f"its own {name}": kind for name, kind in own.items()}
            result = load(task | {"kinds": asked, "until": str(run.finished), "most_rounds": _MOST_ROUNDS})
        finally:
            missed = run.join()
        missed += report(title, result)
    finally:
        if server.stop():
            missed = [*missed, f"{title}: cdp serve did not stop as it should"]
    seen = [result[name]["seen"] for name in result if name.startswith("its own")]
    versions = {version for one in seen for version in one}
    wrong = sum(beside.wrong_features(run_home, one) for one in seen)
    checked = sum(len(digests) for one in seen for digests in one.values())
    print(f"  the full run took {run.seconds:.0f} s; {checked:,} profiles of {len(versions)} versions as on disk")
    if wrong or len(versions) < 2:
        missed.append(f"{title}: {wrong} profiles not as on disk, {len(versions)} versions seen")
    return missed


def during_publishing(task: dict[str, Any], home: Path, profiles: int, folder: Path) -> list[str]:
    """The load while one new version of the large home is published, and while versions are swapped."""
    context = multiprocessing.get_context("spawn")
    stop, published = context.Event(), context.Value("i", 0)
    first = int((layout.published_dir(home) / layout.CURRENT).readlink().name.rpartition("-")[2]) + 1
    publisher = context.Process(
        target=beside.keep_publishing, args=(str(home), profiles, first, stop, published), daemon=True
    )
    finished = folder / "published"
    watching = threading.Thread(target=_touch_once, args=(published, finished))
    publisher.start()
    watching.start()
    try:
        result = load(task | {"until": str(finished), "most_rounds": _MOST_ROUNDS})
    finally:
        stop.set()
        published.value = published.value or -1
        watching.join()
        publisher.join(5)
        publisher.kill()  # the next publish removes what it left; readers never see it
    missed = report("while new versions are published", result, bounded=False)
    print(f"  {max(0, published.value - first + 1)} versions were published")
    done = threading.Event()
    swapper = threading.Thread(target=beside.keep_swapping, args=(home, done))
    swapper.start()
    try:
        result = load(task | {"rounds": 2})
    finally:
        done.set()
        swapper.join()
    return missed + report("while versions are swapped", result, bounded=False)


def _touch_once(published: Any, finished: Path) -> None:
    while not published.value:
        time.sleep(0.2)
    finished.touch()


def against_feast(task: dict[str, Any], kinds: Kinds, home: Path, costs: dict[str, float], env: Path) -> list[str]:
    """The same reads by Feast; returns the bounds that are missed."""
    found = feast_reads.environment(env)
    if isinstance(found, str):
        print(f"\n{found}")
        return []
    python, version = found
    missed = []
    ids = kinds["single"]["ids"]
    marts = (layout.published_dir(home) / layout.CURRENT).resolve() / layout.MARTS
    with tempfile.TemporaryDirectory() as folder:
        parquet, repository = Path(folder) / "features.parquet", Path(folder) / "repository"
        feast_reads.export(marts, ids, parquet)
        started = time.perf_counter()
        feast_reads.run_script(python, "build", repository, parquet)
        size = sum(path.stat().st_size for path in repository.glob("online.db*"))
        seconds = time.perf_counter() - started
        print(
            f"\nFeast {version} over SQLite: {len(ids):,} profiles materialised in {seconds:.0f} s,"
            f" {size / len(ids):,.0f} bytes a profile"
        )
        ours = {
            ("ten", "1"): costs["get, ten features"],
            ("all", "1"): costs["get, all features as a dictionary"],
            ("ten", "100"): costs[f"{BATCH} ids, ten features"],
            ("all", "100"): costs[f"{BATCH} ids, all features"],
        }
        for service, by_count in feast_reads.sdk_costs(python, repository, parquet).items():
            for count, cost in by_count.items():
                times = cost * 1000 / ours[service, count]
                print(
                    f"  {service + ' features, ' + count + ' ids':<24} its SDK {cost:9.3f} ms, here"
                    f" {ours[service, count] / 1000:7.4f} ms of CPU time: {times:6.0f} ×"
                )
                if times < feast_reads.LEAST_TIMES:
                    missed.append(f"Feast's SDK: {service} {count}: {times:.1f} ×, wanted {feast_reads.LEAST_TIMES} ×")
        server = feast_reads.Server(python, repository)
        try:
            names = [name for name in _names(home) if name != "profile_id"][:10]
            asked = {
                f"cdp {service} {kind['count']}": kind | ({"fields": names, "mark": None} if service == "ten" else {})
                for service in ("ten", "all")
                for kind in (kinds["single"], kinds["batch"])
            }
            result = load(task | {"kinds": asked | feast_reads.kinds(server, ids, BATCH), "rounds": 2})
        finally:
            server.stop()
    missed += report("HTTP, beside feast serve", result)
    rate = {kind: one["answers"] / one["seconds"] for kind, one in result.items()}
    for place in (kind.removeprefix("cdp ") for kind in asked):
        times = rate[f"cdp {place}"] / rate[f"feast {place}"]
        print(f"  {place.partition(' ')[0]} features, {place.partition(' ')[2]} ids: {times:.0f} × the throughput")
        if times < feast_reads.LEAST_TIMES:
            missed.append(f"Feast's server: {place}: {times:.1f} ×, wanted {feast_reads.LEAST_TIMES} ×")
    return missed


def _names(home: Path) -> list[str]:
    with duckdb.connect(
        str((layout.published_dir(home) / layout.CURRENT).resolve() / layout.MARTS), read_only=True
    ) as con:
        return [str(row[0]) for row in con.execute("DESCRIBE features.profile_features").fetchall()]


def main() -> int:
    """Build, measure, print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--home", type=Path, help="kept and used again; default: a temporary folder")
    parser.add_argument("--run-home", type=Path, help="home of the full run beside, kept; default: a temporary folder")
    parser.add_argument("--feast-env", type=Path, help="environment with Feast, kept; default: a temporary folder")
    parser.add_argument("--rounds", type=int, default=6, help="turns of each kind of request (default 6)")
    parser.add_argument("--slice", type=float, default=2.0, help="seconds of a turn (default 2)")
    parser.add_argument("--ids", type=int, default=20_000, help="different profiles asked for (default 20000)")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument(
        "--without", nargs="*", default=[], choices=["full-run", "publishing", "feast"], help="parts to leave out"
    )
    arguments = parser.parse_args()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        home, run_home = arguments.home or scratch / "home", arguments.run_home or scratch / "run-home"
        data.ensure_home(home, arguments.profiles, arguments.features)
        if "full-run" not in arguments.without:
            beside.ensure_run_home(run_home)
        ids = ids_of(home, arguments.ids)
        costs = in_process(home, ids)
        print(f"in process, {arguments.profiles:,} profiles, CPU time of one call")
        for name, cost in costs.items():
            ratio = "" if name.startswith(str(BATCH)) else f"{cost / costs['bare get']:6.1f} × bare"
            print(f"  {name:<36}{cost:9.2f} µs{ratio}", flush=True)
        if costs["get, decoded"] > MOST_DECODED * costs["bare get"]:
            missed.append(f"decoded {costs['get, decoded'] / costs['bare get']:.1f} × bare, wanted {MOST_DECODED} ×")
        server = beside.Server(home)
        try:
            kinds = kinds_of(home, server, ids, data.MARK)
            task = {
                "host": server.host,
                "connections": arguments.connections,
                "slice_seconds": arguments.slice,
                "rounds": arguments.rounds,
                "kinds": kinds,
            }
            load(task | {"warm_up": True, "rounds": 0})
            missed += report("quiet", load(task))
            if "full-run" not in arguments.without:
                missed += during_a_full_run(task, kinds, run_home, scratch)
            if "feast" not in arguments.without:
                missed += against_feast(task, kinds, home, costs, arguments.feast_env or scratch / "feast")
            if "publishing" not in arguments.without:
                missed += during_publishing(task, home, arguments.profiles, scratch)
        finally:
            if server.stop():
                missed.append("cdp serve did not stop as it should")
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
