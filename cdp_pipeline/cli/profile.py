"""``cdp profile``: one profile with its golden record and where each value comes from."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cdp_pipeline.cli._common import CommandError, Subparsers, add_home, add_json, home_of, print_json


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    profile = commands.add_parser("profile", help="look at one profile")
    actions = profile.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="golden record, provenance, records, segments, features")
    show.add_argument("wanted", metavar="ID-or-IDENTIFIER", help="profile, record, e-mail, phone or kind:value")
    add_home(show)
    add_json(show)
    show.set_defaults(run=_show)


def _show(arguments: argparse.Namespace) -> int:
    from profiles.lookup import format_profile, show_profile

    view = show_profile(home_of(arguments).published, arguments.wanted)
    if view is None:
        # The value may be personal, so the message does not repeat it.
        raise CommandError("no profile has this id or identifier")
    if arguments.json:
        print_json(asdict(view))
    else:
        print(format_profile(view))
    return 0
