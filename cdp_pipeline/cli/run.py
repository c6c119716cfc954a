"""``cdp run``: materialise what changed, publish it, and say what happened."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.cli import _summary
from cdp_pipeline.cli._common import Subparsers, add_home, add_json, day, home_of, print_json
from cdp_pipeline.home import Home

if TYPE_CHECKING:
    from cdp_pipeline.run import RunSummary


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    run = commands.add_parser("run", help="materialise what changed and publish it")
    add_home(run)
    run.add_argument("--full", action="store_true", help="recompute everything, also where nothing changed")
    run.add_argument(
        "--as-of", type=day, metavar="DATE", help="day the results stand for (default: greatest landed dt)"
    )
    looking = run.add_mutually_exclusive_group()
    looking.add_argument("--plan", action="store_true", help="show merges and splits first; publishes nothing")
    looking.add_argument(
        "--accept-changes",
        action="store_true",
        help="publish also beyond the bounds on merges and splits and on the sizes of segments",
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="use a home of its own there, over the same landing")
    add_json(run)
    run.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.cli import _alerts

    quiet = arguments.json
    home = home_of(arguments)
    with nullcontext() if arguments.plan else _alerts.told_of_failure(home):
        summary = _run_of(arguments, home, quiet)
    if summary.changed and not arguments.plan:
        _alerts.tell_of_run(home, summary)
    if arguments.json:
        print_json(asdict(summary))
    elif not summary.changed:
        print(
            f"nothing changed since {summary.version} (as of {summary.as_of}), checked in {summary.total_seconds:.1f} s"
        )
        for note in summary.notes:
            print(f"  note: {note}")
    elif arguments.plan:
        print(_summary.format_plan(summary))
    else:
        print(_summary.format_run(summary))
    return 0


def _run_of(arguments: argparse.Namespace, home: Home, quiet: bool) -> RunSummary:
    from cdp_pipeline.run import run

    return run(
        home,
        full=arguments.full,
        as_of=arguments.as_of,
        plan=arguments.plan,
        accept_changes=arguments.accept_changes,
        out=arguments.out,
        progress=None if quiet else _summary.say,
        progress_fd=None if quiet else _summary.progress_fd(),
    )
