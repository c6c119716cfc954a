"""Intercom: the AI agent's hand-over and rating apart from people's, business seconds apart from wall-clock time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_hand_over_and_containment(core: Query) -> None:
    rows = core(
        """select interaction_id, interaction_type, direction, occurred_at::varchar, record_id,
            json_extract_string(properties, '$.is_bot_contained')
        from core.interactions where source = 'intercom' and interaction_type <> 'feedback_given' order by 1"""
    )
    key, user, lead = "intercom:conversations:", "intercom:contacts:u-71", "intercom:contacts:l-72"
    assert rows == [
        (key + "8100001", "chat_started", "inbound", "2025-03-05 10:00:00", user, None),
        (key + "8100001:ended", "chat_ended", "inbound", "2025-03-05 10:20:00", user, "false"),
        (key + "8100001:handover", "bot_handover", "outbound", "2025-03-05 10:01:00", user, None),
        (key + "8100002", "chat_started", "inbound", "2025-03-05 11:00:00", lead, None),
        (key + "8100002:ended", "chat_ended", "inbound", "2025-03-05 11:05:00", lead, "true"),
        (key + "8100003", "chat_started", "outbound", "2025-03-05 12:00:00", user, None),
    ]


def test_waiting_is_wall_clock_time(core: Query) -> None:
    """The statistics say 120 business seconds; between request and answer lie five minutes."""
    rows = core(
        """select ticket_id, touchpoint, status, first_reply_minutes, resolution_minutes, reopens, replies
        from core.tickets where source = 'intercom' order by 1"""
    )
    assert rows == [
        ("intercom:8100001", "support_chat", "closed", 5, 20, 1, 1),
        ("intercom:8100002", "support_chat", "closed", None, 5, 0, 0),
    ]


def test_notes_and_bots_are_no_messages_and_html_is_text(core: Query) -> None:
    rows = core(
        """select ticket_id, direction, body from core.ticket_messages where ticket_id like 'intercom:%'
        order by ticket_id, occurred_at"""
    )
    assert rows == [
        ("intercom:8100001", "inbound", "Can I change the delivery address & the day?"),
        ("intercom:8100001", "outbound", "Done, it comes on Friday."),
        ("intercom:8100001", "inbound", "great"),
        ("intercom:8100002", "inbound", "Where is size M?"),
    ]


def test_only_the_customers_address_is_an_identifier(core: Query) -> None:
    rows = core(
        """select r.native_id, r.full_name, i.kind, i.namespace, i.value, i.reason from core.customer_records r
        join core.record_identifiers i using (record_id) where r.source = 'intercom' order by 1, 3"""
    )
    assert rows == [
        ("l-72", None, "email", "", "noa.kern@example.org", "unverified"),
        ("l-72", None, "external_id", "intercom", "l-72", None),
        ("u-71", "Lena Brandt", "customer_no", "company", "KD-20471", None),
        ("u-71", "Lena Brandt", "email", "", "lena.brandt@example.com", "unverified"),
        ("u-71", "Lena Brandt", "external_id", "intercom", "u-71", None),
    ]
    own = ("desk.two@example.com", "helper.bot@intercom.example", "three@support.example")
    assert core("select count(*) from core.record_identifiers where value in (?, ?, ?)", *own) == [(0,)]


def test_the_bots_rating_is_not_the_persons(core: Query, quarantined: Callable[[str, str], list[str]]) -> None:
    rows = core(
        """select feedback_id, feedback_type, touchpoint, score, score_max, comment, occurred_at::varchar
        from core.feedback where source = 'intercom' order by 1"""
    )
    assert rows == [
        ("intercom:8100001", "csat", "chat_satisfaction", 5, 5, "friendly", "2025-03-05 10:19:50"),
        ("intercom:8100001:bot", "bot_rating", "bot_satisfaction", 2, 5, "did not get it", "2025-03-05 10:20:00"),
    ]
    assert quarantined("intercom", "conversations") == ["rating above maximum"]
