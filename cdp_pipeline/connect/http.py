"""One HTTP session that is patient within bounds: throttled, retried, size-limited, and silent about secrets.

Belongs here: everything between a request and a JSON document. Not here: pages and cursors (``pages.py``), what an
object is (``shopify.py``, ``zendesk.py``).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import simplejson

from cdp_pipeline.connect.config import Connection
from cdp_pipeline.connect.errors import ConnectError, Refused

CONNECT_SECONDS = 10.0
MAX_BACKOFF_SECONDS = 60.0
# So many refusals for one request, each with the pause it asked for, mean that others use the limit up.
MAX_THROTTLED = 20
_BLOCK = 64 << 10
_HINTS = {
    400: "the request was not understood",
    402: "the shop is frozen for an open invoice",
    403: "the token has no right to read this",
    404: "nothing is there: look at the account's name, the object and api_version",
    410: "the API has dropped this",
    422: "the request was not accepted",
    423: "the shop is locked",
}


class Clock(Protocol):
    """Time as the session needs it, so that tests need not wait."""

    def sleep(self, seconds: float) -> None: ...
    def monotonic(self) -> float: ...


class SystemClock:
    """Real time."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def monotonic(self) -> float:
        return time.monotonic()


class Credentials(Protocol):
    """What signs a request, and may get itself renewed once when the API says 401."""

    def sign(self, headers: Any) -> None: ...
    def renew(self) -> bool:
        """Get new tokens; False when this kind has none to get. Raises ConnectError."""
        ...


