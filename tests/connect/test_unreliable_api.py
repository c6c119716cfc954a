"""What an API does wrong: a pull gets on, or ends in one line, and never goes round for ever."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from api_server import FakeApi, Fault, Refusal, Seen
from pull_home import configure, ids, landed
from test_shopify_pull import at, customer
from test_zendesk_pull import user

from cdp_pipeline.connect.pull import PullResult
from cdp_pipeline.home import Home

Pulled = Callable[..., PullResult]
PATH = "/admin/api/2025-01/customers.json"


@pytest.fixture(autouse=True)
def shop(home: Home, api: FakeApi) -> None:
    configure(home, api, "page_size: 2")
    api.lists = {"customers": [customer(n, at(n)) for n in range(1, 6)]}


def everything(home: Home) -> bool:
    return ids(home, "shopify", "customers") == [7000000000000 + n for n in range(1, 6)]


def test_too_many_requests_wait_as_long_as_told(home: Home, api: FakeApi, pulled: Pulled, clock: Any) -> None:
    api.faults = [Fault(status=429, headers={"Retry-After": "2.0"}, times=3)]
    result = pulled("shop", "customers")
    assert clock.slept == [2.0, 2.0, 2.0]
    assert (result.throttled, result.retries) == (3, 0)
    assert everything(home)


def test_retry_after_a_date_is_held_against_the_server_s_clock(
    home: Home, api: FakeApi, pulled: Pulled, clock: Any
) -> None:
    """The server's clock is three years behind; the pause is still half a minute."""
    now = datetime(2023, 5, 1, 10, 0, tzinfo=UTC)
    api.now = lambda: now
    until = format_datetime(now + timedelta(seconds=30), usegmt=True)
    api.faults = [Fault(status=503, headers={"Retry-After": until})]
    pulled("shop", "customers")
    assert clock.slept == [30.0]
    assert everything(home)


def test_too_many_requests_without_a_time_wait_longer_and_longer(
    home: Home, api: FakeApi, pulled: Pulled, clock: Any
) -> None:
    api.faults = [Fault(status=429, headers={"Retry-After": "soon"}, times=4)]
    pulled("shop", "customers")
    assert all(low <= s <= 2 * low for s, low in zip(clock.slept, (0.5, 1, 2, 4), strict=True))
    assert everything(home)


def test_a_pause_beyond_the_bound_ends_the_pull(home: Home, api: FakeApi, pulled: Pulled, clock: Any) -> None:
    api.faults = [Fault(status=429, headers={"Retry-After": "86400"})]
    (one,) = pulled("shop", "customers").objects
    assert one.failure == f"shop: {PATH}: status 429, the API asks for a pause of 86400 s; pull again later"
    assert clock.slept == []


def test_the_shop_s_bucket_never_overflows(home: Home, api: FakeApi, pulled: Pulled, clock: Any) -> None:
    """The server drains two requests a second on the clock that the pull sleeps on, and refuses above forty."""
    configure(home, api, "page_size: 1")
    api.lists = {"customers": [customer(n, at(n)) for n in range(1, 81)]}
    bucket = {"level": 0.0, "at": clock.now}

    def admit(seen: Seen) -> None:
        bucket["level"] = max(0.0, bucket["level"] - 2 * (clock.now - bucket["at"]))
        bucket["at"] = clock.now
        if bucket["level"] + 1 > 40:
            raise Refusal(429, {"Retry-After": "2.0"})
        bucket["level"] += 1

    api.admit = admit
    api.extra_headers = lambda: {"X-Shopify-Shop-Api-Call-Limit": f"{int(bucket['level'] + 0.999)}/40"}
    result = pulled("shop", "customers")
    assert result.objects[0].records == 80
    assert result.throttled == 0
    assert 20 <= result.waited <= 26, "36 at once, the other 44 at two a second"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(status=500), "status 500"),
        (Fault(status=502, body="<html>bad gateway</html>", headers={"Content-Type": "text/html"}), "status 502"),
        (Fault(reset=True), "connection broken (ConnectionError)"),
        (Fault(cut=True), "connection broken (ChunkedEncodingError)"),
        (
            Fault(status=200, body="<html>back soon</html>", headers={"Content-Type": "text/html; charset=x"}),
            "the answer is no JSON (text/html)",
        ),
        (Fault(status=200, body='{"customers": [{"id": 1'), "the answer is no JSON (application/json)"),
        (Fault(status=200, body="[]"), "the answer is no JSON object"),
    ],
)
def test_passing_faults_are_repeated_and_lasting_ones_are_told(
    home: Home, api: FakeApi, pulled: Pulled, fault: Fault, reason: str
) -> None:
    fault.times = 2
    api.faults = [fault]
    result = pulled("shop", "customers")
    assert result.reasons == {reason: 2}
    assert result.retries == 2
    assert everything(home)
    fault.times = 99
    (one,) = pulled("shop", "customers").objects
    assert one.failure == f"shop: {PATH}: {reason}, 6 times in a row"


