"""Zendesk: social ids by network, the sender of a ticket by its channel, warehouse copies as CSV, nobody's mailbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]

TURE = "zendesk:users:920000000503"


def test_identifiers_by_network_and_channel(core: Query) -> None:
    rows = core(
        """select kind, namespace, value, is_trusted, reason from core.record_identifiers where record_id = ?
        order by 1, 2, 3""",
        TURE,
    )
    assert rows == [
        # only the e-mail ticket of the end-user himself names his address: neither staff's nor a rule's
        ("email", "", "ture.private@example.com", True, "unverified"),
        ("external_id", "x_handle", "ture_ek", False, "weak_source"),
        ("external_id", "zendesk_facebook", "7100000000000801", True, None),
        ("phone", "", "+13125550191", False, "shared_phone"),
        ("x_user_id", "x", "1000000000000000801", True, None),
    ]


def test_the_support_mailbox_is_nobodys(core: Query) -> None:
    assert core(
        "select count(*) from core.record_identifiers where value in ('help@example.com', 'rule@example.net')"
    ) == [(0,)]


def test_a_user_merged_away_stays_as_a_deleted_record(core: Query) -> None:
    assert core("select is_deleted from core.customer_records where record_id = 'zendesk:users:920000000504'") == [
        (True,)
    ]


def test_warehouse_copies(core: Query) -> None:
    rows = core(
        """select ticket_id, record_id, touchpoint, status, is_deleted, created_at::varchar from core.tickets
        where ticket_id like 'zendesk:7551%' order by 1"""
    )
    day = "2025-03-05 10:00:00"
    assert rows == [
        ("zendesk:75511", TURE, "support_email", "solved", False, day),
        ("zendesk:75512", TURE, "support_email", "open", False, day),
        ("zendesk:75513", TURE, "support_web_form", "open", False, day),
        ("zendesk:75514", TURE, "support_email", "deleted", True, day),
    ]
    assert core("select direction, body from core.ticket_messages where ticket_id = 'zendesk:75511'") == [
        ("inbound", "It flickers, mostly at night")
    ]
