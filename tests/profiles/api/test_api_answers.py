"""What each route answers, by hand-made expectation; and that every answer is as the OpenAPI document says."""

from __future__ import annotations

import gzip
import re
import time
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest

# before the snapshot of this session is published
STARTED = time.time()
SNAPSHOT = {"version": "20250301-000001", "as_of": "2025-03-01"}


def body(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The JSON of an answer whose snapshot is checked and taken out."""
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    snapshot = found.pop("snapshot")
    assert {name: snapshot[name] for name in SNAPSHOT} == SNAPSHOT
    assert 0 <= snapshot["age_seconds"] <= time.time() - STARTED
    assert response.headers["snapshot-version"] == SNAPSHOT["version"]
    assert int(response.headers["snapshot-age"]) == snapshot["age_seconds"]
    return found


def problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem document of an error."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert (found["type"], found["status"]) == (f"urn:cdp:problem:{kind}", status)
    assert found["title"] and found["detail"]
    return found


def test_features_with_consent_and_freshness(reader: httpx.Client) -> None:
    response = reader.get("/v1/profiles/p1/features")
    assert body(response) == {
        "profile_id": "p1",
        "features": {
            "orders": 3,
            "net_amount": 120.5,
            "last_order_date": "2025-03-01",
            "last_seen_at": "2025-03-01T10:20:30.123456Z",
            "top_categories": ["咖啡", "tea"],
            "is_active": True,
        },
        "consent": [
            {"purpose": "marketing", "channel": "email", "state": "granted"},
            {"purpose": "marketing", "channel": "sms", "state": "denied"},
        ],
    }
    some = body(reader.get("/v1/profiles/p2/features?fields=is_active,orders"))
    assert some["features"] == {"is_active": False, "orders": 0}
    assert some["consent"] == [{"purpose": "marketing", "channel": "email", "state": "denied"}], "a denial wins"
    problem(reader.get("/v1/profiles/p2/features?fields=orders,shoe_size"), 422, "invalid-request")


def test_batch_keeps_the_order_and_says_what_is_missing(reader: httpx.Client) -> None:
    asked = {"profile_ids": ["p9", "p8", "nobody", "p2", "p2"], "fields": ["orders"]}
    found = body(reader.post("/v1/profiles:batchGet", json=asked))
    assert [(p["requested_id"], p["profile_id"], p["features"]) for p in found["profiles"]] == [
        ("p9", "p1", {"orders": 3}),
        ("p2", "p2", {"orders": 0}),
    ]
    assert (found["not_found"], found["erased"]) == (["nobody"], ["p8"])
    masked = body(reader.post("/v1/profiles:batchGet", json={"profile_ids": ["p1"], "view": "profile"}))
    assert masked["profiles"] == [
        {"profile_id": "p1", "requested_id": "p1", "profile": {"name_masked": "王*", "since": "2025-01-02"}}
    ]


def test_lookup_by_identifier(reader: httpx.Client) -> None:
    asked = {"kind": "email", "value": " XM@Example.com "}
    response = reader.post("/v1/profiles:lookup", json=asked)
    assert body(response) == {"profile_id": "p1"}
    assert response.headers["cache-control"] == "no-store"
    with_features = body(reader.post("/v1/profiles:lookup", json=asked | {"include": ["features"]}))
    assert with_features["features"]["orders"] == 3
    shop = {"kind": "loyalty_id", "namespace": "other", "value": "L-77"}
    assert body(reader.post("/v1/profiles:lookup", json=shop)) == {"profile_id": "p2"}
    for nobody in (
        {"kind": "phone", "value": "+1 415 555 0100"},  # shared
        {"kind": "email", "value": "noreply@example.com"},  # untrusted
        {"kind": "email", "value": "else@example.com"},
    ):
        problem(reader.post("/v1/profiles:lookup", json=nobody), 404, "not-found")


def test_profile_is_masked_without_pii_read_and_clear_with_it(reader: httpx.Client, insider: httpx.Client) -> None:
    response = reader.get("/v1/profiles/p1")
    masked = body(response)
    assert masked == {
        "profile_id": "p1",
        "profile": {"name_masked": "王*", "since": "2025-01-02"},
        "provenance": [
            {"attribute": "email", "source": "shopify", "record_id": "shop:customers:1", "rule": "recency"},
            {"attribute": "name", "source": "zoho_crm", "record_id": "crm:contacts:1", "rule": "source_priority"},
        ],
        "members": [
            {"record_id": "crm:contacts:1", "since": "2025-01-02"},
            {"record_id": "pos:customers:1", "since": "2025-03-01"},
            {"record_id": "shop:customers:1", "since": "2025-01-02"},
        ],
        "retired_ids": ["p9"],
        "consents": [
            {"purpose": "marketing", "channel": "email", "state": "granted"},
            {"purpose": "marketing", "channel": "sms", "state": "denied"},
        ],
    }
    assert "xm@example.com" not in response.text and "小明" not in response.text
    clear = insider.get("/v1/profiles/p1")
    golden = body(clear)
    assert golden["golden_record"] == {"given_name": "小明", "family_name": "王", "email": "xm@example.com"}
    assert {"kind": "email", "namespace": "", "value": "xm@example.com", "is_trusted": True} in golden["identifiers"]
    assert clear.headers["cache-control"] == "no-store"


def test_timeline_page_by_page_and_narrowed(reader: httpx.Client) -> None:
    whole = body(reader.get("/v1/profiles/p1/timeline"))
    ids = [one["interaction_id"] for one in whole["interactions"]]
    assert len(ids) == 10 and whole["next_cursor"] is None
    times = [one["occurred_at"] for one in whole["interactions"]]
    assert times == sorted(times, reverse=True) and times[-1] == "2025-01-01T00:00:00Z"
    paged: list[str] = []
    cursor = ""
    while cursor is not None:
        page = body(
            reader.get("/v1/profiles/p1/timeline", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        )
        assert len(page["interactions"]) <= 3
        paged += [one["interaction_id"] for one in page["interactions"]]
        cursor = page["next_cursor"]
    assert paged == ids
    narrowed = body(reader.get("/v1/profiles/p1/timeline?since=2025-01-10&until=2025-01-20T00:00:00Z"))
    assert [one["occurred_at"] for one in narrowed["interactions"]] == [
        time for time in times if "2025-01-10" <= time < "2025-01-20"
    ]
    assert body(reader.get("/v1/profiles/p1/timeline?channel=sms"))["interactions"] == []
    refused = reader.get("/v1/profiles/p1/timeline?channel=e-mail")
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("channel takes one of website, mobile_app, ")


def test_segments(reader: httpx.Client) -> None:
    (loyal,) = body(reader.get("/v1/segments"))["segments"]
    expected = {"segment": "loyal", "definition_version": 1, "as_of": "2025-03-01", "members": 1}
    assert {key: loyal[key] for key in expected} == expected
    assert body(reader.get("/v1/profiles/p3/segments")) == {
        "profile_id": "p3",
        "segments": [
            {"segment": "loyal", "entered_at": "2025-02-02", "exited_at": None, "definition_version": 1},
            {"segment": "dormant", "entered_at": "2025-01-01", "exited_at": "2025-02-01", "definition_version": 1},
        ],
    }
    first = body(reader.get("/v1/segments/loyal/members?limit=2"))
    assert first["members"] == [
        {"profile_id": "p1", "entered_at": "2025-03-01"},
        {"profile_id": "p2", "entered_at": "2025-02-01"},
    ]
    rest = body(reader.get("/v1/segments/loyal/members", params={"limit": 2, "cursor": first["next_cursor"]}))
    assert (rest["members"], rest["next_cursor"]) == ([{"profile_id": "p3", "entered_at": "2025-02-02"}], None)
    problem(reader.get("/v1/segments/nosuch/members"), 404, "not-found")


@pytest.mark.parametrize("part", ["", "/features", "/timeline?limit=3", "/segments"])
def test_retired_ids_redirect_and_erased_ones_are_gone(reader: httpx.Client, part: str) -> None:
    moved = reader.get(f"/v1/profiles/p9{part}")
    assert (moved.status_code, moved.headers["location"]) == (308, f"/v1/profiles/p1{part}")
    assert moved.headers["cache-control"] == "no-store", "a split may give the id back"
    assert body(moved, 308) == {"profile_id": "p1", "requested_id": "p9"}
    gone = problem(reader.get(f"/v1/profiles/p8{part}"), 410, "erased")
    assert gone["snapshot_version"] == SNAPSHOT["version"]
    problem(reader.get(f"/v1/profiles/nobody{part}"), 404, "not-found")


def test_conditional_requests(reader: httpx.Client, insider: httpx.Client) -> None:
    for path in ("/v1/profiles/p1", "/v1/profiles/p1/features", "/v1/segments", "/v1/segments/loyal/members"):
        tag = reader.get(path).headers["etag"]
        same = reader.get(path, headers={"If-None-Match": f'"x", {tag}'})
        assert (same.status_code, same.content, same.headers["snapshot-version"]) == (304, b"", SNAPSHOT["version"])
        assert reader.get(path, headers=[("If-None-Match", '"x"'), ("If-None-Match", tag)]).status_code == 304
        assert reader.get(path, headers={"If-None-Match": 'W/"20250301-000002"'}).status_code == 200
        assert reader.get(path, headers={"If-None-Match": "*"}).status_code == 304, "any version that there is"
    masked = reader.get("/v1/profiles/p1").headers["etag"]
    assert insider.get("/v1/profiles/p1", headers={"If-None-Match": masked}).status_code == 200, "not the masked one"
    for path in ("profiles/nobody/features", "profiles/nobody", "segments/nobody/members"):
        for tag in (masked, "*"):
            assert reader.get(f"/v1/{path}", headers={"If-None-Match": tag}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/profiles/p1",
        "/v1/profiles/p1/features",
        "/v1/profiles/p1/timeline",
        "/v1/segments",
        "/v1/profiles/p8",
        "/metrics",
    ],
)
def test_head_is_get_without_the_body(reader: httpx.Client, path: str) -> None:
    whole, head = reader.get(path), reader.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers.get("etag") == whole.headers.get("etag")
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_health_readiness_and_metrics_need_no_key(stranger: httpx.Client) -> None:
    assert stranger.get("/healthz").json() == {"status": "ok"}
    assert body(stranger.get("/readyz")) == {"status": "ready"}
    text = stranger.get("/metrics").text
    assert 'cdp_snapshot_info{version="20250301-000001"} 1' in text
    assert re.search(r'cdp_http_requests_total\{route="/healthz",method="GET",status="200"\} \d+', text)
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [0-9.e+-]+", line), line
    for path in ("/healthz", "/readyz", "/metrics"):
        probed = stranger.head(path)
        assert (probed.status_code, probed.content) == (200, b""), "load balancers ask for the head alone"


# Values for a client that knows nothing but the document: a good call of every operation.
GOOD: dict[str, dict[str, Any]] = {
    "getFeatures": {"path": {"profile_id": "p1"}},
    "getProfile": {"path": {"profile_id": "p1"}},
    "getTimeline": {"path": {"profile_id": "p1"}, "query": {"limit": "2", "since": "2025-01-01"}},
    "getProfileSegments": {"path": {"profile_id": "p1"}},
    "listSegmentMembers": {"path": {"name": "loyal"}},
    "batchGetProfiles": {"body": {"profile_ids": ["p1", "p9", "p8", "x"]}},
    "lookupProfile": {"body": {"kind": "customer_no", "namespace": "company", "value": "77", "include": ["features"]}},
}


class GeneratedClient:
    """What a generator makes of the document: operations by their id, answers held against their schemas."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.document: dict[str, Any] = client.get("/openapi.json").json()
        self.operations: dict[str, tuple[str, str, dict[str, Any]]] = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }

    def call(self, name: str, given: dict[str, Any]) -> httpx.Response:
        method, template, operation = self.operations[name]
        path = template
        for key, value in given.get("path", {}).items():
            path = path.replace(f"{{{key}}}", quote(value, safe=""))
        response = self.client.request(
            method, path, params=given.get("query"), json=given.get("body"), headers=given.get("headers")
        )
        self.check(name, operation, response)
        return response

    def check(self, name: str, operation: dict[str, Any], response: httpx.Response) -> None:
        declared = operation["responses"].get(str(response.status_code))
        assert declared is not None, f"{name}: undeclared status {response.status_code}"
        for header in declared.get("headers", {}):
            assert header in response.headers, f"{name}: no header {header}"
        media = response.headers.get("content-type", "").partition(";")[0]
        if response.status_code == 304:
            return
        assert media in declared["content"], f"{name}: undeclared type {media}"
        if media.endswith("json"):
            schema = declared["content"][media]["schema"] | {"components": self.document["components"]}
            jsonschema.validate(response.json(), schema)


