"""Audiences by webhook, against a server that answers as it is told."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
from export_company import Put

from profiles import http_answers
from profiles.exports import DeliveryError, Destination, deliver_webhook, plan, remove, sync

Declare = Callable[[str], Destination]
SECRET = "a shared secret"  # noqa: S105


@dataclass
class Receiver:
    """Answers with the statuses of `script`, then 200; keeps every request."""

    url: str = ""
    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[dict[str, str], Any, bytes]] = field(default_factory=list)
    body: str = "is empty"

    def said(self) -> list[tuple[str, list[str]]]:
        """Operation and profile ids of each request, in order."""
        return [(str(d["op"]), [m["profile_id"] for m in d["members"]]) for _, d, _ in self.seen]

    def keys(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers, _, _ in self.seen]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.seen.append((dict(self.headers), json.loads(body), body))
            status, headers = found.script.pop(0) if found.script else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0" if found.body == "is empty" else "100")
            self.end_headers()
            with contextlib.suppress(OSError):  # the other side has left
                for _ in range({"is empty": 0, "breaks off": 1, "never ends": 100}[found.body]):
                    self.wfile.write(b".")
                    self.wfile.flush()
                    time.sleep(0.05)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("CDP_DESTINATION_THERE_SECRET", SECRET)
        monkeypatch.setattr(http_answers, "BACKOFF_SECONDS", 0.001)
        yield found
        server.shutdown()
        thread.join()


def settings(receiver: Receiver) -> str:
    return f"{{kind: webhook, segments: [loyal], channel: email, url: '{receiver.url}', batch: 3}}"


def test_signed_batches(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    put()
    result = sync(home, declare(settings(receiver)), "loyal")
    assert receiver.said() == [("add", ["p1", "p2", "p4"]), ("add", ["p5", "p6", "p7"]), ("add", ["p9"])]
    headers, document, body = receiver.seen[0]
    signed = hmac.new(SECRET.encode(), headers["X-CDP-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-CDP-Signature"] == f"v1={signed}"
    assert document["members"] == [{"profile_id": p, "entered_at": "2025-03-01"} for p in ("p1", "p2", "p4")], (
        "no contact unless a field asks for it"
    )
    assert (document["snapshot"], document["definition_version"]) == ("20250310-000001", "v1")
    assert receiver.keys() == [f"{result.export_id}-{n}" for n in range(3)]


def test_removes_come_before_adds(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    put("delete from segments.membership where profile_id = 'p9'")
    sync(home, declare(settings(receiver)), "loyal")
    receiver.seen.clear()
    put("delete from segments.membership where profile_id = 'p1'")
    sync(home, declare(settings(receiver)), "loyal")
    assert receiver.said() == [("remove", ["p1"]), ("add", ["p9"])]


def test_a_busy_receiver_is_asked_again_with_the_same_key(
    put: Put, declare: Declare, home: Path, receiver: Receiver
) -> None:
    put()
    receiver.script = [(503, {}), (429, {"Retry-After": "0"}), (200, {})]
    assert sync(home, declare(settings(receiver)), "loyal").dead_letters == 0
    assert receiver.said()[:3] == [("add", ["p1", "p2", "p4"])] * 3
    assert len(set(receiver.keys()[:3])) == 1


def test_a_receiver_that_stays_down_gets_the_rest_later(
    put: Put, declare: Declare, home: Path, receiver: Receiver
) -> None:
    put()
    destination = declare(settings(receiver))
    receiver.script = [(200, {}), *[(500, {})] * deliver_webhook.TRIES]
    with pytest.raises(DeliveryError, match=r"5 tries \(status 500\)"):
        sync(home, destination, "loyal")
    receiver.seen.clear()
    # newer data waits until the first export is complete
    put("update segments.membership set entered_at = '2025-03-02' where profile_id = 'p1'")
    sync(home, destination, "loyal")
    assert receiver.said() == [("add", ["p5", "p6", "p7"]), ("add", ["p9"]), ("change", ["p1"])]


def test_who_must_not_be_told_of_any_more_is_not_although_the_export_was_under_way(
    put: Put, declare: Declare, home: Path, receiver: Receiver
) -> None:
    """A receiver sends its coupon on the add, before the remove is read. The first batch may have arrived."""
    put()
    destination = declare(settings(receiver))
    receiver.script = [(500, {})] * deliver_webhook.TRIES
    with pytest.raises(DeliveryError):
        sync(home, destination, "loyal")
    receiver.seen.clear()
    put("update profiles.consent set state = 'denied' where profile_id = 'p9'")
    (home / "suppression.csv").write_text("kind,value\nprofile_id,p1\n", encoding="utf-8")
    result = sync(home, destination, "loyal")
    assert receiver.said() == [("add", ["p2", "p4"]), ("add", ["p5", "p6", "p7"]), ("remove", ["p1", "p9"])]
    assert (result.members, result.removed) == (5, 2)


def test_batches_of_another_size_leave_nobody_out(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    """The number of a batch means other members then; the keys tell them apart."""
    put()
    receiver.script = [(200, {}), (200, {}), *[(500, {})] * deliver_webhook.TRIES]
    with pytest.raises(DeliveryError):
        sync(home, declare(settings(receiver).replace("batch: 3", "batch: 1")), "loyal")
    before = set(receiver.keys())
    receiver.seen.clear()
    assert sync(home, declare(settings(receiver)), "loyal").changed is False, "all of it has arrived"
    assert receiver.said() == [("add", ["p1", "p2", "p4"]), ("add", ["p5", "p6", "p7"]), ("add", ["p9"])]
    assert not before & set(receiver.keys())


def test_everything_again_takes_back_who_left(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    put()
    sync(home, declare(settings(receiver).replace("batch: 3", "batch: 9")), "loyal")
    receiver.seen.clear()
    put("update profiles.consent set state = 'denied' where profile_id = 'p9'")
    other = declare(settings(receiver).replace("batch: 3", "batch: 9, fields: [email]"))
    planned = plan(home, other, "loyal", full=True)
    assert (planned.added, planned.removed) == (6, 1)
    result = sync(home, other, "loyal", full=True)
    assert receiver.said() == [("remove", ["p9"]), ("add", ["p1", "p2", "p4", "p5", "p6", "p7"])]
    assert (result.added, result.removed, result.members) == (6, 1, 6)


def test_a_refused_batch_is_kept_and_offered_again(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    put()
    destination = declare(settings(receiver))
    receiver.script = [(200, {}), (422, {}), (200, {})]
    result = sync(home, destination, "loyal")
    assert (result.dead_letters, result.members) == (3, 4)
    [letter] = (home / "exports" / "there" / "loyal" / "dead_letter").iterdir()
    assert letter.name == f"{result.export_id}-1-422.json"
    assert letter.stat().st_mode & 0o077 == 0
    assert [m["profile_id"] for m in json.loads(letter.read_text())["members"]] == ["p5", "p6", "p7"]
    receiver.seen.clear()
    again = sync(home, destination, "loyal")
    assert receiver.said() == [("add", ["p5", "p6", "p7"])]
    assert (again.dead_letters, again.members) == (0, 7)


@pytest.mark.parametrize("fields", ["", ", fields: [email]"])
def test_a_refused_removal_is_offered_again(
    put: Put, declare: Declare, home: Path, receiver: Receiver, fields: str
) -> None:
    """A secret that has been changed there costs a 401, and the person is there still."""
    put()
    destination = declare(settings(receiver).replace("batch: 3", f"batch: 9{fields}"))
    sync(home, destination, "loyal")
    put("update profiles.consent set state = 'denied' where profile_id = 'p9'")
    receiver.script = [(401, {})]
    result = sync(home, destination, "loyal")
    assert (result.removed, result.dead_letters, result.members) == (1, 1, 7)
    receiver.seen.clear()
    again = sync(home, destination, "loyal")
    assert receiver.said() == [("remove", ["p9"])]
    assert (again.dead_letters, again.members) == (0, 6)


def test_who_was_there_before_a_refused_change_is_there_still(
    put: Put, declare: Declare, home: Path, receiver: Receiver
) -> None:
    put()
    destination = declare(settings(receiver).replace("batch: 3", "batch: 9, fields: [email]"))
    sync(home, destination, "loyal")
    changed = "update golden_record set email = 'hal@example.com' where profile_id = 'p9'"
    put("", changed)
    receiver.script = [(422, {})]
    assert sync(home, destination, "loyal").members == 7
    receiver.seen.clear()
    put("", changed)
    sync(home, destination, "loyal")
    put("delete from segments.membership where profile_id = 'p9'", changed)
    sync(home, destination, "loyal")
    assert receiver.said() == [("change", ["p9"]), ("remove", ["p9"])]


def test_amounts_are_numbers(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    put("alter table features.profile_features add column spent decimal(18, 2) default 120.50;")
    sync(home, declare(settings(receiver).replace("batch: 3", "fields: [features.spent]")), "loyal")
    assert receiver.seen[0][1]["members"][0]["spent"] == 120.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("Mon, 10 Mar 2025 00:00:20 GMT", 20), ("Mon, 10 Mar 2025 00:00:00 -0000", 0), ("²", 0), ("soon", 0)],
)
def test_how_long_a_receiver_asks_to_wait(monkeypatch: pytest.MonkeyPatch, value: str, seconds: float) -> None:
    now = datetime(2025, 3, 10, tzinfo=UTC).timestamp()
    monkeypatch.setattr(http_answers.time, "time", lambda: now)
    assert http_answers.asked_to_wait(urllib3.HTTPResponse(headers={"Retry-After": value})) == seconds


@pytest.mark.parametrize("way", ["breaks off", "never ends"])
def test_the_status_is_the_answer_whatever_becomes_of_the_body(
    put: Put, declare: Declare, home: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(http_answers, "_SECONDS", 0.2)
    put()
    receiver.body = way
    assert sync(home, declare(settings(receiver)), "loyal").dead_letters == 0
    assert len(receiver.seen) == 3, "each batch once"


def test_a_redirect_is_not_followed(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    """Members go to the address that was declared, and to no other."""
    put()
    receiver.script = [(307, {"Location": receiver.url + "/elsewhere"})] * 3
    assert sync(home, declare(settings(receiver)), "loyal").dead_letters == 7
    assert len(receiver.seen) == 3


def test_a_receiver_is_emptied_of_those_whom_it_has(put: Put, declare: Declare, home: Path, receiver: Receiver) -> None:
    put()
    destination = declare(settings(receiver))
    receiver.script = [(200, {}), *[(500, {})] * deliver_webhook.TRIES]
    with pytest.raises(DeliveryError):
        sync(home, destination, "loyal")
    had = receiver.said()[0][1]
    receiver.seen.clear()
    result = remove(home, destination, "loyal")
    # what was under way tells of nobody any more, and all who may have been told of are taken back
    assert {op for op, _ in receiver.said()} == {"remove"}
    assert set(had) <= {one for _, ids in receiver.said() for one in ids}
    assert (result.members, result.added) == (0, 0)
    receiver.seen.clear()
    assert not remove(home, destination, "loyal").changed
    assert receiver.said() == []
