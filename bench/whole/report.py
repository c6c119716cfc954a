# ruff: noqa: E501  -- lines of the report read better unwrapped
"""The report of bench/whole: tables in Markdown and charts as SVG, from the measurements of all sizes."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

Result = Mapping[str, Any]
# What the company of this project asks of two cores.
MAX_GB, MAX_SHARE, MAX_EMPTY_SECONDS, MAX_OVERHEAD = 8.0, 0.15, 60.0, 0.10
_BARS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0")
# One family of stages each, so that a chart has ten colours and not sixty.
_FAMILIES = ("start", "ingest", "dbt_core", "lake__core", "identity", "analytics", "dbt_marts", "publish", "other")


def machine() -> dict[str, str]:
    """What the measurements were taken on, and how busy it was."""
    model, memory = "unknown processor", ""
    info, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    if meminfo.exists():
        memory = f", {int(meminfo.read_text().split()[1]) / 1e6:.0f} GB"
    return {
        "machine": f"{os.cpu_count()} cores ({model}){memory}, Python {platform.python_version()}, DuckDB {duckdb.__version__}",
        "load": f"{os.getloadavg()[2]:.1f}",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def family(stage: str) -> str:
    """The stage's family: all sources are `ingest`."""
    if stage.startswith("raw_") or stage == "ingest_ledger":
        return "ingest"
    return stage if stage in _FAMILIES else "other"


def by_family(run: Mapping[str, Any], fact: str) -> dict[str, float]:
    """One fact summed by family; of memory the largest."""
    found: dict[str, float] = {}
    for stage, use in run["stages"].items():
        name = family(stage)
        found[name] = max(found.get(name, 0.0), use[fact]) if fact == "peak_gb" else found.get(name, 0.0) + use[fact]
    return {name: found[name] for name in _FAMILIES if name in found}


def render(results: Sequence[Result]) -> tuple[str, dict[str, str]]:
    """The page and its charts by file name."""
    last = results[-1]
    lines = [
        f"Measured {last['measured']}. {last['machine']}. Load of 15 minutes at the end of each size: {', '.join(r['load'] for r in results)}.",
        "",
        "## Summary",
        "",
        "| records | interactions | full run, s | processor, s | peak GB | empty run, s | 1.0% beyond empty | 0.1% beyond empty"
        " | orchestration | precision | recall |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_summary_row(result) for result in results),
        "",
        "*Beyond empty*: (increment − empty run) / (full run − empty run), by wall clock and, in brackets, by processor time."
        " *Orchestration*: what the full run takes beyond the same steps as plain functions, alike.",
        "",
        *_verdicts(results),
    ]
    for result in results:
        lines += ["", f"## {result['records']:,} records", "", *_stages(result)]
    if len(results) > 1:
        lines += ["", "## Growth", "", *_growth(results)]
    charts = {
        "images/bench-stages.svg": _stage_chart(last),
        "images/bench-growth.svg": _growth_chart(results),
    }
    lines += [
        "",
        f"![Seconds by stage of each run at {last['records']:,} records](images/bench-stages.svg)",
        "",
        "![Seconds and memory by size](images/bench-growth.svg)",
        "",
    ]
    return "\n".join(lines), charts


def _beyond(result: Result, run: str, fact: str) -> float:
    runs = result["runs"]
    empty, full = runs["empty"]["total"][fact], runs["full"]["total"][fact]
    return float((runs[run]["total"][fact] - empty) / max(full - empty, 0.001))


def _overhead(result: Result, fact: str) -> float | None:
    if "parts" not in result["runs"]:
        return None
    return float(result["runs"]["full"]["total"][fact] / result["runs"]["parts"]["total"][fact] - 1)


def _both(wall: float | None, cpu: float | None) -> str:
    return "not measured" if wall is None or cpu is None else f"{wall:.0%} ({cpu:.0%})"


