"""HubSpot: merged contacts, further addresses, bot clicks, two spellings of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
OTTO = "hubspot:contacts:70000041"


def test_contact_carries_absorbed_ids_and_further_addresses(core: Query) -> None:
    rows = core(
        "select kind, namespace, value, is_trusted from core.record_identifiers where record_id = ? order by all", OTTO
    )
    assert rows == [
        ("email", "", "Otto@example.com", True),
        ("email", "", "otto.three@example.org", True),
        ("email", "", "otto.work@example.org", True),
        ("external_id", "hubspot", "70000041", True),
        ("external_id", "hubspot", "70000042", True),
        ("external_id", "hubspot", "70000043", True),
        ("phone", "", "+12025550151", True),
    ]
    assert core(
        """select value from core.record_identifiers
        where record_id = 'hubspot:contacts:70000042' and kind = 'external_id'"""
    ) == [("70000042",)]


def test_an_office_number_is_weak(core: Query) -> None:
    assert core(
        """select is_trusted, reason from core.record_identifiers
        where record_id = 'hubspot:contacts:70000044' and kind = 'phone'"""
    ) == [(False, "weak_source")]


def test_an_archived_contact_of_the_api_is_deleted(core: Query) -> None:
    assert core(
        """select given_name, created_at::varchar, is_deleted from core.customer_records
        where record_id = 'hubspot:contacts:70000045'"""
    ) == [("Archie", "2025-03-03 11:06:40", True)]


def test_what_a_machine_did_is_no_touch(core: Query) -> None:
    rows = core(
        "select interaction_type, occurred_at::varchar from core.interactions where record_id = ? order by 2", OTTO
    )
    assert rows == [
        ("email_sent", "2025-03-04 17:30:00"),
        ("email_opened_by_machine", "2025-03-04 17:30:05"),
        ("email_clicked_by_machine", "2025-03-04 17:30:06"),
        ("email_clicked", "2025-03-04 17:40:00"),  # a further address in other letters
        ("email_unsubscribed", "2025-03-04 18:00:00"),  # the status stands in the table of details
    ]
    assert core("select touch_type from core.campaign_touches where record_id = ? order by occurred_at", OTTO) == [
        ("sent",),
        ("clicked",),
        ("unsubscribed",),
    ]


def test_epoch_milliseconds_and_obsolete_events(core: Query) -> None:
    rows = core(
        """select interaction_type, occurred_at::varchar, properties->>'$.url' from core.interactions
        where record_id = 'hubspot:contacts:70000044'"""
    )
    assert rows == [("email_clicked", "2025-03-04 17:40:00.123", "https://shop.example.com/mugs")]


def test_consents(core: Query) -> None:
    assert core(
        "select record_id, channel, state, occurred_at::varchar from core.consents where source = 'hubspot' order by 1"
    ) == [
        (OTTO, "email", "denied", "2025-03-04 18:00:00"),
        ("hubspot:contacts:70000044", "email", "denied", "2025-03-04 18:00:00"),
    ]


def test_a_recipient_without_contact_is_a_record_of_its_own(core: Query) -> None:
    rows = core(
        """select i.value, r.object, x.interaction_type from core.customer_records r
        join core.record_identifiers i using (record_id) join core.interactions x using (record_id)
        where r.record_id like 'hubspot:recipients:%'"""
    )
    assert rows == [("stranger@example.net", "recipients", "email_opened")]


def test_a_time_in_words_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("hubspot", "events") == ["field created_at: not a timestamp"]
