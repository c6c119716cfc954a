"""A hand-made company: core tables in a warehouse, and the Parquet that the identity step and ingest hand over.

Ana (P1) has three records that disagree, 王伟 (P2) shops by WeChat, Bo (P3) is a merged profile (P9 became P3), Cy (P4)
lapsed, P5 has only a deleted record. The as-of is 2026-01-31.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.analytics.step import declared_tables

AS_OF = date(2026, 1, 31)

CORE: dict[str, str] = {
    "customer_records": (
        "record_id VARCHAR, source VARCHAR, object VARCHAR, native_id VARCHAR, entity_type VARCHAR, given_name VARCHAR,"
        " middle_name VARCHAR, family_name VARCHAR, full_name VARCHAR, native_name VARCHAR, organisation VARCHAR,"
        " birth_date VARCHAR, gender VARCHAR, street VARCHAR, unit VARCHAR, locality VARCHAR, region VARCHAR,"
        " postcode VARCHAR, country VARCHAR, language VARCHAR, default_region VARCHAR, is_guest BOOLEAN,"
        " created_at TIMESTAMP, updated_at TIMESTAMP, delivered_date DATE, is_deleted BOOLEAN"
    ),
    "record_identifiers": (
        "record_id VARCHAR, kind VARCHAR, namespace VARCHAR, value_raw VARCHAR, value VARCHAR, is_trusted BOOLEAN,"
        " reason VARCHAR, first_seen_at TIMESTAMP, last_seen_at TIMESTAMP"
    ),
    "interactions": (
        "interaction_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, source VARCHAR, channel VARCHAR,"
        " touchpoint VARCHAR, direction VARCHAR, interaction_type VARCHAR, occurred_at TIMESTAMP, amount DECIMAL(18,4),"
        " currency VARCHAR, product_id VARCHAR, campaign_id VARCHAR, experiment_id VARCHAR, variant VARCHAR,"
        " properties VARCHAR"
    ),
    "orders": (
        "order_id VARCHAR, source VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, channel VARCHAR, touchpoint"
        " VARCHAR,"
        " store_id VARCHAR, ordered_at TIMESTAMP, status VARCHAR, currency VARCHAR, gross_amount DECIMAL(18,4),"
        " discount_amount DECIMAL(18,4), tax_amount DECIMAL(18,4), net_amount DECIMAL(18,4),"
        " refunded_amount DECIMAL(18,4), net_amount_reporting DECIMAL(18,4), coupon_code VARCHAR, campaign_id VARCHAR,"
        " cart_token VARCHAR"
    ),
    "order_lines": (
        "order_id VARCHAR, line_no BIGINT, product_id VARCHAR, product_name VARCHAR, quantity DECIMAL(18,4),"
        " unit_price_amount DECIMAL(18,4), discount_amount DECIMAL(18,4), net_amount DECIMAL(18,4), currency VARCHAR"
    ),
    "products": (
        "product_id VARCHAR, name VARCHAR, brand VARCHAR, category VARCHAR, department VARCHAR,"
        " price_amount DECIMAL(18,4), currency VARCHAR"
    ),
    "tickets": (
        "ticket_id VARCHAR, source VARCHAR, record_id VARCHAR, channel VARCHAR, touchpoint VARCHAR, subject"
        " VARCHAR, ticket_type VARCHAR,"
        " priority VARCHAR, status VARCHAR, created_at TIMESTAMP, solved_at TIMESTAMP, first_reply_minutes BIGINT,"
        " resolution_minutes BIGINT, reopens BIGINT, replies BIGINT, is_deleted BOOLEAN"
    ),
    "ticket_messages": (
        "message_id VARCHAR, ticket_id VARCHAR, record_id VARCHAR, direction VARCHAR, body VARCHAR,"
        " occurred_at TIMESTAMP"
    ),
    "feedback": (
        "feedback_id VARCHAR, source VARCHAR, record_id VARCHAR, channel VARCHAR, touchpoint VARCHAR,"
        " feedback_type VARCHAR, score BIGINT, score_min BIGINT, score_max BIGINT, comment VARCHAR,"
        " occurred_at TIMESTAMP, order_id VARCHAR, ticket_id VARCHAR, product_id VARCHAR"
    ),
    "campaign_touches": (
        "touch_id VARCHAR, source VARCHAR, record_id VARCHAR, campaign_id VARCHAR, campaign_name VARCHAR,"
        " channel VARCHAR, touchpoint VARCHAR, touch_type VARCHAR, occurred_at TIMESTAMP"
    ),
    "touchpoint_costs": (
        "cost_id VARCHAR, source VARCHAR, channel VARCHAR, touchpoint VARCHAR, campaign_id VARCHAR,"
        " campaign_name VARCHAR, cost_date DATE, amount DECIMAL(18,4), currency VARCHAR,"
        " amount_reporting DECIMAL(18,4), impressions BIGINT, clicks BIGINT"
    ),
    "consents": (
        "record_id VARCHAR, purpose VARCHAR, channel VARCHAR, state VARCHAR, occurred_at TIMESTAMP, source VARCHAR"
    ),
}

HANDED_OVER: dict[str, str] = {
    "identity/profile_members": "record_id VARCHAR, profile_id VARCHAR, since DATE",
    "identity/profile_events": (
        "event_id VARCHAR, as_of DATE, run_id VARCHAR, event VARCHAR, profile_id VARCHAR, related_profile_id VARCHAR,"
        " reason VARCHAR"
    ),
    "identity/profile_aliases": "alias_profile_id VARCHAR, profile_id VARCHAR",
    "identity/edges": (
        "record_id_l VARCHAR, record_id_r VARCHAR, match_weight DOUBLE, match_probability DOUBLE, kind VARCHAR,"
        " rule VARCHAR, model_version VARCHAR"
    ),
    "identity/dropped_edges": (
        "record_id_l VARCHAR, record_id_r VARCHAR, match_weight DOUBLE, match_probability DOUBLE, kind VARCHAR,"
        " rule VARCHAR, model_version VARCHAR, reason VARCHAR"
    ),
    "identity/features": "record_id VARCHAR, given VARCHAR, family VARCHAR, native VARCHAR, organisation VARCHAR",
    "identity/review_queue": (
        "record_id_l VARCHAR, record_id_r VARCHAR, match_weight DOUBLE, match_probability DOUBLE, reason VARCHAR,"
        " worth DOUBLE"
    ),
    "identity/record_identifiers": CORE["record_identifiers"],
    "identity/anonymous_links": "anonymous_id VARCHAR, profile_id VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP",
    "identity/households": "household_id VARCHAR, profile_id VARCHAR",
    "identity/model_drift": (
        "model_version VARCHAR, measure VARCHAR, trained DOUBLE, now DOUBLE, psi DOUBLE, verdict VARCHAR"
    ),
    "history/segment_membership": (
        "profile_id VARCHAR, segment VARCHAR, entered_at DATE, exited_at DATE, definition_version VARCHAR"
    ),
    "history/segment_events": (
        "cursor BIGINT, profile_id VARCHAR, segment VARCHAR, event VARCHAR, as_of DATE, reason VARCHAR,"
        " definition_version VARCHAR"
    ),
    "history/segment_versions": (
        "segment VARCHAR, definition_version VARCHAR, version INTEGER, condition VARCHAR, exclusions VARCHAR,"
        " valid_from DATE, valid_to DATE, evaluated_at DATE, members BIGINT"
    ),
    "history/profile_event_runs": "run_id VARCHAR",
    "ops/ingest_files": (
        "source VARCHAR, object VARCHAR, dt DATE, file VARCHAR, rows_delivered BIGINT, rows_raw BIGINT,"
        " rows_quarantined BIGINT, rows_erased BIGINT, status VARCHAR, message VARCHAR"
    ),
    "ops/quarantine_reasons": "source VARCHAR, object VARCHAR, dt DATE, reason VARCHAR, rows BIGINT",
    **{
        f"analytics/{table}": ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        for table, columns in declared_tables().items()
    },
}

A1, A2, A3 = "zoho_crm:contacts:a1", "shopify:customers:a2", "square_pos:customers:a3"
W1 = "wechat:mini_users:w1"
B1, B2 = "shopify:customers:b1", "klaviyo:profiles:b2"
C1 = "square_pos:customers:c1"
D1 = "zoho_crm:contacts:d1"

# Clear values of the company: none may show up in a published mart.
SECRETS = (
    "Ana", "Anna", "Berg", "Bergmann", "ana@berg.example", "+12025550101", "+12025550177", "Elm Street 1",
    "王伟", "+8613912345678", "Bo", "Carlsen", "bo@carlsen.example", "Cy", "Dent", "cy@dent.example", "Deleta",
)  # fmt: skip

ROWS: dict[str, str] = {
    "customer_records": f"""
        ('{A1}', 'zoho_crm', 'contacts', 'a1', 'person', 'ANA', NULL, 'BERG', NULL, NULL, 'Berg Ltd', '1985-03-04',
         'female', 'Elm Street 1', NULL, 'Boston', 'MA', '02108', 'US', 'en-US', 'US', false, '2024-01-01',
         '2024-06-01', '2024-06-01', false),
        ('{A2}', 'shopify', 'customers', 'a2', 'person', 'Ana', NULL, 'Berg', NULL, NULL, NULL, '03/04/1985',
         NULL, 'Oak Avenue 9', '2b', 'Salem', 'MA', '01970', 'US', 'en', 'US', false, '2024-02-01', '2025-12-01',
         '2025-12-01', false),
        ('{A3}', 'square_pos', 'customers', 'a3', 'person', 'Anna', NULL, 'Bergmann', NULL, NULL, NULL, '1985-03-05',
         'female', NULL, NULL, NULL, NULL, '01970', 'US', NULL, 'US', false, '2024-03-01', '2026-01-15',
         '2026-01-15', false),
        ('{W1}', 'wechat', 'mini_users', 'w1', 'person', NULL, NULL, NULL, '王伟', '王伟', NULL, NULL, 'male',
         NULL, NULL,
         '上海', NULL, NULL, 'CN', 'zh_CN', 'CN', false, '2025-12-20', '2026-01-20', '2026-01-20', false),
        ('{B1}', 'shopify', 'customers', 'b1', 'person', 'Bo', NULL, 'Carlsen', NULL, NULL, NULL, NULL, NULL,
         NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, 'US', false, '2025-05-01', '2025-05-01', '2025-05-01', false),
        ('{B2}', 'klaviyo', 'profiles', 'b2', 'person', 'Bo', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, 'US', false, '2025-06-01', '2025-06-01', '2025-06-01', false),
        ('{C1}', 'square_pos', 'customers', 'c1', 'person', 'Cy', NULL, 'Dent', NULL, NULL, NULL, '31.12.1970',
         NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL, 'DE', false, '2024-05-01', '2024-05-01', '2024-05-01', false),
        ('{D1}', 'zoho_crm', 'contacts', 'd1', 'person', 'Deleta', NULL, 'Gone', NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL, 'US', false, '2024-05-01', '2024-05-01', '2024-05-01', true)""",
    "products": """
        ('MUG', 'Mug', 'Nord', 'kitchen', 'home', 10, 'USD'), ('TEA', 'Tea', 'Leaf', 'drinks', 'grocery', 5, 'USD'),
        ('JAM', 'Jam', 'Leaf', 'spreads', 'grocery', 4, 'USD')""",
    "orders": f"""
        ('o1', 'square_pos', '{A3}', NULL, 'store', 'store_till', 's1', '2025-10-01 10:00', 'completed', 'USD', 110, 10,
         0, 100, 0, 100, NULL, NULL, NULL),
        ('o2', 'shopify', '{A2}', NULL, 'website', 'web_shop_order', NULL, '2025-11-30 10:00', 'completed',
         'USD', 60, 10,
         0, 50, 0, 50, 'SAVE10', NULL, NULL),
        ('o3', 'square_pos', '{A3}', NULL, 'store', 'store_till', 's1', '2026-01-09 10:00', 'completed', 'USD', 30, 0,
         0, 20.02, 9.98, 20.02, NULL, NULL, NULL),
        ('o4', 'shopify', '{A2}', NULL, 'website', 'web_shop_order', NULL, '2026-01-10 10:00', 'cancelled',
         'USD', 500, 0,
         0, 500, 0, 500, NULL, NULL, NULL),
        ('o5', 'square_pos', '{A3}', NULL, 'store', 'store_till', 's1', '2026-02-01 00:00', 'completed', 'USD', 900, 0,
         0, 900, 0, 900, NULL, NULL, NULL),
        ('w1', 'wechat', '{W1}', NULL, 'mini_program', 'mini_program_order', NULL, '2026-01-20 02:00', 'completed',
         'CNY', 72, 0, 0, 72, 0, 10, NULL, NULL, NULL),
        ('b1', 'shopify', NULL, 'anon-b', 'website', 'web_shop_order', NULL, '2026-01-15 12:00', 'completed', 'USD', 10,
         0, 0, 10, 0, 10.00, NULL, 'c3', NULL),
        ('c1', 'square_pos', '{C1}', NULL, 'store', 'store_till', 's2', '2025-01-01 12:00', 'completed', 'USD',
         40, 0, 0,
         40, 0, 40, NULL, NULL, NULL),
        ('x1', 'square_pos', NULL, NULL, 'store', 'store_till', 's2', '2026-01-02 12:00', 'completed', 'USD',
         7.77, 0, 0,
         7.77, 0, 7.77, NULL, NULL, NULL)""",
    "order_lines": """
        ('o1', 1, 'MUG', 'Mug', 2, 10, 0, 80, 'USD'), ('o1', 2, 'TEA', 'Tea', 1, 5, 0, 20, 'USD'),
        ('o2', 1, 'TEA', 'Tea', 1, 5, 0, 50, 'USD'),
        ('o3', 1, 'TEA', 'Tea', 2, 5, 0, 15.02, 'USD'), ('o3', 2, 'MUG', 'Mug', 1, 5, 0, 5, 'USD'),
        ('o5', 1, 'JAM', 'Jam', 1, 900, 0, 900, 'USD'),
        ('c1', 1, 'TEA', 'Tea', 1, 5, 0, 35, 'USD'), ('c1', 2, 'MUG', 'Mug', 1, 5, 0, 5, 'USD')""",
    "touchpoint_costs": """
        ('k1', 'ads', 'website', 'web_cart', NULL, NULL, '2026-01-20', 12, 'USD', 12, 100, 10),
        ('k2', 'ads', 'website', 'web_cart', NULL, NULL, '2025-11-01', 30.5, 'USD', 30.5, 100, 10),
        ('k3', 'ads', 'website', 'web_cart', NULL, NULL, '2026-02-01', 99, 'USD', 99, 100, 10),
        ('k4', 'ads', 'website', 'web_search', NULL, NULL, '2026-01-31', 1, 'USD', 1, 100, 10)""",
    "interactions": f"""
        ('i1', NULL, 'anon-a', 'web_events', 'website', 'web_page', 'inbound', 'page_viewed', '2026-01-20 08:00', NULL,
         NULL, NULL, NULL, NULL, NULL, NULL),
        ('i2', NULL, 'anon-a', 'web_events', 'website', 'web_product', 'inbound', 'product_viewed', '2026-01-20 08:01',
         NULL, NULL, 'JAM', NULL, NULL, NULL, '{{"email": "ana@berg.example"}}'),
        ('i3', NULL, 'anon-a', 'web_events', 'website', 'web_cart', 'inbound', 'product_added', '2026-01-20 08:02',
         NULL, NULL, 'JAM', NULL, NULL, NULL, NULL),
        ('i4', NULL, 'anon-a', 'web_events', 'website', 'web_product', 'inbound', 'product_viewed', '2026-02-01 00:00',
         NULL, NULL, 'MUG', NULL, NULL, NULL, NULL),
        ('i5', NULL, 'anon-a', 'web_events', 'website', 'web_page', 'inbound', 'page_viewed', '2025-12-31 08:00', NULL,
         NULL, NULL, NULL, NULL, NULL, NULL),
        ('i6', NULL, 'anon-b', 'web_events', 'website', 'web_page', 'inbound', 'page_viewed', '2026-01-15 11:00', NULL,
         NULL, NULL, 'c2', 'x1', 'blue', NULL),
        ('i7', '{A3}', NULL, 'square_pos', 'store', 'store_till', 'inbound', 'purchase', '2026-01-09 10:00',
         20.02, 'USD',
         NULL, NULL, NULL, NULL, NULL),
        ('i8', '{A1}', NULL, 'klaviyo', 'email', 'newsletter', 'outbound', 'email_sent', '2026-01-08 10:00', NULL, NULL,
         NULL, 'c1', NULL, NULL, NULL),
        ('i9', '{B1}', NULL, 'web_events', 'website', 'web_cart', 'inbound', 'product_added',
         '2026-01-15 11:30', NULL, NULL,
         'JAM', NULL, NULL, NULL, NULL),
        ('i10', NULL, 'anon-z', 'web_events', 'website', 'web_page', 'inbound', 'page_viewed', '2026-01-16 11:30', NULL,
         NULL, NULL, NULL, NULL, NULL, NULL)""",
    "campaign_touches": f"""
        ('t1', 'klaviyo', '{A1}', 'c1', 'Winter', 'email', 'marketing_email', 'sent', '2026-01-08 10:00'),
        ('t2', 'klaviyo', '{A1}', 'c1', 'Winter', 'email', 'marketing_email', 'opened', '2026-01-08 10:01'),
        ('t3', 'klaviyo', '{A1}', 'c1', 'Winter', 'email', 'marketing_email', 'clicked', '2026-01-08 10:02'),
        ('t4', 'klaviyo', '{A1}', 'c2', 'Spring', 'email', 'marketing_email', 'clicked', '2026-01-07 10:02'),
        ('t5', 'klaviyo', '{A1}', 'c3', 'Loyal', 'email', 'marketing_email', 'clicked', '2026-01-06 10:02'),
        ('t6', 'klaviyo', '{A1}', 'c9', 'Old', 'email', 'marketing_email', 'clicked', '2025-12-01 10:02'),
        ('t7', 'klaviyo', '{B2}', 'c1', 'Winter', 'email', 'marketing_email', 'sent', '2026-01-08 10:00')""",
    "tickets": f"""
        ('k1', 'zendesk', '{A1}', 'email', 'support_email', 's', 'question', 'normal', 'solved', '2026-01-02',
         '2026-01-03', 30, 600, 1, 1,
         false),
        ('k2', 'zendesk', '{A1}', 'email', 'support_email', 's', 'question', 'normal', 'solved', '2026-01-20',
         '2026-02-03', 90, 900, 0, 2,
         false),
        ('k3', 'zendesk', '{B1}', 'email', 'support_email', 's', 'question', 'normal', 'open', '2026-01-20',
         NULL, NULL, NULL, 0, 0,
         true)""",
    "ticket_messages": f"""
        ('m1', 'k1', '{A1}', 'inbound', 'My parcel arrived broken, ana@berg.example', '2026-01-02'),
        ('m2', 'k1', '{A1}', 'outbound', 'We send a refund', '2026-01-02')""",
    "feedback": f"""
        ('f1', 'delighted', '{A1}', 'survey', 'nps_survey', 'nps', 9, 0, 10, 'Friendly staff, staff was great',
         '2025-12-01', NULL, NULL, NULL),
        ('f2', 'delighted', '{A1}', 'survey', 'nps_survey', 'nps', 3, 0, 10, 'Delivery late', '2026-01-12',
         NULL, NULL, NULL),
        ('f3', 'delighted', '{W1}', 'survey', 'nps_survey', 'nps', 10, 0, 10, '快递很快，服务好', '2026-01-13', NULL,
         NULL, NULL),
        ('f4', 'delighted', '{B1}', 'survey', 'nps_survey', 'nps', 8, 0, 10, NULL, '2026-01-14', NULL, NULL, NULL),
        ('f5', 'delighted', '{C1}', 'survey', 'nps_survey', 'nps', 10, 0, 10, NULL, '2026-01-15', NULL, NULL, NULL),
        ('f6', 'zendesk', '{A1}', 'survey', 'ticket_rating', 'csat', 1, 0, 1, NULL, '2026-01-15', NULL, 'k1', NULL),
        ('f7', 'delighted', '{B1}', 'survey', 'ticket_rating', 'csat', 3, 1, 5, NULL, '2026-01-16', NULL, NULL,
         NULL)""",
    "consents": f"""
        ('{A1}', 'marketing', 'email', 'denied', '2024-01-01', 'zoho_crm'),
        ('{A1}', 'marketing', 'email', 'granted', '2025-01-01', 'zoho_crm'),
        ('{A2}', 'marketing', 'email', 'granted', '2025-02-01', 'shopify'),
        ('{A2}', 'marketing', 'sms', 'denied', '2025-02-01', 'shopify'),
        ('{A3}', 'marketing', 'sms', 'granted', '2025-12-01', 'square_pos'),
        ('{B1}', 'marketing', '', 'granted', '2025-06-01', 'consent_desk'),
        ('{B1}', 'marketing', 'email', 'granted', '2026-02-02', 'shopify'),
        ('{C1}', 'profiling', 'website', 'denied', '2026-01-31', 'square_pos')""",
    # P4 objected after the scores were made.
    "analytics/profile_scores": """
        ('P1', 4.5, 0.9, 50.555, 230.004, 0.25, NULL), ('P3', 1.5, NULL, 10, 15, 0.5, 'one_purchase'),
        ('P4', 0.5, 0.2, 40, 20, 0.9, NULL)""",
    "analytics/experiment_arms": """
        ('x1', 'blue', true, 'ab', NULL, 1, 1, 1, 1, 10, 0, 1, NULL, false, 14, '2026-01-15 11:00',
         '2026-01-15 11:00')""",
    "analytics/experiment_results": """
        ('x1', 'blue', 'conversion', true, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, 0, NULL)""",
    "identity/profile_members": f"""
        ('{A1}', 'P1', '2026-01-01'), ('{A2}', 'P1', '2026-01-01'), ('{A3}', 'P1', '2026-01-01'),
        ('{W1}', 'P2', '2026-01-20'), ('{B1}', 'P3', '2026-01-01'), ('{B2}', 'P3', '2026-01-31'),
        ('{C1}', 'P4', '2026-01-01'), ('{D1}', 'P5', '2026-01-01')""",
    "identity/profile_events": "('e1', '2026-01-31', 'r1', 'merged', 'P3', 'P9', 'identifier')",
    "identity/profile_aliases": "('P9', 'P3'), ('P8', NULL)",
    "identity/edges": f"('{A1}', '{A2}', 20.0, 1.0, 'identifier', 'email', 'm1')",
    "identity/model_drift": "('m1', 'match_rate', 0.2, 0.5, 0.36, 'retrain'), ('m1', 'records', 10, 14, NULL, 'watch')",
    "identity/review_queue": f"('{A1}', '{C1}', 3.0, 0.8, 'below_threshold', 2.9)",
    "identity/record_identifiers": f"""
        ('{A1}', 'email', '', 'Ana@Berg.example', 'ana@berg.example', true, NULL, '2024-01-01', '2024-06-01'),
        ('{A2}', 'email', '', 'office@shop.example', 'office@shop.example', false, 'over-shared', '2024-01-01',
         '2026-01-01'),
        ('{A1}', 'phone', '', '2025550101', '+12025550101', true, NULL, '2024-01-01', '2024-06-01'),
        ('{A3}', 'phone', '', '2025550177', '+12025550177', true, NULL, '2024-01-01', '2026-01-15'),
        ('{W1}', 'phone', '', '13912345678', '+8613912345678', true, NULL, '2025-12-20', '2026-01-20'),
        ('{B1}', 'email', '', 'bo@carlsen.example', 'bo@carlsen.example', true, NULL, '2025-05-01', '2025-05-01'),
        ('{C1}', 'email', '', 'cy@dent.example', 'cy@dent.example', true, NULL, '2024-05-01', '2024-05-01')""",
    "identity/anonymous_links": """
        ('anon-a', 'P1', '2026-01-01', NULL), ('anon-b', 'P3', '2026-01-15', '2026-01-16'),
        ('anon-a', 'P1', '2025-11-01', '2025-12-15')""",
    "identity/households": "('h1', 'P1'), ('h1', 'P3'), ('h1', 'P5')",
    # P3 and P9 were both members before they merged; P4 was new once and no longer is; P8 was erased.
    "history/segment_membership": """
        ('P3', 'cart_abandoners', '2026-01-10', NULL, 'v0'), ('P9', 'cart_abandoners', '2026-01-05',
         '2026-01-12', 'v0'),
        ('P9', 'one_time_buyers', '2025-12-01', NULL, 'v0'), ('P3', 'new_customers', '2026-01-20', NULL, 'v0'),
        ('P9', 'new_customers', '2026-01-16', NULL, 'v0'), ('P4', 'lapsed', '2025-08-01', NULL, 'v0'),
        ('P4', 'new_customers', '2025-01-02', '2025-02-01', 'v0'), ('P8', 'lapsed', '2025-08-01', NULL, 'v0'),
        ('P1', 'multi_channel', '2025-12-01', '2026-01-31', 'v0'), ('P5', 'store_only', '2025-12-01', NULL, 'v0')""",
    "ops/ingest_files": """
        ('shopify', 'orders', '2026-01-31', 'shopify/orders/dt=2026-01-31/a.jsonl', 10, 8, 2, 0, 'loaded', NULL),
        ('zendesk', 'users', '2026-01-31', 'zendesk/users/dt=2026-01-31/a.jsonl', 5, 5, 0, 0, 'loaded', NULL)""",
    "ops/quarantine_reasons": "('shopify', 'orders', '2026-01-31', 'key_missing', 2)",
}


def build_home(root: Path, rows: Mapping[str, str]) -> None:
    """Write ``warehouse.duckdb`` with the core tables and ``lake/`` with what other steps hand over.

    `rows` maps a table of CORE or HANDED_OVER to an SQL list of rows; a table that is not in it is typed and empty.
    """
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute("create schema if not exists core")
        for table, columns in CORE.items():
            con.execute(f"create or replace table core.{table} ({columns})")
            if table in rows:
                con.execute(f"insert into core.{table} values {rows[table]}")
    for name in HANDED_OVER:
        write_handed_over(root, name, rows.get(name))


def write_handed_over(root: Path, name: str, rows: str | None) -> None:
    """Write one Parquet table below ``lake/`` from an SQL list of rows; None writes it typed and empty."""
    path = root / "lake" / (f"{name}.parquet" if name.startswith("ops/") else f"{name}/part-0.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"create table t ({HANDED_OVER[name]})")
        if rows:
            con.execute(f"insert into t values {rows}")
        con.execute(f"copy t to '{path}' (format parquet)")
