"""Answers: JSON with the snapshot in body and headers, conditional requests, and cursors of listings."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson
from starlette.requests import Request
from starlette.responses import Response

from profiles.api.problems import Problem, invalid
from profiles.features import SnapshotInfo
from profiles.snapshot_provider import OpenSnapshot

JSON = "application/json"
MASKED, CLEAR = "", "-clear"
VERSION_HEADER, AGE_HEADER = "Snapshot-Version", "Snapshot-Age"
_MAX_CURSOR = 1000
# The current version, and older ones that listings go on in.
_SHOWN_AT_ONCE = 16
# Timestamps in the snapshot have no zone and are UTC.
_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def encode(document: object) -> bytes:
    """Compact JSON; decimals become numbers, dates and times ISO 8601 with ``Z``."""
    return orjson.dumps(document, default=_number, option=_OPTIONS)


def _number(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError


class JsonResponse(Response):
    """An encoded body; its headers, lower-case pairs of bytes, need none of the checks that Starlette makes."""

    def __init__(self, body: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


class Shown:
    """What every answer says of one snapshot, within one second of its age; made once and not changed.

    `member` is the value of ``snapshot`` in the body. `headers` are version, age, ETag and what caches may do.
    """

    def __init__(self, info: SnapshotInfo, age_seconds: int) -> None:
        self.info = info
        self.age_seconds = age_seconds
        self.member = encode(
            {
                "version": info.version,
                "as_of": info.as_of,
                "created_at": info.created_at,
                "age_seconds": age_seconds,
            }
        )
        self.headers = {variant: self._headers(variant) for variant in (MASKED, CLEAR)}

    def _headers(self, variant: str) -> list[tuple[bytes, bytes]]:
        return _raw(
            {
                VERSION_HEADER: self.info.version,
                AGE_HEADER: str(self.age_seconds),
                "ETag": etag_of(self.info, variant),
                # Clear values are kept nowhere on the way; the rest is asked for again and costs a 304.
                "Cache-Control": "no-store" if variant == CLEAR else "private, no-cache",
                "Vary": "Authorization",
            }
        )


def shown(request: Request, snapshot: OpenSnapshot) -> Shown:
    """What the application says now of `snapshot`, which the request answers from. Called from many threads."""
    info = snapshot.info
    request.scope["cdp.snapshot"] = info.version
    known: dict[str, Shown] = request.scope["app"].state.context.shown
    found = known.get(snapshot.name)
    age = int(info.age_seconds)
    if found is None or found.age_seconds != age:
        for version in list(known)[: -_SHOWN_AT_ONCE + 1]:
            known.pop(version, None)
        found = known[snapshot.name] = Shown(info, age)
    return found


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    # Each name and value comes from this package, so none can hold what a header may not.
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def etag_of(info: SnapshotInfo, variant: str = "") -> str:
    """Weak, because the age in the body grows; `variant` tells apart what keys with different scopes are given."""
    return f'W/"{info.version}{variant}"'


def not_modified(request: Request, snapshot: OpenSnapshot, variant: str = "") -> Response | None:
    """304 where the caller has this version's answer already, or says ``*``: any that there is (RFC 9110, 13.1.2)."""
    # A list may come in several headers.
    given = [value for key, value in request.scope["headers"] if key == b"if-none-match"]
    if not given:
        return None
    tags = {one.strip().removeprefix("W/") for one in b",".join(given).decode("latin-1").split(",")}
    if "*" not in tags and etag_of(snapshot.info, variant).removeprefix("W/") not in tags:
        return None
    response = Response(status_code=304)
    response.raw_headers = list(shown(request, snapshot).headers[variant])
    return response


def answer(
    request: Request,
    snapshot: OpenSnapshot,
    document: Mapping[str, object],
    *,
    variant: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`document`, which has at least one member, with the snapshot that it comes from."""
    return answer_encoded(request, snapshot, [encode(document)[:-1]], variant=variant, status=status, headers=headers)


def answer_encoded(
    request: Request,
    snapshot: OpenSnapshot,
    members: list[bytes],
    *,
    variant: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`answer` of a document that is JSON already: `members` are its pieces, without the closing brace.

    Pieces, because a batch is long: it is put together once.
    """
    face = shown(request, snapshot)
    made = face.headers[variant]
    if headers:
        more = _raw(headers)
        replaced = {name for name, _ in more}
        made = [*(pair for pair in made if pair[0] not in replaced), *more]
    return JsonResponse(b"".join([*members, b',"snapshot":', face.member, b"}"]), status, made)


def cursor_of(kind: str, version: str, *place: object) -> str:
    """An opaque cursor: goes on after `place`, in the listing `kind`, in the version where the listing began."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, version, *place])).rstrip(b"=").decode()


def read_cursor(text: str, kind: str, types: Sequence[type]) -> tuple[str, list[object]]:
    """Version and place of a cursor. Raises Problem where it was not given out for this listing."""
    bad = Problem(400, "invalid-cursor", "the cursor was not given out for this listing; begin without one")
    parts = _cursor_parts(text)
    if len(parts) != 2 + len(types) or parts[0] != kind or type(parts[1]) is not str:
        raise bad
    if any(type(part) is not wanted for part, wanted in zip(parts[2:], types, strict=True)):
        raise bad
    return parts[1], parts[2:]


def is_cursor_of(text: str, kind: str) -> bool:
    """Whether a cursor says that it goes on in the listing `kind`."""
    return _cursor_parts(text)[:1] == [kind]


def _cursor_parts(text: str) -> list[object]:
    """Kind, version and place as they were written; empty for what is no cursor."""
    if len(text) > _MAX_CURSOR:
        return []
    try:
        parts = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return []
    return parts if isinstance(parts, list) else []


def header_of(request: Request, name: bytes) -> bytes | None:
    """A header's value by its name in lower case; Starlette's own look-up costs several times this."""
    for key, value in request.scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


def query_parameters(request: Request, allowed: Sequence[str]) -> dict[str, str]:
    """The query's parameters. Raises Problem for one that is unknown or given twice."""
    if not request.scope["query_string"]:
        return {}
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            raise invalid(f"unknown parameter in the query; there are: {', '.join(allowed) or 'none'}")
        if name in found:
            raise invalid(f"{name} is given twice")
        found[name] = value
    return found


def limit_of(parameters: Mapping[str, str], largest: int, default: int = 100) -> int:
    """The page size. Raises Problem."""
    text = parameters.get("limit")
    if text is None:
        return min(default, largest)
    if not (text.isascii() and text.isdigit() and len(text) < 10) or not 1 <= int(text) <= largest:
        raise invalid(f"limit takes a number from 1 to {largest}")
    return int(text)