def test_a_slow_answer_is_given_up_and_asked_again(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "page_size: 2, timeout: 1s")
    api.faults = [Fault(delay=1.5, status=500)]
    result = pulled("shop", "customers")
    assert set(result.reasons) == {"no answer in time"}
    assert everything(home)


def test_an_answer_that_drips_is_given_up(home: Home, api: FakeApi, pulled: Pulled, clock: Any) -> None:
    """Each piece comes in time, the whole does not: here every look at the clock costs six minutes."""
    clock.step = 360.0
    (one,) = pulled("shop", "customers").objects
    assert one.failure == f"shop: {PATH}: no answer in time, 6 times in a row"


@pytest.mark.parametrize(
    ("status", "hint"),
    [(403, "the token has no right to read this"), (404, "nothing is there"), (418, "unexpected")],
)
def test_a_lasting_refusal_is_not_repeated(home: Home, api: FakeApi, pulled: Pulled, status: int, hint: str) -> None:
    api.faults = [Fault(status=status, body='{"errors":"jane@example.com may not"}', times=99)]
    (one,) = pulled("shop", "customers").objects
    assert one.failure.startswith(f"shop: {PATH}: status {status}, {hint}")
    assert "jane" not in one.failure
    assert len(api.seen) == 1


def test_one_object_that_fails_does_not_stop_the_others(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.lists["checkouts"] = [{"id": 3000000000001, "updated_at": at(0), "created_at": at(0)}]
    api.faults = [Fault("customers", status=403, times=9)]
    result = pulled("shop", "customers", "checkouts")
    assert [(o.obj, o.records, bool(o.failure)) for o in result.objects] == [
        ("customers", 0, True),
        ("checkouts", 1, False),
    ]


def test_a_redirect_is_not_followed(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.faults = [Fault(status=302, headers={"Location": f"{api.url}/elsewhere"})]
    (one,) = pulled("shop", "customers").objects
    assert "a redirect" in one.failure
    assert len(api.seen) == 1


def test_a_next_page_on_another_host_is_not_asked_for(home: Home, api: FakeApi, pulled: Pulled) -> None:
    asked: list[str] = []

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(str(self.headers))
            self.send_error(404)

        def log_message(self, *args: object) -> None: ...

    stranger = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=stranger.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        link = f'<http://127.0.0.1:{stranger.server_address[1]}/x?page_info=1>; rel="next"'
        api.faults = [Fault(status=200, headers={"Link": link}, body='{"customers": []}')]
        (one,) = pulled("shop", "customers").objects
    finally:
        stranger.shutdown()
        stranger.server_close()
        thread.join()
    assert one.failure == f"shop: {PATH}: the next page is said to be on another host; not followed"
    assert asked == []


def test_a_page_without_its_key_is_an_error(home: Home, api: FakeApi, pulled: Pulled) -> None:
    """dlt's client would take it for an empty page, and the pull for a good one."""
    api.faults = [Fault(status=200, body='{"clients": []}')]
    (one,) = pulled("shop", "customers").objects
    assert one.failure == f"shop: {PATH}: page 1 has no list of records under 'customers'"
    api.faults = [Fault(status=200, body='{"customers": ["7000000000001"]}')]
    assert "no list of records" in pulled("shop", "customers").objects[0].failure


def test_records_without_the_time_they_are_asked_by_are_an_error(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.faults = [Fault(status=200, body='{"customers": [{"id": 7000000000001, "changed": "2025-03-01"}]}')]
    (one,) = pulled("shop", "customers").objects
    assert one.failure == "shop: customers: no record of a page has the time by which it is asked for"


def test_pages_that_lead_back_end_the_pull(home: Home, api: FakeApi, pulled: Pulled) -> None:
    link = f'<{api.url}{PATH}?limit=2&page_info=same>; rel="next"'
    bodies = ['{"customers": [{"id": 1, "updated_at": "2025-03-01T10:00:00Z"}]}', '{"customers": []}']
    api.faults = [Fault(status=200, headers={"Link": link}, body=body) for body in bodies]
    (one,) = pulled("shop", "customers").objects
    assert one.failure == f"shop: {PATH}: page 2 leads back to a page already read"
    assert one.records == 1, "what came before it is landed"


@pytest.mark.parametrize("body", ['{"customers": []}', '{"customers": [{"id": 1, "updated_at": "2025-03-01"}]}'])
def test_pages_that_bring_nothing_new_end_the_pull(home: Home, api: FakeApi, pulled: Pulled, body: str) -> None:
    """Each has another next page; a page sent twice lands once."""
    api.faults = [
        Fault(status=200, headers={"Link": f'<{api.url}{PATH}?limit=2&page_info={n}>; rel="next"'}, body=body)
        for n in range(200)
    ]
    (one,) = pulled("shop", "customers").objects
    assert "11 pages in a row brought nothing new" in one.failure
    assert len(api.seen) <= 12
    assert len(landed(home, "shopify", "customers")) == body.count("id")


def test_an_answer_without_end_is_cut_off(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "max_response_mb: 1")
    api.faults = [Fault(status=200, body='{"customers": [' + " " * (2 << 20) + "]}")]
    (one,) = pulled("shop", "customers").objects
    assert one.failure == f"shop: {PATH}: the answer is longer than 1 MB (max_response_mb)"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"users": [], "after_cursor": "a"}', "the page has no end_of_stream"),
        ('{"users": [], "end_of_stream": false}', "the page has more behind it but no after_cursor"),
        ('{"users": [], "end_of_stream": "no", "after_cursor": "a"}', "the page has no end_of_stream"),
    ],
)
def test_an_export_that_does_not_say_how_it_goes_on(
    home: Home, api: FakeApi, pulled: Pulled, body: str, problem: str
) -> None:
    api.faults = [Fault("incremental", status=200, body=body)]
    (one,) = pulled("desk", "users").objects
    assert one.failure == f"desk: /api/v2/incremental/users/cursor.json: {problem}"


