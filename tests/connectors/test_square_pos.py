"""Square's dashboard reports: money with signs and brackets, local time in a named zone, the API's orders win."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
SOL, TARA = "square_pos:customers:CUSTCSV0001", "square_pos:customers:CUSTCSV0002"


def test_sales_of_the_report_in_major_units_and_utc(core: Query) -> None:
    rows = core(
        """select order_id, record_id, store_id, ordered_at::varchar, gross_amount, discount_amount, tax_amount,
          net_amount, refunded_amount
        from core.orders where order_id like 'square_pos:ORDCSV%' order by 1"""
    )
    assert [(*r[:4], *map(float, r[4:])) for r in rows] == [
        ("square_pos:ORDCSV0001", SOL, "LOCMAIL1", "2025-03-04 17:30:00", 1020.0, 20.0, 80.0, 972.0, 108.0),
        ("square_pos:ORDCSV0002", None, "LOCMAIL1", "2025-03-04 15:00:00", 5.0, 0.0, 0.0, 5.0, 0.0),
    ]


def test_an_order_of_the_api_is_not_told_again(core: Query) -> None:
    assert core("select net_amount::double from core.orders where order_id = 'square_pos:ORDMAIL0001'") == [(9.0,)]


def test_a_refund_is_money_back_at_its_time(core: Query) -> None:
    rows = core(
        """select record_id, occurred_at::varchar, amount::double from core.interactions
        where interaction_type = 'refund' and record_id = ?""",
        SOL,
    )
    assert rows == [(SOL, "2025-03-06 14:00:00", -108.0)]


def test_customers_of_the_reports(core: Query) -> None:
    rows = core(
        """select r.record_id, r.full_name, r.birth_date, i.kind, i.value from core.customer_records as r
        join core.record_identifiers as i using (record_id) where r.record_id in (?, ?) order by 1, 4""",
        SOL,
        TARA,
    )
    assert rows == [
        (SOL, "Sol Till", None, "customer_no", "CRM-40001"),
        (TARA, "Tara Book", "--07-09", "customer_no", "CRM-40002"),
        (TARA, "Tara Book", "--07-09", "email", "tara.book@example.com"),
        (TARA, "Tara Book", "--07-09", "phone", "+12025550183"),
    ]
    assert core("select channel, state from core.consents where record_id = ?", TARA) == [("email", "denied")]
