"""The OpenAPI document: what each route takes and gives, with examples; and the page that shows it at ``/docs``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from profiles.api import schema
from profiles.api.docs_page import render
from profiles.api.problems import MEDIA_TYPE
from profiles.exports.destinations import CHANNELS

DESCRIPTION = (
    "Profiles, features, segments and timelines of the published snapshot. Send a key as bearer token. Every answer"
    " names its snapshot in body and headers; answers never mix two. Errors are problem details (RFC 9457)."
)
TAGS = [
    {"name": "features", "description": "Features for recommendation services"},
    {"name": "profiles", "description": "Profiles and timelines"},
    {"name": "segments", "description": "Segments and their members"},
    {"name": "server", "description": "Health and counters, without key"},
]
_STATUS = {
    304: "Not modified: the caller has this snapshot's answer",
    308: "A retired id: Location names the living one. A split may give an id back, so do not keep the redirect",
    400: "Bad cursor or purpose, or a personal identifier in the URL",
    401: "No key, or a key that is not valid",
    403: "The key lacks the scope",
    404: "Nobody has it",
    410: "The profile was erased, or the snapshot of a cursor is gone",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request is not as the schema says",
    429: "Too fast, or too many ids that nobody has: see Retry-After",
    503: "Nothing has been published yet",
}
_HEADERS = {
    "Snapshot-Version": {"description": "The snapshot's version", "schema": {"type": "string"}},
    "Snapshot-Age": {"description": "Its age in seconds", "schema": {"type": "integer"}},
    "ETag": {"description": "For If-None-Match", "schema": {"type": "string"}},
}
_PROFILE_ID = {
    "name": "profile_id",
    "in": "path",
    "required": True,
    "description": "a profile's id, living or retired",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}
_PURPOSE = {
    "name": "X-Purpose",
    "in": "header",
    "required": False,
    "description": "what the look is for; kept in the audit log",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the answer that the caller has",
    "schema": {"type": "string"},
}
_CURSOR = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "description": "next_cursor of the page before; goes on in the same snapshot",
    "schema": {"type": "string", "maxLength": 1000},
}
_LIMIT = {
    "name": "limit",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
}


def _query(name: str, description: str, words: Sequence[str] = ()) -> dict[str, Any]:
    schema = {"type": "string"} | ({"enum": list(words)} if words else {})
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _declared(
    operation_id: str,
    tag: str,
    summary: str,
    answer: type[BaseModel],
    *,
    statuses: tuple[int, ...] = (),
    parameters: tuple[dict[str, Any], ...] = (),
    body: type[BaseModel] | None = None,
    scopes: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The arguments of ``add_api_route`` that the document is made from."""
    responses: dict[int | str, dict[str, Any]] = {
        200: {"model": answer, "description": "Done", "headers": _HEADERS if scopes else {}}
    }
    if scopes:
        statuses = (*statuses, 400, 401, 403, 429, 503)
    for status in sorted(set(statuses)):
        if status == 304:
            responses[status] = {"description": _STATUS[status]}
        elif status == 308:
            responses[status] = {
                "model": schema.RedirectAnswer,
                "description": _STATUS[status],
                "headers": {"Location": {"schema": {"type": "string"}}},
            }
        else:
            reference = {"$ref": "#/components/schemas/ProblemDetails"}
            responses[status] = {"description": _STATUS[status], "content": {MEDIA_TYPE: {"schema": reference}}}
    extra: dict[str, Any] = {}
    if scopes:
        extra["security"] = [{"key": []}]
        extra["x-scopes"] = list(scopes)
        parameters = (*parameters, _PURPOSE)
    if parameters:
        extra["parameters"] = list(parameters)
    if body is not None:
        content = body.model_json_schema(ref_template="#/components/schemas/{model}")
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": content}}}
    needs = f" Needs the scope {' or '.join(scopes)}." if scopes else ""
    return {
        "operation_id": operation_id,
        "tags": [tag],
        "summary": summary,
        "description": f"{(answer.__doc__ or '').strip()}{needs}",
        "responses": responses,
        "openapi_extra": extra,
    }


