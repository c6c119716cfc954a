"""The outermost layer: size limits, security headers, the access log, counters, and errors that nobody foresaw.

One plain ASGI layer, because each of Starlette's middleware classes would cost every request more than a feature read.
"""

from __future__ import annotations

import logging
import time

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profiles.api.context import AppContext
from profiles.api.problems import Problem

_ACCESS = logging.getLogger("profiles.api.access")
_ERRORS = logging.getLogger("profiles.api")

# A page of the console replaces the policy by its own; the API's answers are never rendered.
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# What is left of a body that is too large is not read, so the connection cannot be used again.
_CLOSE = {"Connection": "close"}


class Boundary:
    """ASGI layer around the application."""

    def __init__(self, app: ASGIApp, context: AppContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        metrics = self._context.metrics
        metrics.in_flight += 1
        status = 500
        begun = False

        async def sending(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                begun = True
                status = message["status"]
                headers = message["headers"]
                headers.extend(_HEADERS)
                if not any(name == _POLICY[0] for name, _ in headers):
                    headers.append(_POLICY)
            await send(message)

        try:
            limit = self._context.settings.max_body_bytes
            length = next((value for name, value in scope["headers"] if name == b"content-length"), None)
            if length is not None and not (length.isdigit() and int(length) <= limit):
                too_large = Problem(413, "too-large", f"a request body has at most {limit} bytes", headers=_CLOSE)
                await too_large.response()(scope, receive, sending)
            elif length is None and scope["method"] not in ("GET", "HEAD"):
                await self._app(scope, _limited(receive, limit), sending)
            else:
                await self._app(scope, receive, sending)
        except Exception as error:
            # The text of an unforeseen error may quote data: only its type and place are told.
            _ERRORS.error("unexpected %s at %s", type(error).__name__, _place(error))
            if not begun:
                await Problem(500, "internal", "this request failed; the log says where").response()(
                    scope, receive, sending
                )
        finally:
            metrics.in_flight -= 1
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "-")
            metrics.observe(route, scope["method"], status, seconds)
            if self._context.settings.access_log:
                # The template of the route and never the path: what is typed into an address may be personal.
                _ACCESS.info(
                    '{"method":"%s","route":"%s","status":%d,"ms":%.2f,"actor":"%s","snapshot":"%s"}',
                    scope["method"],
                    route,
                    status,
                    seconds * 1000,
                    scope.get("cdp.actor", ""),
                    scope.get("cdp.snapshot", ""),
                )


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive` that raises once a body of unannounced length is larger than `limit` bytes."""
    received = 0

    async def counting() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            # The one kind of exception that everything that reads a body lets through.
            raise HTTPException(413, f"a request body has at most {limit} bytes", _CLOSE)
        return message

    return counting


def _place(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "-" if last is None else f"{last.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{last.tb_lineno}"