@dataclass
class Tally:
    """What a session did; seconds are what it waited on purpose."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    waited: float = 0.0
    by_reason: dict[str, int] = field(default_factory=dict)


class PatientSession(requests.Session):
    """A session whose `send` returns a complete JSON answer of status 200, or raises ConnectError.

    It waits before a request when `pause` said so after the last answer (seconds, from its headers), waits as told on
    429 and 503, repeats what may be passing (5xx, time-outs, broken connections, a body that is no JSON) with growing
    pauses up to `connection.attempts` times, and renews the credentials once per request on 401. Redirects are not
    followed: a token must not travel to another host.
    """

    def __init__(
        self,
        connection: Connection,
        credentials: Credentials,
        pause: Callable[[Mapping[str, str]], float],
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.auth = unsigned
        self.headers["Accept"] = "application/json"
        self.headers["User-Agent"] = "cdp-platform"
        self.tally = Tally()
        self.server_time: datetime | None = None
        self._connection, self._credentials, self._pause = connection, credentials, pause
        self._clock = clock or SystemClock()
        self._not_before = 0.0

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send one prepared request; see the class."""
        place = f"{self._connection.name}: {urlsplit(request.url or '').path}"
        failures, throttled, renewed = 0, 0, False
        self._credentials.sign(request.headers)
        while True:
            self._wait(self._not_before - self._clock.monotonic())
            self.tally.requests += 1
            response, problem = self._once(request, kwargs)
            if response is None:
                failures += 1
                self._count(problem)
                if failures >= self._connection.attempts:
                    raise ConnectError(f"{place}: {problem}, {failures} times in a row")
                self.tally.retries += 1
                self._wait(_backoff(failures))
                continue
            status = response.status_code
            if status == 200:
                return response
            told = _retry_after(response.headers)
            if status == 429 or (status == 503 and told is not None):
                throttled += 1
                self.tally.throttled += 1
                self._count(f"status {status}")
                pause = _backoff(throttled) if told is None else max(told, 1.0)
                if pause > self._connection.max_wait or throttled > MAX_THROTTLED:
                    asked = f"asks for a pause of {pause:.0f} s" if told is not None else "is busy"
                    raise ConnectError(f"{place}: status {status}, the API {asked}; pull again later")
                self._wait(pause)
            elif status >= 500 or status == 408:
                failures += 1
                self._count(f"status {status}")
                if failures >= self._connection.attempts:
                    raise ConnectError(f"{place}: status {status}, {failures} times in a row")
                self.tally.retries += 1
                self._wait(_backoff(failures))
            elif status == 401 and not renewed and self._credentials.renew():
                renewed = True
                self._credentials.sign(request.headers)
            elif status == 401:
                why = "the renewed token was refused too" if renewed else "the token was refused"
                raise Refused(f"{place}: status 401, {why}: put a new one in place", 401)
            else:
                hint = "a redirect: connect.yml needs the account's address" if 300 <= status < 400 else "unexpected"
                raise Refused(f"{place}: status {status}, {_HINTS.get(status, hint)}", status)

    def _once(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> tuple[requests.Response | None, str]:
        """One attempt: the answer read to its end, or None and what went wrong that may pass."""
        given = {
            **kwargs,
            "stream": True,
            "allow_redirects": False,
            "timeout": (min(CONNECT_SECONDS, self._connection.timeout), self._connection.timeout),
        }
        response: requests.Response | None = None
        try:
            response = super().send(request, **given)
            self._not_before = self._clock.monotonic() + self._pause(response.headers)
            self.server_time = _date(response.headers.get("Date")) or self.server_time
            body = self._read(response, urlsplit(request.url or "").path)
        except requests.Timeout:
            return None, "no answer in time"
        except requests.exceptions.SSLError:
            name, host = self._connection.name, self._connection.host
            raise ConnectError(f"{name}: the certificate of {host} is not good") from None
        except (requests.RequestException, OSError) as error:
            return None, f"connection broken ({type(error).__name__})"
        finally:
            if response is not None:
                response.close()
        if response.status_code == 200:
            try:
                document = decode(body)
            except (ValueError, RecursionError):
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "without a type"
                return None, f"the answer is no JSON ({_plain(kind)})"
            if not isinstance(document, dict):
                return None, "the answer is no JSON object"
        # The public attributes read the body from here, as after a read that requests did itself.
        response._content = body
        response._content_consumed = True  # type: ignore[attr-defined]
        return response, ""

    def _read(self, response: requests.Response, path: str) -> bytes:
        """The body, unpacked, bounded in bytes and in time. Raises ConnectError when it is too long."""
        deadline = self._clock.monotonic() + 5 * self._connection.timeout
        limit = self._connection.max_response_bytes
        taken: list[bytes] = []
        size = 0
        for block in response.iter_content(_BLOCK):
            taken.append(block)
            size += len(block)
            if size > limit:
                raise ConnectError(
                    f"{self._connection.name}: {path}: the answer is longer than {limit >> 20} MB (max_response_mb)"
                )
            if self._clock.monotonic() > deadline:
                raise requests.Timeout
        return b"".join(taken)

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self.tally.waited += seconds
            self._clock.sleep(seconds)

    def _count(self, reason: str) -> None:
        self.tally.by_reason[reason] = self.tally.by_reason.get(reason, 0) + 1


def decode(body: bytes) -> Any:
    """A JSON document; numbers with a fraction as Decimal, so that they keep their digits. Raises ValueError."""
    return simplejson.loads(body, use_decimal=True)


def unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An auth that adds nothing: with any auth of its own, requests leaves a .netrc alone."""
    return request


def _backoff(failures: int) -> float:
    """Seconds before the next attempt: 1, 2, 4 … 60, spread by half so that several pulls do not march in step."""
    return float(min(MAX_BACKOFF_SECONDS, 2.0 ** (failures - 1)) * (0.5 + random.random() / 2))  # noqa: S311


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``Retry-After``: a number, or a date, which is held against the server's own clock."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        until = _date(text)
        if until is None:
            return None
        return max(0.0, (until - (_date(headers.get("Date")) or datetime.now(UTC))).total_seconds())
    return seconds if 0 <= seconds < float("inf") else None


def _date(text: str | None) -> datetime | None:
    """An HTTP date in UTC, None for anything else."""
    try:
        found = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _plain(text: str) -> str:
    """A header's value fit for one line."""
    return "".join(c for c in text if c.isalnum() or c in "/+-. ")[:40]
