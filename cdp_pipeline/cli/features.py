"""``cdp features``: which there are, how their values are spread, and training sets as of past times."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from cdp_pipeline.cli import _summary
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


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    features = commands.add_parser("features", help="what is known of every profile, today and at past times")
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
    asof.set_defaults(run=_asof)
    listing = actions.add_parser("list", help="all features, or those that the words are about")
    listing.add_argument("words", metavar="WORD", nargs="*", help="in the name, group or description")
    listing.set_defaults(run=_list)
    shown = actions.add_parser("show", help="what one feature means, and its values among all profiles")
    shown.add_argument("feature", metavar="FEATURE")
    shown.set_defaults(run=_show)
    for action in (asof, listing, shown):
        add_home(action)
        add_json(action)


def _list(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.cli._feature_catalogue import matching

    words = " ".join(arguments.words)
    rows = matching(words)
    if not rows:
        raise UsageError(f"no feature is about '{words}'")
    if arguments.json:
        print_json(rows)
    else:
        names = ("feature", "group", "unit", "description")
        print(table(names, [tuple(row[name] for name in names) for row in rows]))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.cli._feature_catalogue import spread

    facts = spread(marts_of(home_of(arguments)), arguments.feature)
    if arguments.json:
        print_json(facts)
        return 0
    values = facts.pop("values", None)
    profiles, known = facts.pop("profiles"), facts.pop("known")
    lines = [f"{name:<12} {value}" for name, value in facts.items() if value is not None]
    lines.append(f"{'known':<12} {known:,} of {profiles:,} profiles ({known / profiles if profiles else 0:.1%})")
    print("\n".join(lines))
    if values:
        print()
        print(table(["value", "profiles", "share"], [(v, n, f"{n / known:.1%}") for v, n in values.items()]))
    return 0


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
