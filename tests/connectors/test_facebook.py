"""Facebook: ids valid on one page, made-up addresses, a lead told three ways, reviews without an id or a star."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_the_same_psid_on_two_pages_is_two_people(core: Query) -> None:
    rows = core(
        """select i.namespace, i.value, r.full_name from core.record_identifiers i
        join core.customer_records r using (record_id) where i.kind = 'facebook_psid' order by 1, 2"""
    )
    assert rows == [
        ("100000000000001", "7100000000000001", "Edda Holm"),
        ("100000000000001", "7100000000000002", "Finn Roth"),  # known by the thread alone
        ("100000000000001", "7100000000000003", "Gus Adler"),  # known by the recommendation alone
        ("100000000000002", "7100000000000001", None),
    ]
    assert core("select count(*) from core.record_identifiers where value like '%@facebook.com'") == [(0,)]


def test_inbox_messages_count_once_and_echoes_are_the_pages(core: Query) -> None:
    rows = core(
        """select interaction_id, direction, occurred_at::varchar, record_id is not null from core.interactions
        where source = 'facebook' and touchpoint = 'facebook_inbox' and interaction_type = 'message' order by 1"""
    )
    assert rows == [
        ("facebook:messages:m_a1", "inbound", "2025-03-05 08:00:00", True),
        ("facebook:messages:m_a2", "outbound", "2025-03-05 08:10:00", True),
        ("facebook:messages:m_b1", "inbound", "2025-03-05 10:00:00", True),
        ("facebook:messages:m_b2", "outbound", "2025-03-05 10:01:00", True),
    ]
    # of the two threads only the one whose messages were not delivered stands for itself
    rows = core(
        """select left(interaction_id, 26), r.full_name from core.interactions f
        left join core.customer_records r using (record_id)
        where f.source = 'facebook' and f.interaction_type = 'conversation'"""
    )
    assert rows == [("facebook:conversations:t_2", "Finn Roth")]


def test_a_comment_without_author_is_anonymous(core: Query) -> None:
    assert core(
        """select record_id, touchpoint from core.interactions
        where interaction_id = 'facebook:comments:100000000000001_2_3'"""
    ) == [(None, "facebook_comment")]


def test_a_lead_told_by_webhook_fetch_and_download_is_one(core: Query) -> None:
    rows = core(
        """select native_id, full_name, postcode from core.customer_records
        where source = 'facebook' and object = 'leads' order by 1"""
    )
    assert rows == [
        ("510000000000001", "Heidi Blum", None),
        ("510000000000002", "森 ゆき", "02139"),
        ("510000000000004", "Jon Vega", "2701"),  # the relay tool lost the quotes
    ]
    rows = core(
        """select record_id, kind, value from core.record_identifiers
        where record_id like 'facebook:leads:%' order by 1, 2"""
    )
    lead = "facebook:leads:51000000000000"
    assert rows == [
        (lead + "1", "email", "heidi.blum@example.com"),
        (lead + "1", "phone", "+13125550181"),
        (lead + "2", "email", "yuki.mori@example.org"),
        (lead + "2", "phone", "+13125550183"),
        (lead + "4", "email", "jon.vega@example.org"),
        (lead + "4", "phone", "+13125550182"),
    ]


def test_every_lead_is_an_interaction_even_before_its_answers(core: Query) -> None:
    rows = core(
        """select interaction_id, record_id is not null, campaign_id, occurred_at::varchar from core.interactions
        where source = 'facebook' and interaction_type = 'lead_submitted' order by 1"""
    )
    lead = "facebook:leads:51000000000000"
    assert rows == [
        (lead + "1", True, "6003", "2025-03-05 07:00:00"),
        (lead + "2", True, "6003", "2025-03-05 07:05:00"),
        (lead + "4", True, None, "2025-03-05 07:20:00"),
        (lead + "5", False, None, "2025-03-05 07:16:40"),
    ]


def test_recommendations_keep_their_scale_and_count_once(core: Query) -> None:
    rows = core(
        """select feedback_type, score, score_max, channel, comment, occurred_at::varchar from core.feedback
        where source = 'facebook' and touchpoint = 'facebook_review' order by occurred_at"""
    )
    assert rows == [
        ("rating", 4, 5, "review", None, "2015-06-01 11:00:00"),
        ("thumbs", 1, 1, "review", "Quick repair", "2025-03-05 10:00:00"),
        ("thumbs", 0, 1, "review", "Closed at noon", "2025-03-05 11:00:00"),
    ]


def test_a_lead_without_an_id_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("facebook", "leads_export") == ["missing key lead_id"]
