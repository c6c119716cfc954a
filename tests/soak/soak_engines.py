"""Ways to live through a day: the command line as it is, what it calls in one process for all days, and the same steps
without dbt, for a check of seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Protocol

import duckdb

import identity
from cdp_pipeline import warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import landed_days
from cdp_pipeline.judgements import as_judgements, live_judgements
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.erase import erase
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import ensure_tables, ingest_partition, pending, reconcile

# Few are kept, so that a soak of weeks sees them go.
KEEP = {"CDP_KEEP_RUNS": "8", "CDP_KEEP_VERSIONS": "3", "CDP_HOME": ""}


class Engine(Protocol):
    """How a home is brought up to date, and a person erased."""

    how: str

    def run(self, home: Home, *, full: bool = False) -> None: ...

    def erase(self, home: Home, email: str) -> None: ...


class CommandLine:
    """`cdp run` and `cdp privacy erase`, each in a process of its own."""

    how = "Each day by `cdp run`."

    def run(self, home: Home, *, full: bool = False) -> None:
        self._cdp(home, "run", "--accept-changes", *(["--full"] if full else []))

    def erase(self, home: Home, email: str) -> None:
        self._cdp(home, "privacy", "erase", email, "--yes")

    def _cdp(self, home: Home, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "cdp_pipeline", *arguments, "--home", str(home.root)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **KEEP},
        )
        assert done.returncode == 0, done.stderr[-2000:]


class OneProcess:
    """What `cdp run` and `cdp privacy erase` call, day after day in this process: Dagster's job, dbt, gate and swap.
    Each tenth run is `cdp run` itself, and so are full ones."""

    how = "Each tenth day and all full rebuilds by `cdp run`, the others by what it calls, in one process for all days."

    def __init__(self) -> None:
        self._runs = 0
        self._command_line = CommandLine()
        os.environ.update(KEEP)

    def run(self, home: Home, *, full: bool = False) -> None:
        from cdp_pipeline.run import run

        self._runs += not full
        if full or self._runs % 10 == 0:
            self._command_line.run(home, full=full)
        else:
            run(home, accept_changes=True)

    def erase(self, home: Home, email: str) -> None:
        erase(home, [email])


class Steps:
    """Ingest, core in plain SQL, identity, erasing: everything but dbt, publishing and Dagster."""

    how = "Without dbt, publishing and Dagster."

    def run(self, home: Home, *, full: bool = False) -> None:
        contracts = {name: one for name, one in load_contracts().items() if name in ("shopify", "zendesk")}
        ensure_tables(home, contracts)
        warehouse.hash_key(home)
        with Ops(home.ops_db) as ops:
            for unseen in pending(home, contracts):
                ingest_partition(home, contracts[unseen.source].objects[unseen.obj], unseen.dt, "run", ops)
            found = reconcile(home, ops)
        assert found.ok, found.mismatches
        with duckdb.connect(str(home.warehouse_db)) as con:
            con.execute(_CORE.replace("LAKE", str(home.lake / "raw")))
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                target = home.core / table / "part-0.parquet"
                target.parent.mkdir(parents=True, exist_ok=True)
                con.execute(f"COPY {table} TO '{target}' (FORMAT parquet)")
        identity.run_pipeline(
            home.core, home.identity, home.identity_db, home.models, as_of=_newest_day(home), run_id="run",
            base_generation=_generation(home.identity_db), full=full, allow_changes=True,
            judgements=as_judgements(live_judgements(home.ops_db)),
        )  # fmt: skip

    def erase(self, home: Home, email: str) -> None:
        erase(home, [email], rerun=self.run)


def _newest_day(home: Home) -> date:
    return landed_days(home)[-1]


def _generation(store: Path) -> int:
    if not store.exists():
        return 0
    with duckdb.connect(str(store), read_only=True) as con:
        ((last,),) = con.execute("SELECT coalesce(max(generation), 0) FROM generations").fetchall()
    return int(last)


def _versions(name: str, key: str) -> str:
    """The version of each record that counts: the last by its own time, then by delivery."""
    files = f"read_parquet('LAKE/{name}/*/*.parquet', hive_partitioning = false, union_by_name = true)"
    return (
        f"(SELECT * FROM {files} QUALIFY row_number() OVER (PARTITION BY {key}"
        " ORDER BY updated_at DESC, _dt DESC, _file DESC, _line DESC) = 1)"
    )


_SHOP, _DESK = _versions("shopify/customers", "customer_id"), _versions("zendesk/users", "user_id")
_PERSON = """'person' AS entity_type, {given} AS given_name, NULL::VARCHAR AS middle_name, {family} AS family_name,
  {full} AS full_name, NULL::VARCHAR AS native_name, NULL::VARCHAR AS organisation, NULL::VARCHAR AS birth_date,
  NULL::VARCHAR AS gender, {street} AS street, NULL::VARCHAR AS unit, {city} AS locality, NULL::VARCHAR AS region,
  {zip} AS postcode, 'US' AS country, NULL::VARCHAR AS language, 'US' AS default_region, false AS is_guest,
  created_at, updated_at, _dt AS delivered_date, false AS is_deleted"""
_NONE = dict.fromkeys(("given", "family", "full", "street", "city", "zip"), "NULL::VARCHAR")
_SHOPPER = _PERSON.format(
    **{**_NONE, "given": "given_name", "family": "family_name", "street": "street", "city": "locality",
       "zip": "postcode"}
)  # fmt: skip
_CALLER = _PERSON.format(**{**_NONE, "full": "name"})


def _identifier(record: str, kind: str, relation: str) -> str:
    return f"""SELECT {record} AS record_id, '{kind}' AS kind, '' AS namespace, {kind} AS value_raw,
      trim({kind}) AS value, true AS is_trusted, NULL::VARCHAR AS reason, NULL::TIMESTAMP AS first_seen_at,
      NULL::TIMESTAMP AS last_seen_at FROM {relation} WHERE {kind} IS NOT NULL"""


_IDS = {"'shopify:customers:' || customer_id": _SHOP, "'zendesk:users:' || user_id": _DESK}
_CORE = f"""
CREATE OR REPLACE TABLE customer_records AS
SELECT 'shopify:customers:' || customer_id AS record_id, 'shopify' AS source, 'customers' AS object,
  customer_id AS native_id, {_SHOPPER} FROM {_SHOP}
