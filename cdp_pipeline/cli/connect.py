"""``cdp connect``: pulls from the APIs that ``connect.yml`` names, into landing files."""

from __future__ import annotations

import argparse
import os
from datetime import date, datetime
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from cdp_pipeline.cli._common import (
    CommandError,
    Subparsers,
    UsageError,
    add_home,
    add_json,
    day,
    home_of,
    print_json,
    table,
)
from cdp_pipeline.connect import ConnectConfigError, ConnectError, Connection, connection_of, load_connections
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    connect = commands.add_parser("connect", help="live pulls from the APIs of source systems")
    actions = connect.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="connections, their objects and how far each one is")
    listing.set_defaults(run=_list)
    check = actions.add_parser("check", help="configuration, secrets and one request")
    check.set_defaults(run=_check)
    pull = actions.add_parser("pull", help="land what changed since the last pull")
    pull.set_defaults(run=_pull)
    for action in (check, pull):
        action.add_argument("name", metavar="NAME", help="a connection of connect.yml")
    pull.add_argument("objects", nargs="*", metavar="OBJECT", help="default: all objects of the connection")
    pull.add_argument("--since", type=_time, metavar="TIME", help="begin here and not where the last pull ended")
    pull.add_argument("--dt", type=day, metavar="DAY", help="delivery day of the files (default: today)")
    for action in (listing, check, pull):
        add_home(action)
        add_json(action)


def _list(arguments: argparse.Namespace) -> int:
    home = home_of(arguments, must_exist=False)
    try:
        connections = load_connections(home)
    except ConnectConfigError as error:
        raise UsageError(str(error)) from None
    rows = [row for connection in connections.values() for row in _rows(home, connection)]
    if arguments.json:
        print_json(rows)
    elif rows:
        print(table(list(rows[0]), [tuple(row.values()) for row in rows]))
    else:
        print(f"no connections: {home.root / 'connect.yml'} does not exist or is empty")
    return 0


def _rows(home: Home, connection: Connection) -> list[dict[str, object]]:
    from cdp_pipeline.connect.state import Positions, Progress

    progress = {obj: Progress() for obj in connection.objects}
    if home.ops_db.exists():
        with Positions(home, connection.name, connection.host) as positions:
            progress = {obj: positions.read(obj) for obj in connection.objects}
    return [
        {
            "connection": connection.name,
            "object": f"{connection.type}/{obj}",
            "schedule": connection.schedule,
            "up_to": progress[obj].position.get("mark"),
            "files": progress[obj].files,
            "records": progress[obj].records,
            "last_pull": progress[obj].pulled_at or None,
            "outcome": progress[obj].outcome or "never pulled",
        }
        for obj in connection.objects
    ]


def _check(arguments: argparse.Namespace) -> int:
    home, connection = _configured(arguments)
    from cdp_pipeline.connect.pull import check

    try:
        check(home, connection, os.environ)
    except ConnectConfigError as error:
        raise UsageError(str(error)) from None
    except ConnectError as error:
        raise CommandError(str(error)) from None
    if arguments.json:
        print_json({"connection": connection.name, "host": connection.host, "ok": True})
    else:
        print(f"{connection.name}: {connection.host} accepts the credentials")
    return 0


def _pull(arguments: argparse.Namespace) -> int:
    home, connection = _configured(arguments)
    from cdp_pipeline.connect.config import known_objects
    from cdp_pipeline.connect.pull import pull

    today = datetime.now(ZoneInfo(Settings.from_env().timezone)).date()
    dt: date = arguments.dt or today
    if dt > today:
        raise UsageError(f"--dt {dt} lies in the future: it is the day on which the files arrive")
    try:
        objects = known_objects(connection.type, arguments.objects, connection.name) or connection.objects
        result = pull(
            home,
            connection,
            objects,
            dt,
            os.environ,
            since=arguments.since,
            tell=lambda line: None if arguments.json else print(line, flush=True),
        )
    except ConnectConfigError as error:
        raise UsageError(str(error)) from None
    except ConnectError as error:
        raise CommandError(str(error)) from None
    if arguments.json:
        print_json(
            {
                "connection": result.connection,
                "dt": result.dt,
                "objects": {
                    o.obj: {"records": o.records, "files": list(o.files), "failure": o.failure} for o in result.objects
                },
                "requests": result.requests,
                "retries": result.retries,
                "throttled": result.throttled,
                "waited_seconds": result.waited,
            }
        )
    else:
        print(table(["object", "records", "files"], [(o.obj, o.records, len(o.files)) for o in result.objects]))
        print(
            f"{result.requests} requests, {result.retries} repeated, {result.throttled} times told to wait,"
            f" {result.waited:.0f} s waited"
        )
    failures = [o.failure for o in result.objects if o.failure]
    if failures:
        more = f" (and {len(failures) - 1} more objects failed)" if len(failures) > 1 else ""
        raise CommandError(f"{failures[0]}{more}")
    return 0


def _configured(arguments: argparse.Namespace) -> tuple[Home, Connection]:
    home = home_of(arguments)
    if find_spec("dlt") is None:
        raise UsageError("live pulls need the extra: pip install 'cdp-platform[connect]'")
    try:
        return home, connection_of(home, arguments.name)
    except ConnectConfigError as error:
        raise UsageError(str(error)) from None


def _time(text: str) -> datetime:
    from cdp_pipeline.connect.config import parse_time

    try:
        return parse_time(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a day nor an ISO time") from None
