"""Metrics declared once: ``dbt_project/metrics/<name>.yml`` compiled into two dbt models.

A metric is a formula over the rows of one dbt model. `metrics` holds the declarations, `metric_values` every value by
month and quarter, over all, by channel, by touchpoint and by segment, with numerator, denominator, count and interval.
Scorecards, console, exports and tests read these, and compute none themselves. The models are committed; a test holds
them against the YAML. ``python -m cdp_pipeline.metrics`` writes them anew, ``--check`` only compares.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import duckdb
import yaml

PROJECT = Path(__file__).parents[1] / "dbt_project"
KINDS = {
    "share": ("value",),
    "mean": ("value",),
    "median": ("value",),
    "sum": ("value",),
    "ratio": ("numerator", "denominator"),
}
UNITS = ("percent", "points", "minutes", "currency", "count", "ratio")
DIRECTIONS = ("up", "down")
DIMENSIONS = ("channel", "touchpoint")
_HEADER = "-- Generated from dbt_project/metrics/*.yml by `python -m cdp_pipeline.metrics`: edit those.\n"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class MetricError(ValueError):
    """A metric file is wrong; the message is one line that names the file."""


@dataclass(frozen=True)
class Metric:
    """One metric as declared.

    `time` and `value` (or `numerator` and `denominator`) are SQL over one row of the dbt model `model`, `filter` keeps
    rows. `dimensions` maps channel and touchpoint to the model's columns, `profile` names its profile id, by which
    segments are told apart. `scale` multiplies the value; `direction` says which way is better.
    """

    name: str
    title: str
    description: str
    owner: str
    model: str
    time: str
    kind: str
    unit: str
    direction: str
    value: str = ""
    numerator: str = ""
    denominator: str = ""
    filter: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    profile: str = ""
    scale: int = 1

    @property
    def formula(self) -> str:
        """The formula in words of SQL, for people."""
        if self.kind == "ratio":
            text = f"sum({self.numerator}) / sum({self.denominator})"
        elif self.kind == "share":
            text = f"share of ({self.value})"
        else:
            text = f"{self.kind}({self.value})"
        return f"{text}{f' where {self.filter}' if self.filter else ''}"


def load_metrics(project: Path = PROJECT) -> list[Metric]:
    """All metrics by name. Raises MetricError for the first file that is no valid metric."""
    metrics = []
    models = {path.stem for path in (project / "models").rglob("*.sql")}
    for path in sorted((project / "metrics").glob("*.y*ml")):
        metric = _read(path)
        if metric.name != path.stem:
            raise MetricError(f"{path.name}: holds metric {metric.name}; file and name must agree")
        if metric.model not in models:
            near = difflib.get_close_matches(metric.model, models, 1)
            raise MetricError(
                f"{path.name}: no dbt model {metric.model!r}{f', did you mean {near[0]!r}?' if near else ''}"
            )
        metrics.append(metric)
    if not metrics:
        raise MetricError(f"{project / 'metrics'}: no metric file")
    return metrics


def compile_metrics(metrics: Sequence[Metric]) -> dict[str, str]:
    """SQL of the dbt models `metrics` and `metric_values`, by model name."""
    declared = ",\n    ".join(
        "("
        + ", ".join(
            _quoted(value)
            for value in (
                metric.name,
                metric.title,
                metric.description,
                metric.owner,
                metric.kind,
                metric.formula,
                metric.model,
                ", ".join([*metric.dimensions, *(["segment"] if metric.profile else [])]),
                metric.unit,
                metric.direction,
            )
        )
        + ")"
        for metric in metrics
    )
    columns = "metric, title, description, owner, kind, formula, model, dimensions, unit, direction"
    values = "\nunion all\n".join(part for metric in metrics for part in _counted(metric))
    return {
        "metrics": f"{_HEADER}select\n    {columns.replace(', ', f',{chr(10)}    ')}\n"
        f"from (values\n    {declared}\n) as declared ({columns})\n",
        "metric_values": f"{_HEADER}with counted as (\n{values}\n)\n\n{{{{ metric_values_of('counted') }}}}\n",
    }


def model_paths(project: Path = PROJECT) -> dict[str, Path]:
    """Where the generated models lie, by model name."""
    return {name: project / f"models/marts/insights/{name}.sql" for name in ("metrics", "metric_values")}


def outdated(project: Path = PROJECT) -> dict[Path, str]:
    """Models whose file differs from what the YAML compiles to, with the text they should hold."""
    texts = compile_metrics(load_metrics(project))
    return {
        path: texts[name]
        for name, path in model_paths(project).items()
        if not path.exists() or path.read_text(encoding="utf-8") != texts[name]
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the models, or with ``--check`` compare only. Returns 0, 1 for models out of date, 2 for a wrong file."""
    parser = argparse.ArgumentParser(prog="python -m cdp_pipeline.metrics", description="compile metric definitions")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--project", type=Path, default=PROJECT, metavar="DIR", help="dbt project (default: this one)")
    arguments = parser.parse_args(argv)
    try:
        changed = outdated(arguments.project)
    except MetricError as error:
        print(error, file=sys.stderr)
        return 2
    for path, text in changed.items():
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
        print(f"{'out of date' if arguments.check else 'written'}: {path.relative_to(arguments.project)}")
    return 1 if arguments.check and changed else 0


def _sum(value: str) -> str:
    """Of decimals: a sum of doubles depends on the order of the rows, and rounding may bring that to light."""
    return f"sum(cast({value} as decimal(38, 12)))"


