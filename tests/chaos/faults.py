"""What the fault harness really did: results noted test by test, and the page that is made of them.

python tests/chaos/faults.py data/chaos --docs docs/faults.md      the notes of a folder, into the page

A test notes its result only when it has passed, and only where CDP_CHAOS_REPORT names a folder. Of the page a section
is written anew when there are notes of its kind; the others stay as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Of the page, what follows this line is written by this program.
MEASURED = "<!-- measured: written by make chaos and make soak -->"
Note = Mapping[str, Any]


def note(kind: str, name: str, *, command: str, **facts: Any) -> None:
    """Keep the result of one test. `command` is what had it made, as one would type it."""
    folder = os.environ.get("CDP_CHAOS_REPORT")
    if not folder:
        return
    path = Path(folder) / kind / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    told = {"name": name, "command": command, "date": when, "commit": _commit(), "machine": _machine(), **facts}
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return done.stdout.strip() or "unknown"


def _machine() -> str:
    cores = os.cpu_count() or 0
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[0]
    return (
        f"{cores} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}, load {load:.1f} at the end"
    )


def read(folder: Path) -> dict[str, list[Note]]:
    """All notes of a folder by kind, in the order of their names."""
    return {
        kind.name: [json.loads(path.read_text(encoding="utf-8")) for path in sorted(kind.glob("*.json"))]
        for kind in sorted(folder.iterdir())
        if kind.is_dir()
    }


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _source(notes: Sequence[Note]) -> str:
    """By what the notes of a section were made: a line for each command."""
    told = {f"`{n['command']}`, {n['date']}, at {n['commit']} ({n['machine'].partition(', load')[0]})" for n in notes}
    return "\n".join(f"- {line}" for line in sorted(told))


def _stages(notes: Sequence[Note]) -> str:
    killed, recovered = (sum(n[name] for n in notes) for name in ("killed", "recovered"))
    rows = [
        [n["name"], n["what"], n["changes"], n["killed"], n["recovered"], f"{n['seconds'] / 60:.1f}"] for n in notes
    ]
    head = ["stage", "what is killed", "changes of files", "killed", "recovered", "minutes"]
    return f"{killed} kills over {len(notes)} stages, {recovered} recovered.\n\n{table(head, rows)}"


def _disks(notes: Sequence[Note]) -> str:
    rows = [[n["name"], n["disks"], n["failed"], n["recovered"]] for n in notes]
    return table(["stage", "disks that were small", "on which it failed", "recovered with room"], rows)


def _clocks(notes: Sequence[Note]) -> str:
    return f"The same result with the machine's clock a year back: {', '.join(n['name'] for n in notes)}."


def _runs(notes: Sequence[Note]) -> str:
    parts = []
    for n in notes:
        rows = [[c["kills"], f"{c['seconds']:.0f}"] for c in n["chains"]]
        steps = ", ".join(f"{step} {count}" for step, count in n["by_step"].items())
        parts.append(
            f"{n['killed']} kills of a run of {n['usual']:.0f} s ({n['anew']:.0f} s where all is made anew),"
            f" {n['alone']} of them with dbt left running. {n['recovered']} recovered: after each row the run that was"
            " let through ended in the tables of an undisturbed one, and"
            f" {n['reads']:,} reads meanwhile found no fault. By step: {steps}."
        )
        parts.append(table(["killed in a row", "recovery, seconds"], rows))
    return "\n\n".join(parts)


def _soak(notes: Sequence[Note]) -> str:
    parts = []
    for n in notes:
        days = n["by_day"]
        shown = [d for d in days if d["day"] % 10 == 0 or d["day"] in (1, len(days))]
        sums = ("merges", "splits", "erased", "seconds")
        rows = [
            [d["day"], d["records"], d["profiles"], *(f"{sum(e[s] for e in days[: i + 1]):.0f}" for s in sums),
             *(f"{d[part] / 1e6:.1f}" for part in n["parts"])]
            for d, i in ((d, days.index(d)) for d in shown)
        ]  # fmt: skip
        head = ["day", "records", "profiles", *sums, *(f"{part}, MB" for part in n["parts"])]
        parts.append(
            f"{len(days)} days, all checks passed; {n['rebuilds']} full rebuilds in a copy ended in the same profiles,"
            f" ids and edges. {n['how']} Sums up to the day:\n\n{table(head, rows)}"
        )
    return "\n\n".join(parts)


SECTIONS: dict[str, tuple[str, Callable[[Sequence[Note]], str]]] = {
    "stages": ("Stages", _stages),
    "disks": ("Full disks", _disks),
    "clocks": ("A wrong clock", _clocks),
    "runs": ("Whole runs", _runs),
    "soak": ("Days in a row", _soak),
}


def render(notes: Mapping[str, Sequence[Note]]) -> dict[str, str]:
    """Sections of the page by their heading, for the kinds of which there are notes."""
    return {
        heading: f"{text(notes[kind])}\n\n{_source(notes[kind])}"
        for kind, (heading, text) in SECTIONS.items()
        if notes.get(kind)
    }


def write_page(page: Path, sections: Mapping[str, str]) -> None:
    """Put sections into the page below its line MEASURED, in the order of SECTIONS."""
    head, _, kept = page.read_text(encoding="utf-8").partition(MEASURED)
    there = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)*)", kept, re.MULTILINE))
    there = {heading: body.strip() for heading, body in there.items()} | dict(sections)
    ordered = [heading for heading, _ in SECTIONS.values() if heading in there]
    text = "\n\n".join(f"## {heading}\n\n{there[heading]}" for heading in ordered)
    page.write_text(f"{head.rstrip()}\n\n{MEASURED}\n\n{text}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="What the fault harness did, as Markdown.")
    parser.add_argument("folder", type=Path, help="where the tests left their notes (CDP_CHAOS_REPORT)")
    parser.add_argument("--docs", type=Path, help="also write the sections into this page")
    given = parser.parse_args()
    sections = render(read(given.folder) if given.folder.is_dir() else {})
    print("\n\n".join(f"## {heading}\n\n{body}" for heading, body in sections.items()))
    if given.docs:
        write_page(given.docs, sections)


if __name__ == "__main__":
    main()
