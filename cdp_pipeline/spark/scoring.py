"""Candidate pairs and their scores on Spark: the step of identity whose work grows fastest.

The features of every record, its block keys and the pairs to compare in any case go to Spark as Parquet; what comes
back are the pairs worth keeping. Blocking, Splink's SQL and the household weight are the definitions of `identity`,
translated.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlglot

from cdp_pipeline.spark import lake
from cdp_pipeline.spark.dialect import translate
from cdp_pipeline.spark.similarity import register
from cdp_pipeline.sql_text import literal
from identity import blocking, repeats
from identity.model import Model
from identity.review import SCORED_FROM
from identity.rules import Rules
from identity.scoring import score_steps
from identity.weighing import weighed_sql

# Splink's table of the outcome of every comparison
VECTORS = "__splink__df_comparison_vectors"


@dataclass(frozen=True)
class SparkScorer:
    """An `identity.weighing.PairScorer`. Files go through the local folder `scratch`; with `remote` (the address of a
    lake that driver and executors reach) through a folder of that, too."""

    session: Any
    scratch: Path
    remote: str = ""

    def __call__(self, con: duckdb.DuckDBPyConnection, model: Model, rules: Rules, only: str | None) -> int:
        """Fill table ``new_scored`` from ``features``, ``block_keys``, ``judged`` and ``repeats``; return the pairs
        compared."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        try:
            return self._score(con, model, rules, only)
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _at(self, name: str) -> str:
        return f"{self.remote.rstrip('/')}/identity_pairs/{name}" if self.remote else (self.scratch / name).as_uri()

    def _score(self, con: duckdb.DuckDBPyConnection, model: Model, rules: Rules, only: str | None) -> int:
        register(self.session)
        # Parquet's unsigned 64 bits would be a decimal in Spark
        self._give(
            con,
            "select (block_key::hugeint - 9223372036854775808)::bigint as block_key, rule, unique_id from block_keys",
            "keys",
        )
        self._give(con, "select * exclude (created_at) from features", "features")
        self._give(con, repeats.PAIRS_SQL, "asked")
        if only:
            self._give(con, f"select distinct unique_id from {only}", "only_ids")
        bound = blocking.bound_sql(rules, model.max_block, model.block_bounds)
        self._view("pairs", translate(candidate_sql(bound, narrowed=only is not None)))
        self._keep("pairs")
        [(compared,)] = self.session.sql("select count(*) from pairs").collect()
        t = model.trained
        chosen = model.chosen()
        if not compared or not chosen:
            return 0
        steps = score_steps("features", "pairs", chosen, t.m, t.u, t.match_share, dialect="spark", said=_condition)
        for name, sql in steps:
            # as Splink's own Spark backend does: its SQL holds names of types that Spark does not know
            self._view(name, sqlglot.transpile(sql, read="spark", write="spark")[0])
            if name == VECTORS:
                # cut here: with what follows, one query repeats each comparison in every term of the weight
                self._keep(name)
        weighed = translate(f"select * from {weighed_sql(model, 'weights')} where match_probability >= {SCORED_FROM}")
        self.session.sql(weighed).write.mode("overwrite").parquet(self._at("scored"))
        if self.remote:
            lake.copy(self.session, self._at("scored"), (self.scratch / "scored").as_uri())
        # without a row Spark may write no file
        if list((self.scratch / "scored").glob("*.parquet")):
            scored = literal(self.scratch / "scored" / "*.parquet")
            con.execute(f"insert into new_scored by name select * from read_parquet({scored})")
        return int(compared)

    def _keep(self, name: str) -> None:
        """Compute the view `name` now, and read it from its files from here on."""
        self.session.table(name).write.mode("overwrite").parquet(self._at(name))
        self.session.read.parquet(self._at(name)).createOrReplaceTempView(name)

    def _view(self, name: str, sql: str) -> None:
        self.session.sql(sql).createOrReplaceTempView(name)

    def _give(self, con: duckdb.DuckDBPyConnection, query: str, name: str) -> None:
        target = self.scratch / name / "part-0.parquet"
        target.parent.mkdir()
        con.execute(f"copy ({query}) to {literal(target)} (format parquet, compression zstd)")
        if self.remote:
            lake.copy(self.session, target.parent.as_uri(), self._at(name))
        self.session.read.parquet(self._at(name)).createOrReplaceTempView(name)


def candidate_sql(bound: str, *, narrowed: bool) -> str:
    """Pairs (unique_id_l < unique_id_r, distinct) of blocks within their bound, and the asked ones: what
    `identity.blocking.candidate_pairs` yields in chunks, as one query (DuckDB's SQL) over keys, asked and only_ids."""
    touching = (
        "and (unique_id_l in (select unique_id from only_ids) or unique_id_r in (select unique_id from only_ids))"
        if narrowed
        else ""
    )
    return f"""
        with bounded as (
            select block_key from keys group by block_key, rule having count(*) between 2 and {bound}
        ),
        kept as (select k.block_key, k.unique_id from keys as k semi join bounded as b on k.block_key = b.block_key),
        pair as (
            select l.unique_id as unique_id_l, r.unique_id as unique_id_r
            from kept as l inner join kept as r on l.block_key = r.block_key and l.unique_id < r.unique_id
            union all
            select unique_id_l, unique_id_r from asked
        )
        select distinct unique_id_l, unique_id_r from pair where unique_id_l <> unique_id_r {touching}"""


def _condition(sql: str) -> str:
    return translate(f"select {sql}").removeprefix("SELECT ")
