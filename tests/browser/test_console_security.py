"""Sessions, scopes, tokens of forms, headers and the audit log, over plain HTTP: no browser is needed to attack."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from console_site import Site

from cdp_pipeline.judgements import live_judgements
from profiles.keys import KeyStore
from profiles.ops import ops_path

Enter = Callable[[str], httpx.Client]


@pytest.fixture
def enter(site: Site) -> Iterator[Enter]:
    """Gives a client that signed in with a key's token; it follows no redirects."""
    clients = []

    def sign_in(token: str) -> httpx.Client:
        client = httpx.Client(base_url=site.url)
        clients.append(client)
        answer = client.post("/console/login", data={"csrf": token_of(client.get("/console/login")), "key": token})
        assert answer.status_code == 303, answer.text
        return client

    yield sign_in
    for client in clients:
        client.close()


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


def audit(site: Site, action: str) -> list[tuple[str, str, int]]:
    with sqlite3.connect(ops_path(site.home)) as con:
        rows = con.execute(
            "select profile_id, detail, profiles from audit_log where action = ? order by audit_id", (action,)
        ).fetchall()
    con.close()
    return rows


PLACES = [
    "",
    "/",
    "/segments",
    "/segments/early",
    "/profiles",
    "/profiles/x",
    "/review",
    "/review/why",
    "/touchpoints",
    "/quality",
]


@pytest.mark.parametrize("path", PLACES)
def test_nobody_sees_a_page_without_a_session(path: str, site: Site) -> None:
    for cookies in ({}, {"cdp_session": "guess"}):
        answer = httpx.get(f"{site.url}/console{path}", cookies=cookies)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")


def test_signing_in_leads_to_the_page_that_was_asked_for(site: Site) -> None:
    for asked, expected in (
        ("/console/segments/early?after=p1", "/console/segments/early?after=p1"),
        ("/console", "/console"),
        ("/console/segments/%0d%0aSet-Cookie:%20a=b", "/console"),
        ("/console/segments/<script>", "/console"),
    ):
        with httpx.Client(base_url=site.url) as client:
            login = client.get(asked, follow_redirects=True)
            assert "session is over" not in login.text, "there was none"
            entered = client.post("/console/login", data={"csrf": token_of(login), "key": site.keys["narrow"]})
            assert (entered.status_code, entered.headers["location"]) == (303, expected)
            assert client.cookies.get("cdp_back") is None
    with httpx.Client(base_url=site.url) as client:
        client.cookies.set("cdp_back", "https://evil.example/", domain="127.0.0.1", path="/console")
        login = client.get("/console/login")
        entered = client.post("/console/login", data={"csrf": token_of(login), "key": site.keys["narrow"]})
        assert entered.headers["location"] == "/console"


def test_whose_session_is_over_is_told_and_that_a_form_was_lost(site: Site, enter: Enter) -> None:
    client = enter(site.keys["steward"])
    csrf = token_of(client.get("/console/review"))
    with sqlite3.connect(ops_path(site.home)) as con:
        con.execute("update console_sessions set expires_at = '2020-01-01T00:00:00.000000Z'")
    con.close()
    piece = client.get("/console/review/why?part=1", headers={"Sec-Fetch-Dest": "empty"})
    assert piece.status_code == 303 and "cdp_back" not in piece.headers.get("set-cookie", "")
    assert "Your session is over. Sign in again." in client.get("/console/review", follow_redirects=True).text
    fields = {"csrf": csrf, "verdict": "positive", "record_l": "crm:people:0", "record_r": "crm:people:1", "at": "0"}
    login = client.post("/console/review/judge", data=fields, follow_redirects=True)
    assert "What you sent last was not taken" in login.text
    entered = client.post("/console/login", data={"csrf": token_of(login), "key": site.keys["steward"]})
    assert entered.headers["location"] == "/console"
    assert live_judgements(ops_path(site.home)) == []


