"""Dianping: GB18030, codes with leading zeros, two scales of scores, reviews without an id, masked numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_vouchers_are_sales_of_the_shop(core: Query) -> None:
    assert core("""
        select o.order_id, o.record_id, o.touchpoint, o.store_id, o.ordered_at, o.net_amount, l.product_name
        from core.orders as o inner join core.order_lines as l on o.order_id = l.order_id
        where o.source = 'dianping' order by 1
    """) == [
        (
            "dianping:000012349999",
            None,
            "dianping_voucher",
            "样例餐厅(静安店)",
            datetime(2025, 3, 5, 10, 30, 12),
            Decimal("1128"),
            "双人下午茶",
        ),
        (
            "dianping:012345678901",
            None,
            "dianping_voucher",
            "样例餐厅(静安店)",
            datetime(2025, 3, 5, 4, 5),
            Decimal("48"),
            "单人午餐",
        ),
    ]


def test_both_scales_of_scores_agree_and_reviews_without_id_count_once(core: Query) -> None:
    assert core("""
        select score, score_min, score_max, comment, occurred_at, record_id from core.feedback
        where source = 'dianping' order by occurred_at, score
    """) == [
        (40, 5, 50, "又来了", datetime(2025, 3, 5, 4, 0), None),
        (50, 5, 50, "环境好", datetime(2025, 3, 5, 4, 0), None),
        (45, 5, 50, "上菜很快", datetime(2025, 3, 5, 11, 20), None),
        (35, 5, 50, "有点吵", datetime(2025, 3, 5, 12, 0), None),
    ]
    assert core("""
        select direction, occurred_at from core.interactions
        where touchpoint = 'dianping_review' and interaction_type = 'review_reply'
    """) == [("outbound", datetime(2025, 3, 6, 2, 0))]


def test_nobody_is_known_by_nickname_or_masked_number(core: Query) -> None:
    assert core("select count(*) from core.customer_records where source = 'dianping'") == [(0,)]
    assert core("select count(*) from core.record_identifiers where record_id like 'dianping:%'") == [(0,)]


def test_relative_time_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("dianping", "reviews") == ["field reviewed_at: not a timestamp"]
