"""The tables that linking leaves for others: edges and dropped edges, with record ids instead of
the engine's integers; and writing tables as Parquet that appears only when complete."""

from __future__ import annotations

from pathlib import Path

import duckdb

from identity.sql_text import literal

_NAMED = "join features l on l.unique_id = e.unique_id_l join features r on r.unique_id = e.unique_id_r"


# Why a row `e` of ``refused`` is no edge.
REFUSED_REASON_SQL = "case e.rule when 'score' then 'thin_evidence' else 'identifier_of_another_person' end"


def edges_sql(model_version: str) -> str:
    """SQL for the table ``edges`` of the contract, from the tables that `linking.link` left."""
    return f"""
        select l.record_id as record_id_l, r.record_id as record_id_r, e.match_weight, e.match_probability, e.kind,
            e.rule, '{model_version}' as model_version
        from (select * from accepted anti join left_out using (unique_id_l, unique_id_r)) e {_NAMED}"""


def dropped_edges_sql(model_version: str) -> str:
    """SQL for the table ``dropped_edges`` of the contract, from the tables that `linking.link` left."""
    return f"""
        select l.record_id as record_id_l, r.record_id as record_id_r, a.match_weight, a.match_probability, a.kind,
            a.rule, '{model_version}' as model_version, e.reason
        from left_out e {_NAMED} join accepted a using (unique_id_l, unique_id_r)
        union all
        select l.record_id, r.record_id, coalesce(s.match_weight, 0.0), s.match_probability,
            case e.rule when 'score' then 'probabilistic' else 'identifier' end, e.rule, '{model_version}',
            {REFUSED_REASON_SQL}
        from refused e {_NAMED} left join scored s using (unique_id_l, unique_id_r)"""


def build_edges(con: duckdb.DuckDBPyConnection, model_version: str) -> None:
    """Tables ``edges`` and ``dropped_edges`` from the tables that `linking.link` left on `con`.

    An edge is in ``edges`` if clustering used it. What only a person can decide is in `review`.
    """
    con.execute(f"create or replace table edges as {edges_sql(model_version)}")
    con.execute(f"create or replace table dropped_edges as {dropped_edges_sql(model_version)}")


def write_table(con: duckdb.DuckDBPyConnection, sql: str, folder: Path) -> None:
    """Write the rows of query `sql` to ``folder/part-0.parquet`` under a temporary name, then rename.

    Small row groups let a look-up by record id skip most of the file: on 1M records a third to a half of the time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / ".part-0.parquet.tmp"
    con.execute(f"copy ({sql}) to {literal(temporary)} (format parquet, compression zstd, row_group_size 20480)")
    temporary.rename(folder / "part-0.parquet")