UNION ALL SELECT 'zendesk:users:' || user_id, 'zendesk', 'users', user_id, {_CALLER} FROM {_DESK};
CREATE OR REPLACE TABLE record_identifiers AS
{" UNION ALL ".join(_identifier(record, kind, rows) for record, rows in _IDS.items() for kind in ("email", "phone"))};
CREATE OR REPLACE TABLE tickets (
  ticket_id VARCHAR, source VARCHAR, record_id VARCHAR, subject VARCHAR, created_at TIMESTAMP);
CREATE OR REPLACE TABLE ticket_messages (
  message_id VARCHAR, ticket_id VARCHAR, record_id VARCHAR, body VARCHAR, occurred_at TIMESTAMP);
CREATE OR REPLACE TABLE interactions (
  interaction_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, occurred_at TIMESTAMP);
CREATE OR REPLACE TABLE consents (
  record_id VARCHAR, purpose VARCHAR, channel VARCHAR, state VARCHAR, occurred_at TIMESTAMP, source VARCHAR);
CREATE OR REPLACE TABLE orders (
  order_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, ordered_at TIMESTAMP);
CREATE OR REPLACE TABLE feedback (feedback_id VARCHAR, record_id VARCHAR, comment VARCHAR, occurred_at TIMESTAMP);
CREATE OR REPLACE TABLE campaign_touches (touch_id VARCHAR, record_id VARCHAR, occurred_at TIMESTAMP);
CREATE OR REPLACE TABLE anonymous_sightings (
  anonymous_id VARCHAR, record_id VARCHAR, kind VARCHAR, occurred_at TIMESTAMP);
"""
