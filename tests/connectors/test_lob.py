"""Lob: what was sent and scanned, standardised addresses, households are nobody, unprinted pieces are no contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_recipients_are_the_customers_that_the_sender_attached(core: Query) -> None:
    rows = core(
        """select r.native_id, r.full_name, r.postcode, r.country, i.kind, i.namespace, i.value
        from core.customer_records as r left join core.record_identifiers as i using (record_id)
        where r.source = 'lob' order by 1"""
    )
    assert rows == [
        ("CRM-30001", "GRETA HOLM", "62701", "US", "customer_no", "company", "CRM-30001"),
        ("CRM-30003", "HUGO VEIL", "02134", "US", "customer_no", "company", "CRM-30003"),
    ]


def test_pieces_and_scans_are_interactions(core: Query) -> None:
    rows = core(
        """select record_id, direction, interaction_type, occurred_at::varchar, campaign_id from core.interactions
        where source = 'lob' order by occurred_at, record_id nulls last"""
    )
    greta, hugo = "lob:recipients:CRM-30001", "lob:recipients:CRM-30003"
    assert rows == [
        (greta, "outbound", "mail_sent", "2025-03-03 00:00:00", "spring-card"),
        (hugo, "outbound", "mail_sent", "2025-03-03 00:00:00", "spring-card"),
        (None, "outbound", "mail_sent", "2025-03-03 00:00:00", "spring-card"),
        (greta, "outbound", "mail_in_local_area", "2025-03-06 12:00:00", "spring-card"),
        (greta, "outbound", "mail_processed_for_delivery", "2025-03-07 12:00:00", "spring-card"),
        (greta, "inbound", "mail_code_scanned", "2025-03-09 07:59:00", "spring-card"),
        (hugo, "outbound", "mail_returned_to_sender", "2025-03-12 12:00:00", "spring-card"),
    ]


def test_touches_of_the_campaign(core: Query) -> None:
    rows = core(
        """select record_id, touch_type, count(*) from core.campaign_touches where source = 'lob'
        group by all order by 1 nulls last, 2"""
    )
    greta, hugo = "lob:recipients:CRM-30001", "lob:recipients:CRM-30003"
    assert [row for row in rows if row[0] == hugo] == [(hugo, "bounced", 1), (hugo, "sent", 1)]
    assert (greta, "sent", 1) in rows and (greta, "clicked", 1) in rows and (None, "sent", 1) in rows


def test_pieces_cost_their_class(core: Query) -> None:
    rows = core(
        """select cost_id, channel, cost_date::varchar, amount, currency, impressions from core.touchpoint_costs
        where source = 'lob' order by 1"""
    )
    assert [(*r[:3], float(r[3]), *r[4:]) for r in rows] == [
        ("lob:spring-card:2025-03-03:usps_first_class", "postal_mail", "2025-03-03", 1.56, "USD", 2),
        ("lob:spring-card:2025-03-03:usps_standard", "postal_mail", "2025-03-03", 0.56, "USD", 1),
    ]
