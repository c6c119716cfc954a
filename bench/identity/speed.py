"""Time and memory of `cdp resolve` beside bare Splink on the same records, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
# What one call of the generator makes at most: more people come from several calls with other seeds.
PEOPLE_PER_CALL = 310_000
RECORDS_PER_PERSON = 3.2


@dataclass(frozen=True)
class Child:
    """One process: wall seconds, peak memory in GB, its last line of output. `stopped`: it had not finished by then."""

    seconds: float
    peak_gb: float
    answer: str
    stopped: bool = False


@dataclass(frozen=True)
class Speed:
    """One size. `increments`: share of records that came later → seconds. `explain`: seconds of a linked pair.
    `bare_quality` is empty where bare Splink was stopped."""

    records: int
    bare: Child
    full: Child
    increments: dict[float, Child]
    explain: Child
    quality: dict[str, float]
    bare_quality: dict[str, float]


def make_records(path: Path, records: int) -> int:
    """Write about `records` flat records with their person_id, from the platform's own generator; returns how many.

    In processes of their own: a child is charged with the memory that its parent has when it starts.
    """
    people = int(records / RECORDS_PER_PERSON)
    parts = []
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        for call in range(-(-people // PEOPLE_PER_CALL)):
            folder = Path(scratch, str(call))
            profiles = min(people - call * PEOPLE_PER_CALL, PEOPLE_PER_CALL)
            run(sys.executable, __file__, str(folder), str(profiles), str(call + 1))
            parts.append(
                f"select * replace ('{call}-' || record_id as record_id, '{call}-' || person_id as person_id) "
                f"from read_parquet('{folder}/truth/records.parquet')"
            )
            shutil.rmtree(folder / "landing")
        with duckdb.connect() as con:
            con.execute("set memory_limit = '1GB'")
            con.execute(f"copy ({' union all '.join(parts)}) to '{path}' (format parquet)")
            [(n,)] = con.execute(f"select count(*) from '{path}'").fetchall()
    return int(n)


def run(*command: str, limit: float | None = None) -> Child:
    """Run a command and measure it, at most `limit` seconds; raises RuntimeError with its last line of errors if it
    fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, "PYTHONPATH": str(ROOT)})
        alarm = threading.Timer(limit, child.kill) if limit else None
        if alarm:
            alarm.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - started
        if alarm:
            alarm.cancel()
            if os.WIFSIGNALED(status) and seconds >= (limit or 0):
                return Child(seconds, usage.ru_maxrss / 1e6, "", stopped=True)
        out.seek(0)
        err.seek(0)
        if status:
            raise RuntimeError(f"{command[1]}: {(err.read().splitlines() or ['no message'])[-1]}")
        return Child(seconds, usage.ru_maxrss / 1e6, (out.read().splitlines() or [""])[-1])


def measure(records: Path, roles: str, shares: tuple[float, ...], scratch: Path, limit: float | None = None) -> Speed:
    """Bare Splink (at most `limit` seconds), a full resolve, and for each of `shares` a store on all but that share
    with the rest added later."""
    python = sys.executable
    cdp = (python, "-m", "cdp_pipeline")
    (scratch / "roles.yml").write_text(roles)
    bare = run(python, str(ROOT / "bench" / "yardstick.py"), str(records), limit=limit)
    link = ("resolve", "--roles", str(scratch / "roles.yml"), "--json")
    store = scratch / "full.duckdb"
    full = run(*cdp, *link, str(records), "--store", str(store), "--out", str(scratch / "out.parquet"))
    truth = scratch / "truth.csv"
    duckdb.execute(
        f"copy (select record_id, person_id as entity_id from read_parquet('{records}')) to '{truth}' (header)"
    )
    quality = run(
        *cdp, "evaluate", "--clusters", str(scratch / "out.parquet"), "--truth", str(truth), "--json"
    )  # fmt: skip
    [(a, b)] = duckdb.execute(
        f"""select min(record_id), max(record_id) from read_parquet('{scratch / "out.parquet"}')
        group by profile_id having count(*) > 3 order by profile_id limit 1"""
    ).fetchall()
    explain = run(*cdp, "explain", a, b, "--store", str(store))
    store.unlink()
    increments = {}
    for share in shares:
        every = round(1 / share)
        first, later = scratch / "records.parquet", scratch / "later" / "records.parquet"
        later.parent.mkdir(exist_ok=True)
        for path, condition in ((first, "<>"), (later, "=")):
            chosen = f"select * from read_parquet('{records}') where hash(record_id) % {every} {condition} 0"
            duckdb.execute(f"copy ({chosen}) to '{path}'")
        store = scratch / f"store-{every}.duckdb"
        out = str(scratch / "later.parquet")
        run(*cdp, *link, str(first), "--store", str(store), "--out", out)
        increments[share] = run(*cdp, *link, str(later), "--store", str(store), "--out", out)
        store.unlink()
    answer = {} if bare.stopped else json.loads(bare.answer)
    measured = json.loads(quality.answer)
    [(count,)] = duckdb.execute(f"select count(*) from read_parquet('{records}')").fetchall()
    return Speed(
        int(count), bare, full, increments, explain,
        {m: measured[f"pairwise_{m}"] for m in ("precision", "recall", "f1")},
        {m: answer[m] for m in ("precision", "recall", "f1") if m in answer},
    )  # fmt: skip


if __name__ == "__main__":
    from cdp_pipeline.generate import generate

    generate(Path(sys.argv[1]), profiles=int(sys.argv[2]), seed=int(sys.argv[3]), behaviour=0)
