"""Which staging, intermediate and core tables a run has to make again, and the record of what stands.

A model's data version is a fingerprint of everything under it: raw files, contract, and the as-of where its SQL names
it. A model whose version stands in the warehouse is left alone. Belongs here: the decision and its record. Not here:
dbt calls, and SQL of models.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline import warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import code_files, combine
from cdp_pipeline.sources.contract import SourceContract

# Macros through which SQL depends on the as-of itself. `delivered` names it, too, but only to leave out raw files of
# later days, and these are no part of a fingerprint before their day.
_DATED_MACROS = {"macro.cdp.as_of", "macro.cdp.as_of_end", "macro.cdp.as_of_date"}
_DAY_ONLY_MACRO = "macro.cdp.delivered"
_DATED_CODE = re.compile(r"""var\(\s*['"]as_of['"]""")
_DAY = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")
_EMPTY = "_empty.parquet"
_CONTRACT = "dt=0"  # sorts before all days
# Parts of the dbt project that no core model reads.
_NOT_CORE = ("models/marts", "macros/marts/segments.sql", "segments", "metrics", "tests")


@dataclass(frozen=True)
class CoreGraph:
    """The core part of a parsed dbt project. `parents` are of every model and seed, ephemeral ones included; `tables`
    are the nodes that stand in the warehouse, with their schema and name; `appended` those to which a later delivery
    adds; `handed_on` those that other steps read."""

    parents: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, tuple[str, str]]
    views: frozenset[str]
    names: Mapping[str, str]
    dated: frozenset[str]
    appended: frozenset[str]
    handed_on: frozenset[str]

    def depths(self) -> dict[str, int]:
        """Length of the longest way to each node: in this order none comes before its parents."""
        found: dict[str, int] = {}

        def depth(node: str) -> int:
            if node not in found:
                found[node] = 1 + max((depth(parent) for parent in self.parents.get(node, ())), default=-1)
            return found[node]

        return {node: depth(node) for node in self.tables}


@dataclass(frozen=True)
class CoreBuild:
    """What one run does to the core. `reason` says why everything is built ("" for an increment); `nodes` are the ids
    of what is built, `appended` those of them to whose tables rows are added; `versions` the data version of every
    seed and table afterwards."""

    reason: str
    nodes: frozenset[str]
    appended: frozenset[str]
    versions: Mapping[str, str]
    graph: CoreGraph
    record: Mapping[str, Any] = field(default_factory=dict)

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
    raw = {
        f"{source}.{name}": raw_version(home, source, name, as_of, obj.fingerprint)
        for source, contract in contracts.items()
        for name, obj in contract.objects.items()
    }
    common = _common_version(home, engine)
    with_rows = _with_rows(home, graph, as_of)
    versions = _versions(graph, raw, common, as_of, with_rows)
    views = {view: _definition(graph, contracts, view, as_of, with_rows) for view in graph.views}
    files = {node: _files(home, contracts, node, as_of) for node in _appended_sources(graph)}
    before = _read(home)
    reason = "asked for" if full or engine != "duckdb" else _why_full(home, before, common)
    known = {**before.get("versions", {}), **before.get("views", {})}
    stale = frozenset(node for node, told in {**versions, **views}.items() if reason or known.get(node) != told)
    return CoreBuild(
        reason=reason,
        nodes=stale,
        appended=frozenset() if reason else _appended(graph, stale, before["files"], files),
        versions=versions,
        graph=graph,
        record={"common": common, "exported": before.get("exported", {}), "views": views, "files": files},
    )


def begin(home: Home, build: CoreBuild) -> None:
    """Take back the record before the warehouse is written, a build that does not finish leaves none; and drop tables
    that could be added to but have to be made from all rows."""
    if not build.nodes:
        return
    _record_file(home).unlink(missing_ok=True)
    dropped = (build.graph.appended & build.nodes) - build.appended
    if not build.is_full and dropped:
        with duckdb.connect(str(home.warehouse_db)) as con:
            for schema, table in (build.graph.tables[node] for node in sorted(dropped)):
                con.execute(f'drop table if exists "{schema}"."{table}"')


