"""The console as a whole: what it keeps between requests, how a request becomes a visit, and its routes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from profiles.api.context import AppContext
from profiles.api.problems import Problem
from profiles.console import pages, people_pages, review_pages, segment_pages, signing_in
from profiles.console.explanations import Explanations
from profiles.console.queries import overview, search, segments
from profiles.console.queries.kept import Kept
from profiles.console.sessions import Session, Sessions
from profiles.console.shown import FILTERS
from profiles.console.texts import Texts, choose_language, load_texts
from profiles.console.visit import (
    LANGUAGE_COOKIE,
    SCOPES,
    SESSION_COOKIE,
    Handler,
    PostHandler,
    Refused,
    Visit,
    check_token,
    form_of,
    html,
    navigation_of,
)
from profiles.errors import NoSnapshot, ProfileErased
from profiles.ops import ops_path
from profiles.snapshot_provider import OpenSnapshot

Endpoint = Callable[[Request], Awaitable[Response]]

_LOG = logging.getLogger("profiles.console")

# In the order in which somebody who has just signed in may want them.
AHEAD: tuple[tuple[str, Callable[[OpenSnapshot], object]], ...] = (
    ("new_profiles", overview.new_profiles),
    ("sizes", segments.sizes),
    ("overlaps", segments.overlaps),
    ("namespaces", search.kinds_and_namespaces),
    ("regions", search.common_regions),
    ("traits", segments.traits),
)


class Console:
    """Templates, words, sessions and kept answers of one application."""

    def __init__(self, context: AppContext) -> None:
        self.context = context
        self.texts = load_texts()
        self.sessions = Sessions(ops_path(context.home), context.keys)
        self.kept = Kept()
        self.explanations = Explanations(context.ports)
        self._templates = Environment(
            loader=PackageLoader("profiles.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= FILTERS

    def ahead(self, snapshot: OpenSnapshot) -> None:
        """Work out what takes long on a large snapshot, beside the first request that meets it."""
        if self.kept.is_new(snapshot):
            threading.Thread(target=self._work_ahead, args=(snapshot,), daemon=True, name="console-ahead").start()

    def _work_ahead(self, snapshot: OpenSnapshot) -> None:
        for key, work in AHEAD:
            try:
                self.kept.get(snapshot, key, lambda work=work: work(snapshot))  # type: ignore[misc]
            except Exception as error:  # the page that needs it fails by itself, and says so
                _LOG.warning("%s could not be worked out ahead: %s", key, type(error).__name__)

    def words(self, request: Request) -> Texts:
        """The language of a request."""
        chosen = choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))
        return self.texts[chosen]

    def session(self, request: Request) -> Session | None:
        """Who is signed in."""
        token = request.cookies.get(SESSION_COOKIE, "")
        return self.sessions.find(token) if token else None

    def render(
        self, request: Request, template: str, t: Texts, *, values: Mapping[str, object], status: int = 200
    ) -> Response:
        """A template as an answer, or as the fragment that a page takes in where its name starts with ``_``."""
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        common: dict[str, object] = {
            "visit": None,
            "menu": [],
            "snapshot": None,
            "section": "",
            "csrf": "",
            "back": back if request.method == "GET" else "/console",
        }
        return html(self._templates.get_template(template).render(common | dict(values) | {"t": t}), status)

    def refuse(self, request: Request, refused: Refused, session: Session | None = None) -> Response:
        """The page that says why there is no other."""
        values: dict[str, object] = {"heading": refused.heading, "message": refused.message, "values": refused.values}
        if session is not None:
            values |= {"csrf": session.csrf, "menu": navigation_of(session.key)}
        return self.render(request, "message.html", self.words(request), values=values, status=refused.status)

    def error_page(self, request: Request, problem: Problem) -> Response:
        """What a browser is shown where no page answers (see `profiles.api.app`)."""
        lacks = problem.status in (404, 405)
        heading, message = ("error.missing", "error.missing_page") if lacks else ("error.form", "error.form_text")
        return self.refuse(request, Refused(problem.status, heading, message), self.session(request))

    def shown(self, section: str, handler: Handler) -> Endpoint:
        """An endpoint that shows a page of `section`."""

        async def work(visit: Visit) -> Response:
            return await handler(visit)

        return self._endpoint(section, work)

    def posted(self, section: str, handler: PostHandler) -> Endpoint:
        """An endpoint that takes a form of `section`, which must carry the session's token."""

        async def work(visit: Visit) -> Response:
            form = await form_of(visit.request)
            check_token(visit.request, form, visit.session.csrf)
            return await handler(visit, form)

        return self._endpoint(section, work)

    def _endpoint(self, section: str, work: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return signing_in.sign_in_first(request)
            request.scope["cdp.actor"] = session.actor
            try:
                if session.key.scopes.isdisjoint(SCOPES[section]):
                    raise Refused(403, "error.scope", "error.scope_text", scopes=", ".join(SCOPES[section]))
                snapshot = await self.context.snapshot()
                request.scope["cdp.snapshot"] = snapshot.version
                self.ahead(snapshot)
                return await work(Visit(self, request, session, self.words(request), snapshot, section))
            except Refused as refused:
                return self.refuse(request, refused, session)
            except ProfileErased:
                return self.refuse(request, Refused(410, "error.erased", "error.erased_text"), session)
            except NoSnapshot:
                return self.refuse(request, Refused(503, "error.snapshot", "error.snapshot_text"), session)

        return endpoint


def mount(app: FastAPI, context: AppContext) -> None:
    """Add the console to `app` under ``/console``."""
    console = Console(context)
    app.state.console = console
    app.state.error_page = console.error_page
    router = APIRouter(prefix="/console", include_in_schema=False)

    def get(path: str, section: str, handler: Handler) -> None:
        router.add_api_route(path, _plain(console.shown(section, handler)), methods=["GET"], response_model=None)

    def post(path: str, section: str, handler: PostHandler) -> None:
        router.add_api_route(path, _plain(console.posted(section, handler)), methods=["POST"], response_model=None)

    for path, method, endpoint in signing_in.routes(console):
        router.add_api_route(path, _plain(endpoint), methods=[method], response_model=None)
    for module in (pages, segment_pages, people_pages, review_pages):
        for path, section, shown in module.SHOWN:
            get(path, section, shown)
        for path, section, taken in module.POSTED:
            post(path, section, taken)
    app.include_router(router)
    app.mount("/console/static", StaticFiles(packages=[("profiles.console", "static")]), name="console_static")


def _plain(endpoint: Endpoint) -> Callable[[Request], Any]:
    """The endpoint with a signature that FastAPI reads: the request and nothing else."""

    async def answer(request: Request) -> Response:
        return await endpoint(request)

    return answer