def test_addresses_without_a_page_are_told_as_pages(site: Site, enter: Enter) -> None:
    client = enter(site.keys["narrow"])
    asking = {"Accept": "text/html,*/*;q=0.8"}
    for path, status in (("/", 404), ("/console/nothing", 404), ("/console/review/judge", 405)):
        page = client.get(path, headers=asking)
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert "There is no such page." in page.text
    assert 'href="/console/segments"' in client.get("/console/segments/nope").text, "the way on is there"
    assert 'action="/console/logout"' in client.get("/console/review").text
    assert client.get("/v1/nothing", headers=asking).headers["content-type"] == "application/problem+json"
    assert client.get("/console/nothing").headers["content-type"] == "application/problem+json"


def test_a_list_of_hits_loaded_anew_is_the_form(site: Site, enter: Enter) -> None:
    assert 'name="q"' in enter(site.keys["steward"]).get("/console/profiles/search").text


def test_scopes_open_their_pages_only(site: Site, enter: Enter) -> None:
    client = enter(site.keys["narrow"])
    status = {path: client.get(f"/console{path}").status_code for path in ("", "/segments", "/profiles", "/review")}
    assert status == {"": 200, "/segments": 200, "/profiles": 403, "/review": 403}
    assert 'href="/console/review"' not in client.get("/console").text
    csrf = token_of(client.get("/console"))
    for path in ("/review/judge", "/review/undo", "/profiles/search"):
        assert client.post(f"/console{path}", data={"csrf": csrf, "q": "x"}).status_code == 403


def test_masked_keys_see_no_personal_value(site: Site, enter: Enter) -> None:
    client = enter(site.keys["masked"])
    csrf = token_of(client.get("/console/profiles"))
    found = client.post("/console/profiles/search", data={"csrf": csrf, "q": "person0@mail.example"})
    assert found.status_code == 303
    page = client.get(found.headers["location"]).text
    assert "p***@mail.example" in page
    for value in ("person0@mail.example", "abelard", "Elm Street", "+12025551000", "1950-01-01"):
        assert value not in page
    names = client.post("/console/profiles/search", data={"csrf": csrf, "q": "anna abelard"})
    assert "Nobody found" in names.text
    assert "abelard" not in client.get("/console/segments/early").text