@pytest.fixture(scope="module")
def generated(insider: httpx.Client) -> GeneratedClient:
    return GeneratedClient(insider)


def test_a_generated_client_can_call_every_operation(generated: GeneratedClient) -> None:
    assert generated.document["openapi"].startswith("3.")
    for name in generated.operations:
        assert generated.call(name, GOOD.get(name, {})).status_code == 200, name


def test_the_document_names_scopes_examples_and_the_routes_of_the_contract(generated: GeneratedClient) -> None:
    assert set(generated.document["paths"]) >= {
        "/v1/profiles/{profile_id}", "/v1/profiles:lookup", "/v1/profiles:batchGet", "/healthz", "/readyz", "/metrics",
        *(f"/v1/profiles/{{profile_id}}/{part}" for part in ("features", "timeline", "segments")),
        "/v1/segments", "/v1/segments/{name}/members",
    }  # fmt: skip
    for name, (_, path, operation) in generated.operations.items():
        if path.startswith("/v1/"):
            assert operation["security"] and operation["x-scopes"], name
            assert {"401", "403", "429"} <= set(operation["responses"]), name
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["schema"]["examples"], name


ODD = [
    "' OR 1=1 --", "1; DROP TABLE profiles.customer_profile", "$id", "../../etc/passwd", "..%2f..%2fsecrets", "%00",
    "\x00", "a" * 5000, "-1", "0", "99999999999999999999", "NaN", "{}", "[]", "null", "\ud7ff", "😀", "王", "\r\nX: y",
    "WyJ4Il0", "2025-13-45", "0001-01-01", "9999-12-31T23:59:59+14:00", "orders,,", "*", " ", "p1 ", "%",
]  # fmt: skip