def commit(home: Home, build: CoreBuild) -> None:
    """Record what stands after a build that succeeded, tests included."""
    _write(home, {**build.record, "versions": dict(build.versions), "rows": _rows(home)})


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


def raw_version(home: Home, source: str, obj: str, as_of: date, contract: str) -> str:
    """Data version of a raw object as a run at `as_of` sees it: its files' names, sizes and times, and the contract."""
    facts = (
        f"{path.parent.name}/{path.name}\t{stat.st_size}\t{stat.st_mtime_ns}"
        for path in _raw_files(home, source, obj, as_of)
        for stat in (path.stat(),)
    )
    return combine(contract, *facts)


@lru_cache(maxsize=2)
def _graph_of(text: str) -> CoreGraph:
    manifest: dict[str, Any] = json.loads(text)
    nodes = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed") and "core" in node["tags"]
    }
    standing = {name for name, node in nodes.items() if node["config"]["materialized"] != "ephemeral"}
    marts = (node for node in manifest["nodes"].values() if "marts" in node["tags"])
    return CoreGraph(
        parents={name: tuple(node.get("depends_on", {}).get("nodes", ())) for name, node in nodes.items()},
        tables={name: (nodes[name]["schema"], nodes[name]["alias"]) for name in standing},
        views=frozenset(name for name in standing if nodes[name]["config"]["materialized"] == "view"),
        names={name: nodes[name]["name"] for name in standing},
        appended=frozenset(name for name, node in nodes.items() if node["config"].get("meta", {}).get("appends")),
        dated=frozenset(name for name, node in nodes.items() if _is_dated(node, manifest["macros"])),
        handed_on=frozenset(
            {p for node in marts for p in node.get("depends_on", {}).get("nodes", ()) if p in standing}
            | {f"model.cdp.{table}" for table in warehouse.CORE_TABLES}
        ),
    )


def core_graph(manifest: Path) -> CoreGraph:
    """The core models and seeds of a parsed project. Raises FileNotFoundError."""
    return _graph_of(manifest.read_text(encoding="utf-8"))


def _is_dated(node: Mapping[str, Any], macros: Mapping[str, Any]) -> bool:
    if _DATED_CODE.search(node.get("raw_code", "")):
        return True
    seen: set[str] = set()
    waiting = list(node.get("depends_on", {}).get("macros", ()))
    while waiting:
        macro = waiting.pop()
        if macro not in seen and macro != _DAY_ONLY_MACRO:
            seen.add(macro)
            waiting += macros[macro]["depends_on"]["macros"] if macro in macros else []
    return bool(seen & _DATED_MACROS)


def _versions(
    graph: CoreGraph, raw: Mapping[str, str], common: str, as_of: date, with_rows: frozenset[str]
) -> dict[str, str]:
    """Data version of every node that stands. A dated model counts the as-of only where something lies under it:
    without a row its result is the same on every day."""
    found: dict[str, str] = {}

    def told(node: str) -> str:
        if node.startswith("source."):
            return raw.get(".".join(node.split(".")[2:4]), "")
        if node not in found:
            day = as_of.isoformat() if node in graph.dated and node in with_rows else ""
            found[node] = combine(common, node, day, *(told(parent) for parent in sorted(graph.parents[node])))
        return found[node]

    return {node: told(node) for node in sorted(graph.tables) if node not in graph.views}


def _definition(
    graph: CoreGraph, contracts: Mapping[str, SourceContract], view: str, as_of: date, with_rows: frozenset[str]
) -> str:
    """Version of a view's SQL: its rows follow the tables under it, but days are written into it, also those of
    ephemeral models, and columns take their types from contracts."""
    days, types, seen = set(), set(), set()
    waiting = [view]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.startswith("source."):
            source, obj = node.split(".")[2:4]
            types.add(contracts[source].objects[obj].fingerprint if source in contracts else "")
            continue
        inlined = node == view or node not in graph.tables
        if inlined and (node in with_rows or any(parent.startswith("source.") for parent in graph.parents[node])):
            days.add(as_of.isoformat())
        waiting += graph.parents[node]
    return combine(*sorted(days), *sorted(types))


