"""``cdp alert``: who is told of failed runs, and a test message."""

from __future__ import annotations

import argparse

from cdp_pipeline.cli._common import CommandError, Subparsers, UsageError, add_home, home_of, table


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    alert = commands.add_parser("alert", help="who is told when a run fails or needs somebody (alerts.yml)")
    actions = alert.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the receivers and what they are told")
    listing.set_defaults(run=_list)
    test = actions.add_parser("test", help="send a test message to every receiver")
    test.set_defaults(run=_test)
    for action in (listing, test):
        add_home(action)


def _list(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.alerts import FILE, AlertsError, load_receivers

    home = home_of(arguments)
    try:
        receivers = load_receivers(home)
    except AlertsError as error:
        raise UsageError(str(error)) from None
    if receivers:
        rows = [
            (r.name, r.kind if r.kind == "email" else f"webhook ({r.style})", ", ".join(r.events)) for r in receivers
        ]
        print(table(["receiver", "kind", "events"], rows))
    else:
        print(f"nobody is told: declare receivers in {home.root / FILE}")
    return 0


def _test(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.alerts import FILE, Alert, AlertsError, load_receivers, send

    home = home_of(arguments)
    try:
        receivers = load_receivers(home)
    except AlertsError as error:
        raise UsageError(str(error)) from None
    if not receivers:
        raise UsageError(f"nobody to tell: declare receivers in {home.root / FILE}")
    alert = Alert("failed", "A test: alerts of the customer data platform arrive here", (f"home: {home.root}",))
    failed = []
    for receiver in receivers:
        try:
            send(home, receiver, alert)
            print(f"{receiver.name}: told")
        except AlertsError as error:
            failed.append(str(error))
    if failed:
        raise CommandError("; ".join(failed))
    return 0
