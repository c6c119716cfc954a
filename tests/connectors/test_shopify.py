"""Shopify: browser events, order cells on the first line only, apostrophes that keep a spreadsheet from counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
NORA = "shopify:orders:6000000002042"


def test_browser_events_have_a_browser_and_a_checkout_has_its_buyer(core: Query) -> None:
    rows = core(
        """select interaction_id, record_id, anonymous_id, touchpoint, interaction_type, product_id, campaign_id, amount
        from core.interactions where interaction_id like 'shopify:pixel_events:%' order by 1"""
    )
    assert [(row[0][-1], *row[1:]) for row in rows] == [
        ("1", None, "b-0001", "web_product_page", "product_viewed", "0001-MUG", "spring mail", None),
        ("2", None, "b-0001", "web_cart", "product_added", "0001-MUG", None, None),
        ("3", NORA, "b-0001", "web_checkout", "checkout_completed", None, None, None),
        ("4", None, "b-0002", "web_browsing", "page_viewed", None, None, None),
    ]
    assert core("select record_id, kind from core.anonymous_sightings where anonymous_id = 'b-0001'") == [
        (NORA, "login")
    ]
    assert core("select is_trusted, reason from core.record_identifiers where value = 'b-0001'") == [(False, "device")]


def test_order_cells_of_the_first_line_hold_for_the_order(core: Query) -> None:
    rows = core(
        """select o.record_id, o.ordered_at::varchar, o.net_amount, l.line_no, l.product_id, l.quantity
        from core.orders as o join core.order_lines as l using (order_id)
        where o.order_id = 'shopify:6000000003042' order by l.line_no"""
    )
    guest = "shopify:orders:6000000003042"
    assert [(*r[:2], float(r[2]), *r[3:5], float(r[5])) for r in rows] == [
        (guest, "2025-03-04 17:30:54", 42.4, 1, "0001-MUG", 3.0),
        (guest, "2025-03-04 17:30:54", 42.4, 2, "WRAP", 1.0),
    ]


def test_apostrophes_before_zip_and_phone_are_no_part_of_them(core: Query) -> None:
    rows = core(
        """select r.record_id, r.postcode, i.value from core.customer_records as r
        join core.record_identifiers as i using (record_id)
        where r.source = 'shopify' and i.kind = 'phone' and i.value in ('+12025550181', '+12025550182') order by 1"""
    )
    assert rows == [
        ("shopify:customers:7000000003101", "00501", "+12025550182"),
        ("shopify:orders:6000000003042", "02134", "+12025550181"),
    ]
