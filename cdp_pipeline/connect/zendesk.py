"""Zendesk's Support API: incremental exports by cursor, and lists by time.

The exports of users and tickets tell of deletions too: a user who is not active, a ticket of status deleted. They
leave out what changed in the last minute, and say by `end_of_stream` when all the rest has been given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdp_pipeline.connect.config import Connection
from cdp_pipeline.connect.errors import ConnectError, Refused
from cdp_pipeline.connect.pages import Api, ExportCursor, LinksInBody, Page, Record
from cdp_pipeline.connect.walks import STALE, Listing, Position, Span, Step, parse, text, walk

SNAPSHOTS: tuple[str, ...] = ()
EXPORT_PAGE = 1000
LIST_PAGE = 100
# Comments are one request per ticket: a page of so many tickets is what a broken-off pull repeats at most.
TICKETS_PER_PAGE = 100
_ENDPOINT_LIMIT = re.compile(r"remaining=(\d+);\s*resets=(\d+)")


@dataclass(frozen=True)
class _Export:
    """An incremental export: what it lists, what else it is asked to bring along, and what of a page lands."""

    listed: str
    include: str
    records: Callable[[Page, str], list[Record]]


def steps(api: Api, connection: Connection, obj: str, position: Position, span: Span) -> Iterator[Step]:
    """What changed of one object since its position. Raises ConnectError."""
    where = f"{connection.name}: {obj}"
    if obj in _EXPORTS:
        export = _EXPORTS[obj]
        size = connection.page_size or EXPORT_PAGE
        for page, after in _export(api, export.listed, export.include, size, position, span):
            yield Step([] if page.is_repeat else export.records(page, where), after)
    elif obj == "ticket_comments":
        yield from _comments(api, connection, position, span)
    else:
        yield from walk(api, _listing(connection, obj), position, span, where)


def check(api: Api, connection: Connection) -> None:
    """One request that good credentials answer. Raises ConnectError."""
    user = api.document("/api/v2/users/me.json").get("user")
    # Zendesk answers a caller it does not know with an anonymous user and status 200.
    if not isinstance(user, dict) or user.get("id") is None:
        raise Refused(f"{connection.name}: the token was refused (the API sees an anonymous user)", 401)


def pause(headers: Mapping[str, str]) -> float:
    """Seconds until the limit is renewed, once it is used up: an endpoint's own, or nearly all of the account's."""
    wait = 0.0
    for name, value in headers.items():
        if name.lower().startswith("zendesk-ratelimit-"):
            found = _ENDPOINT_LIMIT.search(value)
            if found and int(found[1]) == 0:
                wait = max(wait, float(found[2]))
    limit = headers.get("ratelimit-limit", headers.get("x-rate-limit", ""))
    left = headers.get("ratelimit-remaining", headers.get("x-rate-limit-remaining", ""))
    reset = headers.get("ratelimit-reset", "")
    if limit.isdigit() and left.isdigit() and reset.isdigit() and int(left) <= int(limit) // 20:
        wait = max(wait, float(reset))
    return wait


def _export(
    api: Api, listed: str, include: str, size: int, position: Position, span: Span
) -> Iterator[tuple[Page, Position]]:
    """Pages of an incremental export, each with the position behind it."""
    mark = parse(position.get("mark"))
    cursor = position.get("cursor") if span.since is None else None
    path = f"/api/v2/incremental/{listed}/cursor.json"
    params: dict[str, Any] = {"per_page": size, **({"include": include} if include else {})}
    begun = False
    while True:
        lower = span.lower(mark)
        asked = {"cursor": cursor} if cursor else {"start_time": int(lower.timestamp()) if lower else 0}
        pages = api.pages(path, {**params, **asked}, listed, ExportCursor(params))
        while True:
            try:
                page = next(pages, None)
            except Refused as error:
                if begun or not cursor or error.status not in STALE:
                    raise
                cursor = None  # the API forgot the cursor: from the mark, less the overlap
                break
            if page is None:
                return
            begun = True
            times = [parse(r.get("generated_timestamp")) or parse(r.get("updated_at")) for r in page.records]
            # A time ahead of the server's clock is no time to go on from.
            known = [min(t, page.server_time) if page.server_time else t for t in times if t is not None]
            mark = max([*known, *([mark] if mark else [])], default=None)
            after = page.document.get("after_cursor")
            cursor = after if isinstance(after, str) and after else cursor
            yield page, {key: value for key, value in (("mark", text(mark)), ("cursor", cursor)) if value}


def _comments(api: Api, connection: Connection, position: Position, span: Span) -> Iterator[Step]:
    """The comments of every ticket that changed: no export has them in the shape in which they are read."""
    before = position
    size = connection.page_size or TICKETS_PER_PAGE
    for page, after in _export(api, "tickets", "", size, position, span):
        for ticket in [] if page.is_repeat else page.records:
            number = ticket.get("id")
            if not isinstance(number, int):
                raise ConnectError(f"{connection.name}: ticket_comments: a ticket comes without a number as its id")
            if ticket.get("status") == "deleted":
                continue
            path = f"/api/v2/tickets/{number}/comments.json"
            try:
                for found in api.pages(path, {"page[size]": LIST_PAGE}, "comments", LinksInBody()):
                    yield Step([{"ticket_id": number, **comment} for comment in found.records], before)
            except Refused as error:
                if error.status not in (404, 410):  # deleted since the page was made
                    raise
        before = after
        yield Step([], after)


def _listing(connection: Connection, obj: str) -> Listing:
    size = min(connection.page_size or LIST_PAGE, LIST_PAGE)
    if obj == "deleted_tickets":
        # The list cannot be asked from a time on; what an earlier pull landed is left out here.
        return Listing(
            "deleted_tickets",
            lambda lower: (
                "/api/v2/deleted_tickets.json",
                {"page[size]": size},
            ),
            LinksInBody,
            lambda record: record.get("deleted_at"),
            lambda page, lower: [r for r in page.records if _is_later(r.get("deleted_at"), lower)],
        )
    return Listing(
        "satisfaction_ratings",
        lambda lower: (
            "/api/v2/satisfaction_ratings.json",
            {"page[size]": size, **({"start_time": int(lower.timestamp())} if lower else {})},
        ),
        LinksInBody,
        lambda record: record.get("updated_at") or record.get("created_at"),
        lambda page, lower: page.records,
    )


def _is_later(value: object, lower: datetime | None) -> bool:
    time = parse(value)
    return lower is None or time is None or time >= lower


def _identities(page: Page, where: str) -> list[Record]:
    found = page.document.get("identities")
    if not isinstance(found, list):
        raise ConnectError(f"{where}: the users come without 'identities'")
    return [record for record in found if isinstance(record, dict)]


def _metrics(page: Page, where: str) -> list[Record]:
    """Metric sets stand beside the tickets or inside them, by endpoint and version."""
    beside = page.document.get("metric_sets")
    inside = [t["metric_set"] for t in page.records if isinstance(t.get("metric_set"), dict)]
    living = [t for t in page.records if t.get("status") != "deleted"]
    if not isinstance(beside, list) and not inside and living:
        raise ConnectError(f"{where}: the tickets come without 'metric_sets'")
    return [record for record in beside if isinstance(record, dict)] if isinstance(beside, list) else inside


_EXPORTS: Mapping[str, _Export] = {
    "users": _Export("users", "", lambda page, where: page.records),
    "user_identities": _Export("users", "identities", _identities),
    "tickets": _Export("tickets", "", lambda page, where: page.records),
    "ticket_metrics": _Export("tickets", "metric_sets", _metrics),
}
