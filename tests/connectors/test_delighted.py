"""Delighted: answers on their own scale, epoch times as numbers and as text, an unreadable score refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_answers_keep_their_scale_and_time(core: Query) -> None:
    rows = core(
        """select feedback_id, record_id, feedback_type, score, score_max, comment, occurred_at::varchar
        from core.feedback where source = 'delighted' and feedback_id not like 'delighted:910000004%' order by 1"""
    )
    first = ("delighted:910000001", "delighted:people:810000001", "nps", 3, 10, "The parcel came late")
    second = ("delighted:910000002", "delighted:people:810000002", "csat", 5, 5, None)
    assert rows == [(*first, "2025-03-05 10:00:00"), (*second, "2025-03-05 11:00:00")]


def test_a_score_in_words_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("delighted", "survey_responses") == ["field score: not an integer"]


def test_a_made_up_name_is_none(core: Query) -> None:
    assert core("select record_id, full_name from core.customer_records where source = 'delighted' order by 1") == [
        ("delighted:people:810000001", "Mara Example"),
        ("delighted:people:810000002", None),
        ("delighted:people:810000003", "Wim Sample"),
    ]


def test_an_expanded_person_and_follow_up_answers(core: Query) -> None:
    rows = core(
        """select feedback_id, feedback_type, score, score_min, score_max, comment from core.feedback
        where record_id = 'delighted:people:810000003' order by 1"""
    )
    assert rows == [
        ("delighted:910000004", "ces", 6, 1, 7, None),
        ("delighted:910000004:aa1", "follow_up", 4, None, None, None),  # its scale is not told: no scale is assumed
        ("delighted:910000004:aa2", "follow_up", None, None, None, "Wider aisles"),
    ]
    assert core("select kind, value from core.record_identifiers where record_id = 'delighted:people:810000003'") == [
        ("email", "wim.sample@example.com")
    ]


def test_leaving_surveys_is_no_word_about_marketing(core: Query) -> None:
    assert core("select record_id, channel, state from core.consents where source = 'delighted'") == [
        ("delighted:people:810000001", "survey", "denied")
    ]
