"""Weibo: ids of 16 digits, the year at the end of times, markup, brand accounts, deleted authors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_people_are_records_and_the_brand_and_organisations_are_not(core: Query) -> None:
    assert core("""
        select i.value, r.full_name, r.gender, r.region, r.locality
        from core.customer_records as r
        left join core.record_identifiers as i on r.record_id = i.record_id and i.kind = 'weibo_uid'
        where r.source = 'weibo' order by 1
    """) == [
        ("1000000000777", "江边老李", "male", "重庆市", None),
        ("1000000000888", None, None, None, None),
        ("1000000000999", "杭州小周", None, None, None),
        # The note of the brand's account holds the name; a later page with few keys blanks nothing. The id is one
        # that a float would round.
        ("9007199254740993", "许文静", "female", "上海市", "徐汇区"),
    ]


def test_identifiers_carry_their_namespace_and_no_handle_is_one(core: Query) -> None:
    assert core("""
        select kind, namespace, value, is_trusted from core.record_identifiers
        where record_id like 'weibo:%' and kind <> 'weibo_uid'
    """) == [("external_id", "weibo_domain", "xutea", True)]
    assert core("""
        select distinct namespace from core.record_identifiers where kind = 'weibo_uid'
    """) == [("weibo",)]
    assert core("""
        select count(*) from core.record_identifiers
        where kind = 'weibo_uid' and value in ('2000000000001', '1000000000555')
    """) == [(0,)]


def test_comments_with_their_time_direction_and_author(core: Query) -> None:
    assert core("""
        select interaction_id, record_id is not null, direction, channel, occurred_at
        from core.interactions where touchpoint = 'weibo_comment' order by 1
    """) == [
        # Redelivered without its author: who wrote it stays known, and it is one comment.
        ("weibo:comments:5000000000009001", True, "inbound", "community", datetime(2025, 3, 5, 1, 12, 30)),
        ("weibo:comments:5000000000009002", False, "outbound", "community", datetime(2025, 3, 5, 1, 20)),
        ("weibo:comments:5000000000009003", False, "inbound", "community", datetime(2025, 3, 5, 1, 30)),
        ("weibo:comments:5000000000009004", False, "inbound", "community", datetime(2025, 3, 5, 1, 31)),
        ("weibo:comments:5000000000009901", True, "inbound", "community", datetime(2025, 3, 6, 13, 5)),
    ]


def test_public_texts_are_feedback_without_markup(core: Query) -> None:
    assert core("""
        select feedback_id, touchpoint, feedback_type, score, comment from core.feedback
        where source = 'weibo' order by 1
    """) == [
        ("weibo:comments:5000000000009001", "weibo_comment", "comment", None, "杯盖漏水[怒]怎么办[疑问]"),
        ("weibo:comments:5000000000009003", "weibo_comment", "comment", None, "路过"),
        ("weibo:comments:5000000000009004", "weibo_comment", "comment", None, "合作请联系"),
        ("weibo:comments:5000000000009901", "weibo_comment", "comment", None, "包装很好看"),
        ("weibo:mentions:5000000000009777", "weibo_mention", "comment", None, "@示例品牌官方 新茶到了,香🍵"),
        ("weibo:mentions:5000000000009778", "weibo_mention", "comment", None, "转发微博"),
    ]


def test_mentions_and_reposts(core: Query) -> None:
    assert core("""
        select interaction_type, occurred_at from core.interactions where touchpoint = 'weibo_mention' order by 2
    """) == [("mention", datetime(2025, 3, 5, 15, 59, 59)), ("repost", datetime(2025, 3, 5, 16, 0, 1))]


def test_private_messages_know_both_sides(core: Query) -> None:
    assert core("""
        select i.touchpoint, i.interaction_type, i.direction, ids.value, i.occurred_at
        from core.interactions as i
        left join core.record_identifiers as ids on i.record_id = ids.record_id and ids.kind = 'weibo_uid'
        where i.touchpoint in ('weibo_message', 'weibo_account') order by i.occurred_at
    """) == [
        ("weibo_message", "message", "inbound", "9007199254740993", datetime(2025, 3, 5, 1, 30)),
        ("weibo_message", "message", "outbound", "9007199254740993", datetime(2025, 3, 5, 1, 32)),
        # `data` is JSON inside a string.
        ("weibo_account", "follow", "inbound", "1000000000888", datetime(2025, 3, 5, 1, 40)),
    ]


def test_relative_times_of_crawlers_are_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("weibo", "comments") == ["field occurred_at: not a timestamp"] * 2
