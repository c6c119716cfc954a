"""A lake and a warehouse beside the real ones: marts over given core and identity tables, without ingest and identity.

For training sets at past times, benchmarks and tests. The marts read core tables from the warehouse and all else from
``lake/``; here core is views over ``lake/core``, so that nothing is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import yaml

from cdp_pipeline.analytics.step import declared_tables
from cdp_pipeline.home import Home
from cdp_pipeline.sql_text import literal
from cdp_pipeline.warehouse import CORE_TABLES, HISTORY_TABLES, PROJECT

_RECORD_IDENTIFIERS = {
    "record_id": "VARCHAR",
    "kind": "VARCHAR",
    "namespace": "VARCHAR",
    "value_raw": "VARCHAR",
    "value": "VARCHAR",
    "is_trusted": "BOOLEAN",
    "reason": "VARCHAR",
    "first_seen_at": "TIMESTAMP",
    "last_seen_at": "TIMESTAMP",
}
_EDGES = {
    "record_id_l": "VARCHAR",
    "record_id_r": "VARCHAR",
    "match_weight": "DOUBLE",
    "match_probability": "DOUBLE",
    "kind": "VARCHAR",
    "rule": "VARCHAR",
    "model_version": "VARCHAR",
}
# What the marts read beside core and analytics: path below the lake -> column -> type.
HANDED_OVER: dict[str, dict[str, str]] = {
    "identity/profile_members": {"record_id": "VARCHAR", "profile_id": "VARCHAR", "since": "DATE"},
    "identity/profile_events": {
        "event_id": "VARCHAR",
        "as_of": "DATE",
        "run_id": "VARCHAR",
        "event": "VARCHAR",
        "profile_id": "VARCHAR",
        "related_profile_id": "VARCHAR",
        "reason": "VARCHAR",
    },
    "identity/profile_aliases": {"alias_profile_id": "VARCHAR", "profile_id": "VARCHAR"},
    "identity/edges": _EDGES,
    "identity/dropped_edges": {**_EDGES, "reason": "VARCHAR"},
    "identity/review_queue": {
        "record_id_l": "VARCHAR",
        "record_id_r": "VARCHAR",
        "match_weight": "DOUBLE",
        "match_probability": "DOUBLE",
        "reason": "VARCHAR",
        "worth": "DOUBLE",
    },
    "identity/model_drift": {
        "model_version": "VARCHAR",
        "measure": "VARCHAR",
        "trained": "DOUBLE",
        "now": "DOUBLE",
        "psi": "DOUBLE",
        "verdict": "VARCHAR",
    },
    "identity/record_identifiers": _RECORD_IDENTIFIERS,
    "identity/anonymous_links": {
        "anonymous_id": "VARCHAR",
        "profile_id": "VARCHAR",
        "valid_from": "TIMESTAMP",
        "valid_to": "TIMESTAMP",
    },
    "identity/households": {"household_id": "VARCHAR", "profile_id": "VARCHAR"},
    # of what identity keeps beside the records, only the names are read
    "identity/features": {
        "record_id": "VARCHAR",
        "given": "VARCHAR",
        "family": "VARCHAR",
        "native": "VARCHAR",
        "organisation": "VARCHAR",
    },
    **{f"history/{table}": columns for table, (_, columns) in HISTORY_TABLES.items()},
    "ops/ingest_files": {
        "source": "VARCHAR",
        "object": "VARCHAR",
        "dt": "DATE",
        "file": "VARCHAR",
        "rows_delivered": "BIGINT",
        "rows_raw": "BIGINT",
        "rows_quarantined": "BIGINT",
        "rows_erased": "BIGINT",
        "status": "VARCHAR",
        "message": "VARCHAR",
    },
    "ops/quarantine_reasons": {
        "source": "VARCHAR",
        "object": "VARCHAR",
        "dt": "DATE",
        "reason": "VARCHAR",
        "rows": "BIGINT",
    },
}


def lake_columns() -> dict[str, dict[str, str]]:
    """Every table that the marts build on, by its path below the lake: column -> DuckDB type.

    Core columns come from the dbt project's own description of them, analytics' from its jobs.
    """
    document = yaml.safe_load((PROJECT / "models" / "core" / "_core__models.yml").read_text(encoding="utf-8"))
    described = {model["name"]: model["columns"] for model in document["models"]}
    core = {
        f"core/{table}": {column["name"]: str(column["data_type"]).upper() for column in described[table]}
        for table in CORE_TABLES
    }
    analytics = {f"analytics/{table}": dict(columns) for table, columns in declared_tables().items()}
    return {**core, **HANDED_OVER, **analytics}


def write_lake(lake: Path, con: duckdb.DuckDBPyConnection, queries: Mapping[str, str]) -> dict[str, int]:
    """Write every table of `lake_columns()` below `lake`; rows by path.

    `queries` gives a table's rows as a query on `con`, matched by column name (a column it lacks is NULL); a table
    without a query is typed and empty. Raises ValueError for a query of an unknown table.
    """
    columns = lake_columns()
    unknown = sorted(set(queries) - set(columns))
    if unknown:
        raise ValueError(f"no such table of the lake: {', '.join(unknown)}")
    rows: dict[str, int] = {}
    for name, types in columns.items():
        path = lake / (f"{name}.parquet" if name.startswith("ops/") else f"{name}/part-0.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        empty = ", ".join(f'CAST(NULL AS {kind}) AS "{column}"' for column, kind in types.items())
        source = f"SELECT {empty} WHERE false"
        if name in queries:
            source += f" UNION ALL BY NAME SELECT * FROM ({queries[name]})"
        chosen = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in types.items())
        ((count,),) = con.execute(
            f"COPY (SELECT {chosen} FROM ({source})) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
        rows[name] = int(count)
    return rows


def link_core(home: Home, core: Path | None = None) -> None:
    """Make the core tables of `home`'s warehouse views over the Parquet of `core` (default: its own lake's)."""
    folder = core or home.core
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute("CREATE SCHEMA IF NOT EXISTS core")
        for table in CORE_TABLES:
            con.execute(
                f'CREATE OR REPLACE VIEW core."{table}" AS FROM read_parquet({literal(folder / table / "*.parquet")})'
            )
