"""Tencent Meeting: Base64 names, hashed numbers, ids of one session, staff, registrations with numbers in clear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_people_and_their_identifiers(core: Query) -> None:
    assert core("""
        select r.object, r.full_name, r.organisation, i.kind, i.namespace, i.value, i.reason
        from core.customer_records as r inner join core.record_identifiers as i on r.record_id = i.record_id
        where r.source = 'tencent_meeting' order by 6
    """) == [
        ("registrations", "尤佳", "样例设计", "phone", "", "+8613800005151", "unverified"),
        # The key of the company's own link and the platform's user; the name came in Base64 once and plain once.
        ("participants", "李小龙", None, "external_id", "tencent_customer_data", "CRM-20099", None),
        ("registrations", "何平", None, "email", "", "he.ping@example.com", "unverified"),
        ("participants", "李小龙", None, "external_id", "tencent_meeting", "tmOpen1", None),
        ("registrations", "尤佳", "样例设计", "email", "", "you.jia@example.com", "unverified"),
    ]


def test_hashes_session_ids_and_staff_are_nobodys(core: Query) -> None:
    assert core("""
        select count(*) from core.record_identifiers
        where value in ('ms1', 'u1', 'corp_user_1', 'tmOpenStaff', 'tmOpenSpeaker') or value like '0123456789abcdef%'
    """) == [(0,)]


def test_attendance_on_two_devices_counts_once(core: Query) -> None:
    assert core("""
        select record_id is not null, occurred_at, properties->>'attended_seconds', properties->>'meeting_id'
        from core.interactions
        where touchpoint = 'tencent_meeting' and interaction_type = 'meeting_attended' order by occurred_at
    """) == [
        (True, datetime(2025, 3, 5, 9, 1), "2740", "7000000000000009001"),
        (False, datetime(2025, 3, 5, 9, 1, 40), "600", "7000000000000009001"),
    ]


def test_registrations_of_one_person_are_one_record(core: Query) -> None:
    assert core("""
        select count(distinct record_id), count(*), min(occurred_at), min(properties->>'meeting_code')
        from core.interactions where touchpoint = 'tencent_meeting' and interaction_type = 'meeting_registered'
    """) == [(2, 3, datetime(2025, 3, 4, 1, 0), "900009001")]


def test_subject_in_base64(core: Query) -> None:
    assert core("select distinct subject from staging.stg_tencent_meeting__participants") == [("新茶品鉴会",)]
