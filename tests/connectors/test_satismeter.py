"""SatisMeter: the rating and not the score, answers by metric, placeholders and dismissed surveys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_answers_with_a_metric_and_the_rating_without(core: Query) -> None:
    rows = core(
        """select feedback_id, feedback_type, score, score_max, comment, record_id from core.feedback
        where source = 'satismeter' order by 1"""
    )
    assert rows == [
        ("satismeter:resp0061:a1", "nps", 9, 10, "Quick delivery", "satismeter:users:u0061"),
        ("satismeter:resp0061:a2", "ces", 6, 7, None, "satismeter:users:u0061"),
        ("satismeter:resp0063:rating", "nps", 4, 10, "Hard to find", None),  # a placeholder is nobody
    ]


def test_identity_of_the_respondent(core: Query) -> None:
    assert core(
        "select kind, value from core.record_identifiers where record_id = 'satismeter:users:u0061' order by 1"
    ) == [("customer_no", "CRM-20075"), ("email", "vera.sample@example.com")]
    assert core("select count(*) from core.record_identifiers where value = 'No response'") == [(0,)]


def test_a_dismissed_survey_is_no_answer(core: Query) -> None:
    assert core("select interaction_type from core.interactions where record_id = 'satismeter:users:u0062'") == [
        ("survey_dismissed",)
    ]
    assert core("select full_name from core.customer_records where record_id = 'satismeter:users:u0062'") == [(None,)]
