"""``cdp publish``: the published snapshots and which of them readers see."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cdp_pipeline.cli._common import Subparsers, add_home, add_json, home_of, print_json, table


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    publish = commands.add_parser("publish", help="published snapshots")
    actions = publish.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all snapshots; * marks the one that readers see")
    add_home(listing)
    add_json(listing)
    listing.set_defaults(run=_list)
    back = actions.add_parser("rollback", help="let readers see an earlier (or later) snapshot; history stays")
    back.add_argument("version", metavar="VERSION", nargs="?", help="default: the one before the current one")
    add_home(back)
    add_json(back)
    back.set_defaults(run=_rollback)


def _list(arguments: argparse.Namespace) -> int:
    from profiles.snapshots import list_versions

    versions = list_versions(home_of(arguments).root)
    if arguments.json:
        print_json([asdict(version) for version in versions])
    elif versions:
        rows = [
            (
                "*" if v.is_current else "",
                v.version,
                v.as_of,
                f"{v.created_at:%Y-%m-%d %H:%M:%S}Z",
                v.generation,
                v.run_id[:8],
            )
            for v in versions
        ]
        print(table(["", "version", "as_of", "created_at", "generation", "run"], rows))
    else:
        print("nothing is published yet")
    return 0


def _rollback(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.cli._common import UsageError
    from cdp_pipeline.lock import run_lock
    from profiles.snapshots import current_version, list_versions, rollback

    home = home_of(arguments)
    with run_lock(home.run_lock):
        versions = list_versions(home.root)
        wanted = arguments.version
        if wanted is None:
            names = [v.version for v in versions]
            current = current_version(home.published)
            # a damaged one may not be listed
            earlier = names[: names.index(current)] if current in names else names
            if current is None or not earlier:
                raise UsageError("there is no snapshot before the current one")
            wanted = earlier[-1]
        manifest = rollback(home.root, wanted)
    if arguments.json:
        print_json({"version": manifest.version, "as_of": manifest.as_of})
    else:
        print(f"readers see {manifest.version} (as of {manifest.as_of}) now; the next run builds on the newest one")
    return 0
