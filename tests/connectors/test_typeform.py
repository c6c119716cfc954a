"""Typeform: typed answers, hidden fields, forms nobody submitted, downloads with one header twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def _feedback(core: Query, response: str) -> list[tuple[Any, ...]]:
    return core(
        """select feedback_type, score, score_max, comment, occurred_at::varchar, record_id is not null
        from core.feedback where starts_with(feedback_id, ?) order by 1, 2""",
        f"typeform:{response}:",
    )


def test_answers_hidden_fields_and_a_rating_without_scale(core: Query) -> None:
    assert _feedback(core, "SAMPLEtoken0061") == [
        ("nps", 9, 10, "It simply works", "2025-03-05 10:01:30", True),
        ("rating", 3, None, None, "2025-03-05 10:01:30", True),
    ]
    rows = core(
        """select distinct i.kind, i.value, i.reason from core.record_identifiers i
        join core.feedback f using (record_id) where f.feedback_id like 'typeform:SAMPLEtoken0061:%' order by 1"""
    )
    assert rows == [("customer_no", "CRM-20071", None), ("email", "tess.sample@example.com", "unverified")]


def test_a_form_that_nobody_submitted(core: Query) -> None:
    assert _feedback(core, "SAMPLEtoken0062") == []
    assert core(
        "select interaction_type, occurred_at::varchar, record_id from core.interactions where interaction_id = ?",
        "typeform:responses:SAMPLEtoken0062",
    ) == [("survey_abandoned", "2025-03-05 10:00:00", None)]


def test_a_placeholder_in_the_link_is_nobody(core: Query) -> None:
    assert _feedback(core, "SAMPLEtoken0063") == [("nps", 2, 10, None, "2025-03-05 10:01:30", False)]


def test_download_with_two_columns_of_one_name(core: Query) -> None:
    assert _feedback(core, "samplecsvtoken64") == [
        ("csat", 2, 5, "A day late", "2025-03-05 11:03:00", True),
        ("nps", 6, 10, "Prices went up", "2025-03-05 11:03:00", True),
    ]
    assert core(
        """select distinct i.kind, i.value from core.record_identifiers i join core.feedback f using (record_id)
        where f.feedback_id like 'typeform:samplecsvtoken64:%' order by 1"""
    ) == [("customer_no", "CRM-20074"), ("email", "uma.sample@example.com")]


def test_the_network_id_is_no_key(core: Query) -> None:
    assert core("select count(*) from core.record_identifiers where value in ('aa00bb11cc', 'dd00ee11ff')") == [(0,)]
