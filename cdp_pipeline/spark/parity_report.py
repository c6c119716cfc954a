"""The report of `cdp_pipeline.spark.parity`: one JSON file a master, and one page of all of them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PREFIX = "report-"
_PACKAGES = ("duckdb", "pyspark", "dbt-spark", "splink", "sqlglot")


def write(
    out: Path,
    master: str,
    as_of: date,
    seconds: Mapping[str, Mapping[str, float]],
    compared: Sequence[Mapping[str, Any]],
) -> Path:
    """Write the report of one master below `out`; `seconds` by engine and step, `compared` a row a table."""
    report = {
        "master": master,
        "as_of": as_of.isoformat(),
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": _machine(),
        "versions": {name: version(name) for name in _PACKAGES} | {"Java": _java()},
        "seconds": seconds,
        "tables": compared,
    }
    slug = "".join(letter if letter.isalnum() else "-" for letter in master).strip("-")
    path = out / f"{_PREFIX}{slug}.json"
    path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return path


def page(out: Path) -> str:
    """The page (Markdown) of every report below `out`. Raises FileNotFoundError where there is none."""
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob(f"{_PREFIX}*.json"))]
    if not reports:
        raise FileNotFoundError(f"{out}: no report of a comparison")
    # the plain one before those with processes of their own
    reports.sort(key=lambda report: (len(report["master"]), report["master"]))
    first = reports[0]
    versions = ", ".join(f"{name} {number}" for name, number in first["versions"].items())
    lines = [
        "# DuckDB and Spark side by side",
        "",
        "The same raw tables, key and saved model, an empty registry; built by DuckDB and by Spark, every table",
        "compared as a multiset of rows: amounts to the cent, other doubles to nine digits, ids of runs aside.",
        "Made by `make spark-parity` ([guide](guides/spark.md)).",
        "",
        f"Measured {first['measured']}, as of {first['as_of']}. {first['machine']}. {versions}.",
        "",
        "| Spark's master | tables | equal | rows compared |",
        "|---|---:|---:|---:|",
    ]
    for report in reports:
        equal = sum(table["is_equal"] for table in report["tables"])
        rows = sum(max(table["rows_left"], 0) for table in report["tables"])
        lines.append(f"| `{report['master']}` | {len(report['tables'])} | {equal} | {rows:,} |")
    lines += ["", "## Time", "", "Seconds by the clock, each step with the start of its processes.", ""]
    lines += [
        "| step | DuckDB | " + " | ".join(f"Spark, `{report['master']}`" for report in reports) + " |",
        "|---|---:|" + "---:|" * len(reports),
    ]
    for step in first["seconds"]["duckdb"]:
        cells = [first["seconds"]["duckdb"][step], *(report["seconds"]["spark"].get(step) for report in reports)]
        lines.append(f"| {step} | " + " | ".join("" if cell is None else f"{cell:.0f}" for cell in cells) + " |")
    lines += ["", "## Tables", "", "| table | rows | " + " | ".join(f"`{r['master']}`" for r in reports) + " |"]
    lines.append("|---|---:|" + "---|" * len(reports))
    verdicts = [{table["table"]: _verdict(table) for table in report["tables"]} for report in reports]
    for table in first["tables"]:
        cells = [verdict.get(table["table"], "not built") for verdict in verdicts]
        lines.append(f"| {table['table']} | {max(table['rows_left'], 0):,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _verdict(table: Mapping[str, Any]) -> str:
    if table["is_equal"]:
        return "equal"
    return f"{table['only_left']} and {table['only_right']} rows differ {table['note']}".strip()


def _machine() -> str:
    """Cores, processor and memory, as Linux tells them, and how busy they were."""
    model, memory = "", ""
    info, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if info.exists():
        names = [x.partition(":")[2].strip() for x in info.read_text().splitlines() if x.startswith("model name")]
        model = f" ({names[0]})" if names else ""
    if meminfo.exists():
        memory = f", {int(meminfo.read_text().split()[1]) / 1e6:.0f} GB"
    load = f"load of 15 minutes {os.getloadavg()[2]:.1f}"
    return f"{os.cpu_count()} cores{model}{memory}, {load}, Python {platform.python_version()}"


def _java() -> str:
    """Version of the Java that Spark starts, "unknown" where it does not say."""
    from cdp_pipeline.spark.session import java_version

    return java_version() or "unknown"
