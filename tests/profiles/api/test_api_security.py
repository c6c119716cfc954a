"""What someone with bad intentions gets: no key, a wrong one, guessed ids, and everything that can be typed."""

from __future__ import annotations

import ast
import inspect
import logging
import socket
import sqlite3
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from profiles import PublishResult
from profiles.api import ApiSettings, require
from profiles.keys import SCOPES, KeyStore
from profiles.ops import ops_path, timestamp

PROTECTED = {
    "/v1/profiles/p1/features": "features:read",
    "/v1/profiles/p1": "profiles:read",
    "/v1/profiles/p1/timeline": "profiles:read",
    "/v1/profiles/p1/segments": "segments:read",
    "/v1/segments": "segments:read",
    "/v1/segments/loyal/members": "segments:read",
    "/v1/profiles:lookup": "features:read",
    "/v1/profiles:batchGet": "features:read",
}
BODIES = {
    "/v1/profiles:lookup": {"kind": "email", "value": "xm@example.com"},
    "/v1/profiles:batchGet": {"profile_ids": ["p1"]},
}


def ask(client: httpx.Client, path: str, **options: Any) -> httpx.Response:
    if path in BODIES:
        return client.post(path, json=BODIES[path], **options)
    return client.get(path, **options)


def kind(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("urn:cdp:problem:")


@pytest.mark.parametrize("path", PROTECTED)
def test_without_a_key_or_with_a_broken_one(stranger: httpx.Client, path: str) -> None:
    for header in ("", "Bearer", "Bearer x", "Basic eDp5", "Bearer cdp_000000000000_" + "A" * 43, "Bearer \u00e9"):
        headers = {"Authorization": header.encode("latin-1")} if header else {}
        response = ask(stranger, path, headers=headers)
        assert kind(response) == (401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert "snapshot-version" not in response.headers, "a stranger learns nothing"


@pytest.mark.parametrize("path", PROTECTED)
def test_with_every_scope_but_the_right_one(server: Any, path: str) -> None:
    either = {"features:read", "profiles:read"} if ":" in path.rsplit("/", 1)[1] else {PROTECTED[path]}
    response = ask(server.client(*[scope for scope in SCOPES if scope not in either]), path)
    assert kind(response) == (403, "forbidden")
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    assert ask(server.client(PROTECTED[path]), path).status_code == 200


def test_views_and_parts_need_their_own_scope(server: Any) -> None:
    features, profiles = server.client("features:read"), server.client("profiles:read")
    batch = {"profile_ids": ["p1"]}
    assert profiles.post("/v1/profiles:batchGet", json=batch).status_code == 403
    assert profiles.post("/v1/profiles:batchGet", json=batch | {"view": "profile"}).status_code == 200
    assert features.post("/v1/profiles:batchGet", json=batch | {"view": "profile"}).status_code == 403
    identifier = BODIES["/v1/profiles:lookup"]
    assert profiles.post("/v1/profiles:lookup", json=identifier).status_code == 200
    assert profiles.post("/v1/profiles:lookup", json=identifier | {"include": ["features"]}).status_code == 403
    assert server.client("pii:read").get("/v1/profiles/p1").status_code == 403, "pii:read opens nothing by itself"


def test_expired_and_revoked_keys(server: Any) -> None:
    client = server.client("features:read", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert client.get("/v1/profiles/p1/features").status_code == 200
    key = server.context.keys.list_keys()[-1]
    with sqlite3.connect(ops_path(server.home)) as con:
        past = timestamp(datetime.now(UTC) - timedelta(seconds=1))
        con.execute("UPDATE api_keys SET expires_at = ? WHERE key_id = ?", (past, key.key_id))
    con.close()
    server.context.keys._looked_at = -1e9
    response = client.get("/v1/profiles/p1/features")
    assert kind(response) == (401, "unauthorized") and response.json()["detail"] == "the key has expired"

    revoked = server.client("features:read")
    key = server.context.keys.list_keys()[-1]
    with KeyStore(ops_path(server.home)) as elsewhere:  # as `cdp key revoke` does, in another process
        elsewhere.revoke(key.key_id, revoked_by="test")
    server.context.keys._looked_at = -1e9
    response = revoked.get("/v1/profiles/p1/features")
    assert kind(response) == (401, "unauthorized") and "revoked" not in response.text


def raw(url: str, request: bytes) -> bytes:
    """What the server answers to bytes that no client library would send."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65536):
            answer += block
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/v1/profiles/../../secrets/lookup.key", "/v1/profiles/..%2f..%2fsecrets%2flookup.key",
        "/v1/profiles/%2e%2e/%2e%2e/published/current/pii.duckdb", "//etc/passwd", "/../../../../etc/passwd",
        "/v1/segments/..%2f..%2fetc%2fpasswd/members", "/v1/profiles/p1%00/features", "/static/../pii.duckdb",
    ],
)  # fmt: skip
def test_path_traversal(server: Any, insider: httpx.Client, path: str) -> None:
    key = insider.headers["authorization"]
    answer = raw(server.url, f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer[:200]
    assert b"root:" not in answer and b"DUCK" not in answer


def test_sql_in_every_value_is_a_value(insider: httpx.Client, server: Any) -> None:
    injections = ["p1' OR '1'='1", "p1'; DROP TABLE x; --", "p1' UNION SELECT * FROM pii.golden_record --", "$id", "?"]
    for text in injections:
        assert insider.get("/v1/profiles/" + httpx.URL(f"/{text}").raw_path.decode()[1:]).status_code in (400, 404)
        for name in ("channel", "since", "until", "limit"):
            assert insider.get("/v1/profiles/p1/timeline", params={name: text}).status_code == 422
        assert insider.get("/v1/segments/loyal/members", params={"cursor": text}).status_code == 400
        assert insider.get(f"/v1/segments/{text.replace('?', '%3F')}/members").status_code == 404
        found = insider.post("/v1/profiles:batchGet", json={"profile_ids": [text], "view": "profile"})
        assert found.json()["profiles"] == [] and found.json()["not_found"] == [text]
        for name in ("value", "namespace"):
            asked = {"kind": "email", "value": "x", name: text}
            assert insider.post("/v1/profiles:lookup", json=asked).status_code == 404
    assert insider.get("/v1/profiles/p1").status_code == 200


def test_sql_itself_cannot_leave_the_snapshot(server: Any, tmp_path: Path) -> None:
    """Should a value ever become SQL, it still reads no other file, writes none, and cannot lift the bounds."""
    import duckdb

    snapshot = server.context.snapshots.current()
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("a\n1\n")
    for sql in (
        f"SELECT * FROM read_csv('{elsewhere}')",
        f"SELECT * FROM read_text('{ops_path(server.home)}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'new.duckdb'}' AS other",
        "SET enable_external_access = true",
        "DELETE FROM marts.profiles.customer_profile",
        "DROP TABLE pii.golden_record",
    ):
        with pytest.raises(duckdb.Error):
            snapshot.query(sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere.csv"]


def test_oversized_bodies(server: Any, reader: httpx.Client) -> None:
    limit = server.context.settings.max_body_bytes
    large = b'{"profile_ids":["' + b"a" * limit + b'"]}'
    response = reader.post("/v1/profiles:batchGet", content=large, headers={"Content-Type": "application/json"})
    assert kind(response) == (413, "too-large")

    def trickle() -> Iterator[bytes]:
        for _ in range(limit // 1000 + 10):
            yield b"a" * 1000

    # Without an announced length: chunks are counted as they come. The server may close before all are sent.
    try:
        response = reader.post("/v1/profiles:lookup", content=trickle(), headers={"Content-Type": "application/json"})
        assert response.status_code == 413
    except (httpx.WriteError, httpx.ReadError):
        pass
    too_many = {"profile_ids": [f"x{n}" for n in range(server.context.settings.max_batch + 1)]}
    assert kind(reader.post("/v1/profiles:batchGet", json=too_many)) == (422, "invalid-request")
    for length in ("-1", "1e9", "99999999999999999999"):
        answer = raw(
            server.url, f"POST /v1/profiles:lookup HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413")), answer[:100]


def test_header_injection(server: Any, reader: httpx.Client) -> None:
    """Nothing that a caller sends comes back in a header, folded or not."""
    for path in ("/v1/profiles/p9%0d%0aSet-Cookie:%20a=b/features", "/v1/profiles/p9?fields=a%0d%0aX-Evil:%201"):
        response = reader.get(path)
        assert "set-cookie" not in response.headers and "x-evil" not in response.headers
    moved = reader.get("/v1/profiles/p9/features?fields=orders%0d%0aX-Evil:%201")
    assert moved.status_code == 308 and "x-evil" not in moved.headers
    assert moved.headers["location"] == "/v1/profiles/p1/features?fields=orders%0d%0aX-Evil:%201"
    key = reader.headers["authorization"]
    folded = f"GET /v1/segments HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nX-Purpose: a\r\n b\r\n\r\n"
    assert raw(server.url, folded.encode()).startswith(b"HTTP/1.1 400")
    for purpose in ("two words", "a" * 65, "<script>", "a;b"):
        assert kind(reader.get("/v1/segments", headers={"X-Purpose": purpose})) == (400, "invalid-purpose")


def test_every_answer_has_the_security_headers(reader: httpx.Client, stranger: httpx.Client) -> None:
    for response in (
        reader.get("/v1/profiles/p1"), reader.get("/v1/profiles/nobody"), stranger.get("/v1/segments"),
        stranger.get("/nowhere"), stranger.get("/healthz"), stranger.request("DELETE", "/v1/segments"),
    ):  # fmt: skip
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in response.headers
        assert "access-control-allow-origin" not in response.headers


def test_tokens_are_compared_in_constant_time_and_stored_as_hashes(server: Any) -> None:
    """By structure: time on a shared machine proves nothing. The secret meets only a hash and `compare_digest`, and an
    unknown id takes the same steps as a known one."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(KeyStore.verify)))
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    names = {name.id for node in compared for name in ast.walk(node) if isinstance(name, ast.Name)}
    assert "secret" not in names and "expected" not in names
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert calls.count("hmac.compare_digest") == 1 and calls.count("_hashed") == 1
    returns = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Return)]
    compared_at = next(
        n.lineno for n in ast.walk(tree) if isinstance(n, ast.Call) and "compare_digest" in ast.unparse(n)
    )
    assert min(returns) > compared_at, "no shorter way for an unknown id"

    token, key = server.context.keys.new("hashed", ["features:read"], created_by="test")
    secret = token.rsplit("_", 1)[0] and token.removeprefix(f"cdp_{key.key_id}_")
    assert len(secret) == 43
    stored = b"".join(path.read_bytes() for path in (server.home / "state").rglob("*") if path.is_file())
    assert key.key_id.encode() in stored and secret.encode() not in stored


def test_a_key_that_guesses_ids_is_stopped(
    tmp_path: Path, publishing: Callable[..., PublishResult], serving: Callable[..., Any]
) -> None:
    publishing(tmp_path / "home", 1)
    server = serving(tmp_path / "home", ApiSettings(misses_per_minute=20, failed_logins_per_minute=5, burst=1e6))
    guesser, honest = server.client("features:read", "profiles:read"), server.client("features:read")
    for number in range(10):
        assert guesser.get(f"/v1/profiles/x{number}/features").status_code == 404
    asked = {"profile_ids": [f"y{number}" for number in range(15)]}
    assert guesser.post("/v1/profiles:batchGet", json=asked).status_code == 200
    for path in ("/v1/profiles/x/features", "/v1/profiles/p1"):
        response = guesser.get(path)
        assert kind(response) == (429, "enumeration-limited") and int(response.headers["retry-after"]) >= 1
    assert kind(guesser.post("/v1/profiles:lookup", json={"kind": "email", "value": "a@example.com"}))[0] == 429
    assert honest.get("/v1/profiles/p1/features").status_code == 200

    many = server.client("features:read", misses_per_minute=2000)  # asks for every visitor of a shop
    for _ in range(3):
        assert (
            many.post("/v1/profiles:batchGet", json={"profile_ids": [f"x{n}" for n in range(300)]}).status_code == 200
        )

    slow = server.client("features:read", requests_per_second=1)
    statuses = [slow.get("/v1/profiles/p1/features").status_code for _ in range(5)]
    assert statuses[:2] == [200, 200] and statuses[-1] == 429

    stranger = server.client()
    tokens = [stranger.get("/v1/segments", headers={"Authorization": f"Bearer x{n}"}).status_code for n in range(8)]
    assert tokens[:5] == [401] * 5 and tokens[-1] == 429
    assert honest.get("/v1/profiles/p1/features").status_code == 200, "whoever shares the address is not shut out"


PERSONAL = ["xm@example.com", "小明", "+8613912345678", "13912345678", "customer@example.org", "Lee"]


def test_no_personal_value_in_access_log_errors_or_audit(
    server: Any, insider: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert insider.get("/v1/profiles/p1", headers={"X-Purpose": "complaint-77"}).status_code == 200
    insider.post("/v1/profiles:lookup", json={"kind": "phone", "value": "+86 139 1234 5678"})
    insider.get("/v1/profiles/customer@example.org/features")
    insider.get("/v1/profiles/+8613912345678?fields=小明")
    insider.get("/v1/segments/customer@example.org/members?cursor=xm@example.com")
    insider.get("/customer@example.org")
    server.context.audit.flush()
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("profiles", "uvicorn"))
    )
    assert '"route":"/v1/profiles/{profile_id}/features","status":400' in logged
    assert logged.count('"method"') == 6
    audited = server.context.audit.entries(limit=1000)
    for value in PERSONAL:
        assert value not in logged
        assert not any(value in str(entry) for entry in audited)
    look = next(entry for entry in audited if entry.action == "profile_clear" and entry.purpose)
    assert (look.profile_id, look.purpose, look.snapshot) == ("p1", "complaint-77", "20250301-000001")
    assert look.actor.startswith("key:")


