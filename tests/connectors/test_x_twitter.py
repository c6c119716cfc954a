"""X: 64-bit ids as text, brand accounts, reposts, edits, deletions, legacy times, ids that hold their time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]

WHO = "(select value from core.record_identifiers i where i.record_id = f.record_id and kind = 'x_user_id')"


def test_posts_have_a_direction_and_a_kind(core: Query) -> None:
    rows = core(
        f"""select interaction_id, {WHO}, direction, interaction_type, occurred_at::varchar from core.interactions f
        where source = 'x_twitter' and touchpoint = 'x_post' order by 1"""
    )
    post = "x_twitter:posts:18972180232242463"
    assert rows == [
        ("x_twitter:posts:1500000000000000123", "1000000000000000706", "inbound", "mention", "2025-03-05 13:30:00"),
        (post + "01", "1000000000000000701", "inbound", "reply", "2025-03-05 09:30:00"),
        (post + "02", "1000000000000000701", "outbound", "reply", "2025-03-05 09:40:00"),  # the brand answers
        (post + "03", "1000000000000000702", "inbound", "repost", "2025-03-05 10:00:00"),
        (post + "04", "1000000000000000703", "inbound", "quote", "2025-03-05 09:30:00"),  # time from the id
        (post + "05", "1000000000000000703", "inbound", "mention", "2025-03-05 11:05:00"),  # edited: one post
    ]


def test_feedback_is_peoples_own_words(core: Query) -> None:
    rows = core("select feedback_id, comment from core.feedback where source = 'x_twitter' order by 1")
    post = "x_twitter:18972180232242463"
    assert rows == [
        ("x_twitter:1500000000000000123", "@demo_shop open on Sunday?"),
        (post + "01", "@demo_shop lamp arrived broken & late <3 days>"),
        (post + "04", "A long post about lamps that is not cut short"),
        (post + "05", "nice lamp"),
    ]


def test_direct_messages_know_the_customer_on_both_sides(core: Query) -> None:
    rows = core(
        f"""select right(interaction_id, 2), {WHO}, direction from core.interactions f
        where source = 'x_twitter' and touchpoint = 'x_message' order by 1"""
    )
    assert rows == [
        ("01", "1000000000000000701", "inbound"),
        ("02", "1000000000000000701", "outbound"),
        ("04", "1000000000000000702", "inbound"),
        ("05", "1000000000000000702", "outbound"),  # an older thread is one number
    ]


def test_people_are_ids_and_handles_are_weak(core: Query) -> None:
    rows = core(
        """select i.value, r.full_name, h.value, h.is_trusted from core.customer_records r
        join core.record_identifiers i on i.record_id = r.record_id and i.kind = 'x_user_id'
        left join core.record_identifiers h on h.record_id = r.record_id and h.namespace = 'x_handle'
        where r.source = 'x_twitter' order by 1"""
    )
    assert rows == [
        ("1000000000000000701", "Kaja Berg", "kaja_0", False),
        ("1000000000000000702", "Lars Lie", "lars_l", False),
        ("1000000000000000703", None, None, None),
        ("1000000000000000706", "Mona Moe", "mona_m", False),
    ]
    # neither the brand nor an address in a text
    assert core(
        "select count(*) from core.record_identifiers where value in ('2000000000000000001', 'kaja.berg@example.org')"
    ) == [(0,)]


def test_an_id_that_lost_digits_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("x_twitter", "posts") == ["missing key post_id"]
