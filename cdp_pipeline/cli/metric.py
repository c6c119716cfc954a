"""``cdp metric``: the declared metrics and their values in the published snapshot."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any

import duckdb

from cdp_pipeline.cli._common import (
    CommandError,
    Subparsers,
    UsageError,
    add_home,
    add_json,
    home_of,
    marts_of,
    print_json,
    table,
)
from cdp_pipeline.home import Home

_VALUES = """
select period_start, member, value, low, high, n, is_complete
from insights.metric_values
where metric = $metric and period = $period and dimension = $dimension
qualify dense_rank() over (order by period_start desc) <= $last
order by period_start, member
"""


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    metric = commands.add_parser("metric", help="metrics: one definition each, and their values")
    actions = metric.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all metrics with the value of the last complete month")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="definition and latest values of one metric")
    show.add_argument("metric", metavar="METRIC")
    show.add_argument("--by", choices=("all", "channel", "touchpoint", "segment"), default="all", help="default: all")
    show.add_argument("--period", choices=("month", "quarter"), default="month", help="default: month")
    show.add_argument("--last", type=int, default=6, metavar="N", help="periods to show (default: 6)")
    show.set_defaults(run=_show)
    for action in (listing, show):
        add_home(action)
        add_json(action)


def _list(arguments: argparse.Namespace) -> int:
    rows = _query(
        home_of(arguments),
        """
        select
            metrics.metric, metrics.title, metrics.unit, metrics.direction, metrics.owner, latest.period_start as month,
            latest.value, latest.n
        from insights.metrics
        left join (
            select * from insights.metric_values
            where period = 'month' and dimension = 'all' and is_complete
            qualify row_number() over (partition by metric order by period_start desc) = 1
        ) as latest using (metric)
        order by 1
        """,
    )
    if arguments.json:
        print_json(rows)
    else:
        print(
            table(
                ["metric", "value", "unit", "month", "n", "title", "owner"],
                [
                    (r["metric"], _figure(r["value"]), r["unit"], r["month"], r["n"], r["title"], r["owner"])
                    for r in rows
                ],
            )
        )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    if arguments.last < 1:
        raise UsageError("--last must be at least 1")
    declared = _query(home, "select * from insights.metrics order by metric")
    names = [str(row["metric"]) for row in declared]
    if arguments.metric not in names:
        near = difflib.get_close_matches(arguments.metric, names, 1)
        hint = f", did you mean '{near[0]}'?" if near else f": one of {', '.join(names)}"
        raise UsageError(f"no metric '{arguments.metric}'{hint}")
    definition = declared[names.index(arguments.metric)]
    values = _query(
        home,
        _VALUES,
        metric=arguments.metric,
        period=arguments.period,
        dimension=arguments.by,
        last=arguments.last,
    )
    if arguments.json:
        print_json({**definition, "values": values})
        return 0
    print("\n".join(f"{name:<12} {value}" for name, value in definition.items() if value))
    print()
    print(
        table(
            [arguments.period, arguments.by, "value", "95% interval", "n", ""],
            [
                (
                    row["period_start"],
                    row["member"],
                    _figure(row["value"]),
                    "" if row["low"] is None else f"{_figure(row['low'])} to {_figure(row['high'])}",
                    row["n"],
                    "" if row["is_complete"] else "running",
                )
                for row in values
            ],
        )
    )
    return 0


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def _query(home: Home, sql: str, **parameters: object) -> Sequence[dict[str, Any]]:
    with duckdb.connect(str(marts_of(home)), read_only=True) as con:
        try:
            result = con.execute(sql, parameters) if parameters else con.execute(sql)
        except duckdb.CatalogException:
            raise CommandError("the published snapshot has no metrics yet: run `cdp run`") from None
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
