"""A soak: a company's days, one after the other, each checked; a table of them at the end.

python tests/soak/soak.py --days 60                    the command line, minutes a day
python tests/soak/soak.py --days 60 --engine steps     without dbt and publishing, seconds a day
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from soak_checks import WATCHED, Memory, check_day, check_growth, same, sizes
from soak_company import Company
from soak_engines import CommandLine, Engine, Steps

from cdp_pipeline.home import Home

ENGINES: dict[str, Callable[[], Engine]] = {"cdp": CommandLine, "steps": Steps}


def soak(
    root: Path, days: int, engine: Engine, *, seed: int = 1, rebuild_every: int = 10, say: Callable[[str], None] = print
) -> list[dict[str, float]]:
    """Live through `days` in the home `root`; one row of figures a day. Raises AssertionError at the first fault."""
    home, company, memory = Home(root), Company(seed), Memory()
    report: list[dict[str, float]] = []
    for number in range(days):
        started = time.monotonic()
        day = company.deliver(home, number)
        if day.erase:
            # before, too: who has just arrived has to have a profile
            engine.run(home)
            engine.erase(home, day.erase)
        else:
            engine.run(home)
        seconds = time.monotonic() - started
        counts = check_day(home, company, day, memory)
        bytes_now = sizes(home)
        row = {
            "day": number + 1, "rows": day.rows, **counts, "merges": day.merges, "splits": day.splits,
            "erased": int(day.erase is not None), "seconds": round(seconds, 1), **bytes_now,
        }  # fmt: skip
        if (number + 1) % rebuild_every == 0:
            _rebuilt(home, engine)
        report.append(row)
        say(" ".join(f"{name}={value}" for name, value in row.items() if name not in WATCHED))
    check_growth([(int(row["records"]), {n: int(row[n]) for n in WATCHED}) for row in report])
    return report


def _rebuilt(home: Home, engine: Engine) -> None:
    """All computed anew in a copy ends where the days have led."""
    copy = Home(home.root.with_name(f"{home.root.name}-copy"))
    shutil.copytree(home.root, copy.root, symlinks=True)
    engine.run(copy, full=True)
    differing = same(home, copy)
    assert not differing, f"a full rebuild differs in {', '.join(differing)}"
    shutil.rmtree(copy.root)


def as_table(report: list[dict[str, float]]) -> str:
    """The days as a Markdown table; bytes in megabytes."""
    names = list(report[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in report:
        cells = [f"{row[n] / 1e6:.1f}" if n in WATCHED else f"{row[n]:g}" for n in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Days of increments, each checked.")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--engine", choices=ENGINES, default="cdp")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, default=Path("data/soak"), help="made anew")
    parser.add_argument("--report", type=Path, help="write the table of days here")
    given = parser.parse_args()
    shutil.rmtree(given.home, ignore_errors=True)
    report = soak(
        given.home.resolve(), given.days, ENGINES[given.engine](), seed=given.seed,
        say=lambda line: print(line, flush=True),
    )  # fmt: skip
    text = as_table(report)
    print(text)
    if given.report:
        given.report.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
