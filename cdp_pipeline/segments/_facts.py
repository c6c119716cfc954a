"""What a term of a definition may count: facts, and the words that name their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fact:
    """What a counting term reads: a model with one row per fact.

    `filters` maps a key of the grammar to a text column, `flags` a key to an SQL boolean, `levels` a key to a column
    and its comparison. `counted` is what makes a row count, `amount` the column that is summed. `words` are the only
    values that a filter's column can hold, where that is settled: another one would select nobody without a sign, and
    below `none` or `except` everybody.
    """

    model: str
    at: str
    filters: Mapping[str, str]
    flags: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    counted: str | None = None
    amount: str | None = None
    distinct: str | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_ORDER_FILTERS = {
    "channel": "channel",
    "touchpoint": "touchpoint",
    "source": "source",
    "store": "store_id",
    "campaign": "campaign_id",
}
FACTS: dict[str, Fact] = {
    "event": Fact(
        model="int_interactions_profiled",
        at="occurred_at",
        filters={
            "type": "interaction_type",
            "channel": "channel",
            "touchpoint": "touchpoint",
            "source": "source",
            "direction": "direction",
            "product": "product_id",
            "campaign": "campaign_id",
        },
        words={"direction": ("inbound", "outbound")},
    ),
    "orders": Fact(
        model="int_orders_profiled",
        at="ordered_at",
        filters=_ORDER_FILTERS,
        flags={"coupon": "coupon_code is not null", "refunded": "refunded_amount > 0"},
        counted="status = 'completed'",
        amount="net_amount",
    ),
    # An orders term that names goods counts orders with such a line, and sums what was paid for these lines: their part
    # of the order's money, since a line knows neither refunds nor the reporting currency.
    "order_lines": Fact(
        model="int_order_lines_profiled",
        at="ordered_at",
        filters={
            **_ORDER_FILTERS,
            "category": "category",
            "department": "department",
            "brand": "brand",
            "product": "product_id",
        },
        flags={"coupon": "coupon_code is not null", "refunded": "refunded_amount > 0"},
        counted="status = 'completed'",
        amount="paid_amount",
        distinct="order_id",
    ),
    "campaign": Fact(
        model="int_campaign_touches_profiled",
        at="occurred_at",
        filters={"touch": "touch_type", "channel": "channel", "source": "source", "campaign": "campaign_id"},
        words={
            "touch": (
                "sent",
                "delivered",
                "opened",
                "clicked",
                "bounced",
                "complained",
                "unsubscribed",
                "coupon_redeemed",
            )
        },
    ),
    "feedback": Fact(
        model="int_feedback_profiled",
        at="occurred_at",
        filters={"type": "feedback_type", "channel": "channel", "touchpoint": "touchpoint", "group": "nps_group"},
        flags={"satisfied": "is_satisfied"},
        words={"group": ("promoter", "passive", "detractor")},
        levels={
            "score_at_least": ("score", ">="),
            "score_at_most": ("score", "<="),
            "share_at_least": ("score_share", ">="),
            "share_at_most": ("score_share", "<="),
        },
    ),
    "ticket": Fact(
        model="int_tickets_profiled",
        at="created_at",
        filters={"channel": "channel", "source": "source"},
        flags={"open": "not is_solved"},
    ),
    # The state of the day by channel, not something that happens: it has no window.
    "consent": Fact(
        model="profile_consent",
        at="",
        filters={"purpose": "purpose", "channel": "channel", "state": "state"},
        words={"state": ("granted", "denied")},
    ),
}
GOODS = ("category", "department", "brand", "product")
# What the YAML may name; goods turn `orders` into `order_lines`.
FACT_WORDS = ("event", "orders", "campaign", "feedback", "ticket", "consent")
