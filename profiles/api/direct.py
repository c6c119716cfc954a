"""The routes that are asked most, answered without the framework's way to them.

They are declared and documented like all others; where a request is plainly one of them, it skips Starlette's
middleware and FastAPI's routing, which cost it more than the read does. Size limits, security headers, access log,
counters and problem details are the same code on both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from profiles.api.boundary import Boundary
from profiles.api.context import AppContext
from profiles.api.problems import Problem
from profiles.errors import NoSnapshot

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
OnError = Callable[[Request, Exception], Coroutine[Any, Any, Response]]

_PARAMETER = "{profile_id}"


class DirectApp(FastAPI):
    """A FastAPI application some of whose routes are answered directly: see `answer_directly`."""

    _exact: dict[tuple[str, str], tuple[Endpoint, BaseRoute]]
    _within: list[tuple[str, str, str, Endpoint, BaseRoute]]
    _outermost: Boundary | None = None
    _on_error: OnError

    def answer_directly(
        self, context: AppContext, routes: list[tuple[str, Endpoint, BaseRoute]], on_error: OnError
    ) -> None:
        """Take `routes` (method, endpoint, and the route as it is declared) past the framework.

        A path is exact, or has the parameter profile_id between two fixed parts. `on_error` answers for a Problem, a
        NoSnapshot and an HTTPException.
        """
        self._exact, self._within, self._on_error = {}, [], on_error
        for method, endpoint, route in routes:
            path: str = getattr(route, "path")  # noqa: B009 - of every route that has a path
            before, parameter, after = path.partition(_PARAMETER)
            if parameter:
                self._within.append((method, before, after, endpoint, route))
            else:
                self._exact[method, path] = (endpoint, route)
        self._outermost = Boundary(self._answer, context)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if self._outermost is not None and scope["type"] == "http" and self._is_direct(scope):
            await self._outermost(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _is_direct(self, scope: Scope) -> bool:
        """Whether the request is plainly for a direct route; what is unusual in any way goes through the framework."""
        path, method = scope["path"], scope["method"]
        if scope.get("root_path"):
            return False
        for wanted, before, after, endpoint, route in self._within:
            if method == wanted and path.endswith(after) and path.startswith(before):
                profile_id = path[len(before) : len(path) - len(after)]
                if profile_id and "/" not in profile_id:
                    scope["path_params"] = {"profile_id": profile_id}
                    scope["cdp.endpoint"], scope["route"] = endpoint, route
                    return True
        exact = self._exact.get((method, path))
        if exact is None:
            return False
        scope["path_params"] = {}
        scope["cdp.endpoint"], scope["route"] = exact
        return True

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        request = Request(scope, receive)
        try:
            response = await scope["cdp.endpoint"](request)
        except (Problem, NoSnapshot, HTTPException) as error:
            response = await self._on_error(request, error)
        await response(scope, receive, send)
