"""A hand-made warehouse of three people, small enough to know by heart.

p1 王小明 (three records, once also known as p9), p2 Ann Lee (one record), p3 Ann's daughter (one record); p2 and p3
share a phone. p8 was erased.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from profiles import GateBounds, PublishResult, publish

WAREHOUSE = """
CREATE SCHEMA profiles; CREATE SCHEMA segments; CREATE SCHEMA features; CREATE SCHEMA insights; CREATE SCHEMA quality;
CREATE SCHEMA pii; CREATE SCHEMA core;

CREATE TABLE core.secret AS SELECT 'not for readers' AS note;

CREATE TABLE profiles.customer_profile AS FROM (VALUES
    ('p1', '王*', DATE '2025-01-02'), ('p2', 'A*', DATE '2025-02-03'), ('p3', 'B*', NULL))
    t(profile_id, name_masked, since);
CREATE TABLE profiles.profile_members AS FROM (VALUES
    ('crm:contacts:1', 'p1', DATE '2025-01-02'), ('shop:customers:1', 'p1', DATE '2025-01-02'),
    ('pos:customers:1', 'p1', DATE '2025-03-01'), ('crm:contacts:2', 'p2', DATE '2025-02-03'),
    ('crm:contacts:3', 'p3', DATE '2025-02-03')) t(record_id, profile_id, since);
CREATE TABLE profiles.profile_events AS FROM (VALUES
    (1, DATE '2025-01-02', 'r1', 'created', 'p1', NULL, 'new'),
    (2, DATE '2025-03-01', 'r2', 'merged', 'p1', 'p9', 'same email'),
    (3, DATE '2025-03-01', 'r2', 'erased', 'p8', NULL, 'request'))
    t(event_id, as_of, run_id, event, profile_id, related_profile_id, reason);
CREATE TABLE profiles.profile_aliases AS FROM (VALUES ('p9', 'p1'), ('p8', NULL)) t(alias_profile_id, profile_id);
CREATE TABLE profiles.consent AS FROM (VALUES
    ('p1', 'marketing', 'email', 'granted'), ('p1', 'marketing', 'sms', 'denied'),
    ('p2', 'marketing', 'email', 'granted'), ('p2', 'marketing', 'email', 'denied'),
    ('p3', 'marketing', 'sms', 'unknown')) t(profile_id, purpose, channel, state);
CREATE TABLE profiles.households AS FROM (VALUES ('h1', 'p2'), ('h1', 'p3')) t(household_id, profile_id);
CREATE TABLE profiles.attribute_provenance AS FROM (VALUES
    ('p1', 'name', 'zoho_crm', 'crm:contacts:1', 'source_priority'),
    ('p1', 'email', 'shopify', 'shop:customers:1', 'recency'))
    t(profile_id, attribute, source, record_id, rule);

CREATE TABLE segments.definition AS SELECT 'loyal' AS segment, 'block' AS on_breach, 1 AS definition_version;
CREATE TABLE segments.membership AS SELECT 'p1' AS profile_id, 'loyal' AS segment, DATE '2025-03-01' AS entered_at,
    NULL::DATE AS exited_at, 1 AS definition_version;
CREATE VIEW segments.current AS
    SELECT profile_id, segment, entered_at FROM warehouse.segments.membership WHERE exited_at IS NULL;
CREATE TABLE segments.events AS SELECT 1 AS cursor, 'p1' AS profile_id, 'loyal' AS segment, 'entered' AS event;
CREATE TABLE segments.definition_versions AS SELECT 'loyal' AS segment, 1 AS definition_version;
CREATE TABLE segments.overlap AS SELECT 'loyal' AS segment_a, 'new' AS segment_b, 0.5 AS jaccard LIMIT 0;
CREATE TABLE segments.summary AS
    SELECT 'loyal' AS segment, DATE '2025-03-01' AS as_of, 1 AS members, NULL::VARCHAR AS breach;

