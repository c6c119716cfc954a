"""Signing in with an API key, signing out, and choosing a language."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from profiles.console.sessions import LASTS
from profiles.console.texts import LANGUAGES
from profiles.console.visit import (
    BACK_COOKIE,
    LANGUAGE_COOKIE,
    LOGIN_COOKIE,
    SCOPES,
    SESSION_COOKIE,
    Refused,
    check_token,
    form_of,
    see_other,
)

if TYPE_CHECKING:
    from profiles.console.site import Console

Endpoint = Callable[[Request], Awaitable[Response]]

# In place of a page to go back to.
_LOST = "lost"
_A_YEAR = 365 * 86400
_INSIDE = re.compile(r"/console(/[A-Za-z0-9_/%.~:-]*)?(\?[A-Za-z0-9_%.~&=+:-]*)?")


def sign_in_first(request: Request) -> Response:
    """To the sign-in page, which then leads to the page that was asked for; of a form that was sent it tells that it is
    lost."""
    response = see_other("/console/login")
    back = _LOST
    if request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = request.headers.get("sec-fetch-dest", "document") == "document"
    if is_page and (back == _LOST or _INSIDE.fullmatch(back)):
        _set(request, response, BACK_COOKIE, back, 600)
    return response


def routes(console: Console) -> list[tuple[str, str, Endpoint]]:
    """Path, method and endpoint of what needs no session."""

    def login_page(request: Request, problem: str = "", status: int = 200) -> Response:
        token = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(32)
        lost = request.cookies.get(BACK_COOKIE) == _LOST
        over = "login.lost" if lost else "login.over" if SESSION_COOKIE in request.cookies else ""
        response = console.render(
            request,
            "login.html",
            console.words(request),
            values={"csrf": token, "problem": problem, "over": over},
            status=status,
        )
        _set(request, response, LOGIN_COOKIE, token, 3600)
        return response

    async def show(request: Request) -> Response:
        return see_other("/console") if console.session(request) else login_page(request)

    async def enter(request: Request) -> Response:
        limits = console.context.limits
        address = request.client.host if request.client else ""
        try:
            form = await form_of(request)
            check_token(request, form, request.cookies.get(LOGIN_COOKIE, ""))
        except Refused as refused:
            return console.refuse(request, refused)
        if limits.logins_left(address):
            return login_page(request, "login.too_many", 429)
        key = console.context.keys.verify(form.get("key", "").strip()).key
        if key is None:
            limits.failed_login(address)
            return login_page(request, "login.refused", 401)
        if all(key.scopes.isdisjoint(scopes) for scopes in SCOPES.values()):
            return login_page(request, "login.no_scope", 403)
        token = await console.context.run(lambda: console.sessions.begin(key))
        back = request.cookies.get(BACK_COOKIE, "")
        response = see_other(back if _INSIDE.fullmatch(back) else "/console")
        _set(request, response, SESSION_COOKIE, token, int(LASTS.total_seconds()))
        for cookie in (LOGIN_COOKIE, BACK_COOKIE):
            response.delete_cookie(cookie, path="/console")
        return response

    async def leave(request: Request) -> Response:
        session = console.session(request)
        if session is not None:
            try:
                check_token(request, await form_of(request), session.csrf)
            except Refused as refused:
                return console.refuse(request, refused, session)
            await console.context.run(lambda: console.sessions.end(request.cookies[SESSION_COOKIE]))
        response = see_other("/console/login")
        response.delete_cookie(SESSION_COOKIE, path="/console")
        return response

    async def language(request: Request) -> Response:
        session = console.session(request)
        try:
            form = await form_of(request)
            check_token(request, form, session.csrf if session else request.cookies.get(LOGIN_COOKIE, ""))
        except Refused as refused:
            return console.refuse(request, refused, session)
        # Back to the page that the form stood on, which must be one of this console.
        back = form.get("back", "")
        inside = _INSIDE.fullmatch(back) is not None
        response = see_other(back if inside else "/console")
        chosen = form.get("language", "")
        if chosen in LANGUAGES:
            _set(request, response, LANGUAGE_COOKIE, chosen, _A_YEAR)
        return response

    return [
        ("/login", "GET", show),
        ("/login", "POST", enter),
        ("/logout", "POST", leave),
        ("/language", "POST", language),
    ]


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/console",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