def test_odd_values_in_every_parameter_get_a_declared_answer(generated: GeneratedClient) -> None:
    """Never a 500, nothing undeclared, and no value of the caller's in an error."""
    calls = 0
    for name, (_, _, operation) in generated.operations.items():
        for parameter in operation.get("parameters", []):
            for value in ODD:
                given = {key: dict(one) for key, one in GOOD.get(name, {}).items()}
                place = {"path": "path", "query": "query", "header": "headers"}[parameter["in"]]
                if place == "headers" and (not value.isascii() or not value.isprintable() or value != value.strip()):
                    continue  # no client sends it
                given.setdefault(place, {})[parameter["name"]] = value
                if place == "path" and ("/" in value or value in ("\x00",)):
                    continue  # another path: see the test of traversal
                response = generated.call(name, given)
                calls += 1
                assert response.status_code < 500, (name, parameter["name"], value)
                if response.status_code >= 400 and len(value) > 3 and value not in ("null",):
                    assert value not in response.text, (name, parameter["name"], value)
    assert calls > 300
    bodies: list[Any] = [
        [], {}, "x", 7, None, {"profile_ids": []}, {"profile_ids": "p1"}, {"profile_ids": [7]}, {"profile_ids": [""]},
        {"profile_ids": ["p1"], "view": "all"}, {"profile_ids": ["p1"], "fields": ["nope"]}, {"kind": "email"},
        {"kind": "E-Mail!", "value": "x"}, {"kind": "email", "value": ""}, {"kind": "email", "value": "x", "more": 1},
        *({"profile_ids": [value]} for value in ODD), *({"kind": "email", "value": value} for value in ODD),
        *({"kind": "email", "value": "x", "namespace": value} for value in ODD),
    ]  # fmt: skip
    for name in ("batchGetProfiles", "lookupProfile"):
        for one in bodies:
            assert generated.call(name, {"body": one}).status_code < 500


