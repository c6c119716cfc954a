"""Mail house: no control addresses, hold-outs measured and not mailed, returns as signals, codes that come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def test_households_are_nobody_and_a_move_brings_the_new_address(core: Query) -> None:
    rows = core(
        """select native_id, full_name, street, unit, postcode from core.customer_records
        where source = 'mail_house' order by 1"""
    )
    assert rows == [
        ("CRM-30001", "Greta Holm", "34 Canal Street", None, "02704"),
        ("CRM-30002", "Ivan Moor", "8 Orchard Road", None, "62702"),
        ("CRM-30006", "Jana Hold", "6 Orchard Road", None, "62702"),
        ("CRM-30007", "Kurt Nomail", "2 Orchard Road", None, "62702"),
        ("CRM-30009", "Nils Early", "11 Orchard Road", None, "62702"),
        ("SPR25:2025-03-03:000008", "Mona Plain", "10 Orchard Road", None, "62702"),
    ]


def test_the_held_out_are_assigned_and_not_contacted(core: Query) -> None:
    rows = core(
        """select split_part(interaction_id, ':', 5), split_part(record_id, ':', 3), interaction_type,
          experiment_id, variant
        from core.interactions where interaction_id like 'mail_house:pieces:%' order by interaction_id"""
    )
    mailed = ("mail_sent", "mail:SPR25", "mailed")
    assert rows == [
        ("000001", "CRM-30001", *mailed),
        ("000002", "CRM-30002", *mailed),
        ("000003", "CRM-30006", "mail_withheld", "mail:SPR25", "control"),
        ("000005", None, *mailed),
        ("000007", None, *mailed),
        ("000008", "SPR25", *mailed),
        ("000002", "CRM-30009", "mail_sent", None, None),
    ]


def test_what_came_back_is_a_signal_about_letters_only(core: Query) -> None:
    rows = core(
        """select record_id, interaction_type, occurred_at::varchar, properties ->> 'reason' from core.interactions
        where interaction_id like 'mail_house:returns:%' order by interaction_id"""
    )
    assert rows == [
        ("mail_house:recipients:CRM-30001", "address_changed", "2025-03-12 04:00:00", "moved"),
        ("mail_house:recipients:CRM-30002", "mail_returned", "2025-03-12 04:00:00", "refused"),
        (
            "mail_house:recipients:SPR25:2025-03-03:000008",
            "mail_returned",
            "2025-03-13 04:00:00",
            "insufficient_address",
        ),
        (None, "mail_returned", "2025-03-13 04:00:00", "returned"),
    ]
    assert core("select record_id, channel, state from core.consents where source = 'mail_house' order by 1") == [
        ("mail_house:recipients:CRM-30002", "postal_mail", "denied"),
        ("mail_house:recipients:CRM-30007", "postal_mail", "denied"),
    ]


def test_a_code_that_comes_back_in_an_order_is_credited_to_the_mailing(core: Query) -> None:
    rows = core(
        """select touch_id, campaign_id, touch_type, channel from core.campaign_touches
        where touch_id like 'mail_house:answers:%'"""
    )
    assert rows == [("mail_house:answers:square_pos:ORDMAIL0001", "SPR25", "coupon_redeemed", "postal_mail")]


def test_five_pieces_of_the_drop_cost_the_declared_rate(core: Query) -> None:
    rows = core("select amount, impressions from core.touchpoint_costs where cost_id = 'mail_house:SPR25:2025-03-03:*'")
    assert [(float(a), n) for a, n in rows] == [(3.1, 5)]
