"""Facts of a hand-made company as the marts hold them, for definitions to be counted on. The as-of is 2026-01-31."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.segments import feature_columns

AS_OF = date(2026, 1, 31)
RELATIONS = {
    "profile_features": "features.profile_features",
    "profile_consent": "profiles.consent",
    "int_interactions_profiled": "marts_intermediate.int_interactions_profiled",
    "int_orders_profiled": "marts_intermediate.int_orders_profiled",
    "int_order_lines_profiled": "marts_intermediate.int_order_lines_profiled",
    "int_campaign_touches_profiled": "marts_intermediate.int_campaign_touches_profiled",
    "int_feedback_profiled": "marts_intermediate.int_feedback_profiled",
    "int_tickets_profiled": "marts_intermediate.int_tickets_profiled",
}
FACTS = """
create table marts_intermediate.int_interactions_profiled (profile_id varchar, occurred_at timestamp,
    interaction_type varchar, channel varchar, touchpoint varchar, source varchar, direction varchar,
    product_id varchar, campaign_id varchar);
insert into marts_intermediate.int_interactions_profiled values
    ('ana', '2026-01-31 23:59', 'product_viewed', 'website', 'web_product_page', 'web_events', 'inbound', 'MUG', null),
    ('ana', '2026-01-31 08:00', 'product_viewed', 'website', 'web_product_page', 'web_events', 'inbound', 'TEA', null),
    ('ana', '2026-01-02 00:00', 'product_viewed', 'mobile_app', 'app_browsing', 'web_events', 'inbound', 'TEA', null),
    ('bo', '2026-01-01 23:59', 'product_viewed', 'website', 'web_product_page', 'web_events', 'inbound', 'MUG', null),
    ('bo', '2026-01-30 10:00', 'page_viewed', 'website', 'web_browsing', 'web_events', 'inbound', null, null),
    (null, '2026-01-30 10:00', 'product_viewed', 'website', 'web_product_page', 'web_events', 'inbound', 'MUG', null);
create table marts_intermediate.int_orders_profiled (order_id varchar, profile_id varchar, source varchar,
    channel varchar, touchpoint varchar, store_id varchar, ordered_at timestamp, status varchar,
    net_amount decimal(18, 2), refunded_amount decimal(18, 2), coupon_code varchar, campaign_id varchar);
insert into marts_intermediate.int_orders_profiled values
    ('o1', 'ana', 'square_pos', 'store', 'store_till', 's1', '2026-01-31 12:00', 'completed', 40, 0, null, null),
    ('o2', 'ana', 'shopify', 'website', 'web_shop_order', null, '2025-11-01 12:00', 'completed', 60, 5, 'TEN', null),
    ('o3', 'bo', 'meituan', 'o2o', 'meituan_delivery', null, '2026-01-20 12:00', 'completed', 12.5, 0, null, null),
    ('o4', 'cy', 'meituan', 'o2o', 'meituan_delivery', null, '2025-06-20 12:00', 'completed', 9, 0, null, null),
    ('o5', 'cy', 'meituan', 'o2o', 'meituan_delivery', null, '2026-01-21 12:00', 'completed', 9, 0, null, null),
    ('o6', 'cy', 'shopify', 'website', 'web_shop_order', null, '2026-01-22 12:00', 'refunded', 0, 30, null, null);
create table marts_intermediate.int_order_lines_profiled (order_id varchar, profile_id varchar, ordered_at timestamp,
    line_no bigint, product_id varchar, category varchar, department varchar, brand varchar, quantity double,
    net_amount decimal(18, 2));
insert into marts_intermediate.int_order_lines_profiled values
    ('o1', 'ana', '2026-01-31 12:00', 1, 'CAT1', 'CAT FOOD', 'GROCERY', 'Miao', 1, 15),
    ('o1', 'ana', '2026-01-31 12:00', 2, 'CAT2', 'CAT LITTER', 'GROCERY', 'Miao', 1, 10),
    ('o2', 'ana', '2025-11-01 12:00', 1, 'DOG1', 'HOT DOGS', 'DELI', null, 1, 60),
    ('o3', 'bo', '2026-01-20 12:00', 1, 'TEA', 'TEA_100%', 'GROCERY', 'Leaf', 1, 12.5),
    ('o5', 'cy', '2026-01-21 12:00', 1, 'ZAFU', 'CUSHIONS', 'HOME', 'Zen', 1, 10),
    ('o5', 'cy', '2026-01-21 12:00', 2, 'BOX', 'BOXES', 'HOME', null, 1, 5),
    ('o6', 'cy', '2026-01-22 12:00', 1, 'ZAFU', 'CUSHIONS', 'HOME', 'Zen', 3, 30);
