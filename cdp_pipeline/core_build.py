"""Which staging, intermediate and core tables a run has to make again, and the record of what stands.

A model's data version is a fingerprint of everything under it: raw files, contract, and the as-of where its SQL names
it. A model whose version stands in the warehouse is left alone. Belongs here: the decision and its record. Not here:
dbt calls, and SQL of models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline import warehouse
from cdp_pipeline.core_graph import CoreGraph, core_graph
from cdp_pipeline.core_parts import Deliveries, Parts, environment, plan_parts
from cdp_pipeline.core_versions import Ground
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import code_files, combine
from cdp_pipeline.sources.contract import SourceContract

# Models without rows, which unions leave out (macro `is_silent`).
SILENT = "CDP_CORE_SILENT"
# Parts of the dbt project that no core model reads.
_NOT_CORE = ("models/marts", "macros/marts/segments.sql", "segments", "metrics", "tests")


@dataclass(frozen=True)
class CoreBuild:
    """What one run does to the core. `reason` says why everything is built ("" for an increment); `nodes` are the ids
    of what is built, `appended` those of them to whose tables rows are added, `by_key` those in which keys are
    replaced; `versions` the data version of every seed and table afterwards; `parts` what is made again of tables of
    which some sources are."""

    reason: str
    nodes: frozenset[str]
    appended: frozenset[str]
    by_key: frozenset[str]
    versions: Mapping[str, str]
    ground: Ground
    parts: Mapping[str, Parts] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def graph(self) -> CoreGraph:
        return self.ground.graph

    @property
    def is_full(self) -> bool:
        return bool(self.reason)

    @property
    def unchanged(self) -> frozenset[str]:
        """Nodes that stand as they are."""
        return frozenset(self.versions) - self.nodes

    def selection(self) -> list[str]:
        """dbt selectors for what is built; empty where nothing is."""
        if self.is_full:
            return ["tag:core"]
        return sorted(self.graph.names[node] for node in self.nodes)

    def environment(self) -> dict[str, str]:
        """What dbt has to know of the build beside the selection."""
        silent = sorted(node.rpartition(".")[2] for node in self.ground.silent())
        return {**environment(self.parts), SILENT: json.dumps(silent)}


def plan_core(
    home: Home,
    as_of: date,
    contracts: Mapping[str, SourceContract],
    *,
    full: bool = False,
    engine: str = "duckdb",
) -> CoreBuild:
    """Decide what of the core is built as of a day. Reads file names and times, the record, and the parsed dbt project;
    raises FileNotFoundError where that has not been parsed.

    Everything is built with `full`, by another engine than DuckDB, without a record (a first build, one that did not
    finish, a restored home), after a change of code, engine, variables or key, and where the warehouse does not hold
    what the record says.
    """
    graph = core_graph(warehouse.PROJECT / "target" / "manifest.json")
    common = _common_version(home, engine)
    ground = Ground(home, graph, contracts, as_of, common)
    before = _read(home)
    reason = "asked for" if full or engine != "duckdb" else _why_full(home, graph, before, common)
    known = {**before.get("versions", {}), **before.get("views", {})}
    days = ground.days(() if reason else [n for n, told in ground.versions({}).items() if known.get(n) == told])
    versions, views, files = ground.versions(days), ground.definitions(days), ground.files()
    stale = frozenset(node for node, told in {**versions, **views}.items() if reason or known.get(node) != told)
    more = Deliveries(graph, stale, before.get("files", {}), files)
    return CoreBuild(
        reason=reason,
        nodes=stale,
        appended=frozenset() if reason else more.appended(),
        by_key=frozenset() if reason else more.kept_by_key(),
        versions=versions,
        ground=ground,
        parts={} if reason else plan_parts(more, before.get("parts", {}), ground.part_versions(days)),
        record={"common": common, "exported": before.get("exported", {}), "files": files},
    )


def begin(home: Home, build: CoreBuild) -> None:
    """Take back the record before the warehouse is written, a build that does not finish leaves none; and drop tables
    that could be added to or kept by key but have to be made from all rows."""
    if not build.nodes:
        return
    _record_file(home).unlink(missing_ok=True)
    dropped = ((build.graph.appended | build.graph.by_key) & build.nodes) - build.appended - build.by_key
    if not build.is_full and dropped:
        with duckdb.connect(str(home.warehouse_db)) as con:
            for schema, table in (build.graph.tables[node] for node in sorted(dropped)):
                con.execute(f'drop table if exists "{schema}"."{table}"')


def commit(home: Home, build: CoreBuild) -> CoreBuild:
    """Record what stands after a build that succeeded, tests included; returns it with the versions that stand."""
    days = build.ground.days(build.versions)
    versions, views, parts = (
        f(days) for f in (build.ground.versions, build.ground.definitions, build.ground.part_versions)
    )
    rows = _rows(home, build.graph)
    _write(home, {**build.record, "versions": versions, "views": views, "parts": parts, "rows": rows})
    return replace(build, versions=versions)


def stale_exports(home: Home) -> list[str]:
    """Core tables whose Parquet is missing, or not that of the table that stands in the warehouse."""
    record = _read(home)
    versions, exported = record.get("versions", {}), record.get("exported", {})
    return [
        table
        for table in warehouse.CORE_TABLES
        if not versions or exported.get(table) != [versions.get(f"model.cdp.{table}"), *_file_facts(home, table)]
    ]


def commit_exports(home: Home) -> None:
    """Record that the Parquet of every core table is that of the warehouse."""
    record = _read(home)
    if record:
        versions = record["versions"]
        exported = {
            table: [versions.get(f"model.cdp.{table}"), *_file_facts(home, table)] for table in warehouse.CORE_TABLES
        }
        _write(home, {**record, "exported": exported})


def _common_version(home: Home, engine: str) -> str:
    """What all models depend on: SQL, seeds and settings of the core, variables but the as-of, key, engine."""
    digest = hashlib.sha256()
    for path in code_files(warehouse.PROJECT):
        name = path.relative_to(warehouse.PROJECT).as_posix()
        if not name.startswith(_NOT_CORE):
            digest.update(f"{name}\0".encode() + path.read_bytes())
    return combine(
        engine,
        digest.hexdigest(),
        json.dumps(warehouse.dbt_vars(home), sort_keys=True),
        warehouse.hash_key(home),
        version("duckdb"),
        version("dbt-duckdb"),
    )


def _why_full(home: Home, graph: CoreGraph, before: Mapping[str, Any], common: str) -> str:
    if not before:
        return "no finished build"
    if before["common"] != common:
        return "changed code or settings"
    if before["rows"] != _rows(home, graph):
        return "the warehouse is not the one of the last build"
    return ""


def _rows(home: Home, graph: CoreGraph) -> dict[str, int]:
    """Rows by table of the schemas of the core; nothing without a warehouse."""
    if not home.warehouse_db.exists():
        return {}
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        found = con.execute(
            """select schema_name || '.' || table_name, estimated_size from duckdb_tables()
            where schema_name in ('staging', 'intermediate', 'core') order by all"""
        ).fetchall()
        rows = {str(name): int(count) for name, count in found}
        # rows leave these, and until a checkpoint has swept them they are in the estimate
        for schema, table in (graph.tables[node] for node in graph.by_key | graph.differing):
            if f"{schema}.{table}" in rows:
                ((rows[f"{schema}.{table}"],),) = con.execute(f'select count(*) from "{schema}"."{table}"').fetchall()
    return rows


def _file_facts(home: Home, table: str) -> list[int]:
    """Size and time of each file of a core table, by name."""
    files = (path.stat() for path in sorted((home.core / table).glob("*.parquet")))
    return [fact for stat in files for fact in (stat.st_size, stat.st_mtime_ns)]


def _record_file(home: Home) -> Path:
    """Beside dbt's artifacts, which a backup leaves out as it leaves out the warehouse."""
    return warehouse.target_folder(home) / "core_build.json"


def _read(home: Home) -> dict[str, Any]:
    path = _record_file(home)
    if not path.exists():
        return {}
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return record


def _write(home: Home, record: Mapping[str, Any]) -> None:
    path = _record_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(record, sort_keys=True), encoding="utf-8")
    part.replace(path)
