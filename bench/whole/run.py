"""The whole platform at growing sizes: time, processor, memory and bytes by stage, increments, overhead, growth.

usage: python bench/whole/run.py [--sizes 10k 100k 1M] [--home DIR] [--no-parts] [--again] [--out FILE]
    --sizes     source records; ten times as many interactions are made (k and M as in 100k, 1M)
    --home      where data and measurements lie (default: ~/.cache/cdp-bench). A size measured there by the same code
                is not measured again; data of a size is removed when it is done
    --no-parts  leave out the same steps as plain functions, which orchestration is measured against
    --again     measure every size anew
    --keep      keep the data of each size
    --out       also put the report into this page, below its line MEASURED, with the charts in images/ beside it

Per size, on a company made by made.py: a full run of `cdp run`, a run of the next day without deliveries (the fixed
cost), runs of two further days with 1% and 0.1% more records and interactions, and the steps of a full run as plain
functions. 1M needs about 25 GB of disk. Every step is printed as it ends. Needs Linux (/proc).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import duckdb
import made
import meter
import report

from cdp_pipeline.inputs import code_fingerprint

ROOT = Path(__file__).parents[2]
INCREMENTS = (0.01, 0.001)
# Of the page that the report is put into, what follows this line is written anew.
MEASURED = "<!-- measured: written by make bench -->"


class BenchError(RuntimeError):
    """A measured command failed; the text says which and where its log is."""


def measure_size(records: int, folder: Path, *, parts: bool) -> dict[str, object]:
    """All runs of one size, in a new home below `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    home, landing = folder / "home", folder / "home" / "landing"
    landing.mkdir(parents=True)
    # `cdp` sets the threads for itself; the parts have NumPy before they could
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CDP_HOME": str(home), "OPENBLAS_NUM_THREADS": "1"}
    _say(f"{records:,} records: data")
    started = time.monotonic()
    first = made.write(landing, records)
    made.write_truth(folder / "truth.parquet", records)
    _say(
        f"  {first.records:,} rows of records and {first.interactions:,} of interactions"
        f" in {time.monotonic() - started:.0f} s"
    )
    runs: dict[str, meter.Measured] = {}

    def run(name: str, day: date, *command: str) -> None:
        _say(f"  {name}")
        log = folder / f"{name.replace(' ', '_')}.log"
        runs[name] = meter.measure([sys.executable, *command], env, log=log)
        if runs[name].code:
            raise BenchError(f"{records:,} records, {name}: exit code {runs[name].code}, see {log}: {runs[name].tail}")
        total = runs[name].total
        _say(f"    {total.seconds:.0f} s, {total.cpu:.0f} s of processor, {total.peak_gb:.2f} GB")

    cdp, day = ("-m", "cdp_pipeline", "run"), made.FIRST_DAY
    if parts:
        plain = folder / "plain"
        plain.mkdir()
        (plain / "landing").symlink_to(landing)
        run("parts", day, str(ROOT / "bench" / "whole" / "parts.py"), str(plain), str(day))
        shutil.rmtree(plain)
    run("full", day, *cdp)
    quality = _quality(home, folder / "truth.parquet")
    facts = _facts(home)
    day += timedelta(days=1)
    run("empty", day, *cdp, "--as-of", str(day))
    at = 1.0
    for share in INCREMENTS:
        day += timedelta(days=1)
        made.write(landing, records, start=at, stop=at + share, day=day)
        at += share
        run(f"{share:.1%}", day, *cdp, "--accept-changes")
    return {
        "records": records,
        "rows": asdict(first),
        "runs": {name: asdict(measured) for name, measured in runs.items()},
        "quality": quality,
        "facts": facts,
    }


def _quality(home: Path, truth: Path) -> dict[str, float]:
    """Pairwise precision and recall of the profiles over the records whose person is known."""
    with duckdb.connect() as con:
        pairs = con.execute(
            f"""WITH both_ids AS (
              SELECT entity_id, profile_id FROM '{truth}'
              INNER JOIN '{home}/lake/identity/profile_members/*.parquet' USING (record_id)),
            found AS (SELECT profile_id, count(*) AS n FROM both_ids GROUP BY ALL),
            real AS (SELECT entity_id, count(*) AS n FROM both_ids GROUP BY ALL),
            right_ones AS (SELECT profile_id, entity_id, count(*) AS n FROM both_ids GROUP BY ALL)
            SELECT (SELECT sum(n * (n - 1) / 2) FROM right_ones), (SELECT sum(n * (n - 1) / 2) FROM found),
              (SELECT sum(n * (n - 1) / 2) FROM real)"""
        ).fetchall()
    right, found, real = (float(value or 0) for value in pairs[0])
    return {"precision": right / max(found, 1.0), "recall": right / max(real, 1.0)}


def _facts(home: Path) -> dict[str, float]:
    """Size of what a run leaves: GB by folder, rows of the core tables."""
    facts = {
        f"{name} GB": sum(p.stat().st_size for p in (home / name).rglob("*") if p.is_file() and not p.is_symlink())
        / 1e9
        for name in ("landing", "lake", "published")
    }
    facts["warehouse GB"] = (home / "warehouse.duckdb").stat().st_size / 1e9
    with duckdb.connect() as con:
        for table in ("customer_records", "interactions"):
            ((rows,),) = con.execute(f"SELECT count(*) FROM '{home}/lake/core/{table}/*.parquet'").fetchall()
            facts[table] = int(rows)
        ((profiles,),) = con.execute(
            f"SELECT count(DISTINCT profile_id) FROM '{home}/lake/identity/profile_members/*.parquet'"
        ).fetchall()
    return {**facts, "profiles": int(profiles)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=_size, default=[10_000, 100_000])
    parser.add_argument("--home", type=Path, default=Path.home() / ".cache" / "cdp-bench")
    parser.add_argument("--no-parts", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    args.home.mkdir(parents=True, exist_ok=True)
    code = code_fingerprint()
    results = []
    for records in sorted(args.sizes):
        kept = args.home / f"{records}.json"
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        if args.again or known.get("code") != code or (not args.no_parts and "parts" not in known["runs"]):
            folder = args.home / str(records)
            try:
                known = {**measure_size(records, folder, parts=not args.no_parts), "code": code, **report.machine()}
            except BenchError as error:
                sys.exit(f"bench: {error}")
            kept.write_text(json.dumps(known, indent=1), encoding="utf-8")
            if not args.keep:
                shutil.rmtree(folder)
        else:
            _say(f"{records:,} records: measured before, {kept}")
        results.append(known)
        text, charts = report.render(results)
    print(text)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        page = args.out.read_text(encoding="utf-8") if args.out.exists() else ""
        head = page.partition(MEASURED)[0].rstrip() if MEASURED in page else "# Benchmarks of the whole"
        args.out.write_text(f"{head}\n\n{MEASURED}\n\n{text}", encoding="utf-8")
        for name, drawing in charts.items():
            (args.out.parent / name).parent.mkdir(parents=True, exist_ok=True)
            (args.out.parent / name).write_text(drawing, encoding="utf-8")


def _size(text: str) -> int:
    """`10k`, `1M` or plain digits."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.isdigit() or not int(digits):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 10k, 100k or 1M")
    return int(digits) * factor


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
