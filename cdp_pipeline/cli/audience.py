"""``cdp audience``: segments sent to other systems (``destinations.yml``), and what was sent."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from profiles.exports import Destination, Receiver, SyncResult

WAIT_SECONDS = 600.0


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    audience = commands.add_parser("audience", help="send segments to other systems, with consent")
    actions = audience.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the destinations, their segments, and what each holds")
    listing.set_defaults(run=_list)
    sync = actions.add_parser("sync", help="bring destinations up to date with the published snapshot")
    sync.add_argument("destination", metavar="DESTINATION", nargs="?", help="default: all of destinations.yml")
    sync.add_argument("segment", metavar="SEGMENT", nargs="?", help="default: all of the destination's")
    sync.add_argument("--plan", action="store_true", help="show what would be sent; send and write nothing")
    sync.add_argument("--full", action="store_true", help="send everything as if it were new")
    sync.set_defaults(run=_sync)
    taking = actions.add_parser("remove", help="take back everybody whom a receiver has of a segment")
    taking.add_argument("destination", metavar="DESTINATION", help="one of destinations.yml")
    taking.add_argument("segment", metavar="SEGMENT", help="also one that is not declared there any more")
    taking.add_argument("--plan", action="store_true", help="show how many would be taken back; send and write nothing")
    taking.set_defaults(run=_remove)
    past = actions.add_parser("history", help="what was sent where, the newest first")
    past.add_argument("destination", metavar="DESTINATION", nargs="?")
    past.set_defaults(run=_history)
    lift = actions.add_parser("lift", help="what exports brought, against the people held out")
    lift.add_argument("destination", metavar="DESTINATION", nargs="?")
    lift.set_defaults(run=_lift)
    for action in (listing, sync, taking, past, lift):
        add_home(action)
        add_json(action)


def _list(arguments: argparse.Namespace) -> int:
    from profiles.exports import receivers

    home, _ = _destinations(arguments)
    found = receivers(home.root)
    rows = [
        {
            "destination": d.name,
            "kind": d.kind if d.kind != "file" else f"file ({d.format})",
            "channel": d.channel,
            "segment": r.segment,
            "rules": _rules(d),
            "members": r.last.members if r.last else None,
            "exported_at": r.exported_at,
        }
        for r in found
        if (d := r.destination) is not None and r.segment in d.segments
    ]
    for r in found:
        # No sync comes by there any more, so a withdrawn consent does not either.
        if r.last and r.last.members and (r.destination is None or r.segment not in r.destination.segments):
            print(
                f"{r.name} {r.segment}: not in destinations.yml any more, and nobody takes back the"
                f" {r.last.members:,} members that its receiver has: {_taking_back(r)}",
                file=sys.stderr,
            )
    if arguments.json:
        print_json(rows)
    elif rows:
        shown = [
            (*list(row.values())[:-1], f"{row['exported_at']:%Y-%m-%d %H:%M}Z" if row["exported_at"] else "never")
            for row in rows
        ]
        print(table(["destination", "kind", "channel", "segment", "rules", "members", "exported_at"], shown))
    else:
        print(f"no destinations: declare them in {home.root / 'destinations.yml'}")
    return 0


def _taking_back(receiver: Receiver) -> str:
    command = f"`cdp audience remove {receiver.name} {receiver.segment}`"
    if receiver.destination is not None:
        return command
    return f"declare {receiver.name} again, then {command}"


def _rules(destination: Destination) -> str:
    """What the destination declares of whom it sends, as one text; empty where nothing."""
    cap, top = destination.cap, destination.top
    told = [f"at most {cap.exports} in {cap.days} days"] if cap else []
    if top:
        told.append(f"{'first' if top.order == 'desc' else 'last'} {top.count:,} by {top.by.partition('.')[2]}")
    told += [f"holdout {destination.holdout:.1%}"] if destination.holdout else []
    told += [", ".join(f"{name} {share:g}%" for name, share in destination.variants)] if destination.variants else []
    return "; ".join(told)


def _sync(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import current_author
    from cdp_pipeline.lock import run_lock
    from profiles.errors import ProfilesError
    from profiles.exports import plan, sync

    home, destinations = _destinations(arguments)
    actor = f"cli:{current_author()}"
    done: list[SyncResult] = []
    failed: list[str] = []
    # of its own: a sync reads an immutable snapshot and need not wait for a run, only for another sync
    with run_lock(home.root / "state" / "audience.lock", wait_seconds=WAIT_SECONDS):
        for destination, segment in _chosen(home, destinations, arguments.destination, arguments.segment):
            try:
                if arguments.plan:
                    done.append(plan(home.root, destination, segment, full=arguments.full))
                else:
                    done.append(sync(home.root, destination, segment, full=arguments.full, actor=actor))
            except ProfilesError as error:
                # one receiver that is down must not keep the others waiting
                failed.append(str(error))
    if arguments.json:
        print_json({"synced": [asdict(result) for result in done], "failed": failed})
    else:
        for result in done:
            print(_told(result, planned=arguments.plan))
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise CommandError(f"{failed[0]}{more}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import current_author
    from cdp_pipeline.lock import run_lock
    from profiles.exports import DestinationError, receivers, remove

    home, destinations = _destinations(arguments)
    name, segment = arguments.destination, arguments.segment
    sent = [r.segment for r in receivers(home.root) if r.name == name and r.last]
    if segment not in sent and not (home.exports / name / segment).is_dir():  # an interrupted one is not logged
        near = _near(segment, sent) or (f": it got {', '.join(sent)}" if sent else "")
        raise UsageError(f"'{name}' never got '{segment}'{near or ': see cdp audience history'}")
    destination = destinations.get(name)
    if destination is None:
        raise UsageError(
            f"'{name}' is not in destinations.yml, which says how its receiver is reached: declare it again as it was,"
            " take the people back, then take it out"
        )
    with run_lock(home.root / "state" / "audience.lock", wait_seconds=WAIT_SECONDS):
        try:
            result = remove(home.root, destination, segment, planned=arguments.plan, actor=f"cli:{current_author()}")
        except DestinationError as error:
            raise UsageError(str(error)) from None
    if segment in destination.segments:
        print(f"{name} still declares {segment}: the next sync sends it again; take it out", file=sys.stderr)
    if arguments.json:
        print_json(asdict(result))
    elif not result.changed:
        print(f"{name} {segment}: its receiver has nobody")
    else:
        dead = f", {result.dead_letters:,} of them refused by the receiver" if result.dead_letters else ""
        print(f"{name} {segment}: {result.removed:,} {'would be ' if arguments.plan else ''}taken back{dead}")
        for file in result.files:
            print(f"  {file}")
    return 0


def _told(result: SyncResult, *, planned: bool) -> str:
    held = ", ".join(f"{count:,} {state}" for state, count in result.counts.items() if count and state != "sent")
    drawn = ", ".join(f"{count:,} {variant}" for variant, count in result.variants.items())
    kept = (f" (as {drawn})" if drawn else "") + (f" (not sent: {held})" if held else "")
    where = f"{result.destination} {result.segment}"
    if not result.changed:
        return f"{where}: up to date, {result.members:,} members{kept}"
    did = "would hold" if planned else "holds"
    dead = f", {result.dead_letters:,} refused by the receiver" if result.dead_letters else ""
    return (
        f"{where}: {did} {result.members:,} members: {result.added:,} new, {result.changed_rows:,} changed, "
        f"{result.removed:,} removed{dead}{kept}"
    )


def _history(arguments: argparse.Namespace) -> int:
    from profiles.exports import history

    home = home_of(arguments)
    rows = [asdict(entry) for entry in history(home.root, arguments.destination)]
    if arguments.json:
        print_json(rows)
    elif rows:
        names = (
            "exported_at",
            "destination",
            "segment",
            "definition_version",
            "snapshot",
            "members",
            "added",
            "removed",
        )
        shown = [tuple(f"{r[n]:%Y-%m-%d %H:%M}Z" if n == "exported_at" else r[n] for n in names) for r in rows]
        print(table(list(names), shown))
    else:
        print("nothing was exported yet")
    return 0


def _lift(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.cli import _audience_lift

    home, destinations = _destinations(arguments)
    found = _audience_lift.read(marts_of(home))
    if arguments.destination is not None and arguments.destination not in {row["destination"] for row in found}:
        near = _near(arguments.destination, {*destinations, *(row["destination"] for row in found)})
        raise UsageError(f"no holdout was read for '{arguments.destination}'{near or ': see cdp audience lift'}")
    rows = [row for row in found if arguments.destination in (None, row["destination"])]
    if arguments.json:
        print_json(rows)
    else:
        print(_audience_lift.told(rows))
    return 0


def _destinations(arguments: argparse.Namespace) -> tuple[Home, Mapping[str, Destination]]:
    from profiles.exports import DestinationError, load_destinations

    home = home_of(arguments)
    try:
        return home, load_destinations(home.root)
    except DestinationError as error:
        raise UsageError(str(error)) from None


def _chosen(
    home: Home, destinations: Mapping[str, Destination], destination: str | None, segment: str | None
) -> Iterator[tuple[Destination, str]]:
    if not destinations:
        raise UsageError(f"no destinations: declare them in {home.root / 'destinations.yml'}")
    if destination is not None and destination not in destinations:
        near = _near(destination, destinations)
        raise UsageError(f"no destination '{destination}'{near or ': one of ' + ', '.join(destinations)}")
    for found in [destinations[destination]] if destination else list(destinations.values()):
        if segment is not None and segment not in found.segments:
            raise UsageError(f"{found.name} does not send '{segment}', but {', '.join(found.segments)}")
        for name in [segment] if segment else found.segments:
            yield found, name


def _near(name: str, known: Iterable[str]) -> str:
    """``, did you mean '…'?`` where one of `known` is like `name`, else nothing."""
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f", did you mean '{near[0]}'?" if near else ""
