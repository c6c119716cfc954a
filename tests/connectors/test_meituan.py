"""Meituan: rented and masked numbers, yuan beside fen, JSON in strings, degraded copies, reviews without a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from cdp_pipeline.home import Home

Query = Callable[..., list[tuple[Any, ...]]]


def test_only_a_card_or_the_platforms_user_makes_a_person(core: Query) -> None:
    assert core("""
        select i.kind, i.namespace, i.value, i.is_trusted, r.full_name, r.family_name, r.gender, r.street
        from core.customer_records as r inner join core.record_identifiers as i on r.record_id = i.record_id
        where r.source = 'meituan' order by 1, 5 nulls last
    """) == [
        ("external_id", "meituan", "ou-Test-0001", True, "秦小帆", None, "male", None),
        # The card joins the order without the platform's user to the one with it; the guest's filler is no name.
        ("loyalty_id", "meituan", "MT-CARD-001", True, "秦小帆", None, "male", None),
        ("loyalty_id", "meituan", "MT-CARD-001", True, None, None, None, None),
    ]
    assert core("select count(*) from core.customer_records where source = 'meituan'") == [(2,)]


def test_rented_masked_and_unconfirmed_numbers_are_nobodys(core: Query) -> None:
    assert core("""
        select count(*) from core.record_identifiers where record_id like 'meituan:%' and kind = 'phone'
    """) == [(0,)]
    assert core("select count(*) from core.record_identifiers where value like '%19900001111%'") == [(0,)]


def test_orders_in_yuan_with_their_states(core: Query) -> None:
    assert core("""
        select order_id, record_id is not null, touchpoint, channel, store_id, ordered_at, status,
            gross_amount, discount_amount, net_amount, campaign_id
        from core.orders where source = 'meituan' order by 1
    """) == [
        # An older copy that comes later does not undo the completion.
        (
            "meituan:2700000000000009001",
            False,
            "meituan_delivery",
            "o2o",
            "store_088",
            datetime(2025, 3, 5, 3, 40),
            "completed",
            Decimal("45"),
            Decimal("6.5"),
            Decimal("38.5"),
            "778899",
        ),
        # The degraded copy brought the new state and blanked neither the money nor the person.
        (
            "meituan:2700000000000009002",
            True,
            "meituan_pick_up",
            "o2o",
            "store_088",
            datetime(2025, 3, 5, 3, 56, 40),
            "completed",
            Decimal("20"),
            Decimal("0"),
            Decimal("20"),
            None,
        ),
        (
            "meituan:2700000000000009003",
            True,
            "meituan_delivery",
            "o2o",
            "store_088",
            datetime(2025, 3, 5, 4, 0),
            "cancelled",
            Decimal("12.3"),
            Decimal("0"),
            Decimal("0"),
            None,
        ),
        (
            "meituan:2700000000000009004",
            False,
            "meituan_delivery",
            "o2o",
            "store_089",
            datetime(2025, 3, 6, 4, 0),
            "open",
            Decimal("8"),
            Decimal("0"),
            Decimal("0"),
            None,
        ),
    ]


def test_lines_from_json_in_a_string(core: Query) -> None:
    assert core("""
        select line_no, product_id, product_name, quantity, unit_price_amount, discount_amount, net_amount
        from core.order_lines where order_id = 'meituan:2700000000000009001' order by 1
    """) == [
        (1, "SKU001", "样例酸奶", Decimal("2"), Decimal("18"), Decimal("6"), Decimal("30")),
        (2, "SPU002", "样例面包", Decimal("1"), Decimal("9"), Decimal("0"), Decimal("9")),
    ]


def test_fen_become_yuan(core: Query) -> None:
    assert core("""
        select package_amount from staging.stg_meituan__orders where order_id = '2700000000000009001'
    """) == [(Decimal("0.5"),)]


def test_reviews_are_feedback_of_a_day_and_of_nobody(core: Query) -> None:
    assert core("""
        select feedback_id, record_id, touchpoint, channel, score, score_min, score_max, comment, occurred_at
        from core.feedback where source = 'meituan' order by 1
    """) == [
        (
            "meituan:6000000000009001",
            None,
            "meituan_review",
            "review",
            5,
            1,
            5,
            "面包很新鲜😋 第二天也没变硬",
            datetime(2025, 3, 5),
        ),
        ("meituan:6000000000009002", None, "meituan_review", "review", 2, 1, 5, None, datetime(2025, 3, 5)),
    ]


def test_interactions(core: Query) -> None:
    assert core("""
        select interaction_type, touchpoint, direction, occurred_at, amount from core.interactions
        where source = 'meituan' order by occurred_at, interaction_id
    """) == [
        ("feedback_given", "meituan_review", "inbound", datetime(2025, 3, 5), None),
        ("feedback_given", "meituan_review", "inbound", datetime(2025, 3, 5), None),
        ("purchase", "meituan_delivery", "inbound", datetime(2025, 3, 5, 3, 40), Decimal("38.5")),
        ("purchase", "meituan_pick_up", "inbound", datetime(2025, 3, 5, 3, 56, 40), Decimal("20")),
        ("order_cancelled", "meituan_delivery", "inbound", datetime(2025, 3, 5, 4, 11, 40), None),
        ("review_reply", "meituan_review", "outbound", datetime(2025, 3, 6), None),
    ]


def test_couriers_are_not_kept(connector_home: Home) -> None:
    files = [str(f) for f in connector_home.raw("meituan", "orders").glob("dt=2025-*/*.parquet")]
    with duckdb.connect() as con:
        rows = con.execute("select count(*) from read_parquet(?) where _extra like '%dispatcher%'", [files]).fetchall()
    assert rows == [(0,)]
