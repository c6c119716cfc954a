"""Badge scans: a badge is valid for one event, several devices scan it, staff are nobody, times are the venue's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_the_same_badge_at_another_event_is_another_visitor(core: Query) -> None:
    rows = core(
        """select native_id, full_name, organisation, country, entity_type from core.customer_records
        where source = 'badge_scan' order by 1"""
    )
    assert rows == [
        ("canton_2025:B7001", "罗大海", "大海贸易", None, "person"),
        ("kitchen_fair_2024:B7001", "PIA OTHER", None, "US", "person"),
        ("kitchen_fair_2025:B7001", "OTTO KELM", "Kelm Works", "US", "person"),
        ("kitchen_fair_2025:scan:L000504", None, "Quiet Ltd", "US", "organisation"),
    ]


def test_badges_carry_their_event_and_firm_phones_are_weak(core: Query) -> None:
    rows = core(
        """select kind, namespace, value, is_trusted, reason from core.record_identifiers
        where record_id like 'badge_scan:%' order by 1, 2, 3"""
    )
    assert rows == [
        ("email", "", "otto.kelm@example.com", True, None),
        ("email", "", "pia.other@example.com", True, None),
        ("external_id", "badge:canton_2025", "B7001", True, None),
        ("external_id", "badge:kitchen_fair_2024", "B7001", True, None),
        ("external_id", "badge:kitchen_fair_2025", "B7001", True, None),
        ("phone", "", "+1 202-555-0150", False, "weak_source"),
        ("phone", "", "+1 202-555-0151", True, None),
        ("phone", "", "13700000151", True, None),
    ]


def test_scans_of_one_day_are_one_visit_with_the_notes_of_each(core: Query) -> None:
    rows = core(
        """select occurred_at::varchar, touchpoint, channel, properties from core.interactions
        where record_id = 'badge_scan:visitors:kitchen_fair_2025:B7001' order by 1"""
    )
    assert [row[:3] for row in rows] == [
        ("2025-03-06 04:20:00", "trade_fair_lead", "event"),
        ("2025-03-06 14:05:00", "trade_fair_lead", "event"),
    ]
    first = json.loads(rows[0][3])
    assert (first["scans"], first["notes"], first["products_of_interest"]) == (
        2,
        "Asked for samples | Wants price list",
        "Mugs | Teapots",
    )


def test_opt_in_is_a_consent_and_an_empty_cell_is_silence(core: Query) -> None:
    assert core("select record_id, state from core.consents where source = 'badge_scan' order by 1") == [
        ("badge_scan:visitors:kitchen_fair_2024:B7001", "denied"),
        ("badge_scan:visitors:kitchen_fair_2025:B7001", "granted"),
    ]


def test_a_scan_without_a_time_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("badge_scan", "scans") == ["field scanned_at: not a timestamp"]
