"""Requests to receivers that are not ours, tried again where that helps, and what may be taken from their answers:
these can be endless, break off, ask for too much.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import urllib3

# Worth another try: the receiver is busy or broken, the request is not.
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
BACKOFF_SECONDS = 0.5
_LONGEST_BODY = 65_536
_SECONDS = 10.0


class NotAnsweredError(RuntimeError):
    """A receiver took a request at none of the tries; the text is the last one's kind of error or status."""


def post(
    pool: urllib3.PoolManager,
    url: str,
    body: bytes,
    headers: Callable[[], Mapping[str, str]],
    *,
    tries: int,
    longest_wait: float,
) -> tuple[int, bytes]:
    """Status and beginning of the first answer whose status is none of `TRY_AGAIN`; it may be a refusal.

    `headers` is asked at each try, since a signature grows old. Between two tries are `BACKOFF_SECONDS`, twice as many
    each time, or what the receiver asked for, at most `longest_wait` seconds. Redirects are answers: what is told goes
    nowhere else. Raises NotAnsweredError after `tries`.
    """
    wait, problem = 0.0, ""
    for attempt in range(tries):
        time.sleep(wait)
        wait = BACKOFF_SECONDS * 2**attempt
        try:
            answer = pool.request(
                "POST", url, body=body, headers=headers(), retries=False, redirect=False, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            problem = type(error).__name__
            continue
        said = beginning_of(answer)
        if answer.status not in TRY_AGAIN:
            return int(answer.status), said
        problem = f"status {answer.status}"
        wait = max(wait, min(asked_to_wait(answer), longest_wait))
    raise NotAnsweredError(problem)


def beginning_of(answer: urllib3.BaseHTTPResponse) -> bytes:
    """The first 64 KiB of a body that was not read yet, as far as they come within ten seconds; the connection is given
    back, or closed where there is more.

    A body that breaks off is no error: by its status the receiver has said already whether it took the request.
    """
    until, body = time.monotonic() + _SECONDS, b""
    try:
        while len(body) < _LONGEST_BODY and time.monotonic() < until:
            part = answer.read1(_LONGEST_BODY - len(body), decode_content=False)
            if not part:
                answer.release_conn()
                return body
            body += part
    except (urllib3.exceptions.HTTPError, OSError):
        pass
    answer.close()
    return body


def asked_to_wait(answer: urllib3.BaseHTTPResponse) -> float:
    """Seconds of ``Retry-After``, which gives them or a date (RFC 9110); 0 where there is none or it says neither."""
    value = answer.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - time.time())
