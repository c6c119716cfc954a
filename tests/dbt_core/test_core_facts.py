"""Orders, interactions, tickets, feedback and campaign touches that the scenario must come out as."""

from __future__ import annotations

from decimal import Decimal

import pytest
from raw_lake import Query
from scenario import ROWS


@pytest.mark.parametrize(
    ("order_id", "status", "channel", "net", "refunded", "reporting"),
    [
        ("shopify:6001", "completed", "website", "26.5", "15.9", "26.5"),  # 42.40 less one successful refund
        ("shopify:6002", "completed", "store", "10", "0", "10"),
        ("shopify:6004", "cancelled", "website", "0", "0", "0"),  # voided
        ("shopify:5900", "completed", "website", "8", "0", "8"),  # the newer export file
        ("square_pos:O1", "completed", "store", "6.77", "3", "6.77"),  # no tip, only the refund that went through
        ("square_pos:O2", "cancelled", "store", "0", "0", "0"),
        ("square_pos:O3", "completed", "store", "5", "0", "5"),
        ("square_pos:O5", "completed", "store", "-2", "0", "-2"),  # a return that the till books as an order
        ("square_pos:O9", "completed", "store", "2.5", "0", "2.5"),  # a payment without its order
        ("wechat:42001", "completed", "mini_program", "88", "0", "12.32"),  # fen, then CNY at 0.14
        ("wechat:42002", "refunded", "mini_program", "0", "1", "0"),
        ("wechat:42003", "open", "mini_program", "0", "0", "0"),
    ],
)
def test_order_money(
    core: Query, order_id: str, status: str, channel: str, net: str, refunded: str, reporting: str
) -> None:
    rows = core(
        "select status, channel, net_amount, refunded_amount, net_amount_reporting from core.orders where order_id = ?",
        order_id,
    )
    assert rows == [(status, channel, Decimal(net), Decimal(refunded), Decimal(reporting))]


def test_test_orders_and_drafts_are_no_orders(core: Query) -> None:
    assert core("select order_id from core.orders where order_id in ('shopify:6003', 'square_pos:O4')") == []


@pytest.mark.parametrize(
    ("order_id", "record_id"),
    [
        ("square_pos:O1", "square_pos:customers:C1"),  # only the payment names the customer
        ("square_pos:O2", None),  # an instant profile is nobody
        ("square_pos:O3", "square_pos:loyalty_accounts:L2"),  # an instant profile with a loyalty card
        ("shopify:6001", "shopify:customers:7001"),
        ("shopify:6002", "shopify:orders:6002"),
    ],
)
def test_order_buyer(core: Query, order_id: str, record_id: str | None) -> None:
    assert core("select record_id from core.orders where order_id = ?", order_id) == [(record_id,)]


def test_order_head(core: Query) -> None:
    assert core(
        "select gross_amount, discount_amount, tax_amount, coupon_code, campaign_id, cart_token, anonymous_id"
        " from core.orders where order_id = 'shopify:6001'"
    ) == [(Decimal(45), Decimal(5), Decimal("2.4"), "SPRING5", "spring sale", "cart1", "anon-1")]
    assert core("select gross_amount, coupon_code from core.orders where order_id = 'square_pos:O1'") == [
        (Decimal(10), "SPRING5")
    ]


def test_order_lines_carry_the_company_article_number(core: Query) -> None:
    assert core(
        "select order_id, line_no, product_id, quantity, unit_price_amount, net_amount"
        " from core.order_lines order by 1, 2"
    ) == [
        ("shopify:5900", 1, "MUG", Decimal(1), Decimal(7), Decimal(7)),
        ("shopify:5900", 2, "BAG", Decimal(1), Decimal(1), Decimal(1)),
        ("shopify:6001", 1, "MUG", Decimal(3), Decimal(15), Decimal(40)),
        ("square_pos:O1", 1, "MUG", Decimal(2), Decimal(5), Decimal(9)),
        ("square_pos:O1", 2, None, Decimal("0.5"), Decimal(2), Decimal(1)),
    ]


def test_products_merge_the_catalogues_and_forget_what_left_them(core: Query) -> None:
    assert core("select product_id, name, brand, category, department from core.products order by 1") == [
        ("BAG", None, None, None, None),
        ("MUG", "Blue mug", "Acme", "Drinkware", "HOME"),
    ]


def test_revenue_is_counted_once(core: Query) -> None:
    purchases = core(
        "select sum(amount) filter (where currency = 'USD') from core.interactions where interaction_type = 'purchase'"
    )
    assert purchases == [(Decimal("42.4") + 10 + 8 + Decimal("9.77") + 5 + Decimal("2.5"),)]
    refunds = core("select interaction_id, amount from core.interactions where interaction_type = 'refund' order by 1")
    assert refunds == [
        ("shopify:refunds:4001", Decimal("-15.9")),
        ("square_pos:orders:O5", Decimal(-2)),
        ("square_pos:refunds:R1", Decimal(-3)),
    ]
    repeated = core(
        "select interaction_type, amount from core.interactions"
        " where interaction_type in ('order_completed', 'placed_order') order by 1"
    )
    assert repeated == [("order_completed", None), ("placed_order", None)]


