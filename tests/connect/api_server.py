"""A local server that behaves like the Admin API of a shop and the Support API of a desk, limits and faults included.

Records are given as the APIs deliver them. Lists page by key (update time, id) like the real ones, so that a record
that changes between two pages moves behind the reader and no other is skipped.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Json = dict[str, Any]


@dataclass
class Fault:
    """What happens to the next `times` requests whose path holds `path`, in place of the right answer.

    `reset` breaks the connection off, `cut` sends half of the right body, `delay` seconds come before the answer.
    """

    path: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1
    reset: bool = False
    cut: bool = False
    delay: float = 0.0


@dataclass
class Seen:
    """One request that arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


class Refusal(Exception):
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers or {}


class FakeApi:
    """State of the server; change it between and during pulls. `now` is the server's clock."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Json]] = {}
        self.comments: dict[int, list[Json]] = {}
        self.identities: list[Json] = []
        self.metrics: list[Json] = []
        self.tokens = {"shop-token-0001"}
        self.refresh_tokens = {"refresh-0001"}
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.before: Callable[[Seen], None] = lambda seen: None
        self.extra_headers: Callable[[], dict[str, str]] = dict
        self.admit: Callable[[Seen], None] = lambda seen: None
        self.change: Callable[[Seen, Json], Json] = lambda seen, document: document
        self.ordered = True
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.send_date = True
        self.dead_cursors: set[str] = set()
        self.forget_links = False
        self.issued = 1
        self.url = ""

    def paths(self, part: str = "") -> list[str]:
        return [s.path for s in self.seen if part in s.path]

    # --- the two APIs -------------------------------------------------------------------------------------------

    def answer(self, seen: Seen) -> tuple[Json, dict[str, str]]:
        if seen.path == "/oauth/tokens":
            return self._renewed(seen), {}
        self._authorise(seen)
        self.admit(seen)
        if seen.path.startswith("/admin/api/"):
            return self._shop(seen)
        return self._desk(seen), {}

    def _authorise(self, seen: Seen) -> None:
        given = seen.headers.get("x-shopify-access-token") or seen.headers.get("authorization", "")
        if given.startswith("Basic "):
            given = base64.b64decode(given[6:]).decode().partition("/token:")[2]
        if given.removeprefix("Bearer ") not in self.tokens:
            raise Refusal(401)

    def _renewed(self, seen: Seen) -> Json:
        body = json.loads(seen.params["body"])
        assert body["grant_type"] == "refresh_token"
        known = body["refresh_token"] in self.refresh_tokens and body["client_secret"].endswith("secret-01")
        if not known:
            raise Refusal(400)
        self.issued += 1
        pair = {"access_token": f"access-{self.issued:04d}", "refresh_token": f"refresh-{self.issued:04d}"}
        self.tokens, self.refresh_tokens = {pair["access_token"]}, {pair["refresh_token"]}
        return pair

    def _shop(self, seen: Seen) -> tuple[Json, dict[str, str]]:
        name = seen.path.rpartition("/")[2].removesuffix(".json")
        if name == "shop":
            return {"shop": {"id": 1}}, {}
        asked = dict(seen.params)
        if "page_info" in asked:
            if set(asked) - {"page_info", "limit", "fields"} or self.forget_links:
                raise Refusal(400)
            asked = {**json.loads(base64.urlsafe_b64decode(asked["page_info"])), "limit": asked["limit"]}
        limit = int(asked.get("limit", 50))
        if limit > 250:
            raise Refusal(400)
        rows = list(self.lists[name])
        if name == "orders" and asked.get("status") != "any":
            rows = [r for r in rows if r.get("closed_at") is None]
        if "updated_at_min" in asked:
            rows = [r for r in rows if moment(r["updated_at"]) >= moment(asked["updated_at_min"])]
        in_order = self.ordered and asked.get("order") == "updated_at asc"

        def key(record: Json) -> list[Any]:
            return [moment(record["updated_at"]).timestamp() if in_order else 0, record["id"]]

        rows = sorted(rows, key=key)
        if "last" in asked:
            rows = [r for r in rows if key(r) > asked["last"]]
        page, rest = rows[:limit], rows[limit:]
        headers = {}
        if rest:
            keep = {k: v for k, v in asked.items() if k not in ("limit", "last")}
            info = base64.urlsafe_b64encode(json.dumps({**keep, "last": key(page[-1])}).encode()).decode()
            link = f"{self.url}{seen.path}?{urlencode({'limit': limit, 'page_info': info})}"
            headers["Link"] = f'<{self.url}/elsewhere>; rel="previous", <{link}>; rel="next"'
        if "fields" in asked:
            page = [{f: r[f] for f in asked["fields"].split(",") if f in r} for r in page]
        return {name: page}, headers

    def _desk(self, seen: Seen) -> Json:
        parts = seen.path.removeprefix("/api/v2/").removesuffix(".json").split("/")
        if parts == ["users", "me"]:
            return {"user": {"id": 900000000900, "role": "admin"}}
        if parts[0] == "incremental":
            return self._export(parts[1], seen.params)
        if parts[0] == "tickets":
            number = int(parts[1])
            if number not in self.comments:
                raise Refusal(404)
            return self._listed("comments", self.comments[number], seen)
        rows = self.lists[parts[0]]
        if "start_time" in seen.params:
            rows = [r for r in rows if moment(r["updated_at"]).timestamp() >= int(seen.params["start_time"])]
        return self._listed(parts[0], rows, seen)

    def _listed(self, name: str, rows: list[Json], seen: Seen) -> Json:
        size, at = int(seen.params.get("page[size]", 100)), int(seen.params.get("page[after]", 0))
        more = at + size < len(rows)
        query = {**seen.params, "page[after]": at + size}
        following = f"{self.url}{seen.path}?{urlencode(query)}" if more else None
        return {name: rows[at : at + size], "meta": {"has_more": more}, "links": {"next": following}}

    def _export(self, name: str, params: dict[str, str]) -> Json:
        until = (self.now() - timedelta(minutes=1)).timestamp()

        def key(record: Json) -> list[Any]:
            at = record.get("generated_timestamp") or moment(record["updated_at"]).timestamp()
            return [at, record["id"]]

        rows = sorted((r for r in self.lists[name] if key(r)[0] <= until), key=key)
        if "cursor" in params:
            if params["cursor"] in self.dead_cursors:
                raise Refusal(422)
            last = json.loads(base64.urlsafe_b64decode(params["cursor"]))
            rows = [r for r in rows if key(r) > last]
        else:
            start = int(params["start_time"])
            if start > until:
                raise Refusal(400)
            rows = [r for r in rows if key(r)[0] >= start]
            last = [start - 1, 0]
        size = int(params.get("per_page", 1000))
        page = rows[:size]
        after = base64.urlsafe_b64encode(json.dumps(key(page[-1]) if page else last).encode()).decode()
        document: Json = {name: page, "after_cursor": after, "end_of_stream": len(rows) <= size}
        ids = {r["id"] for r in page}
        if params.get("include") == "identities":
            document["identities"] = [i for i in self.identities if i["user_id"] in ids]
        if params.get("include") == "metric_sets":
            document["metric_sets"] = [m for m in self.metrics if m["ticket_id"] in ids]
        return document


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeApi

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        params = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if method == "POST":
            params["body"] = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        seen = Seen(method, parts.path, params, {k.lower(): v for k, v in self.headers.items()})
        self.api.seen.append(seen)
        self.api.before(seen)
        fault = next((f for f in self.api.faults if f.times > 0 and f.path in parts.path), None)
        if fault is not None:
            fault.times -= 1
            if fault.delay:
                time.sleep(fault.delay)
            if fault.reset:
                self.close_connection = True
                self.connection.close()
                return
            if fault.status:
                self._send(fault.status, fault.headers, fault.body)
                return
        try:
            document, headers = self.api.answer(seen)
        except Refusal as refusal:
            self._send(refusal.status, refusal.headers, "{}")
            return
        text = json.dumps(self.api.change(seen, document))
        self._send(200, {**headers, **self.api.extra_headers()}, text, cut=fault is not None and fault.cut)

    def _send(self, status: int, headers: dict[str, str], body: str, *, cut: bool = False) -> None:
        data = body.encode()
        self.send_response_only(status)
        if self.api.send_date:
            self.send_header("Date", format_datetime(self.api.now(), usegmt=True))
        for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Nothing: the tests look at `FakeApi.seen`."""


@contextmanager
def serving(api: FakeApi) -> Iterator[FakeApi]:
    """Run the server on a free port for as long as the block lasts."""
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
