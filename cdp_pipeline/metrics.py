"""Metrics declared once: ``dbt_project/metrics/<name>.yml`` compiled into dbt models.

A metric is a formula over the rows of one dbt model. `metrics` holds the declarations, `metric_values` every value by
month and quarter, over all, by channel, by touchpoint and by segment, with numerator, denominator, count and interval.
Values by segment come from `int_metric_segments`, as segments change every day; of the others only those of quarters
in which `int_metric_quarters_changed` finds other rows are counted again. Scorecards, console, exports and tests read
these, and compute none themselves. The models are committed; a test holds them against the YAML.
``python -m cdp_pipeline.metrics`` writes them anew, ``--check`` only compares.
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

from cdp_pipeline.sql_text import literal

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
# Folder below models/marts by generated model.
_MODELS = {
    "metrics": "insights",
    "metric_values": "insights",
    "int_metric_segments": "intermediate",
    "int_metric_quarters_changed": "intermediate/changes",
}
_HEADER = "-- Generated from dbt_project/metrics/*.yml by `python -m cdp_pipeline.metrics`: edit those.\n"
_CONFIG = """{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{{ remade(\\"kept.dimension = 'segment'\\") }}",
        "{{ remade(
            \\"date_trunc('quarter', kept.period_start) = remade.quarter and remade.is_changed\\",
            ref('int_metric_quarters_changed')
        ) }}"
    ]
) }}
"""
_NOTHING = (
    "select\n    cast(null as varchar) as metric, cast(null as varchar) as kind, 1 as scale,\n"
    "    cast(null as varchar) as period, cast(null as date) as period_start, cast(null as varchar) as dimension,\n"
    "    cast(null as varchar) as member, cast(null as double) as numerator, cast(null as double) as denominator,\n"
    "    cast(0 as bigint) as n, cast(null as double) as middle, cast(null as double) as spread"
)
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
    """SQL of the generated dbt models, by model name."""
    declared = ",\n    ".join(
        "("
        + ", ".join(
            literal(value)
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
    values = "\nunion all\n".join(_counted(metric) for metric in metrics)
    segments = "\nunion all\n".join(_counted_by_segment(metric) for metric in metrics if metric.profile)
    return {
        "metrics": f"{_HEADER}select\n    {columns.replace(', ', f',{chr(10)}    ')}\n"
        f"from (values\n    {declared}\n) as declared ({columns})\n",
        "metric_values": f"{_CONFIG}{_HEADER}-- depends_on: {{{{ ref('int_metric_quarters_changed') }}}}\n"
        f"with counted as (\n{values}\n)\n\n{{{{ metric_values_of('counted') }}}}\n\n"
        "union all\n\nselect *\nfrom {{ ref('int_metric_segments') }}\n",
        "int_metric_segments": f"{_HEADER}with counted as (\n{segments or _NOTHING}\n)\n\n"
        "{{ metric_values_of('counted') }}\n",
        "int_metric_quarters_changed": _quarters(metrics),
    }


def model_paths(project: Path = PROJECT) -> dict[str, Path]:
    """Where the generated models lie, by model name."""
    return {name: project / f"models/marts/{folder}/{name}.sql" for name, folder in _MODELS.items()}


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
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{'out of date' if arguments.check else 'written'}: {path.relative_to(arguments.project)}")
    return 1 if arguments.check and changed else 0


def _sum(value: str) -> str:
    """Of decimals: a sum of doubles depends on the order of the rows, and rounding may bring that to light."""
    return f"sum({{{{ steady('{value}') }}}})"


def _counted(metric: Metric) -> str:
    """Select of one metric's sums over the declared dimensions."""
    return _select(
        metric,
        list(metric.dimensions),
        join="\n    {% if by_change() -%}\n    inner join (\n        select quarter as changed_quarter\n"
        "        from {{ ref('int_metric_quarters_changed') }}\n        where is_changed\n    ) as changed\n"
        f"        on date_trunc('quarter', {metric.time}) = changed.changed_quarter\n    {{%- endif %}}",
    )