def _summary_row(result: Result) -> str:
    full, empty = result["runs"]["full"]["total"], result["runs"]["empty"]["total"]
    cells = [
        f"{result['rows']['records']:,}",
        f"{result['rows']['interactions']:,}",
        f"{full['seconds']:.0f}",
        f"{full['cpu']:.0f}",
        f"{max(run['total']['peak_gb'] for run in result['runs'].values()):.2f}",
        f"{empty['seconds']:.0f} ({empty['cpu']:.0f} processor)",
        *(_both(_beyond(result, run, "seconds"), _beyond(result, run, "cpu")) for run in ("1.0%", "0.1%")),
        _both(_overhead(result, "seconds"), _overhead(result, "cpu")),
        f"{result['quality']['precision']:.4f}",
        f"{result['quality']['recall']:.4f}",
    ]
    return f"| {' | '.join(cells)} |"


def _verdicts(results: Sequence[Result]) -> list[str]:
    last = results[-1]
    peak = max(run["total"]["peak_gb"] for run in last["runs"].values())
    empty = last["runs"]["empty"]["total"]["seconds"]
    share = _beyond(last, "1.0%", "seconds")
    told = [
        f"- memory ≤ {MAX_GB:.0f} GB: {peak:.2f} GB, {_met(peak <= MAX_GB)}",
        f"- empty run ≤ {MAX_EMPTY_SECONDS:.0f} s: {empty:.0f} s, {_met(empty <= MAX_EMPTY_SECONDS)}",
        f"- 1% beyond the empty run ≤ {MAX_SHARE:.0%} of the full run beyond it: {share:.0%}, {_met(share <= MAX_SHARE)}",
    ]
    overhead = _overhead(last, "seconds")
    if overhead is not None:
        told.append(f"- orchestration ≤ {MAX_OVERHEAD:.0%}: {overhead:.0%}, {_met(overhead <= MAX_OVERHEAD)}")
    if len(results) > 1:
        ratio = _growth_ratio(results[-2], last, "seconds")
        told.append(
            f"- time grows no faster than n·log n: {ratio:.2f} of it from {results[-2]['records']:,}, {_met(ratio <= 1)}"
        )
    return [f"Targets at {last['records']:,} records:", "", *told]


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _stages(result: Result) -> list[str]:
    facts, runs = result["facts"], result["runs"]
    lines = [
        f"{facts['customer_records']:,} customer records, {facts['interactions']:,} interactions, {facts['profiles']:,} profiles;"
        f" landing {facts['landing GB']:.2f} GB, lake {facts['lake GB']:.2f}, warehouse {facts['warehouse GB']:.2f},"
        f" published {facts['published GB']:.2f}.",
        "",
        "| stage of the full run | s | processor, s | peak GB | read GB | written GB | share | empty, s | 1.0%, s | 0.1%, s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    columns = {fact: by_family(runs["full"], fact) for fact in ("seconds", "cpu", "peak_gb", "read_gb", "written_gb")}
    others = [by_family(runs[name], "seconds") for name in ("empty", "1.0%", "0.1%")]
    whole = runs["full"]["total"]["seconds"]
    for name in columns["seconds"]:
        row = [columns[fact][name] for fact in columns]
        cells = [f"{row[0]:.1f}", f"{row[1]:.1f}", *(f"{value:.2f}" for value in row[2:]), f"{row[0] / whole:.0%}"]
        lines.append(f"| {name} | {' | '.join([*cells, *(f'{other.get(name, 0.0):.1f}' for other in others)])} |")
    total = runs["full"]["total"]
    rest = " | ".join(f"{runs[name]['total']['seconds']:.1f}" for name in ("empty", "1.0%", "0.1%"))
    lines.append(
        f"| whole | {total['seconds']:.1f} | {total['cpu']:.1f} | {total['peak_gb']:.2f} | {total['read_gb']:.2f}"
        f" | {total['written_gb']:.2f} | 100% | {rest} |"
    )
    return lines


def _growth_ratio(small: Result, large: Result, fact: str) -> float:
    """Growth of what a full run takes beyond the fixed cost, as a share of n·log n's."""

    def beyond(result: Result) -> float:
        return float(result["runs"]["full"]["total"][fact] - result["runs"]["empty"]["total"][fact])

    def allowed(result: Result) -> float:
        n = result["rows"]["records"] + result["rows"]["interactions"]
        return float(n * math.log(n))

    return beyond(large) / max(beyond(small), 0.001) / (allowed(large) / allowed(small))


def _growth(results: Sequence[Result]) -> list[str]:
    lines = [
        "Beyond the empty run's cost, as a share of what n·log n allows (1 = exactly n·log n), by wall clock and by processor.",
        "",
        "| from | to | time | processor | memory, ratio |",
        "|---|---|---|---|---|",
    ]
    for small, large in pairwise(results):
        peaks = [max(run["total"]["peak_gb"] for run in result["runs"].values()) for result in (small, large)]
        lines.append(
            f"| {small['records']:,} | {large['records']:,} | {_growth_ratio(small, large, 'seconds'):.2f}"
            f" | {_growth_ratio(small, large, 'cpu'):.2f} | {peaks[1] / peaks[0]:.1f} |"
        )
    return lines


def _stage_chart(result: Result) -> str:
    """Stacked bars: seconds by family for each run."""
    names = ("full", "empty", "1.0%", "0.1%")
    runs = [by_family(result["runs"][name], "seconds") for name in names]
    highest = max(sum(run.values()) for run in runs) or 1.0
    parts = []
    for row, (name, run) in enumerate(zip(names, runs, strict=True)):
        y, x = 20 + row * 40, 90.0
        parts.append(_text(80, y + 17, name, "end"))
        for stage, seconds in run.items():
            width = 560 * seconds / highest
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="26" fill="{_colour(stage)}">'
                f"<title>{escape(stage)}: {seconds:.1f} s</title></rect>"
            )
            x += width
        parts.append(_text(x + 6, y + 17, f"{sum(run.values()):.0f} s"))
    for number, stage in enumerate(_FAMILIES):
        x, y = 90 + number % 5 * 120, 200 + number // 5 * 22
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{_colour(stage)}"/>')
        parts.append(_text(x + 17, y + 11, stage))
    return _svg(720, 250, parts)