FEATURES = _declared(
    "getFeatures", "features", "Features of a profile", schema.FeaturesAnswer,
    statuses=(304, 308, 400, 404, 410, 422),
    parameters=(_PROFILE_ID, _query("fields", "only these features, with commas between"), _IF_NONE_MATCH),
    scopes=("features:read",),
)  # fmt: skip
BATCH_GET = _declared(
    "batchGetProfiles", "features", "Several profiles at once", schema.BatchAnswer,
    statuses=(413, 415, 422), body=schema.BatchGetRequest, scopes=("features:read", "profiles:read"),
)  # fmt: skip
LOOKUP = _declared(
    "lookupProfile", "features", "The profile of an identifier", schema.LookupAnswer,
    statuses=(404, 413, 415, 422), body=schema.LookupRequest, scopes=("features:read", "profiles:read"),
)  # fmt: skip
PROFILE = _declared(
    "getProfile", "profiles", "One profile", schema.ProfileAnswer,
    statuses=(304, 308, 400, 404, 410, 422), parameters=(_PROFILE_ID, _IF_NONE_MATCH), scopes=("profiles:read",),
)  # fmt: skip
TIMELINE = _declared(
    "getTimeline", "profiles", "Interactions of a profile over all channels", schema.TimelineAnswer,
    statuses=(304, 308, 400, 404, 410, 422),
    parameters=(
        _PROFILE_ID, _CURSOR, _LIMIT, _query("channel", "only this channel", CHANNELS),
        _query("since", "day or ISO 8601 time, inclusive"), _query("until", "day or ISO 8601 time, exclusive"),
        _IF_NONE_MATCH,
    ),
    scopes=("profiles:read",),
)  # fmt: skip
PROFILE_SEGMENTS = _declared(
    "getProfileSegments", "segments", "Segments of a profile", schema.ProfileSegmentsAnswer,
    statuses=(304, 308, 400, 404, 410, 422), parameters=(_PROFILE_ID, _IF_NONE_MATCH), scopes=("segments:read",),
)  # fmt: skip
SEGMENTS = _declared(
    "listSegments", "segments", "All segments", schema.SegmentsAnswer,
    statuses=(304, 422), parameters=(_IF_NONE_MATCH,), scopes=("segments:read",),
)  # fmt: skip
MEMBERS = _declared(
    "listSegmentMembers", "segments", "Members of a segment", schema.MembersAnswer,
    statuses=(304, 400, 404, 410, 422),
    parameters=(
        {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
        _CURSOR, _LIMIT, _IF_NONE_MATCH,
    ),
    scopes=("segments:read",),
)  # fmt: skip
HEALTH = _declared("health", "server", "Whether the process answers", schema.HealthAnswer)
READY = _declared("ready", "server", "Whether a snapshot can be read", schema.ReadyAnswer, statuses=(503,))
METRICS: dict[str, Any] = {
    "operation_id": "metrics",
    "tags": ["server"],
    "summary": "Counters in Prometheus' text format",
    "responses": {200: {"description": "Counters", "content": {"text/plain": {"schema": {"type": "string"}}}}},
}


def add_docs(app: FastAPI) -> None:
    """Complete the document and show it at ``/docs``, without scripts from elsewhere."""
    made = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = made()
            components = found.setdefault("components", {})
            components.setdefault("schemas", {})["ProblemDetails"] = schema.ProblemDetails.model_json_schema()
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        assert app.openapi_schema is not None  # noqa: S101 - made() stores what it returns
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the documented way to extend it

    async def docs(_: Request) -> Response:
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return HTMLResponse(render(app.openapi()), headers=headers)

    app.add_route("/docs", docs, include_in_schema=False)
