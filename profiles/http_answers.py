"""What may be taken from the answer of a receiver that is not ours: it can be endless, break off, ask for too much."""

from __future__ import annotations

import time
from datetime import UTC
from email.utils import parsedate_to_datetime

import urllib3

_LONGEST_BODY = 65_536
_SECONDS = 10.0


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
