"""``cdp generate``: exports in native formats, with the truth beside them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from cdp_pipeline.cli._common import CommandError, Subparsers, UsageError, add_json, print_json


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    generate = commands.add_parser("generate", help="write source exports with a truth table")
    generate.add_argument("--profiles", type=int, required=True, metavar="N", help="people to make up")
    generate.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets landing/ and truth/")
    generate.add_argument("--seed", type=int, default=1, help="same seed, same bytes (default: 1)")
    generate.add_argument("--households", type=int, metavar="N", help="default: two fifths of the profiles")
    generate.add_argument("--behaviour", type=float, metavar="SHARE", help="share of the real baskets, 0 to 1")
    add_json(generate)
    generate.set_defaults(run=_generate)


def _generate(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.generate import MissingDataError, generate

    try:
        made = generate(
            arguments.out,
            profiles=arguments.profiles,
            seed=arguments.seed,
            households=arguments.households,
            behaviour=arguments.behaviour,
        )
    except MissingDataError as error:
        raise CommandError(str(error)) from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    rows = {f"{source}/{obj}": count for (source, obj), count in made.rows.items()}
    if arguments.json:
        print_json({**asdict(made), "rows": rows, "out": arguments.out})
    else:
        print(
            f"{made.profiles:,} people in {made.households:,} households: {made.records:,} records,"
            f" {made.baskets:,} baskets, {sum(rows.values()):,} rows of {len(rows)} objects\n"
            f"in {arguments.out / 'landing'}, truth in {arguments.out / 'truth'}"
        )
    return 0