CREATE TABLE features.profile_features AS FROM (VALUES
    ('p1', 3, 120.50::DECIMAL(18, 4), DATE '2025-03-01', TIMESTAMP '2025-03-01 10:20:30.123456', ['咖啡', 'tea'], true),
    ('p2', 0, NULL, NULL, NULL, NULL, false))
    t(profile_id, orders, net_amount, last_order_date, last_seen_at, top_categories, is_active);
COMMENT ON COLUMN features.profile_features.orders IS 'Completed orders, it''s a count';
CREATE TABLE features.product_affinity AS SELECT 'p1' AS profile_id, 'sku1' AS product_id, 0.5 AS score;
CREATE TABLE features.product_neighbours AS SELECT 'sku1' AS product_id, 'sku2' AS neighbour_product_id, 0.9 AS score;
CREATE TABLE insights.touchpoints AS SELECT NULL::VARCHAR AS touchpoint, 0 AS interactions LIMIT 0;
CREATE TABLE quality.ingest AS SELECT 'shopify' AS source, 10 AS delivered;

CREATE TABLE pii.golden_record AS FROM (VALUES
    ('p1', '小明', '王', 'xm@example.com'), ('p2', 'Ann', 'Lee', NULL), ('p3', 'Bea', 'Lee', NULL))
    t(profile_id, given_name, family_name, email);
CREATE TABLE pii.identifiers AS FROM (VALUES
    ('p1', 'email', '', 'xm@example.com', true), ('p1', 'loyalty_id', 'square_pos', 'L-77', true),
    ('p1', 'phone', NULL, '+8613912345678', true), ('p2', 'email', '', 'noreply@example.com', false),
    ('p2', 'phone', '', '+14155550100', true), ('p3', 'phone', '', '+14155550100', true),
    ('p3', 'customer_no', 'company', '77', true), ('p2', 'loyalty_id', 'other', 'L-77', true))
    t(profile_id, kind, namespace, value, is_trusted);
CREATE TABLE pii.edges AS
    SELECT 'crm:contacts:1' AS record_id_l, 'shop:customers:1' AS record_id_r, 9.5 AS match_weight;
CREATE TABLE pii.review_queue AS SELECT NULL::VARCHAR AS record_id_l LIMIT 0;
CREATE TABLE pii.timeline AS SELECT 'p' || (1 + i % 3) AS profile_id, 'i' || i AS interaction_id,
    TIMESTAMP '2025-01-01' + to_days(((i * 7) % 30)::INTEGER) AS occurred_at, 'store' AS channel FROM range(30) t(i);
"""


@pytest.fixture(scope="session")
def warehouse_sql() -> str:
    """The statements that make the warehouse, for those who publish it once for many tests."""
    return WAREHOUSE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def make_warehouse(tmp_path: Path) -> Callable[..., Path]:
    """Writes the warehouse, then applies the given SQL statements to it."""

    def make(*changes: str) -> Path:
        path = tmp_path / "warehouse.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(path) as con:
            con.execute(WAREHOUSE)
            for change in changes:
                con.execute(change)
        return path

    return make


@pytest.fixture
def put(home: Path) -> Callable[..., PublishResult]:
    """Publishes a warehouse; every argument of `publish` can be given."""

    def run(warehouse: Path, fingerprint: str = "f1", **arguments: Any) -> PublishResult:
        defaults: dict[str, Any] = {
            "as_of": date(2025, 3, 1),
            "run_id": "run-1",
            "generation": 1,
            "model_version": "m1",
            "gate": GateBounds(expected_records=5, ingest_reconciled=True),
        }
        return publish(home, warehouse=warehouse, inputs_fingerprint=fingerprint, **(defaults | arguments))

    return run


@pytest.fixture
def snapshot(make_warehouse: Callable[..., Path], put: Callable[..., PublishResult], home: Path) -> Path:
    """`published/` after one publish of the warehouse."""
    put(make_warehouse())
    return home / "published"
