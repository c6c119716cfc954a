"""Eventbrite: fillers are no names, a group booking's e-mail is the buyer's, every act of a visitor at its own time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_fillers_are_no_values_and_the_api_wins_over_the_report(core: Query) -> None:
    rows = core(
        """select native_id, object, full_name, organisation, gender from core.customer_records
        where source = 'eventbrite' order by 1"""
    )
    assert rows == [
        ("1100000001", "attendees", "Ida Brook", "Brook Catering", "female"),
        ("1100000002", "attendees", "Rolf Grain", None, None),
        ("1100000003", "attendees", None, None, None),
        ("1100000004", "attendees", "Tilda Grain", None, None),
        ("1100000005", "attendees", "Uma Free", None, None),
        ("1100000009", "attendees", "Vera Guest", None, None),
        ("2100000009", "buyers", "Walt Payer", None, None),
    ]


def test_one_mail_on_several_names_identifies_nobody_who_comes(core: Query) -> None:
    rows = core(
        """select split_part(record_id, ':', 3), kind, value, is_trusted, reason
        from core.record_identifiers where record_id like 'eventbrite:%' order by 1, 2, 3"""
    )
    assert rows == [
        ("1100000001", "email", "ida.brook@example.com", True, None),
        ("1100000001", "phone", "202-555-0140", False, "weak_source"),
        ("1100000001", "phone", "202-555-0141", True, None),
        ("1100000002", "email", "rolf.grain@example.com", False, "checkout_contact"),
        ("1100000004", "email", "ROLF.grain@example.com", False, "checkout_contact"),
        ("1100000005", "email", "uma.free@example.com", True, None),
        ("1100000009", "email", "vera.guest@example.com", True, None),
        ("1100000009", "phone", "202-555-0149", True, None),
        ("2100000009", "email", "walt.payer@example.com", True, None),
    ]


def test_registration_check_in_no_show_and_cancellation_are_four_things(core: Query) -> None:
    rows = core(
        """select split_part(interaction_id, ':', 3), interaction_type, channel, touchpoint, campaign_id,
          occurred_at::varchar
        from core.interactions where source = 'eventbrite' and interaction_type <> 'purchase'
        order by 1, occurred_at, 2"""
    )
    registered, visit = ("event", "event_registration"), ("event", "event_visit")
    assert rows == [
        ("1100000001", "event_registered", *registered, "spring-letter", "2025-02-20 09:00:00"),
        ("1100000001", "event_attended", *visit, "spring-letter", "2025-03-05 23:05:10"),
        ("1100000002", "event_registered", *registered, None, "2025-02-21 09:00:00"),
        ("1100000002", "event_missed", *visit, None, "2025-03-06 02:00:00"),
        ("1100000003", "event_registered", *registered, None, "2025-02-21 09:00:00"),
        ("1100000003", "event_missed", *visit, None, "2025-03-06 02:00:00"),
        ("1100000004", "event_registered", *registered, None, "2025-02-21 09:00:00"),
        ("1100000004", "event_cancelled", *registered, None, "2025-02-23 10:00:00"),
        ("1100000005", "event_registered", *registered, None, "2025-02-22 09:00:00"),
        ("1100000005", "event_missed", *visit, None, "2025-03-06 02:00:00"),
        ("1100000009", "event_registered", *registered, None, "2025-02-20 09:00:00"),
    ]


def test_paid_tickets_are_orders_of_the_buyer_in_major_units(core: Query) -> None:
    rows = core(
        """select order_id, record_id, gross_amount, tax_amount, net_amount, refunded_amount from core.orders
        where source = 'eventbrite' order by 1"""
    )
    assert [(r[0], r[1], *map(float, r[2:])) for r in rows] == [
        ("eventbrite:2100000001", "eventbrite:attendees:1100000001", 42.0, 3.0, 45.0, 0.0),
        ("eventbrite:2100000002", None, 135.0, 0.0, 90.0, 45.0),
        ("eventbrite:2100000009", "eventbrite:buyers:2100000009", 45.0, 0.0, 45.0, 0.0),
    ]


def test_an_answer_is_a_consent_and_silence_is_none(core: Query) -> None:
    assert core("select record_id, channel, state from core.consents where source = 'eventbrite' order by 1") == [
        ("eventbrite:attendees:1100000001", "email", "granted"),
        ("eventbrite:attendees:1100000009", "email", "denied"),
    ]


def test_a_number_that_a_spreadsheet_rounded_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("eventbrite", "attendee_report") == ["missing key attendee_id"]
