"""Audiences by webhook: signed batches, each answered before the next, tried again, and kept where they are refused.

A batch is ``POST`` JSON with the headers ``Idempotency-Key`` (the same at every try, so that the receiver can drop a
repetition), ``X-CDP-Timestamp`` (seconds) and ``X-CDP-Signature``: ``v1=`` and the hexadecimal HMAC-SHA256 of
``<timestamp>.<body>`` under the shared secret. Removes go before adds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import urllib3

from profiles.exports import log
from profiles.exports.destinations import DeliveryError, Destination, secret_of
from profiles.http_answers import NotAnsweredError, post

TRIES = 5
# A receiver that asks for more is down: the others must not wait for it.
LONGEST_WAIT_SECONDS = 60.0
TIMEOUT = urllib3.Timeout(connect=10, read=30)


def send(
    home: Path,
    payload: Path,
    dead_letters: Path,
    destination: Destination,
    segment: str,
    export_id: str,
    definition_version: str,
    snapshot: str,
    gone: frozenset[str] = frozenset(),
    *,
    resized: bool = False,
) -> list[str]:
    """Send what is pending in `payload`, less adds and changes of those who are `gone`; returns the profile ids of what
    the receiver refused.

    A refused batch is written to `dead_letters` and the rest goes on. Raises DestinationError without a secret,
    DeliveryError where a batch still fails after `TRIES`: it and the ones after it are sent by the next call.
    `resized`: earlier tries were cut into batches of another size. Numbers of those mean other members, so all are sent
    again under keys of their own.
    """
    secret = secret_of(destination, home, "SECRET").encode()
    pool = urllib3.PoolManager(timeout=TIMEOUT, headers={"User-Agent": "cdp-platform"})
    attempt = f"{export_id}-{destination.batch}" if resized else export_id
    finished = log.finished_batches(home, attempt)
    refused: list[str] = []
    for number, (op, cut) in enumerate(_batches(payload, destination.batch)):
        # left out after the cut, so that a batch has the same number at every try
        members = cut if op == "remove" else [member for member in cut if member["profile_id"] not in gone]
        outcome = finished.get(number)
        if outcome is None and not members:
            continue
        body = json.dumps(
            {
                "export_id": export_id,
                "batch": number,
                "destination": destination.name,
                "segment": segment,
                "definition_version": definition_version,
                "snapshot": snapshot,
                "op": op,
                "members": members,
            },
            ensure_ascii=False,
            default=_plain,
        ).encode()
        if outcome is None:
            status = _post(pool, destination, body, secret, f"{attempt}-{number}")
            outcome = "sent" if status < 300 else "refused"
            if outcome == "refused":
                _keep(dead_letters, f"{attempt}-{number}-{status}.json", body)
            log.finish_batch(home, attempt, number, outcome)
        if outcome == "refused":
            refused += [str(member["profile_id"]) for member in members]
    return refused


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of ``X-CDP-Signature``."""
    return "v1=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _post(pool: urllib3.PoolManager, destination: Destination, body: bytes, secret: bytes, key: str) -> int:
    """Status of the last answer. Signed anew at each try, since a receiver refuses an old time."""

    def headers() -> dict[str, str]:
        stamp = str(int(time.time()))
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-CDP-Timestamp": stamp,
            "X-CDP-Signature": signature(secret, stamp, body),
        }

    try:
        status, _ = post(pool, str(destination.url), body, headers, tries=TRIES, longest_wait=LONGEST_WAIT_SECONDS)
    except NotAnsweredError as problem:
        raise DeliveryError(
            f"{destination.name}: no success in {TRIES} tries ({problem}); the next sync goes on from there"
        ) from None
    return status


def _batches(payload: Path, size: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Operation and members, removes first; the same batches each time for the same payload."""
    with duckdb.connect() as con:
        for file, of in (("removes", "'remove'"), ("adds", "op")):
            path = str(payload / f"{file}.parquet").replace("'", "''")
            rest = "profile_id" if file == "removes" else "* exclude (op)"
            for op in ("remove",) if file == "removes" else ("add", "change"):
                cursor = con.execute(
                    f"select {rest} from read_parquet('{path}') where {of} = ? order by profile_id", [op]
                )
                names = [column[0] for column in cursor.description or ()]
                while rows := cursor.fetchmany(size):
                    yield op, [dict(zip(names, row, strict=True)) for row in rows]


def _keep(folder: Path, name: str, body: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f".{name}"
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    with part.open("wb") as handle:
        handle.write(body)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(folder / name)


def _plain(value: object) -> str | float:
    """What JSON has no word for; amounts are numbers, as in the HTTP API."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
