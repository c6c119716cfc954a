"""Zendesk Talk: the person is the desk's user, staff are nobody, a call and its ticket are one contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_calls_belong_to_end_users_of_the_desk(core: Query) -> None:
    rows = core(
        """select interaction_id, record_id, direction, interaction_type, occurred_at::varchar,
            json_extract_string(properties, '$.ticket_id'), json_extract_string(properties, '$.wait_seconds')
        from core.interactions where source = 'zendesk_talk' order by 1"""
    )
    caller = "zendesk:users:920000000501"
    assert rows == [
        ("zendesk_talk:calls:31001", caller, "inbound", "call", "2025-03-05 09:30:00", "zendesk:75501", "45"),
        ("zendesk_talk:calls:31002", caller, "inbound", "call_missed", "2025-03-05 12:30:00", None, "58"),
        ("zendesk_talk:calls:31003", None, "inbound", "call", "2025-03-05 13:30:00", None, None),  # staff
        # partner edition: other names, an offset without minutes
        ("zendesk_talk:calls:31004", caller, "outbound", "call", "2025-03-05 15:00:00", "zendesk:75501", None),
    ]


def test_the_ticket_of_a_call_is_no_second_contact(core: Query) -> None:
    assert core("select ticket_id, touchpoint from core.tickets where ticket_id = 'zendesk:75501'") == [
        ("zendesk:75501", "support_call")
    ]
    assert core("select count(*) from core.interactions where interaction_id = 'zendesk:tickets:75501'") == [(0,)]


def test_the_own_line_is_nobodys(core: Query) -> None:
    assert core("select count(*) from core.record_identifiers where value = '+13125550103'") == [(0,)]
    caller = "zendesk:users:920000000501"
    assert core("select full_name from core.customer_records where record_id = ?", caller) == [(None,)]