def _counted(metric: Metric) -> list[str]:
    """Selects of one metric's sums: over the declared dimensions, and by segment."""
    if metric.kind == "ratio":
        rows = {"numerator": metric.numerator, "denominator": metric.denominator}
        sums = (_sum("numerator"), _sum("denominator"), "count(*)", "null", "null")
    else:
        rows = {"value": f"cast({metric.value} as integer)" if metric.kind == "share" else metric.value}
        sums = (
            "null" if metric.kind == "median" else _sum("value"),
            "count(value)" if metric.kind in ("share", "mean") else "null",
            "count(value)",
            "median(value)" if metric.kind == "median" else "null",
            "stddev_pop(value)" if metric.kind == "mean" else "null",
        )
    names = ("numerator", "denominator", "n", "middle", "spread")
    kinds = ("double", "double", "bigint", "double", "double")
    totals = ",\n    ".join(
        f"cast({total} as {kind}) as {name}" for total, kind, name in zip(sums, kinds, names, strict=True)
    )
    head = (
        f"    {_quoted(metric.name)} as metric,\n    {_quoted(metric.kind)} as kind,\n    {metric.scale} as scale,\n"
        "    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,\n"
        "    cast(coalesce(quarter, month) as date) as period_start,\n"
    )
    source = ",\n        ".join(
        [
            f"date_trunc('month', {metric.time}) as month",
            f"date_trunc('quarter', {metric.time}) as quarter",
            *(f"coalesce({column}, 'unknown') as {name}" for name, column in metric.dimensions.items()),
            *(f"{sql} as {name}" for name, sql in rows.items()),
        ]
    )
    kept = f"\n    where {metric.filter}" if metric.filter else ""

    def select(dimensions: Sequence[str], extra: str = "", join: str = "") -> str:
        told = "".join(f" when grouping({name}) = 0 then {_quoted(name)}" for name in dimensions)
        member = "".join(f" when grouping({name}) = 0 then {name}" for name in dimensions)
        views = [[name] for name in dimensions] if extra else [[], *([name] for name in dimensions)]
        sets = ", ".join(f"({', '.join([period, *view])})" for period in ("month", "quarter") for view in views)
        return (
            f"select\n{head}"
            f"    case{told} else 'all' end as dimension,\n"
            f"    case{member} else 'all' end as member,\n"
            f"    {totals}\nfrom (\n    select\n        {source}{extra}\n"
            f"    from {{{{ ref('{metric.model}') }}}} as facts{join}{kept}\n) as facts\n"
            f"group by grouping sets ({sets})"
        )

    parts = [select(list(metric.dimensions))]
    if metric.profile:
        parts.append(
            select(
                ["segment"],
                ",\n        segment",
                # Renamed, so that a formula's own profile id stays unambiguous.
                "\n    inner join (select profile_id as member_id, segment from {{ ref('seg_current') }}) as members\n"
                f"        on facts.{metric.profile} = members.member_id",
            )
        )
    return parts


def _read(path: Path) -> Metric:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise MetricError(f"{path.name}:{f' line {mark.line + 1}' if mark else ''} not valid YAML") from None
    if not isinstance(document, dict):
        raise MetricError(f"{path.name}: expected a mapping of fields")
    known = [item.name for item in fields(Metric)]
    for key, value in document.items():
        if key not in known:
            raise MetricError(f"{path.name}: unknown field {key!r}; fields are {', '.join(known)}")
        kind: type = int if key == "scale" else dict if key == "dimensions" else str
        if type(value) is not kind or value in ("", {}):
            told = "a whole number" if kind is int else "a mapping" if kind is dict else "a text"
            raise MetricError(f"{path.name}: {key} must be {told}")
    needed = ["name", "title", "description", "owner", "model", "time", "kind", "unit", "direction"]
    needed += ["dimensions", *KINDS.get(str(document.get("kind")), ())]
    missing = [key for key in needed if key not in document]
    if missing:
        raise MetricError(f"{path.name}: {missing[0]} is missing")
    metric = Metric(**document)
    for key, allowed in (("kind", tuple(KINDS)), ("unit", UNITS), ("direction", DIRECTIONS)):
        if getattr(metric, key) not in allowed:
            raise MetricError(f"{path.name}: {key} must be one of {', '.join(allowed)}")
    if not _NAME.fullmatch(metric.name):
        raise MetricError(f"{path.name}: name must be lower-case letters, digits and underscores")
    for name in metric.dimensions:
        if name not in DIMENSIONS:
            raise MetricError(f"{path.name}: dimensions must be of {', '.join(DIMENSIONS)}")
    if any("{" in str(text) or "}" in str(text) for key, text in document.items() if key != "dimensions"):
        raise MetricError(f"{path.name}: braces are dbt's, texts must do without")
    for key in ("time", "value", "numerator", "denominator", "filter"):
        if getattr(metric, key):
            _check_expression(path, key, getattr(metric, key))
    return metric


def _check_expression(path: Path, key: str, expression: str) -> None:
    """One SQL expression and nothing else."""
    if any(mark in expression for mark in (";", "--", "/*")):
        raise MetricError(f"{path.name}: {key} must be one expression without semicolons or comments")
    with duckdb.connect() as con:
        ((text,),) = con.execute("select json_serialize_sql(cast(? as varchar))", [f"select {expression}"]).fetchall()
    tree: dict[str, Any] = json.loads(text)
    if tree["error"]:
        message = str(tree["error_message"]).splitlines()[0]
        raise MetricError(f"{path.name}: {key} is no SQL expression: {message}")
    node = tree["statements"][0]["node"]
    if len(tree["statements"]) > 1 or len(node.get("select_list", [])) != 1 or node["from_table"]["type"] != "EMPTY":
        raise MetricError(f"{path.name}: {key} must be one expression and nothing else")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main())
