"""Pulls from the shop: everything that it has lands once, what changes lands again, and ingest reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zstandard
from api_server import FakeApi, Fault, Seen
from pull_home import DAY, configure, ids, ingest, landed, raw

from cdp_pipeline.connect.errors import ConnectConfigError
from cdp_pipeline.connect.pull import PullResult
from cdp_pipeline.home import Home

Pulled = Callable[..., PullResult]


def customer(number: int, updated: str = "2025-03-01T10:00:00-05:00", **facts: Any) -> dict[str, Any]:
    email = f"guest{number}@example.com"
    return {"id": 7000000000000 + number, "email": email, "verified_email": True, "updated_at": updated, **facts}


def order(number: int, updated: str = "2025-03-01T10:00:00-05:00", **facts: Any) -> dict[str, Any]:
    base = {"id": 6000000000000 + number, "name": f"#{number}", "currency": "USD", "total_price": "12.50"}
    times = {"processed_at": "2025-03-01T09:00:00-05:00", "updated_at": updated, "closed_at": None}
    return {**base, **times, "refunds": [], "line_items": [], **facts}


def at(minute: int) -> str:
    """A time of 1 March 2025, minutes after ten in the shop's zone."""
    return (datetime.fromisoformat("2025-03-01T10:00:00-05:00") + timedelta(minutes=minute)).isoformat()


def test_every_object_goes_through_ingest_into_raw(home: Home, api: FakeApi, pulled: Pulled) -> None:
    refund = {
        "id": 4000000000001,
        "created_at": "2025-03-02T09:00:00-05:00",
        "transactions": [{"amount": "2.50", "kind": "refund", "status": "success"}],
    }
    api.lists = {
        "customers": [customer(1, phone="+12025550101"), customer(2, first_name="Ana", last_name="名字")],
        "orders": [order(1, closed_at=at(1), refunds=[refund]), order(2)],
        "checkouts": [
            {"id": 3000000000001, "token": "t1", "created_at": at(0), "updated_at": at(4), "completed_at": None}
        ],
        "products": [
            {
                "id": 5000000000001,
                "title": "Mug",
                "vendor": "Kiln",
                "variants": [
                    {"id": 5100000000001, "sku": "MUG-BLUE", "price": "15.00"},
                    {"id": 5100000000002, "sku": "MUG-RED", "price": "16.00"},
                ],
                "updated_at": at(0),
            }
        ],
    }
    result = pulled("shop")
    assert {o.obj: o.records for o in result.objects} == {
        "customers": 2,
        "products": 2,
        "orders": 2,
        "refunds": 1,
        "checkouts": 1,
    }
    assert not result.failed
    assert all(r.quarantined == 0 and not r.failed_files for r in ingest(home))
    assert raw(home, "shopify", "customers", "customer_id, email, phone, family_name") == [
        ("7000000000001", "guest1@example.com", "+12025550101", None),
        ("7000000000002", "guest2@example.com", None, "名字"),
    ]
    assert raw(home, "shopify", "orders", "order_id, total_amount::varchar, updated_at") == [
        ("6000000000001", "12.5000", datetime(2025, 3, 1, 15, 0)),
        ("6000000000002", "12.5000", datetime(2025, 3, 1, 15, 0)),
    ]
    # The refund's own list has no order; it is the order that it was found in.
    assert raw(home, "shopify", "refunds", "refund_id, order_id, transactions->>'$[0].amount'") == [
        ("4000000000001", "6000000000001", "2.50")
    ]
    assert raw(home, "shopify", "checkouts", "checkout_id, completed_at") == [("3000000000001", None)]
    assert raw(home, "shopify", "products", "variant_id, product_id, sku, title, price_amount::varchar") == [
        ("5100000000001", "5000000000001", "MUG-BLUE", "Mug", "15.0000"),
        ("5100000000002", "5000000000001", "MUG-RED", "Mug", "16.0000"),
    ]


def test_pages_follow_the_link_header(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "page_size: 2")
    api.lists = {"customers": [customer(n, at(n)) for n in range(1, 8)]}
    result = pulled("shop", "customers")
    assert ids(home, "shopify", "customers") == [7000000000000 + n for n in range(1, 8)]
    assert result.requests == 4
    first, second = api.seen[0].params, api.seen[1].params
    assert first == {"limit": "2", "order": "updated_at asc"}
    assert set(second) == {"limit", "page_info"}, "the API refuses filters beside page_info"