def _counted_by_segment(metric: Metric) -> str:
    """Select of one metric's sums by segment."""
    return _select(
        metric,
        ["segment"],
        ",\n        segment",
        # Renamed, so that a formula's own profile id stays unambiguous.
        "\n    inner join (select profile_id as member_id, segment from {{ ref('seg_current') }}) as members\n"
        f"        on facts.{metric.profile} = members.member_id",
    )


def _select(metric: Metric, dimensions: Sequence[str], extra: str = "", join: str = "") -> str:
    if metric.kind == "ratio":
        sums = (_sum("numerator"), _sum("denominator"), "count(*)", "null", "null")
    else:
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
    source = ",\n        ".join(
        [
            f"date_trunc('month', {metric.time}) as month",
            f"date_trunc('quarter', {metric.time}) as quarter",
            *(f"{sql} as {name}" for name, sql in _columns(metric).items()),
        ]
    )
    kept = f"\n    where {metric.filter}" if metric.filter else ""
    told = "".join(f" when grouping({name}) = 0 then {literal(name)}" for name in dimensions)
    member = "".join(f" when grouping({name}) = 0 then {name}" for name in dimensions)
    views = [[name] for name in dimensions] if extra else [[], *([name] for name in dimensions)]
    sets = ", ".join(f"({', '.join([period, *view])})" for period in ("month", "quarter") for view in views)
    return (
        f"select\n    {literal(metric.name)} as metric,\n    {literal(metric.kind)} as kind,\n"
        f"    {metric.scale} as scale,\n"
        "    case when grouping(quarter) = 0 then 'quarter' else 'month' end as period,\n"
        "    cast(coalesce(quarter, month) as date) as period_start,\n"
        f"    case{told} else 'all' end as dimension,\n"
        f"    case{member} else 'all' end as member,\n"
        f"    {totals}\nfrom (\n    select\n        {source}{extra}\n"
        f"    from {{{{ ref('{metric.model}') }}}} as facts{join}{kept}\n) as facts\n"
        f"group by grouping sets ({sets})"
    )


def _columns(metric: Metric) -> dict[str, str]:
    """What a metric reads of one row, dimensions first: SQL by name."""
    columns = {name: f"coalesce({column}, 'unknown')" for name, column in metric.dimensions.items()}
    if metric.kind == "ratio":
        return {**columns, "numerator": metric.numerator, "denominator": metric.denominator}
    return {**columns, "value": f"cast({metric.value} as integer)" if metric.kind == "share" else metric.value}


def _quarters(metrics: Sequence[Metric]) -> str:
    """Fingerprint by quarter of all that metrics read of a row, and of whether its month and quarter are over."""
    read: dict[tuple[str, str], dict[str, None]] = {}
    for metric in metrics:
        columns = read.setdefault((metric.model, metric.time), {})
        columns.update(dict.fromkeys([*_columns(metric).values(), *([f"({metric.filter})"] if metric.filter else [])]))
    parts = []
    for (model, time), columns in read.items():
        listed = [json.dumps(column, ensure_ascii=False) for column in (literal(model), *columns)]
        listed += [
            json.dumps(f"date_trunc('{part}', {time}) + interval {months} month <= ") + " ~ as_of_end()"
            for part, months in (("month", 1), ("quarter", 3))
        ]
        parts.append(
            f"    select\n        date_trunc('quarter', {time}) as quarter,\n        {{{{ row_hash([\n            "
            + ",\n            ".join(listed)
            + f"\n        ]) }}}} as row_hash\n    from {{{{ ref('{model}') }}}}"
        )
    query = "\n    union all\n".join(parts)
    model = "{{ fingerprints(query, ['quarter'], ['row_hash']) }}"
    return f"{_HEADER}{{% set query %}}\n{query}\n{{% endset %}}\n{model}\n"


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


if __name__ == "__main__":
    sys.exit(main())
