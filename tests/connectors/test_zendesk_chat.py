"""Zendesk Chat and messaging: typed contacts, staff tests, the bot behind BUSINESS, hand-over and containment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]

SHORT = "replace(replace(interaction_id, 'zendesk_chat:', ''), 'messaging_events', 'm')"


def test_conversations_show_hand_over_and_containment(core: Query) -> None:
    rows = core(
        f"""select {SHORT}, interaction_type, direction, occurred_at::varchar, touchpoint, anonymous_id
        from core.interactions where source = 'zendesk_chat' and interaction_type <> 'feedback_given' order by 1"""
    )
    chat = "support_chat"
    assert rows == [
        ("chats:2503.7001.alpha", "chat_started", "inbound", "2025-03-05 10:00:00", chat, "7001.visA"),
        ("chats:2503.7001.alpha:ended", "chat_ended", "inbound", "2025-03-05 10:10:00", chat, "7001.visA"),
        ("chats:2503.7001.beta", "chat_started", "inbound", "2025-03-05 11:00:00", chat, "7001.visB"),
        ("chats:2503.7001.beta:ended", "chat_ended", "inbound", "2025-03-05 11:03:00", chat, "7001.visB"),
        ("chats:2503.7001.gamma", "offline_message", "inbound", "2025-03-05 22:00:00", chat, "7001.visC"),
        ("m:7001.m1", "chat_started", "inbound", "2025-03-05 13:00:00", chat, None),
        ("m:7001.m1:ended", "chat_ended", "inbound", "2025-03-05 13:09:00", chat, None),
        ("m:7001.m1:handover", "bot_handover", "outbound", "2025-03-05 13:00:31", chat, None),
        ("m:7001.m2", "chat_started", "inbound", "2025-03-05 14:00:00", chat, "7001.visG"),
        ("m:7001.m2:ended", "chat_ended", "inbound", "2025-03-05 14:05:00", chat, "7001.visG"),
        # a trigger that greets is the company's own act and no bot that helps
        ("m:7001.m3", "chat_started", "outbound", "2025-03-05 15:00:00", chat, "7001.visH"),
    ]
    ends = core(
        f"""select {SHORT}, json_extract_string(properties, '$.has_bot'),
            json_extract_string(properties, '$.is_bot_contained'), json_extract_string(properties, '$.is_missed'),
            json_extract_string(properties, '$.first_reply_seconds')
        from core.interactions where source = 'zendesk_chat' and interaction_type = 'chat_ended' order by 1"""
    )
    assert ends == [
        ("chats:2503.7001.alpha:ended", "false", "false", "false", "40"),
        ("chats:2503.7001.beta:ended", "false", "false", "true", None),
        ("m:7001.m1:ended", "true", "false", "false", "100"),
        ("m:7001.m2:ended", "true", "true", "false", None),
    ]
    # from the customer's first request to the first answer of a person; the index 1 came twice
    assert core(
        """select json_extract_string(properties, '$.handover_seconds') from core.interactions
        where interaction_id = 'zendesk_chat:messaging_events:7001.m1:handover'"""
    ) == [("100",)]


def test_a_chat_and_its_ticket_are_one_conversation(core: Query) -> None:
    assert core("select count(*) from core.interactions where interaction_id = 'zendesk:tickets:75502'") == [(0,)]
    assert core("select count(*) from core.tickets where ticket_id = 'zendesk_chat:2503.7001.alpha'") == [(0,)]
    # the transcript in the ticket is not read again, a later mail is; trigger and bot sentences are no service
    assert core(
        "select direction, body from core.ticket_messages where ticket_id = 'zendesk:75502' order by occurred_at"
    ) == [
        ("inbound", "My voucher fails"),
        ("outbound", "I send you a new one"),
        ("inbound", "Thanks"),
        ("outbound", "We sent the voucher by mail"),
    ]


def test_conversations_in_which_somebody_asked_are_tickets(core: Query) -> None:
    rows = core(
        """select ticket_id, status, first_reply_minutes, resolution_minutes, replies from core.tickets
        where source = 'zendesk_chat' order by 1"""
    )
    assert rows == [
        ("zendesk_chat:2503.7001.beta", "closed", None, 3, 0),
        ("zendesk_chat:2503.7001.gamma", "open", None, None, 0),
        ("zendesk_chat:7001.m1", "closed", 1, 9, 1),
        ("zendesk_chat:7001.m2", "closed", None, 5, 0),
    ]
    assert core(
        """select direction, body from core.ticket_messages where ticket_id like 'zendesk_chat:7001.m%'
        order by occurred_at"""
    ) == [("inbound", "A PERSON PLEASE"), ("outbound", "Hi, Desk One here"), ("inbound", "opening hours")]


def test_people_are_who_they_typed_to_be_and_staff_nobody(core: Query) -> None:
    rows = core(
        """select r.full_name, i.kind, i.namespace, i.value, i.is_trusted, i.reason from core.customer_records r
        join core.record_identifiers i using (record_id) where r.source = 'zendesk_chat' order by 1, 2"""
    )
    assert rows == [
        ("Omar Reed", "anonymous_id", "zendesk_chat", "7001.visC", False, "device"),
        ("Omar Reed", "phone", "", "+1 312 555 0171", True, "unverified"),
        ("Tilda Moor", "anonymous_id", "zendesk_chat", "7001.visA", False, "device"),
        ("Tilda Moor", "email", "", "Tilda.Moor@example.org", True, "unverified"),
        ("Vera Lund", "anonymous_id", "zendesk_chat", "7001.visG", False, "device"),
        ("Vera Lund", "email", "", "vera.lund@example.com", True, "unverified"),
    ]
    # a bare number is the desk's user
    assert core(
        "select record_id from core.interactions where interaction_id = 'zendesk_chat:messaging_events:7001.m1'"
    ) == [("zendesk:users:920000000502",)]
    assert core("select kind, occurred_at::varchar from core.anonymous_sightings where anonymous_id = '7001.visG'") == [
        ("identify", "2025-03-05 14:00:40")
    ]


def test_ratings_and_refused_rows(core: Query, quarantined: Callable[[str, str], list[str]]) -> None:
    rows = core(
        """select feedback_id, ticket_id, score, score_max, comment from core.feedback
        where source = 'zendesk_chat' order by 1"""
    )
    assert rows == [
        ("zendesk_chat:2503.7001.alpha", "zendesk:75502", 1, 1, "Kind and quick"),
        # a rating that came a day later, without an update time
        ("zendesk_chat:2503.7001.beta", "zendesk_chat:2503.7001.beta", 0, 1, "Nobody answered"),
        ("zendesk_chat:7001.m1", "zendesk_chat:7001.m1", 0, 1, None),
    ]
    assert quarantined("zendesk_chat", "chats") == ["field started_at: not a timestamp"]
