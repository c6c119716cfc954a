"""The analytics step of a run: jobs that read core and identity Parquet and write tables for the marts.

A job is a module of this package with

* `TABLES`: table name -> column -> DuckDB type. Each is written to ``lake/analytics/<table>/``, also without a row;
* `run(con, as_of_end, as_of)`: its tables as relations or frames, each column of `TABLES` by name.

`con` has a view for every table of ``lake/core`` and ``lake/identity`` by its name; where both have one
(``record_identifiers``), identity's is ``identity_record_identifiers``. ``audience_arms`` holds who was sent to other
systems and who was held out (`AUDIENCE_ARMS`). A job uses nothing at or after `as_of_end`.
The marts do not exist yet: a job finds a record's profile in ``profile_members`` itself. Jobs import SciPy, pandas and
the like inside `run`, because Dagster reads `TABLES` whenever it loads.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

import duckdb

from cdp_pipeline.analytics import experiments, feedback_texts, profile_scores
from cdp_pipeline.sql_text import literal

if TYPE_CHECKING:
    import pandas as pd

    Table = duckdb.DuckDBPyRelation | pd.DataFrame

MEMORY_LIMIT = "4GB"
# First assignment of a profile per destination and segment, as the exports write it: `variant` is exported, holdout or
# one that the destination declares, `planned_share` its share of all (NULL in files of before variants),
# `planned_shares` those of all variants at that assignment (NULL in older rows), `as_of` the day of the snapshot that
# it was assigned from.
AUDIENCE_ARMS = {
    "destination": "VARCHAR",
    "segment": "VARCHAR",
    "profile_id": "VARCHAR",
    "variant": "VARCHAR",
    "holdout_share": "DOUBLE",
    "as_of": "DATE",
    "planned_share": "DOUBLE",
    "planned_shares": "MAP(VARCHAR, DOUBLE)",
}


class Job(Protocol):
    """What a module in `JOBS` offers."""

    TABLES: Mapping[str, Mapping[str, str]]

    def run(self, con: duckdb.DuckDBPyConnection, as_of_end: datetime, as_of: date) -> Mapping[str, Table]:
        """The job's tables."""
        ...


class AnalyticsError(RuntimeError):
    """A job did not deliver what it declares; the text names job and table, never a value."""


# In the order in which they run. A new job is one line here and one dbt source table.
JOBS: tuple[ModuleType, ...] = (profile_scores, experiments, feedback_texts)


def declared_tables() -> dict[str, Mapping[str, str]]:
    """Every table of all jobs, in the order of the jobs: column -> DuckDB type. Raises AnalyticsError for two of a
    name."""
    tables: dict[str, Mapping[str, str]] = {}
    for module in JOBS:
        for name, columns in cast("Job", module).TABLES.items():
            if name in tables:
                raise AnalyticsError(f"two analytics jobs declare the table {name}")
            tables[name] = columns
    return tables


def as_of_end(as_of: date) -> datetime:
    """The first instant (UTC) that a result as of that day may not know."""
    return datetime.combine(as_of + timedelta(days=1), clock())


def run_jobs(
    core: Path,
    identity: Path,
    target: Path,
    as_of: date,
    *,
    tables: Collection[str] | None = None,
    audiences: Path | None = None,
) -> dict[str, int]:
    """Run every job over the Parquet of `core` and `identity`; writes ``<target>/<table>/part-0.parquet``.

    `tables` limits the run to the jobs that make one of them. `audiences` is the folder of the exports' assignments,
    ``<destination>/<segment>.parquet``. Returns rows by table. A file is complete before it takes its name, and a table
    that no job declares any more is removed. Raises AnalyticsError where a job leaves out a table
    or a column.
    """
    rows: dict[str, int] = {}
    declared = declared_tables()
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        _views(con, core, identity)
        _audience_arms(con, audiences)
        for module in JOBS:
            job = cast("Job", module)
            if tables is not None and not set(tables) & set(job.TABLES):
                continue
            results = job.run(con, as_of_end(as_of), as_of)
            if set(results) != set(job.TABLES):
                raise AnalyticsError(f"{module.__name__} promised {sorted(job.TABLES)} and gave {sorted(results)}")
            for name, result in results.items():
                rows[name] = _write(con, name, result, job.TABLES[name], target)
    for folder in target.iterdir():
        if folder.is_dir() and folder.name not in declared:
            shutil.rmtree(folder)
    return rows


def _views(con: duckdb.DuckDBPyConnection, core: Path, identity: Path) -> None:
    seen: set[str] = set()
    for folder in (core, identity):
        for table in sorted(path.name for path in folder.iterdir() if any(path.glob("*.parquet"))):
            name = f"identity_{table}" if table in seen else table
            seen.add(name)
            con.execute(f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet({literal(folder / table / "*.parquet")})')


def _audience_arms(con: duckdb.DuckDBPyConnection, audiences: Path | None) -> None:
    """View or empty table ``audience_arms``, with the columns of `AUDIENCE_ARMS`."""
    columns = ", ".join(f"{name} {kind}" for name, kind in AUDIENCE_ARMS.items())
    con.execute(f"CREATE TABLE no_audience_arms ({columns})")
    if audiences is None or not any(audiences.glob("*/*.parquet")):
        con.execute("CREATE VIEW audience_arms AS FROM no_audience_arms")
        return
    place = "parse_path(filename)"
    con.execute(
        f"""CREATE VIEW audience_arms AS
        FROM no_audience_arms UNION ALL BY NAME
        SELECT {place}[-2] AS destination, replace({place}[-1], '.parquet', '') AS segment, * EXCLUDE (filename)
        FROM read_parquet({literal(audiences / "*" / "*.parquet")}, filename = true, union_by_name = true)"""
    )


def _write(con: duckdb.DuckDBPyConnection, name: str, result: Table, columns: Mapping[str, str], target: Path) -> int:
    missing = [column for column in columns if column not in list(result.columns)]
    if missing:
        raise AnalyticsError(f"the analytics table {name} lacks {', '.join(missing)}")
    # pandas writes "no value" as NaN
    chosen = ", ".join(
        f'nullif(CAST("{column}" AS {kind}), \'nan\'::DOUBLE) AS "{column}"'
        if kind == "DOUBLE"
        else f'CAST("{column}" AS {kind}) AS "{column}"'
        for column, kind in columns.items()
    )
    path = target / name / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    if isinstance(result, duckdb.DuckDBPyRelation):
        result.create_view("analytics_result", replace=True)
    else:
        con.register("analytics_result", result)
    ((count,),) = con.execute(
        f"COPY (SELECT {chosen} FROM analytics_result ORDER BY ALL)"
        f" TO {literal(part)} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    con.execute("DROP VIEW analytics_result")
    part.replace(path)
    return int(count)