create table marts_intermediate.int_campaign_touches_profiled (profile_id varchar, source varchar, campaign_id varchar,
    channel varchar, touch_type varchar, occurred_at timestamp);
insert into marts_intermediate.int_campaign_touches_profiled values
    ('ana', 'klaviyo', 'c1', 'email', 'sent', '2026-01-10'), ('ana', 'klaviyo', 'c1', 'email', 'clicked', '2026-01-11'),
    ('bo', 'klaviyo', 'c1', 'email', 'sent', '2026-01-10');
create table marts_intermediate.int_feedback_profiled (profile_id varchar, source varchar, channel varchar,
    touchpoint varchar, feedback_type varchar, score double, score_share double, nps_group varchar,
    is_satisfied boolean, occurred_at timestamp);
insert into marts_intermediate.int_feedback_profiled values
    ('bo', 'delighted', 'survey', 'nps_survey', 'nps', 3, 0.3, 'detractor', null, '2026-01-10'),
    ('cy', 'zendesk', 'survey', 'ticket_satisfaction', 'csat', 0, 0, null, false, '2026-01-12'),
    ('cy', 'yotpo', 'review', 'product_review', 'review', null, null, null, null, '2026-01-13');
create table marts_intermediate.int_tickets_profiled (profile_id varchar, source varchar, channel varchar,
    created_at timestamp, is_solved boolean);
insert into marts_intermediate.int_tickets_profiled values
    ('bo', 'zendesk', 'email', '2026-01-20', false), ('bo', 'zendesk', 'email', '2025-01-20', true),
    ('cy', 'zendesk', 'email', '2026-01-20', true);
create table profiles.consent (profile_id varchar, purpose varchar, channel varchar, state varchar);
insert into profiles.consent values ('ana', 'marketing', 'email', 'granted'), ('bo', 'marketing', 'email', 'denied');
"""
PROFILES = """
insert into features.profile_features by name from (values
    ('ana', date '2026-01-31', 2, 0, timestamp '2026-01-31 12:00', 'champions', 9, true),
    ('bo', date '2026-01-31', 1, 11, date '2026-01-20', 'new', 3, false),
    ('cy', date '2026-01-31', 2, 10, date '2026-01-21', null, null, false),
    ('di', date '2026-01-31', 0, null, null, null, null, false))
    as rows (profile_id, as_of, orders_total, recency_days, last_order_at, rfm_class, last_nps_score,
        is_email_marketing_allowed);
"""


def create_company(con: duckdb.DuckDBPyConnection) -> None:
    """The tables that a definition may read, in the schemas of the warehouse."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in feature_columns().items())
    con.execute(
        "create schema features; create schema profiles; create schema marts_intermediate; create schema segments;"
        f"create table features.profile_features ({columns});" + PROFILES + FACTS
    )


def create_home(root: Path) -> None:
    """A home with a published snapshot (segments `buyers`: ana, bo, cy; `old`: cy) and a warehouse."""
    for path in (root / "warehouse.duckdb", root / "published" / "20260131-000001" / "marts.duckdb"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(path)) as con:
            create_company(con)
            if path.name == "marts.duckdb":
                con.execute(
                    """
                    drop schema marts_intermediate cascade;
                    create table segments.definition as from (values ('buyers', 'v1'), ('old', 'v1'))
                        as rows (segment, definition_version);
                    create table segments.current as from (values ('ana', 'buyers'), ('bo', 'buyers'), ('cy', 'buyers'),
                        ('cy', 'old')) as rows (profile_id, segment);
                    create table segments.events as from (values
                        (1, 'ana', 'buyers', 'entered', date '2026-01-30', 'condition', 'v1'),
                        (2, 'cy', 'old', 'entered', date '2026-01-30', 'definition', 'v1'),
                        (3, 'bo', 'buyers', 'entered', date '2026-01-31', 'merged', 'v1'))
                        as rows (cursor, profile_id, segment, event, as_of, reason, definition_version);
                    """
                )
    (root / "published" / "current").symlink_to("20260131-000001")
