"""The direct way past the framework gives what the framework gives, and takes plain requests only."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from profiles.api import create_app
from profiles.api.direct import DirectApp

JSON = {"Content-Type": "application/json"}
LOOKUP, BATCH = "/v1/profiles:lookup", "/v1/profiles:batchGet"
P1 = "/v1/profiles/p1/features"


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


# method, path, headers beside the key, body, expected status
REQUESTS: list[tuple[str, str, dict[str, str], bytes, int]] = [
    ("GET", P1, {}, b"", 200),
    ("GET", f"{P1}?fields=orders,is_active", {"X-Purpose": "shop"}, b"", 200),
    ("GET", P1, {"If-None-Match": 'W/"20250301-000001"'}, b"", 304),
    ("GET", P1, {"Authorization": ""}, b"", 401),
    ("GET", P1, {"Authorization": "Bearer cdp_0"}, b"", 401),
    ("GET", P1, {"X-Purpose": "two words"}, b"", 400),
    ("GET", P1, {"Content-Length": "999999999"}, b"", 413),
    ("GET", f"{P1}?fields=shoe_size", {}, b"", 422),
    ("GET", "/v1/profiles/p9/features?fields=orders", {}, b"", 308),
    ("GET", "/v1/profiles/p8/features", {}, b"", 410),
    ("GET", "/v1/profiles/nobody/features", {}, b"", 404),
    ("GET", "/v1/profiles/xm@example.com/features", {}, b"", 400),
    ("GET", "/v1/profiles/%E7%8E%8B/features", {}, b"", 404),
    ("GET", "/v1/profiles/p1%2Fx/features", {}, b"", 404),
    ("GET", "/v1/profiles//features", {}, b"", 404),
    ("GET", "/v1/profiles/features", {}, b"", 403),
    ("GET", f"{P1}/", {}, b"", 404),
    ("HEAD", P1, {}, b"", 200),
    ("DELETE", P1, {}, b"", 405),
    ("POST", P1, JSON, b"{}", 405),
    ("POST", BATCH, JSON, body(profile_ids=["p9", "p8", "nobody", "p2"]), 200),
    ("POST", BATCH, JSON, body(profile_ids=["nobody"], fields=["orders"]), 200),
    ("POST", BATCH, JSON, body(profile_ids=["p1"], view="profile"), 403),
    ("POST", BATCH, JSON, body(profile_ids=[]), 422),
    ("POST", BATCH, JSON, body(profile_ids=["p1"], fields=["shoe_size"]), 422),
    ("POST", BATCH, {"Content-Type": "text/plain"}, b"{}", 415),
    ("POST", BATCH, JSON, b"[" * 300_000, 413),
    ("GET", BATCH, {}, b"", 405),
    ("POST", LOOKUP, JSON, body(kind="email", value="xm@example.com", include=["features"]), 200),
    ("POST", LOOKUP, JSON, body(kind="email", value="else@example.com"), 404),
    ("POST", LOOKUP, JSON, body(kind="E", value="x"), 422),
]


async def ask(app: DirectApp, token: str, request: tuple[str, str, dict[str, str], bytes, int]) -> dict[str, Any]:
    """The whole answer; the snapshot's age, which grows, left out."""
    method, path, headers, content, _ = request
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        response = await client.request(
            method, path, headers={"Authorization": f"Bearer {token}"} | headers, content=content
        )
    found = {name: value for name, value in response.headers.items() if name not in ("snapshot-age", "content-length")}
    document = response.json() if response.content else None
    if isinstance(document, dict) and "snapshot" in document:
        del document["snapshot"]["age_seconds"]
    return {"status": response.status_code, "headers": found, "document": document}


@pytest.fixture(scope="module")
def app(server: Any) -> Iterator[DirectApp]:
    made = create_app(Path(server.home))
    assert isinstance(made, DirectApp)
    yield made
    made.state.context.close()


@pytest.fixture(scope="module")
def token(app: DirectApp) -> str:
    made: str = app.state.context.keys.new("direct", ["features:read"], created_by="test")[0]
    return made


@pytest.mark.parametrize("request_", REQUESTS, ids=[f"{r[0]} {r[1]} {r[4]} {n}" for n, r in enumerate(REQUESTS)])
def test_both_ways_answer_alike(
    app: DirectApp, token: str, request_: tuple[str, str, dict[str, str], bytes, int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="profiles.api.access")
    outermost = app._outermost
    assert outermost is not None
    direct = asyncio.run(ask(app, token, request_))
    app._outermost = None
    try:
        framed = asyncio.run(ask(app, token, request_))
    finally:
        app._outermost = outermost
    assert direct == framed
    assert direct["status"] == request_[4]
    assert direct["headers"]["x-content-type-options"] == "nosniff"
    # Only the direct way knows the route of a body that is refused before it is read.
    apart = {"ms", "route"} if request_[4] == 413 else {"ms"}
    logs = [
        {name: value for name, value in json.loads(record.getMessage()).items() if name not in apart}
        for record in caplog.records
    ]
    assert len(logs) == 2 and logs[0] == logs[1], "the access log names the same route, status, actor and snapshot"


def test_the_asked_most_skip_the_framework_and_the_rest_does_not(
    app: DirectApp, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("through the framework")

    monkeypatch.setattr("fastapi.FastAPI.__call__", never)
    for request in (REQUESTS[0], ("POST", BATCH, JSON, body(profile_ids=["p1"]), 200), REQUESTS[-2]):
        assert asyncio.run(ask(app, token, request))["status"] == request[4]
    with pytest.raises(AssertionError, match="through the framework"):
        asyncio.run(ask(app, token, ("GET", "/healthz", {}, b"", 200)))


def test_direct_routes_are_in_the_document_and_routes_of_the_application(app: DirectApp) -> None:
    documented = app.openapi()["paths"]
    for path, method in (("/v1/profiles/{profile_id}/features", "get"), (BATCH, "post"), (LOOKUP, "post")):
        assert documented[path][method]["responses"]["200"]["content"]["application/json"]["schema"]
