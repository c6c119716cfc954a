"""The steps of a run on the engine that `CDP_ENGINE` names: models of dbt, and identity."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from cdp_pipeline.fault_text import told_of_start
from cdp_pipeline.home import Home
from cdp_pipeline.settings import HOME_LAKE, Settings
from cdp_pipeline.spark import warehouse as handed_back
from cdp_pipeline.warehouse import (
    PROJECT,
    DbtError,
    dbt_args,
    dbt_env,
    export_core,
    hash_key,
    run_dbt,
    take_messages,
    target_folder,
)

if TYPE_CHECKING:
    from cdp_pipeline.spark.scoring import SparkScorer


def build_models(home: Home, settings: Settings, as_of: date, select: str) -> None:
    """Seeds and models of `select`, without tests; core tables end in ``lake/core``. Raises DbtError."""
    if settings.engine == "duckdb":
        run_dbt("seed", None, home, as_of)
        run_dbt("run", select, home, as_of, full_refresh=True)
        if select == "tag:core":
            export_core(home)
        return
    hash_key(home)
    _spark_dbt(home, settings, as_of, dbt_args("seed", None, home))
    _spark_dbt(home, settings, as_of, dbt_args("run", select, home, full_refresh=True))


def _spark_dbt(home: Home, settings: Settings, as_of: date, args: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cdp_pipeline.spark.dbt", "--quiet", *args],
        env={
            **dbt_env(home, as_of),
            "CDP_HOME": str(home.root),
            "CDP_ENGINE": "spark",
            "CDP_SPARK_MASTER": settings.spark_master,
            "CDP_SPARK_LAKE": settings.spark_lake,
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        messages = take_messages(target_folder(home) / "run_results.json")
        told = f"{len(messages)} failed: {', '.join(sorted(messages))}"
        raise DbtError(f"dbt on Spark: {told if messages else told_of_start(done.stdout + done.stderr)}")


def resolve(home: Home, settings: Settings, as_of: date) -> None:
    """All records of `home` into profiles, with the accepted model, from nothing."""
    from identity import run_pipeline

    with scorer_of(home, settings) as scorer:
        run_pipeline(
            home.core, home.identity, home.identity_db, home.models,
            as_of=as_of, run_id="parity", base_generation=0, full=True, scorer=scorer,
        )  # fmt: skip


@contextmanager
def scorer_of(home: Home, settings: Settings) -> Iterator[SparkScorer | None]:
    """What compares pairs: None stands for DuckDB."""
    if settings.engine == "duckdb":
        yield None
        return
    from cdp_pipeline.spark.scoring import SparkScorer
    from cdp_pipeline.spark.session import build_session

    session = build_session(home, settings)
    try:
        where = "" if settings.spark_lake == HOME_LAKE else settings.spark_lake
        yield SparkScorer(session, home.root / "spark" / "pairs", where)
    finally:
        session.stop()


def export_marts(home: Home) -> dict[str, Path]:
    """Every published table of ``warehouse.duckdb`` as a folder of Parquet, ``schema.table`` → folder."""
    folders = {}
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        found = con.execute(
            "select table_schema, table_name from information_schema.tables where table_schema in (select unnest(?))",
            [list(handed_back.MART_SCHEMAS)],
        ).fetchall()
        for schema, table in found:
            folder = home.root / "marts" / f"{schema}.{table}"
            folder.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy {schema}.\"{table}\" to '{folder}/part-0.parquet' (format parquet)")
            folders[f"{schema}.{table}"] = folder
    return folders
