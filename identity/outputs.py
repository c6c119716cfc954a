"""The tables that linking leaves for others: edges, dropped edges, the review queue, with record ids instead of
the engine's integers; and writing tables as Parquet that appears only when complete."""

from __future__ import annotations

from pathlib import Path

import duckdb

from identity.linking import REVIEW_FROM


def build_edges(con: duckdb.DuckDBPyConnection, model_version: str) -> None:
    """Tables ``edges``, ``dropped_edges`` and ``review_queue`` from the tables that `linking.link` left on `con`.

    An edge is in ``edges`` if both ends are in one cluster; ``review_queue`` holds what only a person can decide:
    scores just below the threshold, strong scores between records that cannot be one person, and refused identifiers.
    """
    named = "join features l on l.unique_id = e.unique_id_l join features r on r.unique_id = e.unique_id_r"
    con.execute(
        f"""create or replace table edges as
        select l.record_id as record_id_l, r.record_id as record_id_r, e.match_weight, e.match_probability, e.kind,
            e.rule,
            '{model_version}' as model_version
        from accepted e {named}
        where not exists (select 1 from left_out x where x.unique_id_l = e.unique_id_l
            and x.unique_id_r = e.unique_id_r)
        order by all"""
    )
    con.execute(
        f"""create or replace table dropped_edges as
        select l.record_id as record_id_l, r.record_id as record_id_r, a.match_weight, a.match_probability, a.kind,
            a.rule,
            '{model_version}' as model_version, e.reason
        from left_out e {named} join accepted a using (unique_id_l, unique_id_r)
        union all
        select l.record_id, r.record_id, coalesce(s.match_weight, 0.0), s.match_probability, 'identifier', e.rule,
            '{model_version}', 'identifier_of_another_person'
        from refused e {named} left join scored s using (unique_id_l, unique_id_r)
        order by all"""
    )
    con.execute(
        f"""create or replace table review_queue as
        select l.record_id as record_id_l, r.record_id as record_id_r, e.match_weight, e.match_probability,
            e.reason from (
            select s.unique_id_l, s.unique_id_r, s.match_weight, s.match_probability, 'below_threshold' as reason
            from scored s
            join clusters cl on cl.unique_id = s.unique_id_l join clusters cr on cr.unique_id = s.unique_id_r
            where s.match_probability >= {REVIEW_FROM} and cl.cluster_id <> cr.cluster_id
                and not exists (
                    select 1 from accepted a where a.unique_id_l = s.unique_id_l and a.unique_id_r = s.unique_id_r)
                and not exists (
                    select 1 from judged j where j.unique_id_l = s.unique_id_l and j.unique_id_r = s.unique_id_r)
            -- one question per pair of clusters, the likeliest
            qualify row_number() over (
                partition by least(cl.cluster_id, cr.cluster_id), greatest(cl.cluster_id, cr.cluster_id)
                order by s.match_probability desc, s.unique_id_l, s.unique_id_r) = 1
            union all
            select x.unique_id_l, x.unique_id_r, s.match_weight, s.match_probability, x.reason
            from left_out x join scored s using (unique_id_l, unique_id_r)
            where not exists (
                select 1 from judged j where j.unique_id_l = x.unique_id_l and j.unique_id_r = x.unique_id_r)
        ) e {named}
        order by match_probability desc, record_id_l, record_id_r"""
    )


def write_table(con: duckdb.DuckDBPyConnection, sql: str, folder: Path) -> None:
    """Write the rows of query `sql` to ``folder/part-0.parquet`` under a temporary name, then rename."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / ".part-0.parquet.tmp"
    con.execute(f"copy ({sql}) to '{temporary}' (format parquet, compression zstd)")
    temporary.rename(folder / "part-0.parquet")
