"""Pages on segments: all of them, one, two beside each other, and the members as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

from profiles.console.charts import Series, bar_chart, line_chart, short_number, sparkline
from profiles.console.queries import segments
from profiles.console.shown import num
from profiles.console.visit import Handler, PostHandler, Refused, Visit
from profiles.exports.receivers import receivers
from profiles.snapshot_provider import Row

_PAGE = 50
_IN_MATRIX = 12
"""Segments in the picture of overlaps, the largest ones: more columns fit on no screen."""


async def show_segments(visit: Visit) -> Response:
    """All segments, how they moved, and how the largest overlap."""
    every = await visit.kept("segments", segments.segments)
    sizes = await visit.kept("sizes", segments.sizes)
    shared = await visit.kept("overlaps", segments.overlaps)
    shown = [row for row in every if row["members"]][:_IN_MATRIX]
    until = visit.snapshot.manifest.as_of
    return await visit.page(
        "segments.html",
        segments=every,
        sparks={
            row["segment"]: sparkline([n for _, n in segments.by_day(sizes.get(str(row["segment"]), []), until, 24)])
            for row in every
        },
        shown=shown,
        matrix=_matrix(visit, shown, shared) if len(shown) > 1 else [],
    )


async def show_segment(visit: Visit) -> Response:
    """One segment: numbers, size over time, definition, overlaps, members."""
    t, name = visit.t, visit.request.path_params["segment"]
    row = await _known(visit, name)
    every = await visit.kept("segments", segments.segments)
    sizes = segments.by_day((await visit.kept("sizes", segments.sizes)).get(name, []), visit.snapshot.manifest.as_of)
    shared = await visit.kept("overlaps", segments.overlaps)
    others = [other for other in every if other["segment"] != name]
    bars = sorted(
        (
            (t.titled("segment", o["segment"], o["title"]), float(shared.get((name, str(o["segment"])), 0)))
            for o in others
        ),
        key=lambda bar: -bar[1],
    )
    bars = [bar for bar in bars if bar[1]][:10]
    after = visit.argument("after")
    members = await visit.read(lambda s: segments.members(s, name, after=after, limit=_PAGE + 1))
    page, names = members[:_PAGE], {}
    if page:
        if visit.may("pii:read"):
            ids = [str(member["profile_id"]) for member in page]
            names = await visit.read(lambda s: segments.names_of(s, ids))
        await visit.looked("segment_members", profiles=len(page), detail=name)
    return await visit.page(
        "segment.html",
        s=row,
        others=others,
        members=page,
        names=names,
        next=page[-1]["profile_id"] if len(members) > _PAGE else None,
        receivers=await visit.console.context.run(lambda: receivers(visit.console.context.home, name)),
        size=[(str(day), num(n)) for day, n in sizes],
        overlap=[(title, num(n)) for title, n in bars],
        charts={
            "size": line_chart(
                t("segment.size"), [str(d) for d, _ in sizes], [Series(name, [float(n) for _, n in sizes])]
            ),
            "overlap": bar_chart(t("segment.overlap_chart"), bars),
        },
    )


async def show_comparison(visit: Visit) -> Response:
    """Two segments beside each other: who is in both, and how they differ."""
    names = visit.argument("left"), visit.argument("right")
    left, right = await _known(visit, names[0]), await _known(visit, names[1])
    shared = await visit.kept("overlaps", segments.overlaps)
    both = shared.get(names, 0)
    sizes = int(left["members"]), int(right["members"])  # type: ignore[call-overload]
    traits = await visit.kept("traits", segments.traits)
    return await visit.page(
        "compare.html",
        left=left,
        right=right,
        both=both,
        only_left=sizes[0] - both,
        only_right=sizes[1] - both,
        venn=_venn(visit.t("compare.picture"), sizes, both),
        rows=segments.compare(traits, *names),
    )


async def export(visit: Visit, _: object) -> Response:
    """The members as CSV: profile ids and days of entry, no personal value."""
    name = visit.request.path_params["segment"]
    row = await _known(visit, name)
    snapshot = visit.snapshot
    await visit.looked("segment_export", profiles=int(str(row["members"])), detail=name)

    def lines() -> Iterator[str]:
        yield _csv([("profile_id", "entered_at")])
        for batch in segments.exported(snapshot, name):
            yield _csv(batch)

    file = quote(f"{name}-{snapshot.version}.csv", safe="")
    return StreamingResponse(
        iterate_in_threadpool(lines()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{file}", "Cache-Control": "no-store"},
    )


async def _known(visit: Visit, name: str) -> Row:
    row = await visit.kept(f"segment {name}", lambda snapshot: segments.segment(snapshot, name))
    if row is None:
        raise Refused(404, "error.missing", "error.missing_text")
    return row


def _csv(rows: Sequence[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _matrix(visit: Visit, shown: Sequence[Row], shared: dict[tuple[str, str], int]) -> list[dict[str, object]]:
    """Share of each row's members that are in each column's segment, with a shade from 0 to 5."""

    def named(row: Row) -> str:
        return visit.t.titled("segment", row["segment"], row["title"])

    matrix: list[dict[str, object]] = []
    for row in shown:
        cells = []
        for column in shown:
            names = str(row["segment"]), str(column["segment"])
            n = shared.get(names, 0)
            share = n / int(str(row["members"]))
            is_self = names[0] == names[1]
            pair = urlencode({"left": names[0], "right": names[1]})
            titles = {"left": named(row), "right": named(column)}
            cells.append(
                {
                    "text": short_number(n) if is_self else f"{share:.0%}",
                    "heat": 0 if is_self else min(int(share * 5 + 0.999), 5),
                    "href": "" if is_self else f"/console/segments/compare?{pair}",
                    "title": visit.t("segments.cell", n=num(n), **titles),
                }
            )
        matrix.append({"title": named(row), "cells": cells})
    return matrix


def _venn(title: str, sizes: tuple[int, int], both: int) -> Markup:
    """Two bars on one line, overlapping by what the segments share: lengths, unlike circles, can be compared by eye."""
    total = (sizes[0] + sizes[1] - both) or 1
    left, right, middle = (n / total * 600 for n in (sizes[0], sizes[1], both))
    return Markup(  # noqa: S704 (numbers, and the escaped title)
        f'<svg class="chart" viewBox="0 0 640 90" role="img" aria-label="{escape(title)}" focusable="false">'
        f'<rect class="venn left" x="20" y="20" width="{max(left, 1):.1f}" height="34"/>'
        f'<rect class="venn right" x="{20 + left - middle:.1f}" y="36" width="{max(right, 1):.1f}" height="34"/></svg>'
    )


SHOWN: tuple[tuple[str, str, Handler], ...] = (
    ("/segments", "segments", show_segments),
    ("/segments/compare", "segments", show_comparison),
    ("/segments/{segment}", "segments", show_segment),
)
POSTED: tuple[tuple[str, str, PostHandler], ...] = (("/segments/{segment}/export", "segments", export),)
