"""Fxiaoke: the envelope, epoch milliseconds, birth dates at Chinese midnight, staff, several numbers in one field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
ID = "64aa0000000000000000"


def test_one_record_per_account_contact_lead_and_member(core: Query) -> None:
    assert core("""
        select object, native_id, entity_type, full_name, organisation, gender, birth_date, region, is_deleted
        from core.customer_records where source = 'fxiaoke_crm' order by 1, 2
    """) == [
        ("AccountObj", ID + "a001", "organisation", None, "示例茶叶有限公司", None, None, None, False),
        ("AccountObj", ID + "a002", "organisation", None, "已关闭商贸", None, None, None, True),
        ("ContactObj", ID + "c001", "person", "陆小雨", "示例茶叶有限公司", "female", "1987-06-15", None, False),
        # Born before 1970; the overlapping page brings an older version again, which loses.
        ("ContactObj", ID + "c002", "person", "高峰", None, "male", "1960-01-01", None, False),
        ("ContactObj", ID + "c003", "person", "误录入", None, None, None, None, True),
        ("ContactObj", ID + "c004", "person", "薛冰", "样例食品厂", "female", "1990-07-01", None, False),
        ("ContactObj", ID + "c005", "person", "龙飞", "样例食品厂", "male", None, None, False),
        ("LeadsObj", ID + "e001", "person", "陆小雨", "示例茶叶", None, None, None, False),
        ("LeadsObj", ID + "e002", "person", "钱先生", None, None, None, None, False),
        ("members", ID + "b001", "person", None, None, None, None, None, False),
    ]


def test_times_are_milliseconds_or_local(core: Query) -> None:
    assert core(
        """
        select right(native_id, 4), created_at, updated_at from core.customer_records
        where source = 'fxiaoke_crm' and native_id in (?, ?, ?) order by 1
    """,
        ID + "c001",
        ID + "c004",
        ID + "c005",
    ) == [
        ("c001", datetime(2025, 2, 3, 2, 15), datetime(2025, 3, 6, 0, 46, 40)),
        ("c004", datetime(2025, 3, 4, 1, 30), datetime(2025, 3, 6, 10, 0)),
        ("c005", datetime(2025, 3, 4, 1, 30), datetime(2025, 3, 6, 10, 0)),
    ]


def test_mobiles_are_trusted_and_lines_of_a_company_are_not(core: Query) -> None:
    assert core("""
        select right(record_id, 4), value, is_trusted, reason from core.record_identifiers
        where record_id like 'fxiaoke_crm:%' and kind = 'phone' order by 1, 2
    """) == [
        # One field with three numbers, split by a semicolon and a blank.
        ("a001", "+8613800003333", False, "weak_source"),
        ("a001", "+8613800004444", False, "weak_source"),
        ("a001", "021-64001234", False, "weak_source"),
        # The newest version of the contact; its damaged and masked numbers of before are gone with it.
        ("c001", "+8613800005555", True, None),
        ("c002", "+8613800008888", True, None),
        ("c003", "+8613800009999", True, None),
        ("c004", "+8613800002468", True, None),
        ("c004", "021-64005678", False, "weak_source"),
        ("e001", "021-64001234", False, "weak_source"),
        ("e002", "+8613800001234", True, None),
    ]


def test_converted_lead_and_contact_share_the_crms_own_link(core: Query) -> None:
    assert core(
        """
        select record_id from core.record_identifiers
        where kind = 'external_id' and namespace = 'fxiaoke_contact' and value = ? order by 1
    """,
        ID + "c001",
    ) == [("fxiaoke_crm:ContactObj:" + ID + "c001",), ("fxiaoke_crm:LeadsObj:" + ID + "e001",)]


def test_numbers_carry_their_scheme_and_staff_is_nobody(core: Query) -> None:
    assert core("""
        select kind, namespace, value, is_trusted from core.record_identifiers
        where record_id like 'fxiaoke_crm:%' and kind in ('customer_no', 'loyalty_id', 'email')
            and value not like '%@example.com' order by 1
    """) == [
        ("customer_no", "fxiaoke_crm", "C-900001", True),
        ("email", "", "office@tea.example.com", False),
        ("loyalty_id", "fxiaoke_crm", ID + "b001", True),
    ]
    assert core("select count(*) from core.record_identifiers where value like '%FSUID%'") == [(0,)]


def test_orders(core: Query) -> None:
    assert core("""
        select order_id, record_id, touchpoint, status, ordered_at, gross_amount, net_amount, currency from core.orders
        where source = 'fxiaoke_crm' order by 1
    """) == [
        (
            "fxiaoke_crm:" + ID + "d001",
            "fxiaoke_crm:AccountObj:" + ID + "a001",
            "sales_order",
            "completed",
            datetime(2025, 3, 4),
            Decimal("1288.5"),
            Decimal("1288.5"),
            "CNY",
        ),
        (
            "fxiaoke_crm:" + ID + "d002",
            "fxiaoke_crm:AccountObj:" + ID + "a001",
            "sales_order",
            "open",
            datetime(2025, 3, 4),
            Decimal("300"),
            Decimal("0"),
            "CNY",
        ),
        (
            "fxiaoke_crm:" + ID + "d003",
            "fxiaoke_crm:AccountObj:" + ID + "a001",
            "sales_order",
            "cancelled",
            datetime(2025, 3, 4),
            Decimal("99"),
            Decimal("0"),
            "CNY",
        ),
    ]


def test_every_object_ends_in_interactions(core: Query) -> None:
    assert core("""
        select interaction_type, touchpoint, direction, right(record_id, 4), occurred_at, amount from core.interactions
        where source = 'fxiaoke_crm' order by occurred_at, interaction_id
    """) == [
        ("lead_created", "sales_lead", "inbound", "e001", datetime(2025, 3, 4), None),
        ("lead_created", "sales_lead", "inbound", "e002", datetime(2025, 3, 4), None),
        ("purchase", "sales_order", "inbound", "a001", datetime(2025, 3, 4), Decimal("1288.5")),
        ("lead_assigned", "sales_lead", "outbound", "e001", datetime(2025, 3, 4, 1), None),
        ("loyalty_points_changed", "member_programme", "inbound", "b001", datetime(2025, 3, 5), None),
        # Linked to a contact before a company; without a link it stays, of nobody.
        ("sales_activity", "sales_activity", "outbound", "c001", datetime(2025, 3, 5, 0, 40), None),
        ("sales_activity", "sales_activity", "outbound", None, datetime(2025, 3, 5, 0, 41, 40), None),
        # Money of an order is counted at the purchase; money without an order here.
        ("payment_received", "sales_order", "inbound", "a001", datetime(2025, 3, 5, 1), None),
        ("call", "sales_call", "outbound", "e002", datetime(2025, 3, 5, 1, 26, 40), None),
        ("payment_received", "sales_order", "inbound", "a001", datetime(2025, 3, 5, 2), Decimal("50")),
        ("loyalty_points_changed", "member_programme", "inbound", "b001", datetime(2025, 3, 6), None),
    ]
    assert core("""
        select properties->>'minutes_to_assign' from core.interactions where interaction_type = 'lead_assigned'
    """) == [("60",)]


def test_errors_and_records_without_a_key_are_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("fxiaoke_crm", "AccountObj") == ["error body"]
    assert quarantined("fxiaoke_crm", "ContactObj") == ["missing key id"]