def _appended(
    graph: CoreGraph, stale: frozenset[str], before: Mapping[str, Any], now: Mapping[str, Mapping[str, Any]]
) -> frozenset[str]:
    """Of the stale nodes those under which nothing changed but for files of days after all that were there."""

    def only_more(node: str) -> bool:
        if node.startswith("source."):
            known = before.get(node)
            if known is None or node not in now or any(now[node].get(name) != facts for name, facts in known.items()):
                return False
            last = max(known).partition("/")[0]
            return all(name.partition("/")[0] > last for name in now[node] if name not in known)
        return node in graph.appended and all(unchanged(parent) or only_more(parent) for parent in graph.parents[node])

    def unchanged(node: str) -> bool:
        if node.startswith("source."):
            return before.get(node) == now.get(node) and node in now
        if node in graph.tables and node not in graph.views:
            return node not in stale
        return all(unchanged(parent) for parent in graph.parents[node])

    return frozenset(node for node in stale & graph.appended if only_more(node))


def _appended_sources(graph: CoreGraph) -> set[str]:
    return {p for node in graph.appended for p in graph.parents[node] if p.startswith("source.")}


def _files(home: Home, contracts: Mapping[str, SourceContract], node: str, as_of: date) -> dict[str, Any]:
    """Size and time of each raw file of a source node, by day and name, and the object's contract."""
    source, obj = node.split(".")[2:4]
    return {
        _CONTRACT: contracts[source].objects[obj].fingerprint,
        **{
            f"{path.parent.name}/{path.name}": [stat.st_size, stat.st_mtime_ns]
            for path in _raw_files(home, source, obj, as_of)
            for stat in (path.stat(),)
        },
    }


def _with_rows(home: Home, graph: CoreGraph, as_of: date) -> frozenset[str]:
    """Dated models that have at least one delivered file under them."""
    delivered: dict[str, bool] = {}

    def has_rows(node: str) -> bool:
        if node not in delivered:
            if node.startswith("source."):
                source, obj = node.split(".")[2:4]
                delivered[node] = any(True for _ in _raw_files(home, source, obj, as_of))
            else:
                delivered[node] = any(has_rows(parent) for parent in graph.parents.get(node, ()))
        return delivered[node]

    return frozenset(node for node in graph.dated if has_rows(node))


def _raw_files(home: Home, source: str, obj: str, as_of: date) -> Iterator[Path]:
    """Raw files delivered by `as_of`, sorted. The empty file of every object is none: the contract says its columns."""
    folder = home.raw(source, obj)
    if not folder.is_dir():
        return
    for day in sorted(folder.iterdir()):
        match = _DAY.fullmatch(day.name)
        if match and match[1] <= as_of.isoformat():
            yield from sorted(path for path in day.iterdir() if path.suffix == ".parquet" and path.name != _EMPTY)


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


def _why_full(home: Home, before: Mapping[str, Any], common: str) -> str:
    if not before:
        return "no finished build"
    if before["common"] != common:
        return "changed code or settings"
    if before["rows"] != _rows(home):
        return "the warehouse is not the one of the last build"
    return ""


def _rows(home: Home) -> dict[str, int]:
    """Rows by table of the schemas of the core; nothing without a warehouse."""
    if not home.warehouse_db.exists():
        return {}
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        found = con.execute(
            """select schema_name || '.' || table_name, estimated_size from duckdb_tables()
            where schema_name in ('staging', 'intermediate', 'core') order by all"""
        ).fetchall()
    return {str(name): int(rows) for name, rows in found}


def _file_facts(home: Home, table: str) -> list[int]:
    path = home.core / table / "part-0.parquet"
    if not path.exists():
        return []
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


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
