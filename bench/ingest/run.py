"""What ingest must show, in one command: throughput beside bare DuckDB on the same file, memory, linear growth.

usage: python bench/ingest/run.py [--orders N] [--events N,N,…] [--repeats R] [--scratch DIR] [--docs]
    --orders   nested orders of the comparison (default 100000; 1000000 are 2.5 GB of JSON lines)
    --events   numbers of simple events for the growth (default 100000,300000; empty leaves it out)
    --repeats  runs of each kind, taken in turns (default 3)
    --scratch  where the files go (default: the system's temporary folder); they are removed afterwards
    --docs     write the tables into docs/ingest-benchmarks.md as well
prints the tables in Markdown. Every run is a process of its own, so that its peak memory is its own.

Bare DuckDB is one COPY from read_json to Parquet with default settings, once of everything that the records hold and
once of the contract's columns only, which throws the rest away. Ours is the real contract: every field of the contract
typed and checked, unknown fields kept, line numbers, checksum, quarantine, receipt, and the reconciliation of all rows.
One record in 10,000 of the file has a fault, so that quarantine has rows; bare DuckDB reads the file without them.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "ingest-benchmarks.md"
DAY = date(2025, 3, 5)
FAULT_EVERY = 10_000
BUDGET_GB = 1.5
TARGET = 0.6


@dataclass(frozen=True)
class Child:
    """One finished process: wall and processor seconds, peak memory in GB, its last line of output."""

    seconds: float
    cpu: float
    peak_gb: float
    answer: str


def run(*arguments: str) -> Child:
    """Run this file in a process of its own and measure it; raises RuntimeError with its last line of errors."""
    command = [sys.executable, __file__, *arguments]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, "PYTHONPATH": str(ROOT)})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        if status:
            raise RuntimeError(f"{arguments[0]}: {(err.read().splitlines() or ['no message'])[-1]}")
        cpu = usage.ru_utime + usage.ru_stime
        return Child(seconds, cpu, usage.ru_maxrss / 1e6, (out.read().splitlines() or [""])[-1])


def make(kind: str, rows: int, path: Path) -> None:
    """Write the input; of orders a second file `path`.faulty with a fault in every 10,000th line."""
    from made import write_events, write_orders

    if kind == "events":
        write_events(path, rows)
        return
    write_orders(path, rows)
    with path.open("rb") as good, path.with_suffix(".faulty").open("wb") as faulty:
        for number, line in enumerate(good, 1):
            faulty.write(line[: len(line) // 2] + b"\n" if number % FAULT_EVERY == 0 else line)


def bare(columns: str, source: str, path: Path, target: Path) -> None:
    """Bare DuckDB: the file's records to Parquet. `columns`: all that they hold, or those of the contract."""
    import duckdb

    read = f"read_json('{path}', format = 'newline_delimited')"
    if columns == "contract":
        read = f"read_json('{path}', format = 'newline_delimited', columns = {_contract_columns(source)})"
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT * FROM {read}) TO '{target}' (FORMAT parquet)")
        print(con.execute(f"SELECT count(*) FROM '{target}'").fetchall()[0][0])


def _contract_columns(source: str) -> str:
    """read_json's columns for what a contract reads, with its types."""
    from cdp_pipeline.sources.contract import load_contracts

    system, _, name = source.partition(".")
    tree: dict[str, object] = {}
    for field in load_contracts()[system].objects[name].fields:
        kind = {"json": "JSON", "timestamp": "TIMESTAMPTZ"}.get(field.type, field.duckdb_type)
        for path in field.paths:
            *parents, leaf = path.split(".")
            node = tree
            for part in parents:
                below = node.setdefault(part, {})
                assert isinstance(below, dict)
                node = below
            node[leaf] = kind

    def struct(node: dict[str, object]) -> str:
        members = (f'"{k}" {struct(v) if isinstance(v, dict) else v}' for k, v in node.items())
        return f"STRUCT({', '.join(members)})"

    tops = (f"'{k}': '{struct(v) if isinstance(v, dict) else v}'" for k, v in tree.items())
    return "{" + ", ".join(tops) + "}"


def ours(source: str, path: Path, home_folder: Path) -> None:
    """Ingest of the file by the real contract, reconciliation included."""
    from cdp_pipeline.home import Home
    from cdp_pipeline.ops import Ops
    from cdp_pipeline.sources.contract import load_contracts
    from cdp_pipeline.sources.ingest import ingest_partition, reconcile

    system, _, name = source.partition(".")
    home = Home(home_folder)
    folder = home.landed(system, name, DAY)
    folder.mkdir(parents=True)
    os.link(path, folder / "landed.jsonl")
    with Ops(home.ops_db) as ops:
        result = ingest_partition(home, load_contracts()[system].objects[name], DAY, "bench", ops)
        told = reconcile(home, ops)
    if result.failed_files or not told.ok:
        raise RuntimeError(result.message or told.mismatches[0])
    print(f"{result.loaded} {result.quarantined}")


