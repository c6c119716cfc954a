"""Errors as RFC 9457 problem details. No text repeats what the caller sent: it may be personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
_TYPES = "urn:cdp:problem:"


class Problem(Exception):
    """An answer that is an error. `kind` is the last part of its type; `extra` are further members of the document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def response(self, more: Mapping[str, object] | None = None) -> Response:
        """The answer; `more` are members that every error of the request has, such as its snapshot."""
        document = {
            "type": f"{_TYPES}{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
            **(more or {}),
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(orjson.dumps(document), self.status, headers, MEDIA_TYPE)


def not_found(what: str) -> Problem:
    """404; `what` names the kind of thing."""
    return Problem(404, "not-found", f"there is no such {what}")


def erased() -> Problem:
    """410: the person was erased at their own request."""
    return Problem(410, "erased", "this profile was erased")


def invalid(detail: str, errors: Sequence[Mapping[str, object]] = ()) -> Problem:
    """422: the request is understood and wrong; `errors` name places and reasons, no values."""
    return Problem(422, "invalid-request", detail, extra={"errors": list(errors)} if errors else None)


def too_many(detail: str, seconds: float, kind: str = "rate-limited") -> Problem:
    """429 with the whole seconds after which asking again makes sense."""
    return Problem(429, kind, detail, headers={"Retry-After": str(max(1, round(seconds + 0.5)))})


def no_snapshot() -> Problem:
    """503 before the first publish."""
    return Problem(503, "no-snapshot", "nothing has been published yet", headers={"Retry-After": "30"})
