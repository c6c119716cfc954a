"""``cdp quality``: what deliveries looked like and which expectations failed, over time."""

from __future__ import annotations

import argparse
from pathlib import Path

from cdp_pipeline.cli._common import Subparsers, add_home, add_json, home_of, print_json, table


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    quality = commands.add_parser("quality", help="expectations and measures of deliveries")
    actions = quality.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every object with its last delivery and what failed")
    add_home(listing)
    add_json(listing)
    listing.set_defaults(run=_list)
    report = actions.add_parser("report", help="the same over time, as an HTML page")
    report.add_argument("--out", type=Path, default=Path("quality.html"), metavar="FILE.html")
    add_home(report)
    report.set_defaults(run=_report)


def _list(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.quality.report import object_qualities

    objects = object_qualities(home_of(arguments))
    rows = [
        {
            "object": o.name,
            "last_delivery": o.last,
            "rows": o.rows,
            "refused": o.refused,
            "days_behind": o.lag,
            "failed": [{"name": v.name, "severity": v.severity, "message": v.message} for v in o.failed],
        }
        for o in objects
    ]
    if arguments.json:
        print_json(rows)
    elif rows:
        shown = [
            (o.name, o.last, o.rows, o.refused, o.lag, ", ".join(f"{v.name} ({v.severity})" for v in o.failed))
            for o in objects
        ]
        print(table(list(rows[0]), shown))
    else:
        print("nothing was delivered yet")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.quality.report import write_report

    count = write_report(home_of(arguments), arguments.out)
    print(f"{arguments.out}: {count} objects")
    return 0
