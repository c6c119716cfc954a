"""One request to the console: who asks, in which language, and the ways to read, render and refuse."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from profiles.console.sessions import Session
from profiles.console.texts import Texts
from profiles.keys import Key
from profiles.snapshot_provider import OpenSnapshot

if TYPE_CHECKING:
    from profiles.console.site import Console

T = TypeVar("T")

SESSION_COOKIE = "cdp_session"
LOGIN_COOKIE = "cdp_login"
LANGUAGE_COOKIE = "cdp_language"
# The page that was asked for without a session, for the time of signing in.
BACK_COOKIE = "cdp_back"

# No inline script or style at all, so a name that carries markup can do nothing even where escaping failed.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_SECTIONS = (
    ("overview", "/console", ("profiles:read", "segments:read", "steward:write")),
    ("segments", "/console/segments", ("segments:read",)),
    ("profiles", "/console/profiles", ("profiles:read", "pii:read")),
    ("review", "/console/review", ("steward:write",)),
    ("touchpoints", "/console/touchpoints", ("profiles:read", "segments:read", "steward:write")),
    ("quality", "/console/quality", ("profiles:read", "segments:read", "steward:write")),
)
SCOPES = {name: scopes for name, _, scopes in _SECTIONS}


def navigation_of(key: Key) -> list[dict[str, str]]:
    """The sections that the key may see."""
    return [{"name": name, "href": href} for name, href, scopes in _SECTIONS if not key.scopes.isdisjoint(scopes)]


class Refused(Exception):
    """The page cannot be shown; the texts of `heading` and `message` say why."""

    def __init__(self, status: int, heading: str, message: str, **values: object) -> None:
        self.status, self.heading, self.message, self.values = status, heading, message, values
        super().__init__(message)


@dataclass
class Visit:
    """A signed-in request. `snapshot` is the one version that the whole answer comes from."""

    console: Console
    request: Request
    session: Session
    t: Texts
    snapshot: OpenSnapshot
    section: str

    def may(self, *scopes: str) -> bool:
        """Whether the key has one of `scopes`."""
        return not self.session.key.scopes.isdisjoint(scopes)

    def argument(self, name: str, default: str = "") -> str:
        """A query parameter of at most 200 characters."""
        return self.request.query_params.get(name, default)[:200]

    def number(self, name: str) -> int:
        """A query parameter as a whole number from 0; 0 where it is none."""
        text = self.argument(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    async def read(self, work: Callable[[OpenSnapshot], T]) -> T:
        """Do `work` on the visit's snapshot, in a thread."""
        return await self.console.context.read(work, self.snapshot)

    async def kept(self, key: str, work: Callable[[OpenSnapshot], T]) -> T:
        """What `work` gives for this snapshot, computed once."""
        snapshot = self.snapshot
        return await self.console.context.run(lambda: self.console.kept.get(snapshot, key, lambda: work(snapshot)))

    async def looked(self, action: str, *, profile_id: str = "", profiles: int = 1, detail: str = "") -> None:
        """Write a look at people into the audit log, before the answer goes out."""
        await self.console.context.run(
            lambda: self.console.context.audit.record(
                self.session.actor,
                action,
                profile_id=profile_id,
                purpose="console",
                snapshot=self.snapshot.version,
                profiles=profiles,
                detail=detail,
            )
        )

    async def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """The template as an answer; rendered in a thread, because a long table would hold up other requests."""
        given = values | {
            "visit": self,
            "menu": navigation_of(self.session.key),
            "snapshot": self.snapshot,
            "csrf": self.session.csrf,
            "section": self.section,
        }
        return await self.console.context.run(
            lambda: self.console.render(self.request, template, self.t, status=status, values=given)
        )


Handler = Callable[[Visit], Awaitable[Response]]
PostHandler = Callable[[Visit, Mapping[str, str]], Awaitable[Response]]


async def form_of(request: Request) -> dict[str, str]:
    """Fields of a posted form. Raises Refused where it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "error.form", "error.form_text")
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise Refused(400, "error.form", "error.form_text") from None


def check_token(request: Request, form: Mapping[str, str], expected: str) -> None:
    """Raises Refused unless the form was made by this console for this browser."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "error.form", "error.csrf")
    given = form.get("csrf", "")
    if not expected or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Refused(403, "error.form", "error.csrf")


def html(body: str, status: int) -> HTMLResponse:
    """A page with the headers that every page has."""
    return HTMLResponse(
        body, status, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Vary": "Cookie"}
    )


def see_other(path: str) -> RedirectResponse:
    """An answer to a form: look there, with GET."""
    return RedirectResponse(path, 303, headers={"Cache-Control": "no-store"})
