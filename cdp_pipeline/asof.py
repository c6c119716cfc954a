"""Training sets: the wide row of any list of (profile, time), as it was known then.

One definition: dbt compiles the models of `features.profile_features` once, and the compiled SQL is evaluated for each
distinct day asked for, with that day as the as-of. A row at time T comes from the last as-of that had ended by T, so
nothing at or after T is used, and T at the end of the published as-of gives the published row.

What is not known per time: who is who (identity as it is today), and columns whose `freshness` is `state` (golden
record, contact points, consent); these columns are left out. An order's status and refunds are those known today.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from cdp_pipeline.analytics.step import run_jobs
from cdp_pipeline.fault_text import told_of
from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from cdp_pipeline.scratch import link_core
from cdp_pipeline.sql_text import literal
from cdp_pipeline.warehouse import run_dbt

MODEL = "model.cdp.profile_features"
# Each day evaluates all feature models over all facts before it: seconds at 100,000 orders, a minute at millions.
MOST_DAYS = 200
# A day that no data has; in compiled SQL it stands exactly where the as-of does.
_PLACEHOLDER = date(1, 1, 1)


class AsofError(ValueError):
    """The list of profiles and times cannot be used; the text is one line."""


@dataclass(frozen=True)
class TrainingSet:
    """What was written: `rows` requests, of which `unknown` name no profile; one evaluation for each of `days`."""

    out: Path
    rows: int
    unknown: int
    days: int
    columns: int


def training_set(
    home: Home,
    requests: Path,
    out: Path,
    latest: date,
    *,
    most_days: int = MOST_DAYS,
    progress: Callable[[str], None] | None = None,
) -> TrainingSet:
    """Write the features of each (profile_id, time) of `requests` (Parquet or CSV; time in UTC) to `out` (Parquet).

    `out` has a row for each request, in the order of profile_id and time: both as asked for, `resolved_profile_id`
    (where an id was merged into another; NULL for one nobody has), `as_of` (the last day that had ended by then) and
    every feature with `freshness: as_of`. `latest` is the as-of of the home's lake: nobody can ask for more.
    Raises AsofError for a file that cannot be used and for more than `most_days` distinct days.
    """
    say = progress or (lambda line: None)
    with TemporaryDirectory(prefix=".asof-", dir=home.root) as folder:
        scratch = Home(Path(folder))
        with run_lock(home.run_lock):
            _freeze(home, scratch)
        link_core(scratch)
        with duckdb.connect(str(scratch.warehouse_db)) as con:
            con.execute("SET TimeZone = 'UTC'")
            days = _load(con, requests, latest, most_days)
            _resolve(con, scratch)
        say(f"compiling the feature models; {len(days)} days to evaluate")
        models = _compile(scratch)
        features = [name for name, freshness in models.freshness.items() if freshness == "as_of" and name not in _KEYS]
        with duckdb.connect(str(scratch.warehouse_db), config={"memory_limit": "4GB", "threads": 2}) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute("SET preserve_insertion_order = false")
            for number, day in enumerate(days, 1):
                if models.analytics:
                    run_jobs(scratch.core, scratch.identity, scratch.analytics, day, tables=models.analytics)
                models.evaluate(con, day)
                _collect(con, day, features)
                say(f"{number} of {len(days)}: as of {day}")
            unknown, rows = _write(con, out)
    return TrainingSet(out, rows, unknown, len(days), len(features))


_KEYS = ("profile_id", "as_of", "currency")


@dataclass(frozen=True)
class _Models:
    """The models of the wide row in an order in which they can be built, and what stands in it."""

    statements: tuple[tuple[str, str, str], ...]  # relation, kind (table or view), compiled SQL
    schemas: frozenset[str]
    freshness: Mapping[str, str]
    analytics: frozenset[str]

    def evaluate(self, con: duckdb.DuckDBPyConnection, day: date) -> None:
        """Build every model as of `day`."""
        for schema in self.schemas:
            con.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        for relation, kind, sql in self.statements:
            con.execute(f"CREATE OR REPLACE {kind} {relation} AS {sql.replace(str(_PLACEHOLDER), str(day))}")


def _freeze(home: Home, scratch: Home) -> None:
    """The lake's files as they are now: hard links, because a later run puts new files in their place."""
    for part in ("core", "identity", "history", "ops"):
        source = home.lake / part
        if source.is_dir():
            shutil.copytree(source, scratch.lake / part, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _load(con: duckdb.DuckDBPyConnection, requests: Path, published: date, most_days: int) -> list[date]:
    """Table `request` (profile_id, time, as_of) from the file; returns the distinct as-of days. Raises AsofError."""
    if not requests.is_file():
        raise AsofError(f"no file at {requests}")
    reader = "read_csv" if requests.name.lower().endswith((".csv", ".csv.gz")) else "read_parquet"
    options = ", all_varchar = true, header = true, delim = ','" if reader == "read_csv" else ""
    source = f"{reader}({literal(requests)}{options})"
    try:
        names = [str(row[0]) for row in con.execute(f"DESCRIBE FROM {source}").fetchall()]
        missing = [name for name in ("profile_id", "time") if name not in names]
        if missing:
            raise AsofError(f"{requests.name} has no column {', '.join(missing)}: it needs profile_id and time (UTC)")
        # as it stands first: a cast beside the reader would make a bad time an error of the file
        con.execute(f"CREATE TABLE asked AS SELECT profile_id, time FROM {source}")
        con.execute(
            """CREATE TABLE request AS
                SELECT CAST(profile_id AS VARCHAR) AS profile_id, TRY_CAST(CAST(time AS VARCHAR) AS TIMESTAMP) AS time,
                  CAST(date_trunc('day', TRY_CAST(CAST(time AS VARCHAR) AS TIMESTAMP)) AS DATE) - 1 AS as_of
                FROM asked"""
        )
    except duckdb.Error as error:
        raise AsofError(f"{requests.name} cannot be read: {told_of(str(error))}") from None
    (rows, bad, late) = con.execute(
        """SELECT count(*), count(*) FILTER (profile_id IS NULL OR time IS NULL), count(*) FILTER (as_of > $day)
           FROM request""",
        {"day": published},
    ).fetchall()[0]
    if not rows:
        raise AsofError(f"{requests.name} has no rows")
    if bad:
        raise AsofError(
            f"{requests.name}: {bad:,} of {rows:,} rows have no profile_id or no readable time (YYYY-MM-DD HH:MM:SS)"
        )
    if late:
        raise AsofError(
            f"{requests.name}: {late:,} of {rows:,} times lie after {published + timedelta(days=1)} 23:59:59 UTC, which"
            f" the as-of {published} does not know"
        )
    days = [row[0] for row in con.execute("SELECT DISTINCT as_of FROM request ORDER BY 1").fetchall()]
    if len(days) > most_days:
        raise AsofError(
            f"{requests.name} asks for {len(days):,} distinct days, at most {most_days:,} are done in one call: round"
            " the times to fewer days, split the file or raise --max-days"
        )
    return days


def _resolve(con: duckdb.DuckDBPyConnection, scratch: Home) -> None:
    aliases = literal(scratch.identity / "profile_aliases" / "*.parquet")
    members = literal(scratch.identity / "profile_members" / "*.parquet")
    con.execute(
        f"""CREATE TABLE resolved AS
            SELECT r.profile_id, coalesce(m.profile_id, a.profile_id) AS resolved_profile_id
            FROM (SELECT DISTINCT profile_id FROM request) AS r
            LEFT JOIN (SELECT DISTINCT profile_id FROM read_parquet({members})) AS m USING (profile_id)
            LEFT JOIN read_parquet({aliases}) AS a ON r.profile_id = a.alias_profile_id"""
    )


def _compile(scratch: Home) -> _Models:
    """Build the seeds and compile the models of the wide row, with a placeholder for the as-of."""
    select = "+profile_features,tag:marts"
    run_dbt("seed", "+profile_features", scratch, _PLACEHOLDER)
    target = run_dbt("compile", select, scratch, _PLACEHOLDER).target
    nodes: dict[str, dict[str, Any]] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    order: list[str] = []
    analytics: set[str] = set()

    def visit(name: str) -> None:
        node = nodes.get(name)
        if name.startswith("source.cdp.analytics."):
            analytics.add(name.rsplit(".", 1)[1])
        if name in order or node is None or node["resource_type"] != "model" or "marts" not in node["tags"]:
            return
        for parent in node["depends_on"]["nodes"]:
            visit(parent)
        order.append(name)

    visit(MODEL)
    return _Models(
        statements=tuple(
            (
                nodes[name]["relation_name"],
                "VIEW" if nodes[name]["config"]["materialized"] == "view" else "TABLE",
                nodes[name]["compiled_code"],
            )
            for name in order
        ),
        schemas=frozenset(nodes[name]["schema"] for name in order),
        freshness={name: column["config"]["meta"]["freshness"] for name, column in nodes[MODEL]["columns"].items()},
        analytics=frozenset(analytics),
    )


def _collect(con: duckdb.DuckDBPyConnection, day: date, features: list[str]) -> None:
    chosen = ", ".join(f'f."{name}"' for name in features)
    query = f"""SELECT r.profile_id, r.time, resolved.resolved_profile_id, r.as_of, {chosen}
        FROM request AS r JOIN resolved USING (profile_id)
        LEFT JOIN features.profile_features AS f ON resolved.resolved_profile_id = f.profile_id
        WHERE r.as_of = $day"""
    con.execute(f"CREATE TABLE IF NOT EXISTS collected AS {query} LIMIT 0", {"day": day})
    con.execute(f"INSERT INTO collected {query}", {"day": day})


def _write(con: duckdb.DuckDBPyConnection, out: Path) -> tuple[int, int]:
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        con.execute(
            f"COPY (FROM collected ORDER BY profile_id, time) TO {literal(part)} (FORMAT parquet, COMPRESSION zstd)"
        )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    ((unknown, rows),) = con.execute(
        "SELECT count(*) FILTER (resolved_profile_id IS NULL), count(*) FROM collected"
    ).fetchall()
    return int(unknown), int(rows)
