"""Which marts a build has to make: those under which something changed since the last complete build.

A mart is made where its source or core table is another one, where the day decides it, and where one that it reads is
made. The others stand. Belongs here: the decision and the facts it rests on. Not here: the mark of a complete build
(`marts_refresh`), and what the SQL says (`marts_graph`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.marts_graph import Mart, MartsGraph, marts_graph

# Folders below lake/ that other steps hand to the marts.
_HANDED_OVER = ("identity", "analytics", "history", "ops")
_FINGERPRINTS_AT_REST = (
    "delete from {table} where n is null",
    "update {table} set is_changed = false, is_new = false where is_changed or is_new",
)


@dataclass(frozen=True)
class MartsPlan:
    """What a build of changes makes: `nodes` are ids of models, of which `names` go to dbt. Of the other ones those in
    `at_rest` hold what changed in a build, and nothing did: `statements` make them say so before anything reads them.
    """

    graph: MartsGraph
    nodes: frozenset[str]
    at_rest: tuple[str, ...]
    statements: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Names of the models that are made, sorted."""
        return sorted(self.graph.marts[node].name for node in self.nodes)


def facts_of(home: Home, before: Mapping[str, Any]) -> dict[str, Any]:
    """What the marts are built from: the data version of each core table and seed as `core_build` recorded it, and
    size, time and digest of each file that other steps hand over, by path below the lake.

    `before` are the facts of the last build, whose digests hold for files of the same size and time.
    """
    core = home.root / "dbt" / "core_build.json"
    try:
        versions = json.loads(core.read_text(encoding="utf-8")).get("versions", {})
    except (FileNotFoundError, ValueError):
        versions = {}
    known = before.get("files", {})
    files: dict[str, list[Any]] = {}
    for path in _handed_over(home):
        name, stat = path.relative_to(home.lake).as_posix(), path.stat()
        told = [stat.st_size, stat.st_mtime_ns]
        same = known.get(name, [])[:2] == told
        files[name] = [*told, known[name][2] if same else _digest(path)]
    return {"core": versions, "files": files}


def plan_marts(
    home: Home,
    as_of: date,
    last_as_of: date,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    rested: Collection[str],
) -> MartsPlan | None:
    """What a build as of a day has to make upon the complete one of `last_as_of`, with their facts; None for all.

    `rested` are the tables of changes that this build left at rest. Reads the warehouse. All is made where the parsed
    project of the last dbt call is not at hand, or older than a file of the project.
    """
    manifest = _manifest(home)
    if manifest is None:
        return None
    graph = marts_graph(manifest)
    moved = {node for node, mart in graph.marts.items() if mart.is_restless or (mart.is_dated and as_of != last_as_of)}
    moved |= {
        node
        for node, mart in graph.marts.items()
        if any(_is_other(graph, parent, before, now) for parent in mart.parents if parent not in graph.marts)
    }
    if as_of != last_as_of:
        # of those that are made anyway nothing has to be known
        made = graph.affected(moved)
        guarded = [node for node, mart in graph.marts.items() if mart.guards and node not in made]
        with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
            moved |= set(_came_into_view(con, graph, guarded, last_as_of, as_of))
    nodes = graph.affected(moved)
    at_rest = [node for node, mart in sorted(graph.marts.items()) if mart.at_rest and node not in nodes]
    return MartsPlan(
        graph=graph,
        nodes=nodes,
        at_rest=tuple(at_rest),
        statements=tuple(s for node in at_rest if node not in rested for s in _rest(graph.marts[node])),
    )


def bring_to_rest(home: Home, plan: MartsPlan) -> None:
    """Make the tables of changes that the build leaves out say that nothing changed."""
    if not plan.statements:
        return
    with duckdb.connect(str(home.warehouse_db)) as con:
        for statement in plan.statements:
            con.execute(statement)


def _is_other(graph: MartsGraph, node: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Is a source, seed or core table another one than in the last build? What nothing is known of may be."""
    if node not in graph.sources:
        version = now["core"].get(node)
        return version is None or version != before.get("core", {}).get(node)
    pattern = graph.sources[node]

    def content(facts: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return sorted((name, told[2]) for name, told in facts.get("files", {}).items() if Path(name).match(pattern))

    found = content(now)
    return not found or found != content(before)


def _came_into_view(
    con: duckdb.DuckDBPyConnection, graph: MartsGraph, nodes: Sequence[str], last_as_of: date, as_of: date
) -> Iterator[str]:
    """Of `nodes`, which name the as-of by guards, those with a row that was in the future then and is not now; and
    those whose guard cannot be asked of any relation that they read."""

    @cache
    def rows(relation: tuple[str, str], guard: str) -> bool | None:
        """Whether a moment lies between; None where the relation has no such columns."""
        schema, table = relation
        alias = guard.partition(".")[0].rpartition("(")[2].strip() if "." in guard else "guarded"
        try:
            found = con.execute(
                f'select 1 from "{schema}"."{table}" as "{alias}"'
                f" where ({guard}) >= $start and ({guard}) < $stop limit 1",
                {"start": last_as_of + timedelta(days=1), "stop": as_of + timedelta(days=1)},
            ).fetchall()
        except (duckdb.BinderException, duckdb.CatalogException):
            return None
        return bool(found)

    for node in nodes:
        mart = graph.marts[node]
        relations = [
            graph.marts[parent].relation if parent in graph.marts else graph.relations[parent]
            for parent in mart.parents
            if parent in graph.marts or parent in graph.relations
        ]
        for guard in mart.guards:
            asked = [found for relation in relations if (found := rows(relation, guard)) is not None]
            if any(asked) or not asked:
                yield node
                break


def _rest(mart: Mart) -> list[str]:
    table = '"{}"."{}"'.format(*mart.relation)
    if mart.at_rest == "empty":
        return [f"delete from {table}"]
    if isinstance(mart.at_rest, tuple):
        column, source = mart.at_rest
        return [
            f"delete from {table} where {source} is null",
            f"update {table} set {column} = {source} where {column} is distinct from {source}",
        ]
    return [statement.format(table=table) for statement in _FINGERPRINTS_AT_REST]


def _manifest(home: Home) -> Path | None:
    """What the last dbt call of this home parsed; None where the project is newer."""
    from cdp_pipeline.inputs import code_files
    from cdp_pipeline.warehouse import PROJECT

    path = home.root / "dbt" / "manifest.json"
    if not path.exists():
        return None
    parsed = path.stat().st_mtime
    return None if any(file.stat().st_mtime > parsed for file in code_files(PROJECT)) else path


def _handed_over(home: Home) -> Iterator[Path]:
    for folder in _HANDED_OVER:
        yield from sorted((home.lake / folder).rglob("*.parquet"))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
