"""Who asks, and whether they may: bearer keys, scopes and limits."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request

from profiles.api.answers import header_of
from profiles.api.context import AppContext
from profiles.api.problems import Problem, too_many
from profiles.keys import SCOPES, Key

_PURPOSE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CHALLENGE = 'Bearer realm="cdp"'


@dataclass(frozen=True)
class Caller:
    """Who asks: `actor` is what the audit log calls them, `purpose` what they say it is for ('' where nothing)."""

    key: Key
    actor: str
    purpose: str

    @property
    def sees_personal_values(self) -> bool:
        """Whether names and contacts are given in clear."""
        return "pii:read" in self.key.scopes


def context_of(request: Request) -> AppContext:
    """The application's context."""
    context: AppContext = request.app.state.context
    return context


def authorise(request: Request, *scopes: str) -> Caller:
    """The caller, whose key has one of `scopes`. Raises Problem: 401, 403 or 429."""
    context: AppContext = request.scope["app"].state.context
    client = request.scope.get("client")
    address: str = client[0] if client else ""
    authorization = header_of(request, b"authorization") or b""
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    if not token or scheme.lower() != "bearer":
        raise Problem(
            401, "unauthorized", "send a key: Authorization: Bearer <key>", headers={"WWW-Authenticate": _CHALLENGE}
        )
    verdict = context.keys.verify(token.strip())
    key = verdict.key
    if key is None:
        # A good key is heard in any case: behind a proxy all callers share an address, and one that goes on with a
        # revoked key would shut the others out. Nobody guesses 256 bits.
        wait = context.limits.logins_left(address)
        if wait:
            raise too_many("too many refused keys from this address", wait)
        context.limits.failed_login(address)
        # Unknown and revoked look alike; that a key of one's own has expired helps its owner.
        detail = "the key has expired" if verdict.refusal == "expired" else "the key is not valid"
        challenge = f'{_CHALLENGE}, error="invalid_token"'
        raise Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})
    request.scope["cdp.actor"] = actor = f"key:{key.key_id}"
    settings = context.settings
    rate = key.requests_per_second or settings.requests_per_second
    burst = settings.burst if key.requests_per_second is None else max(1.0, 2 * rate)
    wait = context.limits.request(key.key_id, rate, burst)
    if wait:
        raise too_many("this key asks too fast", wait)
    if key.scopes.isdisjoint(scopes):
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scopes[0]}"'
        raise Problem(
            403,
            "forbidden",
            f"this needs a key with the scope {' or '.join(scopes)}",
            headers={"WWW-Authenticate": challenge},
        )
    header = header_of(request, b"x-purpose")
    purpose = header.decode("latin-1") if header else ""
    if purpose and not _PURPOSE.fullmatch(purpose):
        raise Problem(400, "invalid-purpose", "X-Purpose takes up to 64 letters, digits, dots, hyphens and underscores")
    return Caller(key, actor, purpose)


def require(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """A FastAPI dependency that gives the `Caller` and asks for one of `scopes`.

    Raises ValueError for a scope that no key can have.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise ValueError(f"not a scope: {', '.join(sorted(unknown)) or 'none given'}")

    async def dependency(request: Request) -> Caller:
        return authorise(request, *scopes)

    return dependency