@pytest.mark.parametrize(
    "path", ["/logout", "/language", "/segments/early/export", "/profiles/search", "/review/judge"]
)
def test_forms_need_the_token_of_the_session(path: str, site: Site, enter: Enter) -> None:
    client, other = enter(site.keys["steward"]), enter(site.keys["steward"])
    stolen = token_of(other.get("/console"))
    own = token_of(client.get("/console"))
    fields = {"verdict": "positive", "record_l": "crm:people:0", "record_r": "crm:people:1", "at": "0", "q": "x"}
    for given in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": stolen}):
        assert client.post(f"/console{path}", data=fields | given).status_code == 403
    foreign = client.post(f"/console{path}", data=fields | {"csrf": own}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert client.post(f"/console{path}", json=fields | {"csrf": own}).status_code == 415
    assert client.get("/console").status_code == 200


def test_sign_in_needs_its_token_and_a_key(site: Site) -> None:
    with httpx.Client(base_url=site.url) as client:
        assert client.post("/console/login", data={"key": site.keys["steward"]}).status_code == 403
        csrf = token_of(client.get("/console/login"))
        refused = client.post("/console/login", data={"csrf": csrf, "key": "cdp_000000000000_" + "x" * 43})
        assert refused.status_code == 401
        assert "This key opens nothing" in refused.text
        assert "x" * 43 not in refused.text


def test_the_session_ends_with_sign_out_and_with_its_key(site: Site, enter: Enter) -> None:
    with KeyStore(ops_path(site.home)) as store:
        token, key = store.new("leaver", ["segments:read"], created_by="test")
        time.sleep(1.1)  # another process's keys are known after a second
        client = enter(token)
        assert client.get("/console/segments").status_code == 200
        store.revoke(key.key_id, revoked_by="test")
        assert client.get("/console/segments").status_code == 303
    client = enter(site.keys["narrow"])
    cookie = client.cookies["cdp_session"]
    assert client.post("/console/logout", data={"csrf": token_of(client.get("/console"))}).status_code == 303
    assert httpx.get(f"{site.url}/console", cookies={"cdp_session": cookie}).status_code == 303
    with sqlite3.connect(ops_path(site.home)) as con:
        hashes = [row[0] for row in con.execute("select token_hash from console_sessions")]
        con.execute("update console_sessions set expires_at = '2020-01-01T00:00:00.000000Z'")
    con.close()
    assert hashes
    assert cookie not in hashes
    client = enter(site.keys["narrow"])
    with sqlite3.connect(ops_path(site.home)) as con:
        con.execute("update console_sessions set expires_at = '2020-01-01T00:00:00.000000Z'")
    con.close()
    assert client.get("/console").status_code == 303


def test_cookies_and_headers(site: Site) -> None:
    with httpx.Client(base_url=site.url) as client:
        login = client.get("/console/login")
        answer = client.post("/console/login", data={"csrf": token_of(login), "key": site.keys["narrow"]})
        session = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("cdp_session="))
        assert {"HttpOnly", "SameSite=strict", "Path=/console"} <= {part.strip() for part in session.split(";")}
        page = client.get("/console")
        policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        # nothing that the policy would have to stop
        assert re.findall(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", page.text) == []
        assert len(page.headers.get_list("content-security-policy")) == 1


def test_language_leads_back_inside_only(site: Site, enter: Enter) -> None:
    client = enter(site.keys["narrow"])
    csrf = token_of(client.get("/console"))
    for back, expected in (
        ("/console/segments/early?after=p1", "/console/segments/early?after=p1"),
        ("//evil.example/console", "/console"),
        ("https://evil.example/", "/console"),
        ("/console/\r\nSet-Cookie: a=b", "/console"),
        ("/consoles", "/console"),
    ):
        answer = client.post("/console/language", data={"csrf": csrf, "language": "zh", "back": back})
        assert (answer.status_code, answer.headers["location"]) == (303, expected)
    assert "细分人群" in client.get("/console/segments").text


def test_every_look_at_a_person_is_in_the_audit_log(site: Site, enter: Enter) -> None:
    client = enter(site.keys["steward"])
    csrf = token_of(client.get("/console"))
    before = {name: len(audit(site, name)) for name in ("profile_clear", "search", "segment_members", "segment_export")}
    place = client.post("/console/profiles/search", data={"csrf": csrf, "q": "person3@mail.example"}).headers[
        "location"
    ]
    client.get(place)
    client.get("/console/segments/early")
    client.post("/console/segments/early/export", data={"csrf": csrf})
    assert audit(site, "profile_clear")[before["profile_clear"] :] == [(place.rsplit("/", 1)[1], "", 1)]
    assert audit(site, "search")[before["search"] :] == [("", "", 1)]
    assert audit(site, "segment_members")[before["segment_members"] :] == [("", "early", 12)]
    assert audit(site, "segment_export")[before["segment_export"] :] == [("", "early", 12)]
    with sqlite3.connect(ops_path(site.home)) as con:
        told = str(con.execute("select * from audit_log").fetchall())
    con.close()
    assert "person3" not in told


@pytest.mark.parametrize("name", ["' or 1=1 --", "early'; drop table x", "..%2f..%2fetc", "%00", "\u202e"])
def test_what_is_typed_into_addresses_does_no_harm(name: str, site: Site, enter: Enter) -> None:
    client = enter(site.keys["steward"])
    for path in (f"/segments/{name}", f"/profiles/{name}", f"/touchpoints/{name}"):
        assert client.get(f"/console{path}").status_code == 404, path
    assert client.get("/console/segments/early", params={"after": name}).status_code == 200
    assert client.get("/console/review", params={"at": name, "done": name}).status_code == 200
    assert client.get("/console/review/why", params={"l": name, "r": name}).status_code == 404
    assert client.get("/console/touchpoints", params={"channel": name}).status_code == 200
    csrf = token_of(client.get("/console"))
    assert "Nobody found" in client.post("/console/profiles/search", data={"csrf": csrf, "q": name}).text


def test_erased_and_unknown_profiles(site: Site, enter: Enter) -> None:
    client = enter(site.keys["steward"])
    assert client.get("/console/profiles/erased-1").status_code == 410
    assert client.get("/console/profiles/nobody").status_code == 404
    assert client.get("/console/segments/nothing").status_code == 404
