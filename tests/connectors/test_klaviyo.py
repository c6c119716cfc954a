"""Klaviyo: machine opens, shop events that repeat orders, suppressions, the flat warehouse copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
KIRA = "klaviyo:profiles:01SAMPLEPROFILE0000000091"


def test_machine_opens_and_shop_events_are_no_touches(core: Query) -> None:
    rows = core(
        """select interaction_type, touchpoint, campaign_id, amount, occurred_at::varchar from core.interactions
        where record_id = ? order by interaction_id""",
        KIRA,
    )
    assert rows == [
        ("email_opened_by_machine", "marketing_email", "spring-09", None, "2025-03-04 17:40:00"),
        ("email_clicked", "marketing_email", "spring-09", None, "2025-03-04 17:40:00"),
        ("placed_order", "marketing_email", None, None, "2025-03-04 17:40:00"),
        ("sms_clicked", "marketing_sms", "spring sms", None, "2025-03-05 10:00:00"),
    ]
    assert core("select touch_id, touch_type from core.campaign_touches where record_id = ? order by 1", KIRA) == [
        ("klaviyo:EVSAMPLE92", "clicked"),
        ("klaviyo:EVSAMPLE94", "clicked"),
    ]


def test_a_suppression_wins_over_consent(core: Query) -> None:
    assert core("select channel, state from core.consents where record_id = ? order by 1", KIRA) == [
        ("email", "denied"),
        ("push", "granted"),
    ]


def test_profile_columns(core: Query) -> None:
    assert core(
        "select given_name, unit, locality, birth_date from core.customer_records where record_id = ?", KIRA
    ) == [("Kira", "Apt 4", "Springfield", "1987-04-09")]
