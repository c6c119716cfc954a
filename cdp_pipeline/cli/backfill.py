"""``cdp backfill``: a stretch of days in one run, and what of it was never delivered."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cdp_pipeline.cli import _alerts, _summary
from cdp_pipeline.cli._common import Subparsers, add_home, add_json, day, home_of, print_json


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    backfill = commands.add_parser("backfill", help="take in a stretch of days in one run, and name the missing ones")
    add_home(backfill)
    backfill.add_argument("--from", dest="start", type=day, required=True, metavar="DATE", help="first delivery day")
    backfill.add_argument("--to", dest="end", type=day, required=True, metavar="DATE", help="last delivery day")
    backfill.add_argument("--again", action="store_true", help="read files of these days again that were read before")
    backfill.add_argument(
        "--accept-changes", action="store_true", help="publish also beyond the bounds on merges and splits"
    )
    backfill.add_argument("--list", action="store_true", help="only name the missing days")
    add_json(backfill)
    backfill.set_defaults(run=_backfill)


def _backfill(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.backfill import gaps, read_again
    from cdp_pipeline.lock import run_lock
    from cdp_pipeline.run import run
    from cdp_pipeline.sources.overlay import contracts_of

    home = home_of(arguments)
    missing = gaps(home, contracts_of(home), arguments.start, arguments.end)
    lines = [f"missing: {one.source}/{one.obj} on {', '.join(map(str, one.days))}" for one in missing]
    if arguments.list:
        if arguments.json:
            print_json({"missing": [asdict(one) for one in missing]})
        else:
            print("\n".join(lines) or "no day is missing")
        return 0
    with run_lock(home.run_lock), _alerts.told_of_failure(home):
        again = read_again(home, arguments.start, arguments.end) if arguments.again else 0
        summary = run(
            home,
            accept_changes=arguments.accept_changes,
            progress=None if arguments.json else _summary.say,
            progress_fd=None if arguments.json else _summary.progress_fd(),
        )
    if summary.changed:
        _alerts.tell_of_run(home, summary)
    if arguments.json:
        print_json({**asdict(summary), "read_again": again, "missing": [asdict(one) for one in missing]})
        return 0
    print(_summary.format_run(summary) if summary.changed else f"nothing changed since {summary.version}")
    for line in lines:
        print(line)
    return 0
