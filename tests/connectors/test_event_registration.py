"""Sign-in sheets: merged cells, mended addresses, local times, staying away counted only when the event is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_everybody_on_the_sheet_is_a_record_of_the_event(core: Query) -> None:
    rows = core(
        """select r.full_name, i.kind, i.value, i.is_trusted, i.reason from core.customer_records as r
        left join core.record_identifiers as i using (record_id) where r.source = 'event_registration' order by 1, 2"""
    )
    assert rows == [
        ("Walk In", "phone", "202-555-0162", True, None),
        ("Zoe Later", "email", "zoe.later@example.com", True, None),
        ("何小满", "email", "he.xiaoman@example.com", True, None),
        ("何小满", "phone", "13700000161", True, None),
        ("方可", "email", "fang.ke@example.com", True, "unverified"),
    ]


def test_acts_stand_at_their_own_time_in_utc(core: Query) -> None:
    rows = core(
        """select r.full_name, i.interaction_type, i.occurred_at::varchar, i.properties ->> 'event_name'
        from core.interactions as i join core.customer_records as r using (record_id)
        where i.source = 'event_registration' order by 1, 3"""
    )
    assert rows == [
        ("Walk In", "event_attended", "2025-03-08 06:10:00", "茶艺体验日"),
        ("Zoe Later", "event_registered", "2025-03-01 02:00:00", "Spring talk"),
        ("何小满", "event_registered", "2025-03-01 02:00:00", "茶艺体验日"),
        ("何小满", "event_attended", "2025-03-08 05:55:00", "茶艺体验日"),
        ("方可", "event_registered", "2025-03-02 00:00:00", "茶艺体验日"),
        ("方可", "event_missed", "2025-03-07 16:00:00", "茶艺体验日"),
    ]


def test_consent_is_what_was_ticked(core: Query) -> None:
    rows = core(
        """select r.full_name, c.state from core.consents as c join core.customer_records as r using (record_id)
        where c.source = 'event_registration' order by 1"""
    )
    assert rows == [("Walk In", "denied"), ("何小满", "granted")]