@pytest.mark.parametrize(
    ("interaction_id", "channel", "interaction_type", "direction"),
    [
        ("zoho_crm:calls:5601", "phone", "call", "outbound"),
        ("zoho_crm:leads:5501", "event", "lead_created", "inbound"),
        ("square_pos:loyalty_accounts:L1", "store", "loyalty_enrolled", "inbound"),
        ("shopify:checkouts:3001", "website", "cart_abandoned", "inbound"),
        ("facebook:messages:m1", "social", "message", "inbound"),
        ("facebook:messages:m2", "social", "message", "outbound"),
        ("facebook:comments:c2", "community", "comment", "outbound"),
        ("zendesk:tickets:55", "email", "ticket_opened", "inbound"),
        ("zendesk:ticket_comments:zendesk:923", "email", "ticket_reply", "outbound"),
        ("feedback:zendesk:941", "survey", "feedback_given", "inbound"),
        ("delighted:people:801:sent", "survey", "survey_sent", "outbound"),
        ("klaviyo:events:E1", "email", "email_clicked", "inbound"),
        ("web_events:segment:w1", "website", "login", "inbound"),
        ("web_events:segment:w6", "mobile_app", "screen_viewed", "inbound"),
    ],
)
def test_touchpoints(core: Query, interaction_id: str, channel: str, interaction_type: str, direction: str) -> None:
    rows = core(
        "select channel, interaction_type, direction from core.interactions where interaction_id = ?", interaction_id
    )
    assert rows == [(channel, interaction_type, direction)]


def test_wechat_touchpoints_are_counted_once_each(core: Query) -> None:
    rows = core(
        "select channel, interaction_type, count(*), count(record_id) from core.interactions"
        " where source = 'wechat' group by all order by all"
    )
    assert rows == [
        ("live_chat", "chat_message", 2, 2),
        ("mini_program", "login", 2, 2),
        ("mini_program", "phone_bound", 1, 1),
        ("mini_program", "purchase", 2, 2),
        ("o2o", "follow", 1, 1),  # a store's QR code, delivered twice
        ("social", "contact_added", 2, 2),
    ]


def test_what_is_no_contact_with_a_customer_is_no_interaction(core: Query) -> None:
    ids = (
        "('shopify:checkouts:3002', 'zendesk:tickets:56', 'zendesk:ticket_comments:zendesk:921', 'facebook:leads:502')"
    )
    assert core(f"select interaction_id from core.interactions where interaction_id in {ids}") == []
    assert core("select count(*) from core.ticket_messages where body = 'note'") == [(0,)]


def test_web_events(core: Query) -> None:
    rows = core(
        "select interaction_id, record_id, touchpoint, product_id, experiment_id, variant, campaign_id,"
        " occurred_at::varchar"
        " from core.interactions where interaction_id in"
        " ('web_events:segment:w2', 'web_events:segment:w3', 'web_events:segment:w4') order by 1"
    )
    assert rows == [
        # `variant` of a product is no experiment
        (
            "web_events:segment:w2",
            "web_events:users:CRM-1",
            "web_product_page",
            "MUG",
            None,
            None,
            None,
            "2025-03-04 10:01:00",
        ),
        (
            "web_events:segment:w3",
            "web_events:users:CRM-1",
            "web_shop_order",
            None,
            None,
            None,
            "spring",
            "2025-03-04 10:02:00",
        ),
        # a placeholder is nobody, and a forged clock ends at the server's receipt
        ("web_events:segment:w4", None, "web_browsing", None, None, None, None, "2025-03-05 12:00:00"),
    ]
    assert core("select experiment_id, variant from core.interactions where touchpoint = 'web_experiment'") == [
        ("exp1", "b")
    ]


def test_no_free_text_and_no_contact_in_properties(core: Query) -> None:
    rows = core(
        "select count(*) from core.interactions where properties like '%@%' or properties like '%It broke%'"
        " or properties like '%stock%' or properties like '%+1202%'"
    )
    assert rows == [(0,)]


def test_tickets_and_messages(core: Query) -> None:
    assert core(
        "select ticket_id, record_id, channel, first_reply_minutes, resolution_minutes, is_deleted"
        " from core.tickets where source = 'zendesk' order by 1"
    ) == [
        ("zendesk:55", "zendesk:users:901", "email", 95, 1685, False),
        ("zendesk:56", None, "website", None, None, True),
    ]
    # a service conversation of the official account is a ticket of its channel
    assert core(
        "select channel, status, first_reply_minutes, replies from core.tickets where source = 'wechat'"
        " and record_id like 'wechat:mp_users:%'"
    ) == [("live_chat", "open", 1, 1)]
    assert core(
        "select message_id, direction from core.ticket_messages where message_id like 'zendesk:%' order by 1"
    ) == [
        ("zendesk:921", "inbound"),
        ("zendesk:923", "outbound"),
    ]


def test_feedback_has_its_own_scale(core: Query) -> None:
    assert core(
        "select feedback_id, feedback_type, score, score_min, score_max, comment, order_id, ticket_id"
        " from core.feedback order by 1"
    ) == [
        ("delighted:9001", "nps", 4, 0, 10, "Broke", "shopify:6001", None),  # answered again
        ("delighted:9002", "csat", 3, 1, 3, None, None, None),
        ("facebook:c1", "comment", None, None, None, "Lovely", None, None),
        ("zendesk:941", "csat", 1, 0, 1, "Quick", None, "zendesk:55"),
    ]


def test_campaign_touches(core: Query) -> None:
    assert core("select touch_id, campaign_id, channel, touch_type from core.campaign_touches order by 1") == [
        ("facebook:501", "603", "online_ads", "clicked"),
        ("klaviyo:E1", "spring-01", "email", "clicked"),
        ("shopify:6001:coupon", "spring sale", "website", "coupon_redeemed"),
        ("square_pos:O1:coupon", "SPRING5", "store", "coupon_redeemed"),
    ]


def test_every_source_of_the_scenario_has_interactions(core: Query) -> None:
    systems = {label.partition(".")[0] for label in ROWS}
    assert {row[0] for row in core("select distinct source from core.interactions")} == systems