def test_personal_identifiers_are_refused_in_addresses(reader: httpx.Client) -> None:
    for value in ("xm@example.com", "+86 139 1234 5678", "13912345678"):
        assert kind(reader.get(f"/v1/profiles/{value}")) == (400, "identifier-in-url")
        assert value not in reader.get(f"/v1/profiles/{value}").text


def test_an_unforeseen_error_tells_its_place_and_no_value(
    server: Any, reader: httpx.Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("xm@example.com does not fit")

    monkeypatch.setattr("profiles.api.queries.segments", broken)
    response = reader.get("/v1/segments")
    assert kind(response) == (500, "internal") and "example.com" not in response.text
    assert "unexpected RuntimeError at test_api_security.py" in caplog.text and "example.com" not in caplog.text


def test_a_route_can_only_ask_for_scopes_that_exist() -> None:
    for scopes in ([], ["everything"], ["features:read", "features:write"]):
        with pytest.raises(ValueError, match="not a scope"):
            require(*scopes)


def test_a_feature_read_is_on_disk_before_it_is_answered(server: Any) -> None:
    """As a killed server leaves it: nothing is flushed here."""
    token, key = server.context.keys.new("durable", ["features:read"], created_by="test")
    asked = {"profile_ids": ["p1", "p2", "nobody"]}
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        for response in (client.get("/v1/profiles/p1/features"), client.post("/v1/profiles:batchGet", json=asked)):
            assert response.status_code == 200
    with sqlite3.connect(ops_path(server.home)) as con:
        rows = con.execute(
            "SELECT action, snapshot, profiles >= 3 FROM audit_log WHERE actor = ?", (f"key:{key.key_id}",)
        ).fetchall()
    con.close()
    assert set(rows) == {("features", "20250301-000001", 1)}


def test_every_look_at_a_person_is_in_the_audit_log(server: Any) -> None:
    client = server.client("features:read", "profiles:read", "segments:read")
    actor = f"key:{server.context.keys.list_keys()[-1].key_id}"
    for path in PROTECTED:
        assert ask(client, path).status_code == 200
    client.post("/v1/profiles:batchGet", json={"profile_ids": ["p1", "p2"], "view": "profile"})
    server.context.audit.flush()
    entries = [entry for entry in server.context.audit.entries(limit=1000) if entry.actor == actor]
    looks = sorted((entry.action, entry.profile_id, entry.profiles) for entry in entries)
    assert looks == [
        ("features", "", 2), ("lookup", "", 1), ("profile", "p1", 1), ("profile", "p1", 1), ("profile", "p2", 1),
        ("segment_members", "", 3), ("segments", "p1", 1), ("timeline", "p1", 1),
    ]  # fmt: skip
    assert [entry.profile_id for entry in server.context.audit.entries(profile_id="p2", limit=1)] == ["p2"]
