"""A soak: a company's days, one after the other, each checked; a table of them at the end.

python tests/soak/soak.py --days 60                    Dagster, dbt and publishing each day, in one process
python tests/soak/soak.py --days 60 --engine cdp       each day by the command line
python tests/soak/soak.py --days 60 --engine steps     without dbt and publishing, seconds a day
python tests/soak/soak.py --days 60 --minutes 20       stops after the day that ends beyond 20 minutes; then
python tests/soak/soak.py --days 60 --resume           goes on from there
"""

from __future__ import annotations

import argparse
import pickle
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "chaos"))
sys.path.insert(0, str(Path(__file__).parent))

import faults
from soak_checks import WATCHED, Memory, check_day, check_growth, published, sizes, tables
from soak_company import Company
from soak_engines import CommandLine, Engine, OneProcess, Steps
from whole_runs import differences

from cdp_pipeline.home import Home

ENGINES: dict[str, Callable[[], Engine]] = {"process": OneProcess, "cdp": CommandLine, "steps": Steps}


@dataclass
class Lived:
    """What a soak has come to: the company, what the checks remember, and the figures of each day."""

    company: Company
    memory: Memory = field(default_factory=Memory)
    report: list[dict[str, float]] = field(default_factory=list)
    rebuilds: int = 0

    def keep(self, path: Path) -> None:
        """For `--resume`."""
        path.write_bytes(pickle.dumps(self))


def soak(
    root: Path,
    days: int,
    engine: Engine,
    *,
    lived: Lived | None = None,
    minutes: float | None = None,
    rebuild_every: int = 10,
    say: Callable[[str], None] = print,
) -> Lived:
    """Live through `days` in the home `root`, in all; `minutes` ends it early. Raises AssertionError at the first
    fault."""
    lived = lived or Lived(Company(1))
    home, started = Home(root), time.monotonic()
    kept = root.with_name(f"{root.name}.lived")
    # all anew in a copy, beside the next days
    with ThreadPoolExecutor(1) as beside:
        rebuild: Future[None] | None = None

        def rebuilt() -> None:
            if rebuild:
                rebuild.result()
                lived.rebuilds += 1

        for number in range(len(lived.report), days):
            row = _day(home, number, engine, lived)
            say(" ".join(f"{name}={value}" for name, value in row.items() if name not in WATCHED))
            is_last = number + 1 == days or (minutes is not None and time.monotonic() - started > minutes * 60)
            if (number + 1) % rebuild_every == 0:
                rebuilt()
                rebuild = beside.submit(_check_rebuilt, _copy(home), engine, tables(home), published(home))
            lived.keep(kept)
            if is_last:
                break
        rebuilt()
        lived.keep(kept)
    check_growth([(int(row["records"]), {n: int(row[n]) for n in WATCHED}) for row in lived.report])
    return lived


def _day(home: Home, number: int, engine: Engine, lived: Lived) -> dict[str, float]:
    started = time.monotonic()
    day = lived.company.deliver(home, number)
    # every second erasure finds files that wait
    if not day.erase or number % 8 == 3:
        engine.run(home)
    if day.erase:
        engine.erase(home, day.erase)
    seconds = time.monotonic() - started
    counts = check_day(home, lived.company, day, lived.memory)
    row: dict[str, float] = {
        "day": number + 1, "rows": day.rows, **counts, "merges": day.merges, "splits": day.splits,
        "erased": int(day.erase is not None), "seconds": round(seconds, 1), **sizes(home),
    }  # fmt: skip
    lived.report.append(row)
    return row


def _copy(home: Home) -> Home:
    copy = Home(home.root.with_name(f"{home.root.name}-copy"))
    shutil.rmtree(copy.root, ignore_errors=True)
    shutil.copytree(home.root, copy.root, symlinks=True)
    return copy


def _check_rebuilt(copy: Home, engine: Engine, ids: dict[str, Any], marts: dict[str, Any]) -> None:
    """All computed anew in a copy ends where the days have led."""
    engine.run(copy, full=True)
    differing = [name for name, rows in tables(copy).items() if rows != ids[name]]
    differing += differences(marts, published(copy))
    assert not differing, f"a full rebuild differs in {', '.join(differing)}"
    shutil.rmtree(copy.root)


def as_table(report: list[dict[str, float]]) -> str:
    """The days as a Markdown table; bytes in megabytes."""
    cells = [[f"{row[n] / 1e6:.1f}" if n in WATCHED else f"{row[n]:g}" for n in row] for row in report]
    return faults.table(list(report[0]), cells)


def main() -> None:
    parser = argparse.ArgumentParser(description="Days of increments, each checked.")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--engine", choices=ENGINES, default="process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, default=Path("data/soak"), help="made anew")
    parser.add_argument("--minutes", type=float, help="stop after the day that ends beyond them")
    parser.add_argument("--resume", action="store_true", help="go on with the days that --home has lived through")
    parser.add_argument("--report", type=Path, help="write the table of days here")
    given = parser.parse_args()
    root: Path = given.home.resolve()
    lived = Lived(Company(given.seed))
    if given.resume:
        lived = pickle.loads(root.with_name(f"{root.name}.lived").read_bytes())  # noqa: S301 - written by itself
    else:
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
    engine = ENGINES[given.engine]()
    lived = soak(
        root, given.days, engine, lived=lived, minutes=given.minutes, say=lambda line: print(line, flush=True)
    )  # fmt: skip
    text = as_table(lived.report)
    print(text)
    faults.note(
        "soak", given.engine, command=f"make soak DAYS={len(lived.report)} ENGINE={given.engine}", by_day=lived.report,
        parts=WATCHED, rebuilds=lived.rebuilds, how=engine.how,
    )  # fmt: skip
    if given.report:
        given.report.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
