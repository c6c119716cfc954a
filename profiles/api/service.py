"""Routes of segments and of the server itself: health, readiness, metrics."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from profiles.api import answers, metrics, queries
from profiles.api.problems import Problem, no_snapshot, not_found
from profiles.api.security import authorise, context_of
from profiles.errors import NoSnapshot
from profiles.snapshot_provider import OpenSnapshot

_LONGEST_NAME = 200


async def segments(request: Request) -> Response:
    """All segments with definition and size."""
    authorise(request, "segments:read")
    context = context_of(request)
    answers.query_parameters(request, ())
    same = answers.not_modified(request, await context.snapshot())
    if same:
        return same

    def read(snapshot: OpenSnapshot) -> Response:
        return answers.answer(request, snapshot, {"segments": queries.segments(snapshot)})

    return await context.read(read)


async def members(request: Request) -> Response:
    """Present members of a segment, by profile id, page by page in the version where the listing began."""
    caller = authorise(request, "segments:read")
    context = context_of(request)
    parameters = answers.query_parameters(request, ("cursor", "limit"))
    limit = answers.limit_of(parameters, context.settings.max_page)
    segment = str(request.path_params["name"])
    kind = f"members:{segment}"
    pinned: OpenSnapshot | None = None
    after: str | None = None
    if "cursor" in parameters:
        version, [last] = answers.read_cursor(parameters["cursor"], kind, (str,))
        after = str(last)
        try:
            pinned = await context.run(lambda: context.snapshots.at(version))
        except NoSnapshot:
            raise Problem(410, "cursor-expired", "the snapshot of this cursor is gone; begin without one") from None

    def read(snapshot: OpenSnapshot) -> Response:
        if len(segment) > _LONGEST_NAME or not queries.segment_exists(snapshot, segment):
            raise not_found("segment")
        same = answers.not_modified(request, snapshot)
        if same:
            return same
        rows = queries.members(snapshot, segment, limit + 1, after)
        cursor = None
        if len(rows) > limit:
            cursor = answers.cursor_of(kind, snapshot.version, rows[limit - 1]["profile_id"])
        context.audit.record(
            caller.actor,
            "segment_members",
            purpose=caller.purpose,
            snapshot=snapshot.version,
            profiles=min(len(rows), limit),
            detail=segment,
        )
        return answers.answer(request, snapshot, {"segment": segment, "members": rows[:limit], "next_cursor": cursor})

    return await context.read(read, pinned)


async def healthz(request: Request) -> Response:
    """The process answers."""
    return Response(b'{"status":"ok"}', media_type=answers.JSON)


async def readyz(request: Request) -> Response:
    """A snapshot can be read; 503 before the first publish."""
    try:
        snapshot = await context_of(request).snapshot()
    except NoSnapshot:
        raise no_snapshot() from None
    return answers.answer(request, snapshot, {"status": "ready"})


async def prometheus(request: Request) -> Response:
    """Counters for a monitoring system: counts and durations by route, and the snapshot's age."""
    context = context_of(request)
    gauges: dict[str, tuple[str, float]] = {}
    try:
        info = (await context.snapshot()).info
        gauges[f'cdp_snapshot_info{{version="{info.version}"}}'] = ("The snapshot that is served.", 1.0)
        gauges["cdp_snapshot_age_seconds"] = ("Seconds since the served snapshot was made.", info.age_seconds)
    except NoSnapshot:
        gauges["cdp_snapshot_age_seconds"] = ("Seconds since the served snapshot was made.", float("nan"))
    return Response(context.metrics.text(gauges), media_type=metrics.CONTENT_TYPE)
