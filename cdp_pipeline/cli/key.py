"""``cdp key``: API keys, their scopes and their end."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

from cdp_pipeline.cli._common import Subparsers, UsageError, add_home, add_json, day, home_of, print_json, table
from profiles.keys import SCOPES, Key, KeyRefused, KeyStore
from profiles.ops import ops_path


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    key = commands.add_parser("key", help="API keys with scopes")
    actions = key.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="make a key; it is shown once and stored as a hash")
    new.add_argument("--name", required=True, metavar="NAME", help="who or what will use it")
    new.add_argument(
        "--scope", action="append", required=True, choices=SCOPES, metavar="SCOPE", help=f"repeat: {', '.join(SCOPES)}"
    )
    new.add_argument("--expires", type=_end, metavar="DAY-or-DAYS", help="YYYY-MM-DD (its end, UTC) or days from now")
    new.add_argument("--rate", type=float, metavar="N", help="requests per second (default: the server's)")
    new.add_argument(
        "--misses", type=int, metavar="N", help="ids and identifiers that nobody has, a minute (default: the server's)"
    )
    new.set_defaults(run=_new)
    listing = actions.add_parser("list", help="all keys, without their secrets")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="make a key useless, within a second and for good")
    revoke.add_argument("key_id", metavar="KEY", help="the id that `cdp key list` shows")
    revoke.set_defaults(run=_revoke)
    for action in (new, listing, revoke):
        add_home(action)
        add_json(action)


def _new(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import current_author

    with _store(arguments) as store:
        try:
            token, key = store.new(
                arguments.name,
                arguments.scope,
                created_by=current_author(),
                expires_at=arguments.expires,
                requests_per_second=arguments.rate,
                misses_per_minute=arguments.misses,
            )
        except KeyRefused as error:
            raise UsageError(str(error)) from None
    if arguments.json:
        print_json({**_document(key), "token": token})
    else:
        print(token)
        until = f"until {key.expires_at:%Y-%m-%d %H:%M}Z" if key.expires_at else "without end"
        print(f"key {key.key_id} for {', '.join(_scopes(key))}, {until}; the line above is shown this once")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        keys = store.list_keys()
    if arguments.json:
        print_json([_document(key) for key in keys])
    elif keys:
        now = datetime.now(UTC)
        rows = [
            (
                key.key_id,
                key.name,
                " ".join(_scopes(key)),
                key.refusal(now) or "live",
                f"{key.created_at:%Y-%m-%d}",
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "",
                f"{key.last_used_at:%Y-%m-%d %H:%M}Z" if key.last_used_at else "",
            )
            for key in keys
        ]
        print(table(["key", "name", "scopes", "state", "created", "expires", "last used"], rows))
    else:
        print("no keys; `cdp key new` makes one")
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import current_author

    with _store(arguments) as store:
        try:
            key = store.revoke(arguments.key_id, revoked_by=current_author())
        except KeyRefused as error:
            raise UsageError(str(error)) from None
    if arguments.json:
        print_json(_document(key))
    else:
        print(f"key {key.key_id} ({key.name}) opens nothing any more")
    return 0


def _store(arguments: argparse.Namespace) -> KeyStore:
    return KeyStore(ops_path(home_of(arguments).root))


def _document(key: Key) -> dict[str, object]:
    return {**asdict(key), "scopes": _scopes(key), "state": key.refusal(datetime.now(UTC)) or "live"}


def _scopes(key: Key) -> list[str]:
    return [scope for scope in SCOPES if scope in key.scopes]


def _end(text: str) -> datetime:
    """argparse type: the end of a day, or a number of days from now."""
    if text.isdigit() and len(text) < 6:
        return datetime.now(UTC) + timedelta(days=int(text))
    on: date = day(text)
    return datetime.combine(on, time.max, UTC)
