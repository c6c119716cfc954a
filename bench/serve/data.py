"""A home with N generated profiles, published by the platform's own code; each version can be told from its values."""

from __future__ import annotations

import shutil
import time
from datetime import date
from pathlib import Path

import duckdb

from profiles import GateBounds, publish

MARK = "version_mark"


def build_warehouse(path: Path, profiles: int, features: int) -> None:
    """Write a warehouse of `profiles` people with two records, three interactions and `features` features each.

    The columns are those of a real home in kind: counts, amounts, shares with gaps, texts, days and times.
    """
    columns = ", ".join(
        (
            f"(hash(i, {n}) % 1000)::INTEGER AS count_{n}",
            f"(hash(i, {n}) % 100000)::DOUBLE / 100 AS amount_{n}",
            f"CASE WHEN i % 3 > 0 THEN (hash(i, {n}) % 365)::DOUBLE / 365 END AS share_{n}",
            f"'category ' || hash(i, {n}) % 50 AS favourite_{n}",
            f"DATE '2024-01-01' + (hash(i, {n}) % 365)::INTEGER AS last_date_{n}",
            f"TIMESTAMP '2024-01-01' + to_seconds((hash(i, {n}) % 31000000)::BIGINT) AS last_{n}_at",
        )[(0, 1, 2, 0, 1, 2, 0, 1, 3, 4 if n % 20 < 10 else 5)[n % 10]]
        for n in range(features - 1)
    )
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as con:
        con.execute("SET enable_progress_bar = false")
        for schema in ("profiles", "segments", "features", "insights", "quality", "pii"):
            con.execute(f"CREATE SCHEMA {schema}")
        for statement in f"""
            CREATE TABLE profiles.customer_profile AS
                SELECT 'p' || left(md5(i::VARCHAR), 20) AS profile_id, i, 'A*** B***' AS name_masked, 2 AS n_records
                FROM range({profiles}) t(i);
            CREATE TABLE profiles.profile_members AS
                SELECT source || ':' || i AS record_id, profile_id, DATE '2025-01-01' AS since
                FROM profiles.customer_profile, (VALUES ('crm:contacts'), ('shop:customers')) s(source);
            CREATE TABLE profiles.profile_events AS SELECT i AS event_id, DATE '2025-01-01' AS as_of, 'r' AS run_id,
                'created' AS event, profile_id, NULL::VARCHAR AS related_profile_id, 'new' AS reason
                FROM profiles.customer_profile;
            CREATE TABLE profiles.profile_aliases AS
                SELECT 'x' || i AS alias_profile_id, profile_id FROM profiles.customer_profile WHERE i % 100 = 0;
            CREATE TABLE profiles.consent AS SELECT profile_id, 'marketing' AS purpose, channel, 'granted' AS state
                FROM profiles.customer_profile, (VALUES ('email'), ('sms')) c(channel);
            CREATE TABLE profiles.households AS SELECT 'h' || i // 3 AS household_id, profile_id
                FROM profiles.customer_profile;
            CREATE TABLE profiles.attribute_provenance AS SELECT profile_id, 'name' AS attribute, 'crm' AS source,
                'crm:contacts:' || i AS record_id, 'recency' AS rule FROM profiles.customer_profile;
            CREATE TABLE segments.definition AS SELECT 'loyal' AS segment, 'block' AS on_breach,
                1 AS definition_version;
            CREATE TABLE segments.membership AS SELECT profile_id, 'loyal' AS segment, DATE '2025-01-01' AS entered_at,
                NULL::DATE AS exited_at, 1 AS definition_version FROM profiles.customer_profile WHERE i % 5 = 0;
            CREATE TABLE segments.current AS SELECT profile_id, segment FROM segments.membership;
            CREATE TABLE segments.events AS SELECT 1 AS cursor, 'p' AS profile_id, 'loyal' AS segment,
                'entered' AS event;
            CREATE TABLE segments.definition_versions AS SELECT 'loyal' AS segment, 1 AS definition_version;
            CREATE TABLE segments.overlap AS SELECT 'loyal' AS segment_a, 'new' AS segment_b, 0.5 AS jaccard;
            CREATE TABLE segments.summary AS SELECT 'loyal' AS segment, DATE '2025-03-01' AS as_of,
                {profiles} // 5 AS members, NULL::VARCHAR AS breach;
            CREATE TABLE features.profile_features AS SELECT profile_id, {columns}, 0 AS {MARK}
                FROM profiles.customer_profile;
            CREATE TABLE features.product_affinity AS SELECT 'p' AS profile_id, 's' AS product_id, 0.5 AS score;
            CREATE TABLE features.product_neighbours AS SELECT 's' AS product_id, 't' AS neighbour_product_id;
            CREATE TABLE pii.golden_record AS SELECT profile_id, 'Ann ' || i AS full_name,
                'user' || i || '@example.com' AS email FROM profiles.customer_profile;
            CREATE TABLE pii.identifiers AS SELECT profile_id, 'email' AS kind, '' AS namespace,
                'user' || i || '@example.com' AS value, true AS is_trusted FROM profiles.customer_profile;
            CREATE TABLE pii.edges AS SELECT 'a' AS record_id_l, 'b' AS record_id_r, 1.0 AS match_weight;
            CREATE TABLE pii.review_queue AS SELECT 'a' AS record_id_l, 'b' AS record_id_r;
            CREATE TABLE pii.timeline AS SELECT profile_id, 'i' || i || '.' || n AS interaction_id,
                TIMESTAMP '2025-01-01' + to_hours((hash(i, n) % 8000)::INTEGER) AS occurred_at, 'store' AS channel
                FROM profiles.customer_profile, range(3) t(n);
            ALTER TABLE profiles.customer_profile DROP COLUMN i
        """.split(";"):
            con.execute(statement)


def publish_number(home: Path, number: int, profiles: int) -> float:
    """Publish the home's warehouse as version `number`, which each row of its features says. Returns the seconds."""
    warehouse = home / "warehouse.duckdb"
    with duckdb.connect(warehouse) as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"UPDATE features.profile_features SET {MARK} = {number}")
    started = time.perf_counter()
    publish(
        home,
        warehouse=warehouse,
        as_of=date(2025, 3, 1),
        run_id=f"run-{number}",
        generation=number,
        model_version="m1",
        inputs_fingerprint=f"f{number}",
        gate=GateBounds(expected_records=2 * profiles, ingest_reconciled=True),
        keep=2,
    )
    return time.perf_counter() - started


def ensure_home(home: Path, profiles: int, features: int) -> None:
    """Build and publish version 1 under `home`, unless it is there."""
    if (home / "published" / "current").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    started = time.perf_counter()
    build_warehouse(home / "warehouse.duckdb", profiles, features)
    built = time.perf_counter() - started
    seconds = publish_number(home, 1, profiles)
    print(
        f"built {profiles:,} profiles with {features} features in {built:.0f} s, published in {seconds:.0f} s",
        flush=True,
    )
