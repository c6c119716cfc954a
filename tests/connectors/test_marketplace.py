"""Marketplaces: one contract for exports that differ by platform and shop, corrected by a shop's own mapping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import ingest_partition
from cdp_pipeline.sources.overlay import contracts_of

Query = Callable[..., list[tuple[Any, ...]]]


def test_orders_of_four_platforms_are_told_apart(core: Query) -> None:
    assert core("""
        select order_id, touchpoint, channel, store_id, ordered_at, status, currency from core.orders
        where source = 'marketplace' order by 1
    """) == [
        # An offset in the text wins over the zone of the contract.
        (
            "marketplace:amazon|111-2222222-3333333",
            "amazon_order",
            "marketplace",
            "us",
            datetime(2025, 3, 5, 18, 0),
            "completed",
            "USD",
        ),
        # Pacific time, eight hours behind UTC in winter and seven in summer.
        (
            "marketplace:amazon|111-2222222-4444444",
            "amazon_order",
            "marketplace",
            "us",
            datetime(2025, 3, 5, 10, 3, 11),
            "completed",
            "USD",
        ),
        (
            "marketplace:amazon|111-2222222-5555555",
            "amazon_order",
            "marketplace",
            "us",
            datetime(2025, 3, 15, 9, 3, 11),
            "open",
            "USD",
        ),
        (
            "marketplace:douyin|4800000000009001",
            "douyin_order",
            "marketplace",
            "dy88",
            datetime(2025, 3, 5, 12, 0),
            "completed",
            "CNY",
        ),
        (
            "marketplace:jd|301000009001",
            "jd_order",
            "marketplace",
            "茶京东店",
            datetime(2025, 3, 5, 1, 0),
            "completed",
            "CNY",
        ),
        (
            "marketplace:tmall|2500000000000009001",
            "tmall_order",
            "marketplace",
            "flagship",
            datetime(2025, 3, 5, 2, 0),
            "completed",
            "CNY",
        ),
        # Closed in the first export, completed in the next.
        (
            "marketplace:tmall|2500000000000009002",
            "tmall_order",
            "marketplace",
            "flagship",
            datetime(2025, 3, 5, 3, 0),
            "completed",
            "CNY",
        ),
    ]


def test_money_of_an_order_counts_once_however_often_its_rows_repeat_it(core: Query) -> None:
    assert core("""
        select split_part(order_id, ':', 2), gross_amount, discount_amount, tax_amount, refunded_amount, net_amount
        from core.orders where source = 'marketplace' and status = 'completed' order by 1
    """) == [
        (name, *map(Decimal, amounts))
        for name, *amounts in [
            ("amazon|111-2222222-3333333", "40", "4", "3.2", "0", "44.2"),
            ("amazon|111-2222222-4444444", "20", "0", "0", "0", "20"),
            ("douyin|4800000000009001", "208", "8", "0", "0", "200"),
            ("jd|301000009001", "160", "10", "0", "0", "150"),
            ("tmall|2500000000000009001", "1188", "100", "0", "594", "494"),
            ("tmall|2500000000000009002", "88", "0", "0", "0", "88"),
        ]
    ]


def test_lines(core: Query) -> None:
    assert core("""
        select split_part(order_id, '|', 1), line_no, product_id, quantity, unit_price_amount, net_amount
        from core.order_lines where order_id like 'marketplace:%' and order_id not like '%-4444444'
            and order_id not like '%-5555555' and order_id not like '%9002' order by 1, 2
    """) == [
        ("marketplace:amazon", 1, "CUP-01", Decimal(2), Decimal(20), Decimal(36)),
        ("marketplace:douyin", 1, "CUP-01", Decimal(1), Decimal(88), Decimal(80)),
        ("marketplace:douyin", 2, "TRAY-1", Decimal(1), Decimal(120), Decimal(120)),
        ("marketplace:jd", 1, "10001", Decimal(1), Decimal(60), Decimal(60)),
        ("marketplace:jd", 2, "10002", Decimal(2), Decimal(50), Decimal(100)),
        ("marketplace:tmall", 1, "TEA-01", Decimal(2), Decimal(594), Decimal(1188)),
    ]


def test_a_buyer_is_known_inside_one_shop_only(core: Query) -> None:
    assert core("""
        select i.kind, i.namespace, i.value, i.is_trusted, i.reason, r.full_name, r.is_guest, r.street
        from core.record_identifiers as i inner join core.customer_records as r on i.record_id = r.record_id
        where r.source = 'marketplace' order by 1, 2
    """) == [
        # The same encrypted text in two shops is two people; the relay address is no e-mail address.
        ("external_id", "amazon:us", "abc123@marketplace.amazon.com", True, None, "Dana Reed", False, None),
        ("external_id", "douyin:dy88", "AAGx9enc01", True, None, None, False, None),
        ("external_id", "tmall:flagship", "AAGx9enc01", True, None, "孟晓", False, "杭州市西湖区样例巷3号"),
        # A masked account makes a guest; the receiver's number is evidence and no proof.
        ("phone", "", "+8613800006060", False, "checkout_contact", "孟晓", True, "杭州市西湖区样例巷3号"),
    ]


def test_refunds_that_were_paid_and_nothing_else(core: Query) -> None:
    assert core("""
        select touchpoint, occurred_at, amount, record_id is not null from core.interactions
        where source = 'marketplace' and interaction_type = 'refund'
    """) == [("tmall_order", datetime(2025, 3, 6, 2, 0), Decimal("-594"), True)]


def test_reviews_know_their_order_and_platform(core: Query) -> None:
    assert core("""
        select touchpoint, score, score_max, comment, occurred_at, order_id, product_id, record_id is not null
        from core.feedback where source = 'marketplace' order by 1
    """) == [
        ("amazon_review", 2, 5, "Chipped on arrival", datetime(2025, 3, 6, 8, 0), None, "CUP-01", False),
        (
            "tmall_review",
            5,
            5,
            "茶香 还会回购",
            datetime(2025, 3, 6, 4, 0),
            "marketplace:tmall|2500000000000009001",
            "TEA-01",
            True,
        ),
    ]


def test_order_number_that_a_spreadsheet_rounded_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("marketplace", "orders") == ["missing key order_id"]


def test_a_shop_maps_its_own_headers_in_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.contracts.mkdir()
    (home.contracts / "marketplace.yml").write_text(
        "source: marketplace\n"
        "objects:\n"
        "  orders:\n"
        "    fields:\n"
        "      order_id: {from: [单号]}\n"
        "      ordered_at: {from: [成交], format: ['%d.%m.%Y %H:%M'], timezone: Asia/Tokyo}\n"
        "      order_paid: {from: [实收]}\n"
        "      confirmed_phone: {from: [真实手机]}\n",
        encoding="utf-8",
    )
    folder = home.landed("marketplace", "orders", date(2025, 3, 6))
    folder.mkdir(parents=True)
    (folder / "jd_tea.csv").write_text(
        "单号,成交,实收,真实手机\n'301000008001,05.03.2025 09:00,￥99.50,13800001212\n", encoding="utf-8"
    )
    obj = contracts_of(home)["marketplace"].objects["orders"]
    with Ops(home.ops_db) as ops:
        assert ingest_partition(home, obj, date(2025, 3, 6), "r1", ops).loaded == 1
    files = [str(f) for f in home.raw("marketplace", "orders").glob("dt=*/*.parquet")]
    with duckdb.connect() as con:
        rows = con.execute(
            "select platform, shop_in_file, order_id, ordered_at, order_paid, confirmed_phone from read_parquet(?)",
            [files],
        ).fetchall()
    assert rows == [("jd", "tea", "301000008001", datetime(2025, 3, 5), Decimal("99.5"), "13800001212")]