def compare(orders: int, repeats: int, scratch: Path) -> list[str]:
    """Bare and ours in turns on the same orders."""
    path = scratch / "orders.jsonl"
    run("make", "orders", str(orders), str(path))
    size = path.stat().st_size / 1e9
    names = ("bare, whole records", "bare, contract's columns only", "ours")
    runs: dict[str, list[Child]] = {name: [] for name in names}
    for _ in range(repeats):
        for name, columns in zip(names[:2], ("all", "contract"), strict=True):
            runs[name].append(run("bare", columns, "shopify.orders", str(path), str(scratch / "bare.parquet")))
        home = scratch / "home"
        runs["ours"].append(run("ours", "shopify.orders", str(path.with_suffix(".faulty")), str(home)))
        shutil.rmtree(home)
    loaded, refused = map(int, runs["ours"][0].answer.split())
    if loaded + refused != orders:
        raise RuntimeError(f"{orders} orders, {loaded} loaded and {refused} refused")
    lines = [
        f"{orders:,} nested orders, {size:.2f} GB of JSON lines; {repeats} runs of each in turns, medians. Ours loaded"
        f" {loaded:,} and quarantined {refused:,}.",
        "",
        "| run | seconds | MB/s | processor seconds | peak GB | ours has of its throughput | of it by processor time |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        seconds, cpu = (statistics.median(getattr(c, what) for c in runs[name]) for what in ("seconds", "cpu"))
        peak = max(c.peak_gb for c in runs[name])
        pairs = list(zip(runs[name], runs["ours"], strict=True))
        ratio = statistics.median(other.seconds / own.seconds for other, own in pairs)
        by_cpu = statistics.median(other.cpu / own.cpu for other, own in pairs)
        shares = " | " if name == "ours" else f"{ratio:.0%} | {by_cpu:.0%}"
        lines.append(f"| {name} | {seconds:.1f} | {size * 1000 / seconds:.0f} | {cpu:.1f} | {peak:.2f} | {shares} |")
        if name == names[0]:
            met = ratio >= TARGET and max(c.peak_gb for c in runs["ours"]) <= BUDGET_GB
            verdict = f"Target, ≥ {TARGET:.0%} of bare throughput in ≤ {BUDGET_GB} GB: {'met' if met else 'missed'}."
    return [*lines, "", f"{verdict} (Whole records, by wall clock: what both keep is the same.)"]


def growth(sizes: list[int], scratch: Path) -> list[str]:
    """Time per row of simple events by their number."""
    lines = ["| events | seconds | microseconds a row | peak GB |", "|---|---|---|---|"]
    for events in sizes:
        path, home = scratch / "events.jsonl", scratch / "home"
        run("make", "events", str(events), str(path))
        child = run("ours", "web_events.segment", str(path), str(home))
        if child.answer != f"{events} 0":
            raise RuntimeError(f"{events} events, {child.answer} loaded and refused")
        lines.append(f"| {events:,} | {child.seconds:.1f} | {child.seconds / events * 1e6:.1f} | {child.peak_gb:.2f} |")
        path.unlink()
        shutil.rmtree(home)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--events", default="100000,300000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--docs", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        lines = ["## Throughput", "", *compare(args.orders, args.repeats, Path(scratch))]
        sizes = [int(n) for n in args.events.split(",") if n]
        if sizes:
            lines += ["", "## Growth", "", *growth(sizes, Path(scratch))]
    load = f"load of the machine at the end {os.getloadavg()[1]:.1f} (5 minutes)"
    print("\n".join([*lines, "", load]))
    if args.docs:
        command = f"python bench/ingest/run.py --orders {args.orders} --events {args.events} --repeats {args.repeats}"
        head = (
            "# Ingest: throughput, memory, growth\n\n"
            f"Made by `{command} --docs`; seconds are of one machine ({platform.machine()}, {os.cpu_count()} cores,"
            f" {load}), ratios of one run. What is compared stands in that file's first lines.\n\n"
        )
        PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    elif sys.argv[1:2] == ["bare"]:
        bare(sys.argv[2], sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5]))
    elif sys.argv[1:2] == ["ours"]:
        ours(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
