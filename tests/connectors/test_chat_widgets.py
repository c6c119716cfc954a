"""Segment chat events and the Olark-type webhook: directions, epoch text with a fraction, conversations told twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_segment_conversations(core: Query) -> None:
    rows = core(
        """select interaction_id, interaction_type, record_id, anonymous_id, occurred_at::varchar from core.interactions
        where source = 'live_chat_events' order by 1"""
    )
    key, user = "live_chat_events:conversations:", "live_chat_events:users:KD-20481"
    assert rows == [
        (key + "lc-conv-1", "chat_started", user, "anon-lc-1", "2025-03-05 16:00:00"),
        (key + "lc-conv-1:ended", "chat_ended", user, "anon-lc-1", "2025-03-05 16:05:00"),
        (key + "lc-conv-2", "chat_started", None, "anon-lc-2", "2025-03-05 17:00:00"),  # 'undefined' is nobody
    ]  # the conversation that Intercom delivered itself is not told again


def test_sent_is_by_the_customer_and_a_retry_counts_once(core: Query) -> None:
    rows = core(
        """select ticket_id, direction, body from core.ticket_messages where ticket_id like 'live_chat_events:%'
        order by occurred_at"""
    )
    assert rows == [
        ("live_chat_events:lc-conv-1", "inbound", "Is it vegan?"),
        ("live_chat_events:lc-conv-1", "outbound", "It is"),
    ]
    assert core("select ticket_id, first_reply_minutes from core.tickets where source = 'live_chat_events'") == [
        ("live_chat_events:lc-conv-1", 1)
    ]
    assert core(
        """select kind, namespace, value from core.record_identifiers
        where record_id = 'live_chat_events:users:KD-20481' order by 1"""
    ) == [("anonymous_id", "web", "anon-lc-1"), ("customer_no", "company", "KD-20481")]


def test_olark_conversations(core: Query) -> None:
    rows = core(
        """select interaction_id, interaction_type, direction, anonymous_id, occurred_at::varchar from core.interactions
        where source = 'olark' and interaction_type <> 'feedback_given' order by 1"""
    )
    assert rows == [
        ("olark:conversations:olk-1", "chat_started", "outbound", "olk-vis-1", "2025-03-05 09:59:55"),
        ("olark:conversations:olk-1:ended", "chat_ended", "inbound", "olk-vis-1", "2025-03-05 10:01:00"),
        ("olark:conversations:olk-2", "offline_message", "inbound", "olk-vis-2", "2025-03-05 18:40:00"),
        ("olark:conversations:olk-3", "chat_started", "inbound", "olk-vis-3", "2025-03-05 18:41:40"),
        ("olark:conversations:olk-3:ended", "chat_ended", "inbound", "olk-vis-3", "2025-03-05 18:41:40"),
    ]
    # the operator's greeting before the question is no answer to it
    assert core("select ticket_id, first_reply_minutes from core.tickets where source = 'olark' order by 1") == [
        ("olark:olk-1", 1),
        ("olark:olk-2", None),
        ("olark:olk-3", None),
    ]
    assert core("select feedback_type, score, score_max from core.feedback where source = 'olark'") == [("csat", 4, 5)]


def test_an_offline_message_holds_the_form_in_its_text(core: Query) -> None:
    rows = core(
        """select r.full_name, i.value, i.reason from core.customer_records r
        join core.record_identifiers i using (record_id) where r.source = 'olark' and i.kind = 'email' order by 1"""
    )
    assert rows == [
        ("Per Aasen", "per.aasen@example.com", "unverified"),
        ("Rosa Lind", "rosa.lind@example.org", "unverified"),
    ]
    assert core("select count(*) from core.record_identifiers where value = 'ada@support.example'") == [(0,)]


def test_rows_that_no_contract_takes(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("live_chat_events", "events") == ["missing required conversation_id"]
    assert quarantined("olark", "conversations") == ["missing required items"]
