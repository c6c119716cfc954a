"""ERP: padded numbers, collective accounts, companies, three shapes of an order, and no sale counted twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_people_companies_and_their_contacts_are_told_apart(core: Query) -> None:
    rows = core(
        """select object, native_id, entity_type, full_name, organisation, birth_date, is_deleted, is_guest
        from core.customer_records where source = 'erp' order by 1, 2"""
    )
    assert rows == [
        ("contacts", "0000020002", "person", "Piet Waters", "Harbour Tools Ltd", None, False, False),
        ("customers", "0000020001", "person", "Nora Field", None, None, False, False),
        ("customers", "0000020002", "organisation", None, "Harbour Tools Ltd", None, False, False),
        ("customers", "0000020004", "person", "Emil Gone", None, "1990-02-11", True, False),
        ("customers", "0000020005", "organisation", None, "Ledger Supply GmbH", None, False, False),
        ("customers", "KH000123", "person", "林小雨", None, None, False, False),
        ("customers", "KH000124", "organisation", None, "示例科技有限公司", None, False, False),
        ("orders", "XSD202503040002", "person", None, None, None, False, True),
    ]


def test_identifiers_carry_their_namespace_and_shared_ones_no_trust(core: Query) -> None:
    rows = core(
        """select split_part(record_id, ':', 2) || ':' || split_part(record_id, ':', 3), kind, namespace, value,
          is_trusted, reason
        from core.record_identifiers where record_id like 'erp:%' and kind <> 'customer_no' order by 1, 2, 4"""
    )
    assert rows == [
        ("contacts:0000020002", "email", "", "piet.waters@example.org", True, None),
        ("contacts:0000020002", "phone", "", "+1 202-555-0132", True, None),
        ("customers:0000020001", "email", "", "nora.field@example.com", True, None),
        ("customers:0000020001", "loyalty_id", "company", "L-70001", True, None),
        ("customers:0000020001", "phone", "", "+1 202-555-0131", True, None),
        ("customers:0000020002", "external_id", "tax_id:us", "TX-4471", True, None),
        ("customers:0000020002", "phone", "", "+1 202-555-0133", False, "weak_source"),
        ("customers:0000020004", "email", "", "emil.gone@example.com", True, None),
        ("customers:0000020005", "email", "", "invoice@example.org", False, "weak_source"),
        ("customers:0000020005", "external_id", "tax_id:de", "DE-998", True, None),
        ("customers:KH000123", "phone", "", "13700000131", True, None),
        ("orders:XSD202503040002", "phone", "", "13700000132", True, None),
    ]
    numbers = core(
        "select value from core.record_identifiers where kind = 'customer_no' and namespace = 'erp' order by 1"
    )
    assert [n for (n,) in numbers] == ["0000020001", "0000020002", "0000020004", "0000020005", "KH000123", "KH000124"]


def test_an_older_version_that_comes_later_changes_nothing(core: Query) -> None:
    assert core("select postcode, street from core.customer_records where record_id = 'erp:customers:0000020001'") == [
        ("02134", "7 Mill Lane")
    ]


def test_orders_of_every_shape_count_once(core: Query) -> None:
    rows = core(
        """select native_id, record_id, touchpoint, status, ordered_at::varchar, currency, gross_amount, tax_amount,
          net_amount
        from (select *, split_part(order_id, ':', 2) as native_id from core.orders where source = 'erp') order by 1"""
    )
    nora, harbour = "erp:customers:0000020001", "erp:customers:0000020002"
    day, office = "2025-03-04 05:00:00", "back_office_order"
    assert [(*r[:6], *map(float, r[6:])) for r in rows] == [
        ("0000050001", nora, "phone_order", "completed", day, "USD", 42.5, 2.4, 31.8),
        ("0000050003", harbour, office, "completed", "2025-01-02 05:00:00", "USD", 90.0, 0.0, 90.0),
        ("0000050006", None, office, "completed", "2025-03-03 05:00:00", "USD", 12.0, 0.72, 12.72),
        ("0000050008", nora, office, "completed", "2025-03-03 05:00:00", "USD", 30.0, 1.8, 31.8),
        ("0000050009", nora, office, "cancelled", "2025-03-03 05:00:00", "USD", 20.0, 1.2, 0.0),
        ("0000060001", harbour, office, "completed", "2025-03-04 00:00:00", "USD", 64.0, 0.0, 64.0),
        ("0000060002", harbour, office, "cancelled", "2025-03-04 00:00:00", "USD", 5.0, 0.0, 0.0),
        ("0000070001", nora, office, "completed", day, "USD", 50.0, 5.0, 55.0),
        ("XSD202503040001", "erp:customers:KH000123", office, "completed", day, "CNY", 1243.5, 0.0, 1243.5),
        ("XSD202503040002", "erp:orders:XSD202503040002", office, "completed", day, "CNY", 14.5, 0.0, 14.5),
        ("XSD202503040003", "erp:customers:KH000124", office, "open", day, "CNY", 29.0, 0.0, 0.0),
        ("XSD202503040004", None, office, "completed", day, "CNY", 29.0, 0.0, 29.0),
    ]


def test_an_order_that_quotes_a_shop_order_is_posted_and_not_sold_again(core: Query) -> None:
    assert core("select count(*) from core.orders where order_id in ('shopify:6000000002042', 'erp:0000050002')") == [
        (1,)
    ]
    rows = core(
        """select interaction_id, record_id, interaction_type, amount, properties ->> 'order_id' from core.interactions
        where source = 'erp' and interaction_type <> 'purchase' order by 1"""
    )
    nora, harbour = "erp:customers:0000020001", "erp:customers:0000020002"
    assert [(*r[:3], None if r[3] is None else float(r[3]), r[4]) for r in rows] == [
        ("erp:documents:0000050002", nora, "order_posted", None, "shopify:6000000002042"),
        ("erp:documents:0000050004", nora, "refund", -10.6, "erp:0000050001"),
        ("erp:documents:0000050005", nora, "return_posted", None, "shopify:6000000002042"),
        ("erp:documents:0000050007", harbour, "sample_sent", None, "erp:0000050007"),
        ("erp:documents:0000050009", nora, "order_cancelled", None, "erp:0000050009"),
        ("erp:documents:0000050012", harbour, "order_posted", None, "zoho_crm:5410000000000900001"),
        ("erp:documents:0000060002", harbour, "order_cancelled", None, "erp:0000060002"),
    ]


def test_lines_keep_decimals_and_leading_zeros(core: Query) -> None:
    rows = core(
        """select split_part(order_id, ':', 2), line_no, product_id, quantity, unit_price_amount, discount_amount
        from core.order_lines where order_id like 'erp:%' order by 1, 2"""
    )
    assert [(*r[:3], *map(float, r[3:])) for r in rows] == [
        ("0000050001", 1, "0001-MUG", 3.0, 10.0, 0.0),
        ("0000050001", 2, "0001-BOX", 2.5, 5.0, 2.5),
        ("0000060001", 1, "0001-MUG", 4.0, 10.0, 0.0),
        ("0000060001", 2, "0001-BOX", 3.0, 8.0, 0.0),
        ("0000070001", 1, "0001-MUG", 2.0, 15.0, 0.0),
        ("0000070001", 2, "0001-BOX", 2.0, 10.0, 0.0),
        ("XSD202503040001", 1, "0001-MUG", 3.0, 14.5, 0.0),
        ("XSD202503040001", 2, "0001-BOX", 1.0, 1200.0, 0.0),
        ("XSD202503040002", 1, "0001-MUG", 1.0, 14.5, 0.0),
        ("XSD202503040003", 1, "0001-MUG", 2.0, 14.5, 0.0),
        ("XSD202503040004", 1, "0001-MUG", 2.0, 14.5, 0.0),
    ]


def test_marketing_and_mail_are_different_refusals(core: Query) -> None:
    assert core("select record_id, channel, state from core.consents where source = 'erp' order by 1, 2") == [
        ("erp:customers:0000020001", "email", "granted"),
        ("erp:customers:0000020002", "email", "denied"),
        ("erp:customers:0000020002", "postal_mail", "denied"),
    ]


def test_rows_without_key_or_with_a_word_for_a_date_are_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("erp", "customers") == ["missing key customer_no"]
    assert quarantined("erp", "orders") == ["field ordered_at: not a timestamp"]