def test_side_loads_that_stay_away_are_an_error(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.lists = {"users": [user(1)], "tickets": [{"id": 1, "updated_at": at(0), "status": "open"}]}
    api.change = lambda seen, document: {k: v for k, v in document.items() if k not in ("identities", "metric_sets")}
    result = pulled("desk", "user_identities", "ticket_metrics")
    assert [o.failure for o in result.objects] == [
        "desk: user_identities: the users come without 'identities'",
        "desk: ticket_metrics: the tickets come without 'metric_sets'",
    ]


def test_what_came_before_a_failure_is_landed_and_not_pulled_again(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.before = lambda seen: api.faults.append(Fault(status=403)) if len(api.seen) == 3 else None
    (one,) = pulled("shop", "customers").objects
    assert (one.records, bool(one.failure)) == (4, True)
    api.before = lambda seen: None
    assert not pulled("shop", "customers").failed
    assert everything(home)
    assert len(api.seen) == 4


def test_a_broken_off_pull_whose_place_is_forgotten_begins_again(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "page_size: 2, overlap: 1m")
    api.before = lambda seen: api.faults.append(Fault(status=403)) if len(api.seen) == 3 else None
    pulled("shop", "customers")
    api.before = lambda seen: None
    api.forget_links = True
    api.lists["customers"] = api.lists["customers"][:5]
    configure(home, api, "page_size: 250, overlap: 1m")
    assert not pulled("shop", "customers").failed
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T15:03:00Z", "the newest landed, less the overlap"
    assert [i - 7000000000000 for i in ids(home, "shopify", "customers")] == [1, 2, 3, 4, 3, 4, 5]


def test_two_pulls_of_a_connection_do_not_mix(home: Home, api: FakeApi, pulled: Pulled) -> None:
    said: list[str] = []

    def second() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "cdp_pipeline", "connect", "pull", "shop", "--home", str(home.root)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CDP_CONNECT_SHOP_TOKEN": "shop-token-0001"},
        )
        said.append(f"{done.returncode} {done.stderr.strip()}")

    api.before = lambda seen: second() if len(api.seen) == 1 else None
    assert not pulled("shop", "customers").failed
    assert said == ["1 cdp: shop: another pull of this connection is under way"]
