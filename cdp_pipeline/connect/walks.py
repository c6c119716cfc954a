"""Walks over time-ordered lists: from a mark to now, safe to break off after any page.

A position is what is kept between pulls, plain JSON:
``mark``  server time up to which everything has been landed;
``run``   an unfinished pull: where it was to go on, and what it had seen;
``cursor`` where an incremental export goes on (``zendesk.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator

from cdp_pipeline.connect.errors import ConnectError, Refused
from cdp_pipeline.connect.pages import Api, Page, Record

Position = dict[str, Any]
# Answers to a position that the API no longer knows.
STALE = (400, 404, 410, 422)


@dataclass(frozen=True)
class Step:
    """Records to land, and the position that holds once they are in place."""

    records: list[Record]
    position: Position


@dataclass(frozen=True)
class Span:
    """From where a pull asks: `since` as given by a person, else the position's mark less `overlap`, else `start`."""

    since: datetime | None
    start: datetime | None
    overlap: timedelta

    def lower(self, mark: datetime | None) -> datetime | None:
        if self.since is not None:
            return self.since
        return self.start if mark is None else mark - self.overlap


@dataclass(frozen=True)
class Listing:
    """A list that can be asked for from a time on.

    `ask` gives path and parameters for that time; `time_of` the time that the list is asked by; `records` what of a
    page lands (given the time asked for). A walk is begun anew at the time it has reached every `renew_after` pages,
    where the order allows it, because some APIs do not page without end.
    """

    key: str
    ask: Callable[[datetime | None], tuple[str, Mapping[str, Any]]]
    paginator: Callable[[], BasePaginator]
    time_of: Callable[[Record], object]
    records: Callable[[Page, datetime | None], list[Record]]
    renew_after: int = 1_000_000


@dataclass(frozen=True)
class _Seen:
    """What an unfinished walk knows. `first`: the server's clock when it began, a bound for the next mark."""

    lower: datetime | None
    high: datetime | None = None
    ascending: bool = True
    first: datetime | None = None

    def after(self, page: Page, listing: Listing, where: str) -> _Seen:
        high, ascending = self.high, self.ascending
        times = [t for t in (parse(listing.time_of(r)) for r in page.records) if t is not None]
        if page.records and not times:
            raise ConnectError(f"{where}: no record of a page has the time by which it is asked for")
        for time in times:
            ascending = ascending and (high is None or time >= high)
            high = time if high is None or time > high else high
        return replace(self, high=high, ascending=ascending, first=self.first or page.server_time)

    def mark(self) -> datetime | None:
        """Up to where everything is landed once the walk has ended; None when that cannot be told.

        Records that change while a walk is under way may be passed over, unless they come in the order of their
        change; so the mark never lies behind the moment at which the walk began, by the server's own clock.
        """
        if self.high is None or (self.first is None and not self.ascending):
            return None
        return min(self.high, self.first) if self.first else self.high

    def save(self, following: str | None) -> dict[str, Any]:
        times = {key: text(getattr(self, key)) for key in ("lower", "high", "first")}
        return {"next": following, "ascending": self.ascending, **times}

    @classmethod
    def load(cls, run: Mapping[str, Any]) -> _Seen:
        return cls(parse(run["lower"]), parse(run["high"]), bool(run["ascending"]), parse(run["first"]))


def walk(api: Api, listing: Listing, position: Position, span: Span, where: str) -> Iterator[Step]:
    """Everything that changed since the position, page by page. Raises ConnectError."""
    mark = parse(position.get("mark"))
    run = position.get("run") if span.since is None else None
    if isinstance(run, dict) and isinstance(run.get("next"), str):
        seen = _Seen.load(run)
        try:
            yield from _pages(api, listing, mark, seen, (run["next"], {}), where)
            return
        except _StaleError:
            # The list is asked again from what the broken-off pull is sure of.
            reached = seen.high if seen.ascending else None
            lower = reached - span.overlap if reached else seen.lower
    else:
        lower = span.lower(mark)
    yield from _pages(api, listing, mark, _Seen(lower), None, where)


class _StaleError(Exception):
    """The place where a broken-off pull was to go on is no longer known."""


def _pages(
    api: Api,
    listing: Listing,
    mark: datetime | None,
    seen: _Seen,
    resumed: tuple[str, Mapping[str, Any]] | None,
    where: str,
) -> Iterator[Step]:
    path, params = resumed or listing.ask(seen.lower)
    begun, first_page = seen.lower, resumed is not None
    while True:
        pages = api.pages(path, params, listing.key, listing.paginator())
        count = 0
        while True:
            try:
                page = next(pages, None)
            except Refused as error:
                if first_page and error.status in STALE:
                    raise _StaleError from None
                raise
            if page is None:
                return
            first_page = False
            count += 1
            seen = seen.after(page, listing, where)
            records = [] if page.is_repeat else listing.records(page, seen.lower)
            if page.next is None:
                reached = max((t for t in (mark, seen.mark()) if t is not None), default=None)
                yield Step(records, {"mark": text(reached)} if reached else {})
                return
            unfinished: Position = {"run": seen.save(page.next)}
            yield Step(records, {**unfinished, "mark": text(mark)} if mark else unfinished)
            moved = seen.high is not None and (begun is None or seen.high > begun)
            if count >= listing.renew_after and seen.ascending and moved:
                begun = seen.high
                path, params = listing.ask(begun)
                break


def parse(value: object) -> datetime | None:
    """An ISO time or epoch seconds as UTC, None for anything else."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def text(time: datetime | None) -> str | None:
    """ISO time in UTC with a Z."""
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")
