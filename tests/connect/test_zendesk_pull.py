"""Pulls from the desk: exports by cursor, side-loads, comments per ticket, deletions, and tokens that expire."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_server import FakeApi, Fault, Refusal, Seen
from pull_home import ENV, configure, ids, ingest, landed, raw

from cdp_pipeline.connect.pull import PullResult
from cdp_pipeline.home import Home

Pulled = Callable[..., PullResult]
NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


def at(minute: int) -> str:
    """A time of 1 March 2025, minutes after noon."""
    return (datetime(2025, 3, 1, 12, 0) + timedelta(minutes=minute)).isoformat() + "Z"


def user(number: int, updated: str = at(0), **facts: Any) -> dict[str, Any]:
    base = {"id": 900000000000 + number, "role": "end-user", "name": f"Guest {number}", "active": True}
    return {**base, "email": f"guest{number}@example.com", "updated_at": updated, **facts}


def ticket(number: int, updated: str = at(0), **facts: Any) -> dict[str, Any]:
    generated = int(datetime.fromisoformat(updated).timestamp())
    base = {"id": number, "requester_id": 900000000001, "status": "open", "via": {"channel": "email"}}
    return {**base, "created_at": at(-60), "updated_at": updated, "generated_timestamp": generated, **facts}


def metric(number: int) -> dict[str, Any]:
    times = {"reply_time_in_minutes": {"calendar": 95, "business": 40}}
    return {"id": 930000000000 + number, "ticket_id": number, "updated_at": at(0), "replies": 2, **times}


def comment(number: int, ticket_author: int = 900000000001) -> dict[str, Any]:
    body = {"plain_body": f"Text {number}", "public": True, "via": {"channel": "email"}}
    return {"id": 920000000000 + number, "author_id": ticket_author, "created_at": at(number), **body}


@pytest.fixture(autouse=True)
def desk(api: FakeApi) -> None:
    api.now = lambda: NOW
    api.lists = {
        "users": [user(1), user(2, at(5))],
        "tickets": [ticket(55501), ticket(55502, at(9))],
        "satisfaction_ratings": [],
        "deleted_tickets": [],
    }
    api.comments = {55501: [comment(1), comment(2)], 55502: [comment(3)]}
    api.metrics = [metric(55501), metric(55502)]


def test_every_object_goes_through_ingest_into_raw(home: Home, api: FakeApi, pulled: Pulled) -> None:
    identity = {"id": 910000000001, "user_id": 900000000001, "type": "email", "value": "g1@example.org"}
    api.identities = [{**identity, "updated_at": at(1)}]
    rating = {"id": 940000000001, "ticket_id": 55501, "score": "good", "created_at": at(3), "updated_at": at(8)}
    api.lists["satisfaction_ratings"] = [rating]
    api.lists["deleted_tickets"] = [{"id": 55400, "deleted_at": at(2), "previous_state": "open"}]
    result = pulled("desk")
    assert [(o.obj, o.records, o.failure) for o in result.objects] == [
        ("users", 2, ""),
        ("user_identities", 1, ""),
        ("tickets", 2, ""),
        ("ticket_comments", 3, ""),
        ("ticket_metrics", 2, ""),
        ("satisfaction_ratings", 1, ""),
        ("deleted_tickets", 1, ""),
    ]
    assert all(r.quarantined == 0 and not r.failed_files for r in ingest(home))
    assert raw(home, "zendesk", "users", "user_id, email, is_active") == [
        ("900000000001", "guest1@example.com", True),
        ("900000000002", "guest2@example.com", True),
    ]
    assert raw(home, "zendesk", "user_identities", "identity_id, user_id") == [("910000000001", "900000000001")]
    assert raw(home, "zendesk", "tickets", "ticket_id, status, via_channel") == [
        ("55501", "open", "email"),
        ("55502", "open", "email"),
    ]
    assert raw(home, "zendesk", "ticket_comments", "comment_id, ticket_id, body, is_public") == [
        ("920000000001", "55501", "Text 1", True),
        ("920000000002", "55501", "Text 2", True),
        ("920000000003", "55502", "Text 3", True),
    ]
    assert raw(home, "zendesk", "ticket_metrics", "ticket_id, reply_minutes, replies") == [
        ("55501", 95, 2),
        ("55502", 95, 2),
    ]
    assert raw(home, "zendesk", "satisfaction_ratings", "rating_id, score") == [("940000000001", "good")]
    assert raw(home, "zendesk", "deleted_tickets", "ticket_id, deleted_at") == [("55400", datetime(2025, 3, 1, 12, 2))]


def test_an_export_goes_on_behind_its_cursor(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, desk="page_size: 1, start: 2025-02-01")
    api.lists["users"] = [user(1), user(2, at(5)), user(3, at(6))]
    pulled("desk", "users")
    exports = [s.params for s in api.seen if "incremental" in s.path]
    assert exports[0] == {"per_page": "1", "start_time": str(int(datetime(2025, 2, 1, tzinfo=UTC).timestamp()))}
    assert [sorted(p) for p in exports[1:]] == [["cursor", "per_page"]] * 2
    assert ids(home, "zendesk", "users") == [900000000001, 900000000002, 900000000003]
    # A user is changed, one is deleted: both come again, nobody else does.
    api.lists["users"][0] = user(1, at(20), name="Ana")
    api.lists["users"][1] = user(2, at(21), active=False)
    pulled("desk", "users")
    assert "start_time" not in api.seen[-1].params
    assert [(r["id"] - 900000000000, r["name"], r["active"]) for r in landed(home, "zendesk", "users")[3:]] == [
        (1, "Ana", True),
        (2, "Guest 2", False),
    ]


def test_the_last_minute_comes_with_the_next_pull(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.lists["users"] = [user(1), user(2, "2025-03-10T11:59:30Z")]
    pulled("desk", "users")
    assert ids(home, "zendesk", "users") == [900000000001]
    api.now = lambda: NOW + timedelta(minutes=5)
    pulled("desk", "users")
    assert ids(home, "zendesk", "users") == [900000000001, 900000000002]


def test_a_forgotten_cursor_is_replaced_by_the_time(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, desk="overlap: 2m")
    pulled("desk", "users")
    api.dead_cursors = {_cursor_of(home, "users")}
    api.lists["users"].append(user(3, at(30)))
    result = pulled("desk", "users")
    assert not result.failed
    newest = int(datetime(2025, 3, 1, 12, 5, tzinfo=UTC).timestamp())
    assert api.seen[-1].params["start_time"] == str(newest - 120)
    assert ids(home, "zendesk", "users") == [900000000001, 900000000002, 900000000002, 900000000003]


def _cursor_of(home: Home, obj: str) -> str:
    con = sqlite3.connect(home.ops_db)
    try:
        rows = con.execute("SELECT position FROM connect_positions WHERE object = ?", (obj,)).fetchall()
    finally:
        con.close()
    return str(json.loads(rows[0][0])["cursor"])


def test_a_time_ahead_of_the_server_is_not_gone_on_from(home: Home, api: FakeApi, pulled: Pulled) -> None:
    """A record may say anything; the time of a restart must be one that the API takes."""
    configure(home, api, desk="overlap: 2m")
    api.change = lambda seen, document: {**document, "users": [user(9, "2099-01-01T00:00:00Z")]}
    pulled("desk", "users")
    api.change = lambda seen, document: document
    api.dead_cursors = {_cursor_of(home, "users")}
    assert not pulled("desk", "users").failed
    assert api.seen[-1].params["start_time"] == str(int((NOW - timedelta(minutes=2)).timestamp()))


def test_comments_are_paged_and_deleted_tickets_have_none(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.comments = {55501: [comment(n) for n in range(1, 251)]}
    api.lists["tickets"] = [ticket(55501), ticket(55502, at(1), status="deleted"), ticket(55503, at(2))]
    result = pulled("desk", "ticket_comments")  # 55503 vanished after the page was made: 404
    assert not result.failed
    assert ids(home, "zendesk", "ticket_comments") == [920000000000 + n for n in range(1, 251)]
    assert len(api.paths("/tickets/55501/")) == 3
    assert api.paths("/tickets/55502/") == []
    assert len(api.paths("/tickets/55503/")) == 1


def test_metrics_inside_the_tickets_land_too(home: Home, api: FakeApi, pulled: Pulled) -> None:
    def inside(seen: object, document: dict[str, Any]) -> dict[str, Any]:
        if "metric_sets" in document:
            sets = {m["ticket_id"]: m for m in document.pop("metric_sets")}
            document["tickets"] = [{**t, "metric_set": sets[t["id"]]} for t in document["tickets"]]
        return document

    api.change = inside
    pulled("desk", "ticket_metrics")
    assert [r["ticket_id"] for r in landed(home, "zendesk", "ticket_metrics")] == [55501, 55502]


def test_ratings_are_asked_for_weeks_back_because_they_change(home: Home, api: FakeApi, pulled: Pulled) -> None:
    rating = {"id": 940000000001, "ticket_id": 55501, "score": "offered", "created_at": at(0), "updated_at": at(0)}
    api.lists["satisfaction_ratings"] = [rating]
    pulled("desk", "satisfaction_ratings")
    api.lists["satisfaction_ratings"] = [{**rating, "score": "bad", "updated_at": at(50)}]
    pulled("desk", "satisfaction_ratings")
    month = datetime(2025, 3, 1, 12, 0, tzinfo=UTC) - timedelta(days=30)
    assert api.seen[-1].params["start_time"] == str(int(month.timestamp()))
    assert [r["score"] for r in landed(home, "zendesk", "satisfaction_ratings")] == ["offered", "bad"]


def test_deletions_land_once_though_the_list_is_whole(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, desk="page_size: 1, overlap: 1m")
    api.lists["deleted_tickets"] = [{"id": 1, "deleted_at": at(0)}, {"id": 2, "deleted_at": at(10)}]
    pulled("desk", "deleted_tickets")
    api.lists["deleted_tickets"].append({"id": 3, "deleted_at": at(20)})
    pulled("desk", "deleted_tickets")
    assert ids(home, "zendesk", "deleted_tickets") == [1, 2, 2, 3]


def test_a_list_without_cursors_is_read_by_its_next_page(home: Home, api: FakeApi, pulled: Pulled) -> None:
    def numbered(seen: Seen, document: dict[str, Any]) -> dict[str, Any]:
        if "links" not in document:
            return document
        return {"deleted_tickets": document["deleted_tickets"], "count": 3, "next_page": document["links"]["next"]}

    configure(home, api, desk="page_size: 1")
    api.lists["deleted_tickets"] = [{"id": n, "deleted_at": at(n)} for n in (1, 2, 3)]
    api.change = numbered
    assert not pulled("desk", "deleted_tickets").failed
    assert ids(home, "zendesk", "deleted_tickets") == [1, 2, 3]


def test_an_expired_token_is_renewed_once_and_kept(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, desk="page_size: 1")
    api.lists["users"] = [user(1), user(2, at(5)), user(3, at(6))]

    def expire(seen: Seen) -> None:
        if len(api.paths("incremental")) == 2 and api.issued == 2:
            api.tokens = set()

    api.before = expire
    result = pulled("desk", "users")
    assert not result.failed
    assert len(api.paths("/oauth/tokens")) == 2, "one for the first token, one for the expired"
    assert ids(home, "zendesk", "users") == [900000000001, 900000000002, 900000000003]
    kept = home.secrets / "desk.renewed"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    pulled("desk", "tickets")
    assert len(api.paths("/oauth/tokens")) == 2, "the next pull uses what was kept"
    # A person put another refresh token in place: what was kept belonged to the old one.
    api.refresh_tokens = {"refresh-9000"}
    api.tokens = set()
    assert not pulled("desk", "tickets", env={**ENV, "CDP_CONNECT_DESK_REFRESH_TOKEN": "refresh-9000"}).failed


def test_a_refused_refresh_ends_the_pull_in_one_line(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.refresh_tokens = set()
    result = pulled("desk", "users", "tickets")
    assert result.objects[0].failure == ("desk: status 400, the refresh token was refused: authorise the account again")
    assert len(api.paths("/oauth/tokens")) == 1


def test_a_token_refused_again_after_its_renewal_stops_every_object(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.faults = [Fault("incremental", status=401, times=99)]
    result = pulled("desk")
    assert [o.failure for o in result.objects] == [
        "desk: /api/v2/incremental/users/cursor.json: status 401, the renewed token was refused too:"
        " put a new one in place"
    ]
    assert len(api.paths("incremental")) == 2


def test_an_api_token_needs_no_renewal(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, desk="auth: api_token, user: agent@example.com")
    api.tokens = {"api-token-77"}
    env = {"CDP_CONNECT_DESK_TOKEN": "api-token-77"}
    assert not pulled("desk", "users", env=env).failed
    api.tokens = set()
    (one,) = pulled("desk", "users", env=env).objects
    assert "status 401, the token was refused" in one.failure


def test_limits_are_kept_before_the_api_says_so(home: Home, api: FakeApi, pulled: Pulled, clock: Any) -> None:
    """Ten requests a minute, counted by the server on the clock that the pull sleeps on."""
    configure(home, api, desk="page_size: 1")
    api.lists["users"] = [user(n, at(n)) for n in range(1, 26)]
    window: list[float] = []

    def admit(seen: Seen) -> None:
        window[:] = [t for t in window if t > clock.now - 60]
        if len(window) >= 10:
            raise Refusal(429, {"Retry-After": "60"})
        window.append(clock.now)

    def headers() -> dict[str, str]:
        resets = max(0, int(window[0] + 61 - clock.now)) if window else 60
        left = f"total=10; remaining={10 - len(window)}; resets={resets}"
        return {"Zendesk-RateLimit-incremental-exports-cursor": left}

    api.admit, api.extra_headers = admit, headers
    result = pulled("desk", "users")
    assert result.objects[0].records == 25
    assert result.throttled == 0
    assert 110 <= result.waited <= 130