def test_errors_name_the_place_and_not_the_value(reader: httpx.Client) -> None:
    response = reader.post("/v1/profiles:lookup", json={"kind": "email", "value": "", "secret@example.com": 1})
    found = problem(response, 422, "invalid-request")
    assert found["errors"] == [
        {"place": ["value"], "reason": "string_too_short"},
        {"place": ["?"], "reason": "extra_forbidden"},
    ]
    assert "secret" not in response.text
    not_json = reader.post("/v1/profiles:lookup", content=b"{", headers={"Content-Type": "application/json"})
    problem(not_json, 422, "invalid-request")
    problem(reader.post("/v1/profiles:lookup", content=b"kind=email"), 415, "unsupported-media-type")
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = reader.post(
        "/v1/profiles:lookup", content=gzip.compress(b'{"kind":"email","value":"a@b.c"}'), headers=packed
    )
    problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity", "RFC 9110, 15.5.16"


def test_reference_page_needs_nothing_from_elsewhere(stranger: httpx.Client) -> None:
    page = stranger.get("/docs")
    assert page.status_code == 200 and "/v1/profiles:batchGet" in page.text
    assert re.findall(r"""(?:src|href)=["'](?!#|/openapi\.json)""", page.text) == []
    assert "<script" not in page.text
