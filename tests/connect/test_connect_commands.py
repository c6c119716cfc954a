"""``cdp connect`` and ``connect.yml``: what a person types, and the one line that every mistake is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from api_server import FakeApi, Fault
from pull_home import ENV, configure, ids
from test_shopify_pull import at, customer

from cdp_pipeline.cli import main
from cdp_pipeline.connect import ConnectConfigError, load_connections
from cdp_pipeline.home import Home


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)


def cdp(capsys: pytest.CaptureFixture[str], home: Home, *arguments: str) -> tuple[int, str, str]:
    code = main(["connect", *arguments, "--home", str(home.root)])
    out, err = capsys.readouterr()
    return code, out, err


def test_pull_lands_under_today_and_list_tells_how_far_it_is(
    capsys: pytest.CaptureFixture[str], home: Home, api: FakeApi
) -> None:
    configure(home, api, "objects: [checkouts, customers], schedule: '15 * * * *'", "objects: [users]")
    api.lists = {"customers": [customer(1, at(1)), customer(2, at(2))], "checkouts": []}
    before = datetime.now(UTC).date()
    code, out, err = cdp(capsys, home, "pull", "shop")
    assert (code, err) == (0, "")
    assert out.splitlines()[-4:] == [
        "object     records  files",
        "customers        2      1",
        "checkouts        0      0",
        "2 requests, 0 repeated, 0 times told to wait, 0 s waited",
    ]
    (day,) = home.landed("shopify", "customers").iterdir()
    assert day.name in {f"dt={before}", f"dt={before + timedelta(days=1)}"}
    code, out, _ = cdp(capsys, home, "list", "--json")
    rows = [(r["connection"], r["object"], r["up_to"], r["records"], r["outcome"]) for r in json.loads(out)]
    assert rows == [
        ("shop", "shopify/customers", "2025-03-01T15:02:00Z", 2, "ok"),
        ("shop", "shopify/checkouts", None, 0, "ok"),
        ("desk", "zendesk/users", None, 0, "never pulled"),
    ]


def test_pull_takes_objects_a_start_and_a_day(capsys: pytest.CaptureFixture[str], home: Home, api: FakeApi) -> None:
    api.lists = {"customers": [customer(1, at(1))]}
    code, out, err = cdp(
        capsys, home, "pull", "shop", "customers", "--since", "2025-02-01", "--dt", "2025-03-10", "--json"
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["objects"] == {
        "customers": {"records": 1, "files": ["shopify/customers/dt=2025-03-10/shop-000001.jsonl.zst"], "failure": ""}
    }
    assert api.seen[0].params["updated_at_min"] == "2025-02-01T00:00:00Z"


def test_a_failed_pull_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], home: Home, api: FakeApi
) -> None:
    api.lists = {"customers": [customer(1)], "checkouts": []}
    api.faults = [Fault("customers", status=403)]
    code, _, err = cdp(capsys, home, "pull", "shop", "customers", "checkouts")
    assert code == 1
    assert err == ("cdp: shop: /admin/api/2025-01/customers.json: status 403, the token has no right to read this\n")
    assert ids(home, "shopify", "customers") == []


def test_check_asks_once(capsys: pytest.CaptureFixture[str], home: Home, api: FakeApi) -> None:
    assert cdp(capsys, home, "check", "shop") == (0, f"shop: {api.url[7:]} accepts the credentials\n", "")
    assert cdp(capsys, home, "check", "desk")[0] == 0
    # Zendesk does not refuse a stranger here, it calls him anonymous.
    api.change = lambda seen, document: {"user": {"id": None, "name": "Anonymous user"}}
    code, out, err = cdp(capsys, home, "check", "desk")
    assert (code, out) == (1, "")
    assert err == "cdp: desk: the token was refused (the API sees an anonymous user)\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["pull", "shp"], "cdp: connect.yml: no connection 'shp': did you mean 'shop'?"),
        (["pull", "shop", "order"], "cdp: shop: shopify has no object 'order' to pull: did you mean 'orders'?"),
        (["pull", "shop", "--since", "soon"], "cdp: argument --since: 'soon' is neither a day nor an ISO time"),
        (["pull", "shop", "--dt", "2999-01-01"], "cdp: --dt 2999-01-01 lies in the future"),
        (["check", "nobody"], "cdp: connect.yml: no connection 'nobody': it has shop, desk"),
    ],
)
def test_bad_usage(capsys: pytest.CaptureFixture[str], home: Home, arguments: list[str], line: str) -> None:
    code, out, err = cdp(capsys, home, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(line)


def test_missing_secrets_are_bad_usage(
    capsys: pytest.CaptureFixture[str], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDP_CONNECT_SHOP_TOKEN")
    code, _, err = cdp(capsys, home, "pull", "shop")
    assert code == 2
    assert err.startswith("cdp: shop: no token: set CDP_CONNECT_SHOP_TOKEN, or write ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- shop", "connect.yml: expected connections by name"),
        ("a: {}\nshop: [1", "connect.yml line 2: not valid YAML"),
        ("Shop: {type: shopify}", "connect.yml: Shop: a name is a-z, 0-9 and _"),
        ("shop: {type: magento}", "connect.yml: shop: type must be one of shopify, zendesk"),
        ("shop: {type: shopify}", "connect.yml: shop: shop must be the name before .myshopify.com"),
        ("shop: {type: shopify, shop: 'a/b'}", "connect.yml: shop: shop must be the name before .myshopify.com"),
        ("shop: {type: shopify, shop: a, token: x}", "connect.yml: shop: unknown key 'token': secrets belong in the"),
        ("shop: {type: shopify, shop: a, object: [x]}", "unknown key 'object': did you mean 'objects'?"),
        ("shop: {type: shopify, shop: a, objects: [ordrs]}", "no object 'ordrs' to pull: did you mean 'orders'?"),
        ("shop: {type: shopify, shop: a, overlap: 10}", "'10' is no duration like 90s, 10m, 2h or 30d"),
        ("shop: {type: shopify, shop: a, schedule: hourly}", "schedule must be a cron expression of five parts"),
        ("shop: {type: shopify, base_url: 'http://shop.example.com'}", "must be https, the token would travel in"),
        ("shop: {type: shopify, base_url: 'ftp://x'}", "base_url must look like https://shop.example.com"),
        ("desk: {type: zendesk, subdomain: a, auth: basic}", "auth must be one of oauth, api_token"),
        ("desk: {type: zendesk, subdomain: a, auth: api_token}", "auth api_token needs user"),
        ("desk: {type: zendesk, subdomain: a, start: long ago}", "start must be a day or a time like 2024-01-01"),
        ("desk: {type: zendesk, subdomain: a, page_size: 9999}", "page_size must be a whole number from 0 to 1000"),
    ],
)
def test_what_connect_yml_cannot_say(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "connect.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConnectConfigError) as caught:
        load_connections(Home(tmp_path))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_connect_yml_says(tmp_path: Path) -> None:
    (tmp_path / "connect.yml").write_text(
        """
        shop: {type: shopify, shop: paper-and-pens, objects: [orders, customers], start: 2024-01-01, overlap: 2h}
        desk: {type: zendesk, subdomain: paper, auth: api_token, user: agent@example.com, overlaps: {tickets: 1d}}
        """,
        encoding="utf-8",
    )
    found = load_connections(Home(tmp_path))
    shop, desk = found["shop"], found["desk"]
    assert (shop.base_url, desk.base_url) == ("https://paper-and-pens.myshopify.com", "https://paper.zendesk.com")
    assert shop.objects == ("customers", "orders"), "people before what refers to them"
    assert shop.start == datetime(2024, 1, 1, tzinfo=UTC)
    assert shop.overlap_of("orders") == timedelta(hours=2)
    assert [desk.overlap_of(o) for o in ("users", "tickets", "satisfaction_ratings")] == [
        timedelta(minutes=10),
        timedelta(days=1),
        timedelta(days=30),
    ]
    assert load_connections(Home(tmp_path / "elsewhere")) == {}