def _growth_chart(results: Sequence[Result]) -> str:
    """Full run, empty run and increments by size, both axes logarithmic, with n·log n from the smallest size."""
    sizes = [float(result["records"]) for result in results]
    kinds = ("full", "empty", "1.0%", "0.1%")
    lines = {kind: [float(r["runs"][kind]["total"]["seconds"]) for r in results] for kind in kinds}
    start = sizes[0] * math.log(sizes[0])
    lines["n·log n"] = [lines["full"][0] * n * math.log(n) / start for n in sizes]
    low, high = min(map(min, lines.values())), max(map(max, lines.values()))

    def x(n: float) -> float:
        return 70 + 460 * (math.log(n / sizes[0]) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else 0.5)

    def y(seconds: float) -> float:
        return 230 - 200 * math.log(seconds / low) / max(math.log(high / low), 0.001)

    parts = [_text(x(n), 255, f"{n:,.0f}", "middle") for n in sizes]
    for number, (kind, values) in enumerate(lines.items()):
        points = " ".join(f"{x(n):.1f},{y(value):.1f}" for n, value in zip(sizes, values, strict=True))
        dashes = ' stroke-dasharray="5 4"' if kind == "n·log n" else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{_BARS[number]}" stroke-width="2"{dashes}/>')
        if kind != "n·log n":
            parts += [
                f'<circle cx="{x(n):.1f}" cy="{y(v):.1f}" r="3" fill="{_BARS[number]}"/>'
                for n, v in zip(sizes, values, strict=True)
            ]
        parts.append(_text(x(sizes[-1]) + 8, y(values[-1]) + 4, f"{kind} {values[-1]:.0f} s"))
    return _svg(720, 270, parts)


def _colour(stage: str) -> str:
    return _BARS[_FAMILIES.index(stage)]


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12"'
        f' fill="#333">\n<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
