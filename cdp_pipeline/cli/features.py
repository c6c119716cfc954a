"""``cdp features``: training sets of features as they were known at past times."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from cdp_pipeline.cli import _summary
from cdp_pipeline.cli._common import CommandError, Subparsers, UsageError, add_home, add_json, home_of, print_json


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    features = commands.add_parser("features", help="features as they were known at past times")
    actions = features.add_subparsers(title="actions", metavar="ACTION", required=True)
    told = "the features of each (profile, time) of a list, from nothing at or after that time"
    asof = actions.add_parser("asof", help=told, description=f"{told[0].upper()}{told[1:]}.")
    asof.add_argument(
        "--profiles", type=Path, required=True, metavar="FILE", help="Parquet or CSV with profile_id and time (UTC)"
    )
    asof.add_argument("--out", type=Path, required=True, metavar="PARQUET", help="file to write")
    asof.add_argument(
        "--max-days", type=int, default=200, metavar="N", help="refuse more distinct days than this (default: 200)"
    )
    add_home(asof)
    add_json(asof)
    asof.set_defaults(run=_asof)


def _asof(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.asof import AsofError, training_set
    from profiles.snapshots import newest_manifest

    home = home_of(arguments)
    published = newest_manifest(home.root)
    if published is None:
        raise CommandError(f"nothing is published under {home.published}: run `cdp run` first")
    try:
        done = training_set(
            home,
            arguments.profiles,
            arguments.out,
            published.as_of,
            most_days=arguments.max_days,
            progress=None if arguments.json else _summary.say,
        )
    except AsofError as error:
        raise UsageError(str(error)) from None
    if arguments.json:
        print_json(asdict(done))
    else:
        print(
            f"{done.rows:,} rows with {done.columns} features as of {done.days} days in {done.out};"
            f" {done.unknown:,} of a profile that nobody has"
        )
    return 0
