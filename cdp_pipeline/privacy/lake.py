"""The core and identity tables of a home as views of one DuckDB connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.privacy.errors import SubjectError
from cdp_pipeline.sources.subjects import normal_form_sql
from cdp_pipeline.sql_text import literal

CORE = (
    "customer_records", "record_identifiers", "interactions", "orders", "tickets", "ticket_messages", "feedback",
    "campaign_touches", "consents", "anonymous_sightings",
)  # fmt: skip
IDENTITY = ("profile_members", "profile_aliases", "profile_events", "record_identifiers", "anonymous_links", "edges")


@contextmanager
def open_lake(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Views ``core_<table>`` and ``identity_<table>``, and table ``said`` (record_id, source, kind, namespace, form):
    every identifier of every record, in the forms it was delivered and is matched in.

    Raises SubjectError where no run has built the tables.
    """
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for prefix, folder, tables in (("core", home.core, CORE), ("identity", home.identity, IDENTITY)):
            for table in tables:
                if not any((folder / table).glob("*.parquet")):
                    raise SubjectError(f"{folder.name}/{table} is not built: run `cdp run` first")
                con.execute(
                    f"CREATE VIEW {prefix}_{table} AS FROM read_parquet({literal(folder / table / '*.parquet')})"
                )
        forms = [
            "SELECT record_id, kind, coalesce(namespace, '') AS namespace,"
            f" {normal_form_sql('kind', column)} AS form FROM {table}"
            for table in ("core_record_identifiers", "identity_record_identifiers")
            for column in ("value", "value_raw")
        ]
        con.execute(
            f"""CREATE TEMP TABLE said AS
            SELECT DISTINCT record_id, split_part(record_id, ':', 1) AS source, kind, namespace, form
            FROM ({" UNION ALL ".join(forms)}) WHERE form IS NOT NULL
            UNION
            SELECT record_id, split_part(record_id, ':', 1), 'anonymous_id', '', trim(anonymous_id)
            FROM core_anonymous_sightings WHERE record_id IS NOT NULL AND anonymous_id IS NOT NULL"""
        )
        yield con
