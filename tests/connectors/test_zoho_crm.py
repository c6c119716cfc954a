"""Zoho CRM: pages without every field, prefixed CSV ids, deals that are no revenue, staff in meetings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
ALMA, BEA = "zoho_crm:contacts:5410000000000101001", "zoho_crm:contacts:5410000000000101002"
CORA, FIRM = "zoho_crm:leads:5410000000000200431", "zoho_crm:accounts:5410000000000100007"


def test_a_field_not_asked_for_stays_and_a_null_empties(core: Query) -> None:
    rows = core(
        """select record_id, full_name, organisation, entity_type, birth_date, street, locality, is_deleted
        from core.customer_records where source = 'zoho_crm' order by 1"""
    )
    assert rows == [
        (FIRM, None, "Rivers Catering", "organisation", None, "3 Weir Street", "Springfield", False),
        (ALMA, "Alma Rivers", "Rivers Catering", "person", "1987-04-09", None, "Springfield", False),
        (BEA, "Bea Bare", None, "person", None, None, "Springfield", False),
        (CORA, "Cora Quest", "Quest Works", "person", None, None, None, False),
    ]


def test_switchboards_are_weak_and_staff_are_nobody(core: Query) -> None:
    rows = core(
        """select record_id, kind, value, is_trusted, reason from core.record_identifiers
        where record_id like 'zoho_crm:%' order by 1, 2, 3"""
    )
    assert rows == [
        (FIRM, "phone", "+1 202-555-0174", False, "weak_source"),
        (ALMA, "email", "alma.rivers@example.com", True, None),
        (ALMA, "phone", "+1 202-555-0170", False, "weak_source"),
        (ALMA, "phone", "+1 202-555-0171", True, None),
        (BEA, "email", "bare.mail@example.com", True, None),
        (BEA, "phone", "+1 202-555-0172", True, None),
        (CORA, "email", "cora.quest@example.org", True, None),
        (CORA, "phone", "12025550173", True, None),
    ]


def test_calls_deals_meetings_tasks_and_notes_are_interactions(core: Query) -> None:
    rows = core(
        """select record_id, interaction_type, touchpoint, occurred_at::varchar, amount from core.interactions
        where source = 'zoho_crm' and interaction_type <> 'purchase' order by occurred_at, 1"""
    )
    assert rows == [
        (ALMA, "deal_created", "sales_deal", "2025-02-20 03:30:00", None),
        (FIRM, "deal_created", "sales_deal", "2025-02-21 03:30:00", None),
        (CORA, "lead_created", "trade_fair_lead", "2025-03-02 11:00:00", None),
        (ALMA, "meeting", "sales_meeting", "2025-03-03 10:00:00", None),
        (BEA, "meeting", "sales_meeting", "2025-03-03 10:00:00", None),
        (CORA, "meeting", "sales_meeting", "2025-03-03 10:00:00", None),
        (None, "meeting", "sales_meeting", "2025-03-03 10:00:00", None),
        (None, "meeting", "sales_meeting", "2025-03-03 12:00:00", None),
        (ALMA, "deal_won", "sales_deal", "2025-03-04 00:00:00", None),
        (CORA, "task_completed", "sales_follow_up", "2025-03-04 04:30:00", None),
        (FIRM, "note_taken", "sales_follow_up", "2025-03-04 05:30:00", None),
        (CORA, "call", "sales_call", "2025-03-05 04:50:00", None),
    ]
    assert core(
        "select properties ->> 'duration_seconds' from core.interactions where record_id = ? and touchpoint = ?",
        CORA,
        "sales_call",
    ) == [("185",)]


def test_sales_orders_of_both_api_versions(core: Query) -> None:
    rows = core(
        """select o.record_id, o.status, o.net_amount, l.product_id, l.quantity, l.unit_price_amount
        from core.orders as o join core.order_lines as l using (order_id)
        where o.source = 'zoho_crm' order by o.order_id"""
    )
    assert [(*r[:2], float(r[2]), r[3], *map(float, r[4:])) for r in rows] == [
        (ALMA, "completed", 95.0, "0001-MUG", 10.0, 10.0),
        (FIRM, "open", 0.0, "78", 2.0, 10.0),
    ]


def test_opting_out_is_a_refusal_and_not_opting_out_is_silence(core: Query) -> None:
    assert core("select record_id, channel, state from core.consents where source = 'zoho_crm'") == [
        (BEA, "email", "denied")
    ]


def test_write_receipts_are_no_records(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("zoho_crm", "contacts") == ["missing key contact_id"]
