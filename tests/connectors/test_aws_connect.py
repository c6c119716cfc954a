"""Amazon Connect: concatenated records, chains counted once, monitoring skipped, self-service chats and hand-over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_a_chain_of_transfers_is_one_contact(core: Query) -> None:
    rows = core(
        """select interaction_id, touchpoint, direction, interaction_type, occurred_at::varchar,
            json_extract_string(properties, '$.talk_seconds'), json_extract_string(properties, '$.queue_seconds')
        from core.interactions where source = 'aws_connect' and touchpoint = 'support_call' order by 1"""
    )
    assert rows == [
        ("aws_connect:contact_records:cc-01", "support_call", "inbound", "call", "2025-03-05 15:00:00", "510", "60"),
        (
            "aws_connect:contact_records:cc-03",
            "support_call",
            "inbound",
            "call_missed",
            "2025-03-05 16:00:00",
            None,
            "50",
        ),
        ("aws_connect:contact_records:cc-09", "support_call", "inbound", "call", "2025-03-05 20:00:00", None, None),
    ]


def test_people_are_who_the_flow_knows(core: Query) -> None:
    rows = core(
        """select f.interaction_id, i.kind, i.namespace, i.value, i.is_trusted, i.reason, r.full_name
        from core.interactions f join core.customer_records r using (record_id)
        join core.record_identifiers i using (record_id)
        where f.source = 'aws_connect' and f.interaction_type in ('call', 'call_missed', 'chat_started')
        order by 1, 2"""
    )
    contact = "aws_connect:contact_records:"
    assert rows == [
        (contact + "cc-01", "customer_no", "company", "KD-20451", True, None, None),
        (contact + "cc-01", "phone", "", "+13125550151", True, None, None),
        (contact + "cc-05", "email", "", "ines.probst@example.org", True, "unverified", "Ines Probst"),
        (contact + "cc-06", "email", "", "ines.probst@example.org", True, "unverified", "Ines Probst"),
    ]
    # neither the own line, nor who was listened to, nor the older version of a chat
    assert core(
        """select count(*) from core.record_identifiers where value in
        ('+13125550102', '+13125550159', 'old.value@example.org', 'anonymous')"""
    ) == [(0,)]


def test_a_chat_without_queue_was_held_by_the_bot(core: Query) -> None:
    rows = core(
        """select interaction_id, interaction_type, occurred_at::varchar,
            json_extract_string(properties, '$.is_bot_contained')
        from core.interactions where source = 'aws_connect' and touchpoint = 'support_chat' order by 3"""
    )
    contact = "aws_connect:contact_records:"
    assert rows == [
        (contact + "cc-05", "chat_started", "2025-03-05 17:00:00", None),
        (contact + "cc-05:ended", "chat_ended", "2025-03-05 17:03:00", "true"),
        (contact + "cc-06", "chat_started", "2025-03-05 18:00:00", None),
        (contact + "cc-06:handover", "bot_handover", "2025-03-05 18:02:00", None),
        (contact + "cc-06:ended", "chat_ended", "2025-03-05 18:20:00", "false"),
    ]


def test_a_record_without_its_update_time_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("aws_connect", "contact_records") == ["missing required updated_at"]