def test_a_second_pull_asks_from_the_mark_less_the_overlap(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "overlap: 5m")
    api.lists = {"customers": [customer(1, at(0)), customer(2, at(56)), customer(3, at(60))]}
    pulled("shop", "customers")
    api.lists["customers"][0] = customer(1, at(90), first_name="Ana")
    pulled("shop", "customers")
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T15:55:00Z"
    # 2 and 3 lie in the overlap; the newest version of each id counts downstream.
    assert [i - 7000000000000 for i in ids(home, "shopify", "customers")] == [1, 2, 3, 2, 3, 1]
    assert landed(home, "shopify", "customers")[-1]["first_name"] == "Ana"


def test_a_pull_without_news_lands_no_file(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "overlap: 0s")
    api.lists = {"customers": []}
    assert pulled("shop", "customers").objects[0].files == ()
    assert not (home.landing / "shopify").exists(), "an empty day would move the as-of"


def test_records_that_change_between_pages_are_not_lost(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "page_size: 2")
    api.lists = {"customers": [customer(n, at(n)) for n in range(1, 6)]}

    def touch(seen: Seen) -> None:
        if len(api.seen) == 2:  # before the second page: 2 moves behind the reader, 5 changes before it was read
            api.lists["customers"][1] = customer(2, at(30), first_name="new")
            api.lists["customers"][4] = customer(5, at(31), first_name="new")

    api.before = touch
    pulled("shop", "customers")
    found = [(r["id"] - 7000000000000, r.get("first_name")) for r in landed(home, "shopify", "customers")]
    assert found == [(1, None), (2, None), (3, None), (4, None), (2, "new"), (5, "new")]


def test_an_unordered_list_is_asked_again_from_the_moment_the_pull_began(
    home: Home, api: FakeApi, pulled: Pulled
) -> None:
    """The server ignores the order; a record that was read changes while later pages bring newer ones."""
    configure(home, api, "page_size: 1, overlap: 0s")
    api.ordered = False
    api.now = lambda: datetime(2025, 3, 1, 16, 0, tzinfo=UTC)
    api.lists = {"customers": [customer(1, at(10)), customer(2, at(5)), customer(3, at(8))]}

    def touch(seen: Seen) -> None:
        if len(api.seen) == 3:
            api.lists["customers"][0] = customer(1, at(70), first_name="new")  # 16:10, after the pull began
            api.lists["customers"][2] = customer(3, at(80))

    api.before = touch
    pulled("shop", "customers")
    assert [r.get("first_name") for r in landed(home, "shopify", "customers")] == [None, None, None]
    pulled("shop", "customers")
    assert api.seen[-2].params["updated_at_min"] == "2025-03-01T16:00:00Z"
    assert "new" in [r.get("first_name") for r in landed(home, "shopify", "customers")]


def test_the_server_s_clock_counts_and_not_ours(home: Home, api: FakeApi, pulled: Pulled) -> None:
    """The shop's clock stands in 2025; ours does not matter."""
    configure(home, api, "overlap: 0s")
    api.now = lambda: datetime(2025, 3, 1, 15, 30, tzinfo=UTC)
    api.lists = {"customers": [customer(1, at(10)), customer(2, at(45))]}  # 2 is 15 minutes in its future
    pulled("shop", "customers")
    pulled("shop", "customers")
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T15:30:00Z"


