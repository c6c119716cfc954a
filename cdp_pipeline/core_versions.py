"""Data versions: fingerprints of everything that lies under a raw object, a table of the core, or a view's SQL.

Belongs here: raw files and days as they decide a result. Not here: which models a run makes again (`core_build`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.core_graph import CoreGraph
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import combine
from cdp_pipeline.sources.contract import SourceContract

_DAY = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")
_EMPTY = "_empty.parquet"
_CONTRACT = "dt=0"  # sorts before all days


@dataclass(frozen=True)
class Ground:
    """What a core is built from: the raw files of a home up to a day, by these contracts, with models of this graph.
    `common` is the version of what all models depend on."""

    home: Home
    graph: CoreGraph
    contracts: Mapping[str, SourceContract]
    as_of: date
    common: str

    def versions(self, days: Mapping[str, str]) -> dict[str, str]:
        """Data version of every seed and table; `days` as `days` gives them."""
        return self._versions(days, (node for node in self.graph.tables if node not in self.graph.views))

    def part_versions(self, days: Mapping[str, str]) -> dict[str, str]:
        """Data version of every part of tables that hold rows of each source apart."""
        return self._versions(days, {part for parts in self.graph.by_source.values() for part in parts})

    def _versions(self, days: Mapping[str, str], nodes: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        graph = self.graph

        def told(node: str) -> str:
            if node.startswith("source."):
                return self._raw.get(".".join(node.split(".")[2:4]), "")
            if node not in found:
                parents = (told(parent) for parent in sorted(graph.parents[node]))
                found[node] = combine(self.common, node, days.get(node, ""), *parents)
            return found[node]

        return {node: told(node) for node in sorted(nodes)}

    def days(self, standing: Collection[str]) -> dict[str, str]:
        """What the as-of decides in each model that names it.

        A model tells by its meta `dated_by` from which column on rows count, ``<model>.<column>``. Where the table of
        that model is among `standing`, in the warehouse as the models will find it, the day is the last one up to the
        as-of that a row of it has: the model is the same until the next such day. For other models it is the as-of,
        and where no file was delivered for any model under it, none.
        """
        found: dict[str, str] = {}
        lasting = {node: by for node, by in self.graph.dated_by.items() if by[0] in standing}
        if lasting and self.home.warehouse_db.exists():
            with duckdb.connect(str(self.home.warehouse_db), read_only=True) as con:
                present = set(con.execute("select schema_name, table_name from duckdb_tables()").fetchall())
                for node, (relation, column) in lasting.items():
                    schema, table = self.graph.tables[relation]
                    if (schema, table) not in present:  # Spark has made them, beside this file
                        continue
                    ((day,),) = con.execute(
                        f'select max(cast("{column}" as date)) from "{schema}"."{table}"'
                        f' where cast("{column}" as date) <= $as_of',
                        {"as_of": self.as_of},
                    ).fetchall()
                    found[node] = f"to {day}" if day else ""
        for node in self.graph.dated - found.keys():
            found[node] = self.as_of.isoformat() if self._has_rows(node) else ""
        return found

    def definitions(self, days: Mapping[str, str]) -> dict[str, str]:
        """Version of every view's SQL: its rows follow the tables under it, but days are written into it, also those of
        ephemeral models, and columns take their types from contracts."""
        return {view: self._definition(view, days) for view in self.graph.views}

    def silent(self) -> frozenset[str]:
        """Models under which nothing was ever delivered. Of what sources bring they have no rows."""
        return frozenset(node for node in self.graph.parents if node.startswith("model.") and not self._has_rows(node))

    def files(self) -> dict[str, dict[str, Any]]:
        """Size and time of each raw file under a table that is added to or kept by key, by source node, day and name,
        and the object's contract."""
        kept = self.graph.appended | self.graph.by_key
        nodes = {p for node in kept for p in self.graph.parents[node] if p.startswith("source.")}
        found: dict[str, dict[str, Any]] = {}
        for node in nodes:
            source, obj = node.split(".")[2:4]
            found[node] = {_CONTRACT: self.contracts[source].objects[obj].fingerprint}
            for path in _raw_files(self.home, source, obj, self.as_of):
                stat = path.stat()
                found[node][f"{path.parent.name}/{path.name}"] = [stat.st_size, stat.st_mtime_ns]
        return found

    @cached_property
    def _raw(self) -> dict[str, str]:
        return {
            f"{source}.{name}": raw_version(self.home, source, name, self.as_of, obj.fingerprint)
            for source, contract in self.contracts.items()
            for name, obj in contract.objects.items()
        }

    @cached_property
    def _last_days(self) -> dict[str, str]:
        """Day of the last delivery by source node of the graph, "" without any."""
        nodes = {p for parents in self.graph.parents.values() for p in parents if p.startswith("source.")}
        found = {}
        for node in nodes:
            source, obj = node.split(".")[2:4]
            found[node] = max((p.parent.name for p in _raw_files(self.home, source, obj, self.as_of)), default="")
        return found

    @cached_property
    def _with_rows(self) -> dict[str, bool]:
        return {}

    def _has_rows(self, node: str) -> bool:
        """Whether a file was delivered for any object under a model."""
        if node.startswith("source."):
            return bool(self._last_days[node])
        if node not in self._with_rows:
            self._with_rows[node] = any(self._has_rows(parent) for parent in self.graph.parents.get(node, ()))
        return self._with_rows[node]

    def _definition(self, view: str, days: Mapping[str, str]) -> str:
        told, types, seen = set(), set(), set()
        waiting = [view]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.startswith("source."):
                source, obj = node.split(".")[2:4]
                types.add(self.contracts[source].objects[obj].fingerprint if source in self.contracts else "")
                continue
            if node == view or node not in self.graph.tables:
                told.add(days.get(node, ""))
                # of deliveries up to a day that is written into the SQL
                told |= {self._last_days[p] for p in self.graph.parents[node] if p.startswith("source.")}
            waiting += self.graph.parents[node]
        return combine(*sorted(told), *sorted(types), *sorted(self._left_out(view)))

    def _left_out(self, node: str) -> set[str]:
        """Models that the SQL of a view would name, by itself or in ephemeral ones, if they had rows."""
        found: set[str] = set()
        for parent in self.graph.parents[node]:
            if not self._has_rows(parent):
                found.add(parent)
            elif parent in self.graph.parents and parent not in self.graph.tables:
                found |= self._left_out(parent)
        return found


def raw_version(home: Home, source: str, obj: str, as_of: date, contract: str) -> str:
    """Data version of a raw object as a run at `as_of` sees it: its files' names, sizes and times, and the contract."""
    facts = (
        f"{path.parent.name}/{path.name}\t{stat.st_size}\t{stat.st_mtime_ns}"
        for path in _raw_files(home, source, obj, as_of)
        for stat in (path.stat(),)
    )
    return combine(contract, *facts)


def _raw_files(home: Home, source: str, obj: str, as_of: date) -> Iterator[Path]:
    """Raw files delivered by `as_of`, sorted. The empty file of every object is none: the contract says its columns."""
    folder = home.raw(source, obj)
    if not folder.is_dir():
        return
    for day in sorted(folder.iterdir()):
        match = _DAY.fullmatch(day.name)
        if match and match[1] <= as_of.isoformat():
            yield from sorted(path for path in day.iterdir() if path.suffix == ".parquet" and path.name != _EMPTY)
