"""Zoom: joins that overlap, waiting rooms, hosts, session numbers, the portal's report with a block in front."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb

from cdp_pipeline.home import Home

Query = Callable[..., list[tuple[Any, ...]]]


def test_registrants_and_guests_with_an_address_are_records(core: Query) -> None:
    assert core("""
        select r.object, coalesce(r.given_name || ' ' || r.family_name, r.full_name), i.kind, i.namespace, i.value,
            i.is_trusted, i.reason
        from core.customer_records as r inner join core.record_identifiers as i on r.record_id = i.record_id
        where r.source = 'zoom' order by 5, 1
    """) == [
        ("registrants", "Ines Moll", "phone", "", "202-555-0163", True, "unverified"),
        ("participants", None, "external_id", "zoom_customer_key", "CK-77", True, None),
        # The original name stands in brackets; the name of a device is nobody's.
        ("participants", "Bea Keller", "email", "", "bea.keller@example.com", True, None),
        ("registrants", "Ines Moll", "email", "", "ines.moll@example.com", True, "unverified"),
        ("participants", None, "email", "", "lena.ortiz@example.com", True, None),
        ("registrants", "Omar Field", "email", "", "omar.field@example.com", True, "unverified"),
    ]


def test_numbers_of_a_session_hosts_and_staff_are_nobodys(core: Query) -> None:
    assert core("""
        select count(*) from core.record_identifiers
        where value like '1677%' or value in ('HOSTID', 'host.person@example.com', 'agent@support.example')
    """) == [(0,)]


def test_attendance_is_merged_before_it_is_added_up(core: Query) -> None:
    assert core("""
        select split_part(i.record_id, ':', 2), r.value, i.occurred_at, i.properties->>'attended_seconds'
        from core.interactions as i
        left join core.record_identifiers as r on i.record_id = r.record_id and r.kind = 'email'
        where i.touchpoint = 'zoom_meeting' and i.interaction_type = 'meeting_attended' order by i.occurred_at
    """) == [
        # Two devices for ten of the first thirty minutes, then a break-out room of five.
        ("registrants", "ines.moll@example.com", datetime(2025, 3, 5, 15, 0), "2100"),
        ("participants", "lena.ortiz@example.com", datetime(2025, 3, 5, 15, 1), "120"),
        # A guest without an address is counted and is nobody; the waiting room is no attendance.
        (None, None, datetime(2025, 3, 5, 15, 2), "120"),
        # The portal writes the account's zone, here New York.
        ("participants", "bea.keller@example.com", datetime(2025, 3, 6, 15, 0, 12), "2460"),
    ]


def test_registrations_and_who_did_not_come(core: Query) -> None:
    assert core("""
        select interaction_type, record_id, occurred_at from core.interactions
        where touchpoint = 'zoom_meeting' and interaction_type in ('meeting_registered', 'meeting_missed')
        order by occurred_at
    """) == [
        ("meeting_registered", "zoom:registrants:regT1", datetime(2025, 2, 25, 10, 0)),
        ("meeting_registered", "zoom:registrants:regT2", datetime(2025, 2, 26, 10, 0)),
        ("meeting_missed", "zoom:registrants:regT2", datetime(2025, 3, 5, 15, 0)),
    ]


def test_polls_are_feedback(core: Query) -> None:
    assert core("""
        select record_id, score, score_max, comment, occurred_at from core.feedback
        where source = 'zoom' order by occurred_at
    """) == [
        ("zoom:registrants:regT1", 5, 5, None, datetime(2025, 3, 5, 15, 38)),
        (None, 2, 5, None, datetime(2025, 3, 5, 15, 38, 30)),
        ("zoom:registrants:regT1", None, 5, "A price list", datetime(2025, 3, 5, 15, 39)),
    ]


def test_consent_boxes(core: Query) -> None:
    assert core("""
        select record_id, channel, state from core.consents where source = 'zoom' order by 1
    """) == [("zoom:registrants:regT1", "email", "granted"), ("zoom:registrants:regT2", "email", "denied")]


def test_join_links_are_not_kept(connector_home: Home) -> None:
    files = [str(f) for f in connector_home.raw("zoom", "registrants").glob("dt=2025-*/*.parquet")]
    with duckdb.connect() as con:
        kept = con.execute("select count(*) from read_parquet(?) where _extra like '%secret%'", [files]).fetchall()
    assert kept == [(0,)]


def test_the_block_in_front_is_no_record(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("zoom", "participants") == []