def test_a_long_list_is_begun_anew_where_it_has_got_to(
    home: Home, api: FakeApi, pulled: Pulled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shopify does not page a list without end."""
    monkeypatch.setattr("cdp_pipeline.connect.shopify.RENEW_AFTER_PAGES", 2)
    configure(home, api, "page_size: 2")
    api.lists = {"customers": [customer(n, at(n)) for n in range(1, 8)]}
    pulled("shop", "customers")
    asked = [s.params.get("updated_at_min") for s in api.seen]
    assert asked == [None, None, "2025-03-01T15:04:00Z", None]
    assert [i - 7000000000000 for i in ids(home, "shopify", "customers")] == [1, 2, 3, 4, 4, 5, 6, 7]


def test_many_records_of_one_second_do_not_begin_anew_for_ever(
    home: Home, api: FakeApi, pulled: Pulled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdp_pipeline.connect.shopify.RENEW_AFTER_PAGES", 1)
    configure(home, api, "page_size: 2, start: 2025-03-01T15:00:00Z")
    api.lists = {"customers": [customer(n, at(0)) for n in range(1, 8)]}
    assert pulled("shop", "customers").requests == 4
    assert ids(home, "shopify", "customers") == [7000000000000 + n for n in range(1, 8)]


def test_snapshots_of_one_day_take_each_other_s_place(home: Home, api: FakeApi, pulled: Pulled) -> None:
    def product(number: int) -> dict[str, Any]:
        variant = {"id": number * 10, "sku": f"SKU-{number}", "price": "1.00"}
        return {"id": number, "title": "Mug", "variants": [variant], "updated_at": at(0)}

    configure(home, api, "page_size: 1")
    api.lists = {"products": [product(1), product(2), product(3)]}
    pulled("shop", "products")
    ingest(home)
    api.lists = {"products": [product(1), product(3)]}
    pulled("shop", "products")
    ingest(home)
    assert raw(home, "shopify", "products", "sku") == [("SKU-1",), ("SKU-3",)]


def test_half_a_snapshot_is_none(home: Home, api: FakeApi, pulled: Pulled) -> None:
    """What is absent from the newest day counts as deleted, so a list that breaks off must not land."""
    configure(home, api, "page_size: 1, pages_per_file: 1")
    api.lists = {"products": [{"id": n, "variants": [{"id": n, "sku": f"S{n}"}], "updated_at": at(0)} for n in (1, 2)]}
    api.before = lambda seen: api.faults.append(Fault(status=403)) if len(api.seen) == 2 else None
    (one,) = pulled("shop", "products").objects
    assert (one.records, one.files, one.may_pass) == (0, (), False)
    assert [p for p in home.landing.rglob("*") if p.is_file()] == []


def test_without_a_server_clock_only_the_order_is_trusted(home: Home, api: FakeApi, pulled: Pulled) -> None:
    configure(home, api, "overlap: 0s")
    api.send_date = False
    api.lists = {"customers": [customer(1, at(10)), customer(2, at(20))]}
    pulled("shop", "customers")
    pulled("shop", "customers")
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T15:20:00Z"
    api.ordered = False
    api.lists = {"customers": [customer(1, at(50)), customer(2, at(40))]}
    pulled("shop", "customers")
    pulled("shop", "customers")
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T15:20:00Z", "the mark stays; records come again"


def test_numbers_keep_every_digit(home: Home, api: FakeApi, pulled: Pulled) -> None:
    body = (
        '{"customers":[{"id":9007199254740993123,"updated_at":"2025-03-01T10:00:00Z",'
        ' "rate":1.10,"big":123456789012345678901234567890,"note":"\u540d\\n\\ud83d\\ude00"}]}'
    )
    api.faults = [Fault(status=200, body=body)]
    pulled("shop", "customers")
    (path,) = home.landed("shopify", "customers", DAY).iterdir()
    assert zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()).decode() == (
        '{"id":9007199254740993123,"updated_at":"2025-03-01T10:00:00Z",'
        '"rate":1.10,"big":123456789012345678901234567890,"note":"\\u540d\\n\\ud83d\\ude00"}\n'
    )
    ingest(home)
    assert raw(home, "shopify", "customers", "customer_id, _extra->>'note'") == [("9007199254740993123", "名\n😀")]


def test_since_goes_back_but_leaves_no_gap(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.lists = {"customers": [customer(1, at(0)), customer(2, at(60))]}
    pulled("shop", "customers")
    pulled("shop", "customers", since=datetime(2025, 3, 1, 14, 0, tzinfo=UTC))
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T14:00:00Z"
    with pytest.raises(ConnectConfigError, match="would leave a gap"):
        pulled("shop", "customers", since=datetime(2025, 3, 5, tzinfo=UTC))
    pulled("shop", "customers")
    assert api.seen[-1].params["updated_at_min"] == "2025-03-01T15:50:00Z", "the mark did not go back"


def test_another_shop_under_the_same_name_starts_afresh(home: Home, api: FakeApi, pulled: Pulled) -> None:
    api.lists = {"customers": [customer(1)]}
    pulled("shop", "customers")
    configure(home, api)
    path = home.root / "connect.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("127.0.0.1", "localhost"), encoding="utf-8")
    pulled("shop", "customers")
    assert "updated_at_min" not in api.seen[-1].params
    assert len(list(home.landed("shopify", "customers", DAY).iterdir())) == 2, "the second file has a name of its own"
