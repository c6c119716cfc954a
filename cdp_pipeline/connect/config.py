"""``connect.yml`` of a home: which accounts are pulled, what of them, how often. Secrets stand elsewhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from cdp_pipeline.connect.errors import ConnectConfigError
from cdp_pipeline.home import Home
from cdp_pipeline.settings import cron

# Objects by kind of connection, in the order in which they are pulled: people before what refers to them.
OBJECTS: Mapping[str, tuple[str, ...]] = {
    "shopify": ("customers", "products", "orders", "refunds", "checkouts"),
    "zendesk": (
        "users",
        "user_identities",
        "tickets",
        "ticket_comments",
        "ticket_metrics",
        "satisfaction_ratings",
        "deleted_tickets",
    ),
}
AUTHS: Mapping[str, tuple[str, ...]] = {"shopify": ("token",), "zendesk": ("oauth", "api_token")}
# 2025-01 is a version whose REST resources are the ones of docs/decisions/live-pulls.md.
SHOPIFY_VERSION = "2025-01"

_KEYS = {
    "type", "shop", "subdomain", "base_url", "objects", "start", "overlap", "overlaps", "schedule", "api_version",
    "auth", "user", "page_size", "pages_per_file", "max_response_mb", "max_wait", "timeout", "attempts",
}  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_HOST_PART = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Connection:
    """One account of one API.

    `overlap` is what a time-based pull repeats behind its cursor, `overlaps` the exceptions by object; `start` the
    time before which nothing is pulled. `timeout` and `max_wait` are seconds: for one answer, and the longest pause
    that the API may ask for. `page_size` 0 means the API's greatest.
    """

    name: str
    type: str
    base_url: str
    objects: tuple[str, ...]
    auth: str
    user: str = ""
    start: datetime | None = None
    overlap: timedelta = timedelta(minutes=10)
    overlaps: Mapping[str, timedelta] | None = None
    schedule: str | None = None
    api_version: str = SHOPIFY_VERSION
    page_size: int = 0
    pages_per_file: int = 20
    max_response_bytes: int = 64 << 20
    max_wait: float = 900.0
    timeout: float = 60.0
    attempts: int = 6

    @property
    def host(self) -> str:
        """Host and port; cursors belong to it, so that another shop under the same name starts afresh."""
        return urlsplit(self.base_url).netloc

    def overlap_of(self, obj: str) -> timedelta:
        return (self.overlaps or {}).get(obj, self.overlap)


def config_path(home: Home) -> Path:
    """Where a home declares its connections; the file need not exist."""
    return home.root / "connect.yml"


def load_connections(home: Home) -> dict[str, Connection]:
    """The connections of ``connect.yml`` by name, none without the file. Raises ConnectConfigError."""
    path = config_path(home)
    if not path.exists():
        return {}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConnectConfigError(f"connect.yml: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark is not None else ""
        raise ConnectConfigError(f"connect.yml{where}: not valid YAML") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConnectConfigError("connect.yml: expected connections by name, like `shop: {type: shopify, shop: …}`")
    return {str(name): _connection(str(name), facts) for name, facts in document.items()}


def connection_of(home: Home, name: str) -> Connection:
    """One connection. Raises ConnectConfigError with the nearest name when there is none."""
    found = load_connections(home)
    if name not in found:
        near = difflib.get_close_matches(name, found, 1)
        known = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(found)}" if found else "it has none"
        raise ConnectConfigError(f"connect.yml: no connection '{name}': {known}")
    return found[name]


def _connection(name: str, facts: object) -> Connection:
    where = f"connect.yml: {name}"
    if not _NAME.fullmatch(name):
        raise ConnectConfigError(f"{where}: a name is a-z, 0-9 and _, begins with a letter, at most 31 characters")
    if not isinstance(facts, dict):
        raise ConnectConfigError(f"{where}: expected keys like type and objects")
    given = {str(k): v for k, v in facts.items()}
    for key in given:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, 1)
            secret = any(word in key for word in ("token", "secret", "password", "key"))
            hint = (
                "secrets belong in the environment or in a file under secrets/"
                if secret
                else f"did you mean '{near[0]}'?"
                if near
                else f"one of {', '.join(sorted(_KEYS))}"
            )
            raise ConnectConfigError(f"{where}: unknown key '{key}': {hint}")
    kind = str(given.get("type"))
    if kind not in OBJECTS:
        raise ConnectConfigError(f"{where}: type must be one of {', '.join(OBJECTS)}")
    auth = str(given.get("auth", AUTHS[kind][0]))
    if auth not in AUTHS[kind]:
        raise ConnectConfigError(f"{where}: auth must be one of {', '.join(AUTHS[kind])}")
    user = _text(where, given, "user")
    if auth == "api_token" and not user:
        raise ConnectConfigError(f"{where}: auth api_token needs user, the e-mail address of the agent it belongs to")
    try:
        return Connection(
            name=name,
            type=kind,
            base_url=_base_url(where, kind, given),
            objects=_objects(where, kind, given.get("objects")),
            auth=auth,
            user=user,
            start=_time(where, given.get("start")),
            overlap=_duration(where, given.get("overlap", "10m")),
            overlaps=_overlaps(where, kind, given.get("overlaps") or {}),
            schedule=_schedule(where, given.get("schedule")),
            api_version=_text(where, given, "api_version") or SHOPIFY_VERSION,
            page_size=_whole(where, given, "page_size", 0, 0, 1000),
            pages_per_file=_whole(where, given, "pages_per_file", 20, 1, 10_000),
            max_response_bytes=_whole(where, given, "max_response_mb", 64, 1, 1024) << 20,
            max_wait=_duration(where, given.get("max_wait", "15m")).total_seconds(),
            timeout=_duration(where, given.get("timeout", "60s")).total_seconds(),
            attempts=_whole(where, given, "attempts", 6, 1, 20),
        )
    except OverflowError:
        raise ConnectConfigError(f"{where}: a duration is too long") from None


def _base_url(where: str, kind: str, given: Mapping[str, Any]) -> str:
    url = _text(where, given, "base_url")
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
            raise ConnectConfigError(f"{where}: base_url must look like https://shop.example.com")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ConnectConfigError(f"{where}: base_url must be https, the token would travel in clear")
        return url.rstrip("/")
    if kind == "shopify":
        shop = _text(where, given, "shop").removesuffix(".myshopify.com")
        if not _HOST_PART.fullmatch(shop):
            raise ConnectConfigError(f"{where}: shop must be the name before .myshopify.com")
        return f"https://{shop}.myshopify.com"
    subdomain = _text(where, given, "subdomain").removesuffix(".zendesk.com")
    if not _HOST_PART.fullmatch(subdomain):
        raise ConnectConfigError(f"{where}: subdomain must be the name before .zendesk.com")
    return f"https://{subdomain}.zendesk.com"


def _objects(where: str, kind: str, given: object) -> tuple[str, ...]:
    if given is None:
        return OBJECTS[kind]
    if not isinstance(given, list) or not given:
        raise ConnectConfigError(f"{where}: objects must be a list like [{', '.join(OBJECTS[kind][:2])}]")
    return known_objects(kind, [str(name) for name in given], where)


def known_objects(kind: str, given: Sequence[str], where: str) -> tuple[str, ...]:
    """`given` in pull order, each once. Raises ConnectConfigError for an object that this kind cannot pull."""
    for name in given:
        if name not in OBJECTS[kind]:
            near = difflib.get_close_matches(name, OBJECTS[kind], 1)
            hint = f"did you mean '{near[0]}'?" if near else f"one of {', '.join(OBJECTS[kind])}"
            raise ConnectConfigError(f"{where}: {kind} has no object '{name}' to pull: {hint}")
    return tuple(name for name in OBJECTS[kind] if name in given)


def _overlaps(where: str, kind: str, given: object) -> Mapping[str, timedelta]:
    if not isinstance(given, dict):
        raise ConnectConfigError(f"{where}: overlaps must be durations by object, like {{orders: 1h}}")
    known_objects(kind, [str(name) for name in given], where)
    # A rating can change for weeks, and the list knows no update time to ask for.
    default = {"satisfaction_ratings": timedelta(days=30)} if kind == "zendesk" else {}
    return {**default, **{str(name): _duration(where, text) for name, text in given.items()}}


def _duration(where: str, given: object) -> timedelta:
    found = _DURATION.fullmatch(str(given))
    if not found:
        raise ConnectConfigError(f"{where}: '{given}' is no duration like 90s, 10m, 2h or 30d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def _time(where: str, given: object) -> datetime | None:
    if given is None:
        return None
    try:
        return parse_time(given.isoformat() if isinstance(given, date) else str(given))
    except ValueError:
        raise ConnectConfigError(f"{where}: start must be a day or a time like 2024-01-01") from None


def parse_time(text: str) -> datetime:
    """A day or an ISO time, in UTC where it names no offset. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _schedule(where: str, given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise ConnectConfigError(f"{where}: schedule must be a cron expression of five parts, like '15 * * * *'")
    try:
        return cron(given)
    except ValueError as error:
        raise ConnectConfigError(
            f"{where}: schedule must be a cron expression of five parts, like '15 * * * *' ({error})"
        ) from None


def _text(where: str, given: Mapping[str, Any], key: str) -> str:
    value = given.get(key, "")
    if not isinstance(value, str):
        raise ConnectConfigError(f"{where}: {key} must be text (put it in quotes)")
    return value.strip()


def _whole(where: str, given: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    value: object = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConnectConfigError(f"{where}: {key} must be a whole number from {least} to {most}")
    return value
