"""Delighted: answers on their own scale, epoch times as numbers and as text, an unreadable score refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_answers_keep_their_scale_and_time(core: Query) -> None:
    rows = core(
        """select feedback_id, record_id, feedback_type, score, score_max, comment, occurred_at::varchar
        from core.feedback where source = 'delighted' order by 1"""
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
    ]
