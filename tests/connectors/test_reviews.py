"""Reviews of five kinds: scales, edits, tombstones, syndicated copies, made-up addresses, order and article links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def _feedback(core: Query, source: str) -> list[tuple[Any, ...]]:
    return core(
        """select feedback_id, feedback_type, touchpoint, score, score_max, product_id, occurred_at::varchar
        from core.feedback where source = ? and feedback_id not like 'review_csv:%' order by 1""",
        source,
    )


def test_an_edited_review_keeps_its_id_and_shop_reviews_have_no_article(core: Query) -> None:
    assert _feedback(core, "judgeme") == [
        ("judgeme:910001", "review", "product_review", 4, 5, "5100000000001", "2025-03-10 09:00:00"),
        ("judgeme:910002", "review", "shop_review", 2, 5, None, "2025-03-10 12:00:00"),
        ("judgeme:910003", "review", "product_review", 1, 5, "5100000000001", "2025-03-10 13:00:00"),
    ]


def test_made_up_addresses_are_not_trusted_and_short_names_are_none(core: Query) -> None:
    rows = core(
        """select r.native_id, r.full_name, i.kind, i.namespace, i.value, i.is_trusted from core.customer_records r
        join core.record_identifiers i using (record_id) where r.source = 'judgeme' order by 1, 3"""
    )
    assert rows == [
        ("810001", None, "email", "", "heidi.blum@example.com", True),
        ("810001", None, "external_id", "shopify", "7100000000101", True),
        ("810002", "Some Buyer", "email", "", "9f31@judgeme-import.example", False),
    ]
    assert core("select record_id from core.feedback where feedback_id = 'judgeme:910003'") == [(None,)]
    # accepting review mails is no grant, leaving them is a refusal
    assert core("select record_id, channel, state from core.consents where source = 'judgeme'") == [
        ("judgeme:reviewers:810002", "email", "denied")
    ]


def test_tombstones_incentives_and_syndicated_copies(core: Query) -> None:
    """310003 was deleted, 310005 is Judge.me's 910001 told again."""
    assert _feedback(core, "yotpo") == [
        ("yotpo:310001", "review", "product_review", 4, 5, "0051007", "2025-03-10 09:00:00"),
        ("yotpo:310002", "incentivised_review", "product_review", 5, 5, "0051007", "2025-03-10 09:10:00"),
        ("yotpo:310004", "review", "shop_review", 5, 5, None, "2025-03-10 09:30:00"),
    ]


def test_review_requests_are_touches_and_a_way_out(core: Query) -> None:
    mail = "(select value from core.record_identifiers i where i.record_id = f.record_id)"
    rows = core(
        f"""select {mail}, touch_type, channel, occurred_at::varchar from core.campaign_touches f
        where source = 'yotpo' order by 1, 4"""
    )
    assert rows == [
        ("mats.lind@example.com", "sent", "email", "2025-03-09 08:00:00"),
        ("mats.lind@example.com", "opened", "email", "2025-03-09 09:00:00"),
        ("mats.lind@example.com", "clicked", "email", "2025-03-09 09:01:00"),
        ("tove.dahl@example.org", "sent", "email", "2025-03-09 08:00:00"),
        ("tove.dahl@example.org", "unsubscribed", "email", "2025-03-09 10:00:00"),
    ]
    assert core(f"select {mail}, channel, state from core.consents f where source = 'yotpo'") == [
        ("tove.dahl@example.org", "email", "denied")
    ]


def test_wechat_points_are_stars_and_a_changed_review_replaces_the_old(core: Query) -> None:
    rows = core(
        """select f.feedback_id, f.score, f.comment, f.occurred_at::varchar, r.full_name, i.namespace, i.value
        from core.feedback f join core.customer_records r using (record_id)
        join core.record_identifiers i using (record_id) where f.source = 'wechat_reviews'"""
    )
    openid = "oBdemoOpenid0000000000000077"
    review = ("wechat_reviews:2800000000000000002", 5, "换货很快，满意", "2025-03-06 10:00:00")
    assert rows == [(*review, "阿宁", "wx0000000000000002", openid)]
    assert core("select count(*) from core.interactions where source = 'wechat_reviews' and amount is not null") == [
        (0,)
    ]


def test_location_reviews_are_anonymous_and_in_the_writers_words(core: Query) -> None:
    rows = core(
        """select feedback_id, record_id, feedback_type, score, comment, occurred_at::varchar from core.feedback
        where source = 'google_reviews' order by 1"""
    )
    assert rows == [
        ("google_reviews:gr1", None, "review", 4, "Nette Leute", "2025-03-05 18:00:00.123456"),
        ("google_reviews:gr2", None, "comment", None, "Is there parking?", "2025-03-05 19:00:00"),
    ]


def test_review_files(core: Query) -> None:
    rows = core(
        """select product_id, score, comment, occurred_at::varchar, r.full_name from core.feedback f
        left join core.customer_records r using (record_id) where f.source = 'review_csv' order by 4"""
    )
    sturdy = "Okay lamp. Smaller than it looks, but sturdy"
    assert rows == [
        ("lamp-oak", 3, sturdy, "2025-03-10 08:00:00", "Ida Krog"),
        ("lamp-oak", 5, "Great. Two lines\nof praise", "2025-03-10 09:00:00", None),
    ]


def test_refused_reviews(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("judgeme", "reviews") == ["rating above maximum"]
    assert quarantined("yotpo", "request_log") == ["missing key email"]
    assert quarantined("wechat_reviews", "reviews") == ["score above maximum"]
    assert quarantined("google_reviews", "reviews") == ["star_rating not one of the allowed values"]
    assert quarantined("review_csv", "reviews") == ["field rating: not an integer"]
