"""Consent desk: what people told the company itself; the last word counts, for the record it was said of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_the_last_statement_of_each_purpose_and_channel_counts(core: Query) -> None:
    rows = core(
        """select record_id, purpose, channel, state, occurred_at::varchar from core.consents
        where source = 'consent_desk' order by all"""
    )
    # An objection holds from the day it was delivered, also where the desk's clock ran ahead; of people who are in no
    # record nothing is known.
    assert rows == [
        ("web_events:users:CRM-20011", "marketing", "email", "denied", "2025-03-05 10:00:00"),
        ("web_events:users:CRM-20011", "profiling", "", "denied", "2025-03-06 00:00:00"),
    ]


def test_a_state_that_is_none_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("consent_desk", "changes") == ["state not one of the allowed values"]
