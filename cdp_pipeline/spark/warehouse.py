"""What a Spark build leaves, as the warehouse that later steps know: ``warehouse.duckdb`` with the same schemas.

Core tables are read where they lie (``lake/core``); the tables of the marts' schemas are copied, since publishing, the
checks and the previews of segments work on one file.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sql_text import literal
from cdp_pipeline.warehouse import CORE_TABLES

# schema → is it published, checked or previewed: `profiles/publish.py` reads these
MART_SCHEMAS = ("profiles", "segments", "features", "insights", "quality", "pii")


def hand_back(home: Home) -> dict[str, int]:
    """Show the tables of the last Spark build in ``warehouse.duckdb``; returns rows by ``schema.table``.

    A table that the build did not make keeps what an earlier one left.
    """
    rows: dict[str, int] = {}
    built = home.lake / "spark"
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute("create schema if not exists core")
        for table in CORE_TABLES:
            if list((home.core / table).glob("*.parquet")):
                _replace(con, "core", table, "view", home.core / table)
                rows[f"core.{table}"] = _count(con, "core", table)
        for schema in MART_SCHEMAS:
            con.execute(f"create schema if not exists {schema}")
            for folder in sorted((built / f"{schema}.db").glob("*")):
                if list(folder.glob("*.parquet")):
                    _replace(con, schema, folder.name, "table", folder)
                    rows[f"{schema}.{folder.name}"] = _count(con, schema, folder.name)
    return rows


def _replace(con: duckdb.DuckDBPyConnection, schema: str, table: str, kind: str, folder: Path) -> None:
    found = con.execute(
        "select table_type from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchall()
    for (was,) in found:
        con.execute(f'drop {"view" if was == "VIEW" else "table"} {schema}."{table}"')
    path = literal(folder / "*.parquet")
    con.execute(f'create {kind} {schema}."{table}" as select * from read_parquet({path})')


def _count(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    [(count,)] = con.execute(f'select count(*) from {schema}."{table}"').fetchall()
    return int(count)
