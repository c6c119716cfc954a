"""Qualtrics: three header rows, previews and spam out, unfinished no answer, invitations that name the respondent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def _feedback(core: Query, response: str) -> list[tuple[Any, ...]]:
    return core(
        """select feedback_id, feedback_type, score, score_max, comment, occurred_at::varchar
        from core.feedback where starts_with(feedback_id, ?) order by 1""",
        f"qualtrics:{response}:",
    )


def test_three_header_rows_and_configured_questions(core: Query) -> None:
    assert _feedback(core, "R_SAMPLE0000061") == [
        ("qualtrics:R_SAMPLE0000061:Q1", "nps", 9, 10, 'Quick, and "friendly"', "2025-03-05 10:02:11"),
        ("qualtrics:R_SAMPLE0000061:Q3", "csat", 4, 5, None, "2025-03-05 10:02:11"),
    ]


def test_previews_tests_and_spam_are_neither_answers_nor_customers(core: Query) -> None:
    for number in (62, 63, 64, 68):
        assert _feedback(core, f"R_SAMPLE00000{number}") == []
    invented = "'preview@example.com', 'tester@example.com', 'spam@example.com', 'preview2@example.com'"
    assert core(f"select count(*) from core.record_identifiers where value in ({invented})") == [(0,)]


def test_an_unfinished_response_is_an_interaction_only(core: Query) -> None:
    assert _feedback(core, "R_SAMPLE0000065") == []
    assert core(
        """select i.interaction_type, r.value from core.interactions i join core.record_identifiers r using (record_id)
        where i.interaction_id = 'qualtrics:responses:R_SAMPLE0000065'"""
    ) == [("survey_abandoned", "half@example.com")]


def test_recipient_and_reference_are_identity(core: Query) -> None:
    rows = core(
        """select i.kind, i.namespace, i.value, r.given_name from core.record_identifiers i
        join core.customer_records r using (record_id)
        join core.feedback f on f.record_id = r.record_id
        where f.feedback_id = 'qualtrics:R_SAMPLE0000061:Q1' order by 1"""
    )
    assert rows == [
        ("customer_no", "company", "CRM-20061", "Quinn"),
        ("email", "", "quinn.sample@example.com", "Quinn"),
    ]


def test_an_anonymous_answer_stays_anonymous(core: Query) -> None:
    assert core("select record_id, score from core.feedback where feedback_id = 'qualtrics:R_SAMPLE0000066:Q1'") == [
        (None, 3)
    ]
    assert core("select count(*) from core.record_identifiers where value = '192.0.2.61'") == [(0,)]


def test_an_invitation_names_the_respondent(core: Query) -> None:
    contact = "qualtrics:contacts:CID_SAMPLE067"
    assert core("select record_id, score from core.feedback where feedback_id = 'qualtrics:R_SAMPLE0000067:Q1'") == [
        (contact, 10)
    ]
    assert core(
        """select interaction_type, direction, occurred_at::varchar from core.interactions
        where record_id = ? order by 3""",
        contact,
    ) == [
        ("survey_sent", "outbound", "2025-03-04 08:00:00"),
        ("feedback_given", "inbound", "2025-03-05 10:02:11"),
        ("feedback_given", "inbound", "2025-03-05 10:02:11"),
    ]
    assert core("select channel, state from core.consents where record_id = ?", contact) == [("survey", "denied")]


def test_api_values_and_warehouse_answers(core: Query) -> None:
    assert _feedback(core, "R_SAMPLE0000070") == [
        ("qualtrics:R_SAMPLE0000070:CSAT", "csat", 4, 5, "Clean and bright", "2025-03-06 10:01:01"),
        ("qualtrics:R_SAMPLE0000070:NPS", "nps", 8, 10, None, "2025-03-06 10:01:01"),
    ]
    assert core(
        """select value from core.record_identifiers where record_id = (select record_id from core.feedback
        where feedback_id = 'qualtrics:R_SAMPLE0000070:NPS')"""
    ) == [("CRM-20070",)]


def test_a_time_in_words_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("qualtrics", "responses") == ["field recorded_at: not a timestamp"]


def test_embedded_data_names_the_order(core: Query) -> None:
    assert core(
        """select order_reference from intermediate.int_feedback_unioned
        where feedback_id = 'qualtrics:R_SAMPLE0000070:NPS'"""
    ) == [("1099",)]
