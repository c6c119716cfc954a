"""A run that takes seconds: ingest, core in plain SQL for a few sources, identity, and a snapshot of the main tables.

Real but for dbt; the full form of the proof (`make erasure-proof`) has the whole run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "privacy"))

import small_home

from cdp_pipeline.home import Home
from profiles import GateBounds, publish
from profiles.snapshots import newest_manifest

SOURCES = ("shopify", "zendesk", "wechat")
_TABLES = """
CREATE SCHEMA profiles; CREATE SCHEMA segments; CREATE SCHEMA features; CREATE SCHEMA pii;
CREATE TABLE profiles.profile_members AS FROM read_parquet('IDENTITY/profile_members/*.parquet');
CREATE TABLE profiles.profile_events AS FROM read_parquet('IDENTITY/profile_events/*.parquet');
CREATE TABLE profiles.profile_aliases AS FROM read_parquet('IDENTITY/profile_aliases/*.parquet');
CREATE TABLE profiles.households AS FROM read_parquet('IDENTITY/households/*.parquet');
CREATE TABLE pii.records AS SELECT m.profile_id, r.* FROM core.customer_records r JOIN profiles.profile_members m
  USING (record_id);
CREATE TABLE pii.identifiers AS SELECT m.profile_id, i.* FROM read_parquet('IDENTITY/record_identifiers/*.parquet') i
  JOIN profiles.profile_members m USING (record_id);
CREATE TABLE profiles.customer_profile AS SELECT profile_id, count(*) AS n_records FROM pii.records GROUP BY 1;
CREATE TABLE profiles.consent (profile_id VARCHAR, purpose VARCHAR, channel VARCHAR, state VARCHAR);
CREATE TABLE profiles.attribute_provenance AS
  SELECT profile_id, 'name' AS attribute, source, record_id, 'first' AS rule FROM pii.records;
CREATE TABLE features.profile_features AS SELECT profile_id, n_records FROM profiles.customer_profile;
CREATE TABLE features.product_affinity (profile_id VARCHAR, product_id VARCHAR, score DOUBLE);
CREATE TABLE features.product_neighbours (product_id VARCHAR, neighbour_product_id VARCHAR, score DOUBLE);
CREATE TABLE segments.definition (segment VARCHAR, on_breach VARCHAR, definition_version VARCHAR);
CREATE TABLE segments.definition_versions (segment VARCHAR, definition_version VARCHAR);
CREATE TABLE segments.membership (profile_id VARCHAR, segment VARCHAR, entered_at DATE, exited_at DATE,
  definition_version VARCHAR);
CREATE TABLE segments.current (profile_id VARCHAR, segment VARCHAR);
CREATE TABLE segments.events (profile_id VARCHAR, segment VARCHAR, event VARCHAR);
CREATE TABLE segments.overlap (segment_a VARCHAR, segment_b VARCHAR);
CREATE TABLE segments.summary (segment VARCHAR, members BIGINT, breach VARCHAR);
CREATE TABLE pii.golden_record AS SELECT DISTINCT ON (profile_id) profile_id, given_name, family_name, full_name, street
  FROM pii.records ORDER BY profile_id, record_id;
CREATE TABLE pii.timeline AS SELECT m.profile_id, i.interaction_id, i.occurred_at, 'social' AS channel
  FROM core.interactions i JOIN profiles.profile_members m USING (record_id);
"""


def run(home: Home) -> None:
    """Everything from landing to a new snapshot."""
    small_home.run(home)
    with TemporaryDirectory() as folder:
        _publish(home, Path(folder) / "marts.duckdb")


def _publish(home: Home, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as con:
        con.execute(f"ATTACH '{home.warehouse_db}' AS core (READ_ONLY)")
        con.execute(_TABLES.replace("IDENTITY", str(home.identity)))
        ((records,),) = con.execute("SELECT count(*) FROM profiles.profile_members").fetchall()
    with duckdb.connect(str(home.identity_db), read_only=True) as con:
        ((generation,),) = con.execute("SELECT max(generation) FROM generations").fetchall()
    before = newest_manifest(home.root)
    publish(
        home.root,
        warehouse=warehouse,
        as_of=small_home.AS_OF,
        run_id=str(uuid4()),
        generation=int(generation),
        model_version="m1",
        inputs_fingerprint=str(uuid4()),
        gate=GateBounds(expected_records=int(records), ingest_reconciled=True, max_profile_drop=1.0),
        keep=5,
    )
    assert before is None or newest_manifest(home.root) != before
