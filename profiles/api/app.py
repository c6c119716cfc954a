"""The application: routes, their place in the OpenAPI document, and how errors are answered."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from profiles.api import openapi, people, service
from profiles.api.boundary import Boundary
from profiles.api.context import ApiSettings, AppContext, Ports
from profiles.api.direct import DirectApp
from profiles.api.problems import Problem, invalid, no_snapshot
from profiles.errors import NoSnapshot

_CONSOLE = "profiles.console"
_LOG = logging.getLogger("profiles.api")


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and gives the response, without FastAPI's parameter machinery.

    Its parameters, body and answers are declared for the OpenAPI document only; the endpoint checks them itself.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


def create_app(home: Path, settings: ApiSettings | None = None, ports: Ports | None = None) -> FastAPI:
    """The application over the installation at `home`; its stores close when it shuts down.

    The console is mounted where the package is there.
    """
    context = AppContext.open(home, settings or ApiSettings(), ports)
    app = DirectApp(
        title="Customer data platform",
        version=distribution_version("cdp-platform"),
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_tags=openapi.TAGS,
        lifespan=_lifespan,
        # Personal values never travel in URLs, so none may be invented by a redirect either.
        redirect_slashes=False,
    )
    app.state.context = context
    app.add_middleware(Boundary, context=context)
    for path, method, endpoint, described in ROUTES:
        app.router.add_api_route(
            path,
            endpoint,
            methods=[method],
            route_class_override=DirectRoute,
            response_model=None,
            response_class=Response,
            **described,
        )
        if method == "GET":  # RFC 9110, 9.1: what can be read can be asked for without the body
            app.router.add_api_route(
                path, endpoint, methods=["HEAD"], route_class_override=DirectRoute, include_in_schema=False
            )
    declared = {(getattr(route, "path", ""), *(getattr(route, "methods", None) or ())): route for route in app.routes}
    app.answer_directly(
        context, [(method, endpoint, declared[path, method]) for path, method, endpoint in DIRECT], _on_any_problem
    )
    openapi.add_docs(app)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(NoSnapshot, _on_no_snapshot)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    if importlib.util.find_spec(_CONSOLE) is not None:
        importlib.import_module(_CONSOLE).mount(app, context)
    return app


ROUTES: list[tuple[str, str, Callable[[Request], Coroutine[Any, Any, Response]], dict[str, Any]]] = [
    # Tried in this order, so the one that is asked most comes first.
    ("/v1/profiles/{profile_id}/features", "GET", people.features, openapi.FEATURES),
    ("/v1/profiles:batchGet", "POST", people.batch_get, openapi.BATCH_GET),
    ("/v1/profiles:lookup", "POST", people.lookup, openapi.LOOKUP),
    ("/v1/profiles/{profile_id}", "GET", people.profile, openapi.PROFILE),
    ("/v1/profiles/{profile_id}/timeline", "GET", people.timeline, openapi.TIMELINE),
    ("/v1/profiles/{profile_id}/segments", "GET", people.segments, openapi.PROFILE_SEGMENTS),
    ("/v1/segments", "GET", service.segments, openapi.SEGMENTS),
    ("/v1/segments/{name}/members", "GET", service.members, openapi.MEMBERS),
    ("/healthz", "GET", service.healthz, openapi.HEALTH),
    ("/readyz", "GET", service.readyz, openapi.READY),
    ("/metrics", "GET", service.prometheus, openapi.METRICS),
]


# Asked thousands of times a second.
DIRECT = [
    (path, method, endpoint)
    for path, method, endpoint, _ in ROUTES
    if endpoint in (people.features, people.batch_get, people.lookup)
]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: AppContext = app.state.context
    # It would log paths; the access log here names routes, because what is typed into an address may be personal.
    logging.getLogger("uvicorn.access").disabled = True
    with suppress(NoSnapshot):  # opened before the first request, which would have to wait for it
        await context.snapshot()
    task = asyncio.create_task(_flush_now_and_then(context))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        context.close()


async def _flush_now_and_then(context: AppContext) -> None:
    while True:
        await asyncio.sleep(context.settings.flush_seconds)
        try:
            await asyncio.to_thread(context.audit.flush)
            await asyncio.to_thread(context.keys.write_uses)
        except Exception as error:
            _LOG.error("the audit log could not be written: %s", type(error).__name__)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class alone
    return _answered(request, error)


async def _on_no_snapshot(request: Request, error: Exception) -> Response:
    return _answered(request, no_snapshot())


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "-")
    return _answered(request, Problem(error.status_code, kind, f"{phrase}", headers=error.headers))


async def _on_any_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return await _on_problem(request, error)
    if isinstance(error, NoSnapshot):
        return await _on_no_snapshot(request, error)
    return await _on_http_exception(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    return _answered(request, invalid("the request is not as the schema says"))


def _answered(request: Request, problem: Problem) -> Response:
    """A page may answer its errors in its own way: ``app.state.error_page(request, problem)``, for HTML only."""
    page = getattr(request.app.state, "error_page", None)
    if (
        page is not None
        and not request.url.path.startswith("/v1/")
        and "text/html" in request.headers.get("accept", "")
    ):
        made: Response = page(request, problem)
        return made
    context: AppContext = request.app.state.context
    snapshot = context.snapshots.opened()
    if "cdp.snapshot" not in request.scope or snapshot is None:
        return problem.response()
    version = request.scope["cdp.snapshot"]
    response = problem.response({"snapshot_version": version})
    response.headers["Snapshot-Version"] = version
    return response
