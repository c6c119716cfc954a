"""Which sources a run makes again in core tables that hold rows of each source apart (meta `by_source`).

Each row of such a table comes from one row of a part, a model that brings rows of one source or of some. A source stays
as it is where the data versions of its parts do, is added to where all that changed under them is files of later days
(`appends`), and is made again in any other case. Belongs here: that decision. Not here: its SQL, in
``macros/by_source.sql``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdp_pipeline.core_graph import RECORDS, CoreGraph

# What the models read (macro `told_parts`).
ENVIRONMENT = "CDP_CORE_PARTS"

Files = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Parts:
    """What is made again of one table: all rows of `remade` sources; of `grown` ones those of deliveries after a day
    (ISO); and, where `records` may have come or gone, which record the other rows name."""

    remade: frozenset[str]
    grown: Mapping[str, str]
    records: bool


@dataclass(frozen=True)
class Deliveries:
    """Raw files under tables that are added to or kept by key, before and now (`core_versions.Ground.files`), and the
    stale nodes."""

    graph: CoreGraph
    stale: frozenset[str]
    before: Files
    now: Files

    def appended(self) -> frozenset[str]:
        """Of the stale nodes those under which nothing changed but for files of days after all that were there."""
        return frozenset(node for node in self.stale & self.graph.appended if self.is_only_more(node))

    def kept_by_key(self) -> frozenset[str]:
        """Of the stale nodes in which a delivery replaces its keys those whose object has files of later days more."""
        return frozenset(
            node
            for node in self.stale & self.graph.by_key
            if all(self.is_only_more(parent) for parent in self.graph.parents[node])
        )

    def is_only_more(self, node: str) -> bool:
        if node.startswith("source."):
            known, now = self.before.get(node), self.now.get(node)
            if known is None or now is None or any(now.get(name) != facts for name, facts in known.items()):
                return False
            last = max(known).partition("/")[0]
            return all(name.partition("/")[0] > last for name in now if name not in known)
        return (
            node in self.graph.appended
            and node not in self.graph.dated
            and all(self._stands(parent) or self.is_only_more(parent) for parent in self.graph.parents[node])
        )

    def last_day(self, node: str) -> str | None:
        """Last day (ISO) before the files that came under a node of which there is only more. None without such a day,
        and where files of several objects came, each with a last day of its own."""
        changed = {source for source in self._sources(node) if self.before.get(source) != self.now.get(source)}
        if len(changed) != 1:
            return None
        _, mark, day = max(self.before[changed.pop()]).partition("/")[0].partition("dt=")
        return day if mark and len(day) == len("YYYY-MM-DD") else None

    def _sources(self, node: str) -> set[str]:
        """Raw objects under a node through models that are added to."""
        if node.startswith("source."):
            return {node}
        if node not in self.graph.appended:
            return set()
        return {source for parent in self.graph.parents[node] for source in self._sources(parent)}

    def _stands(self, node: str) -> bool:
        if node.startswith("source."):
            return self.before.get(node) == self.now.get(node) and node in self.now
        if node in self.graph.tables and node not in self.graph.views:
            return node not in self.stale
        return node not in self.graph.dated and all(self._stands(parent) for parent in self.graph.parents[node])


def plan_parts(deliveries: Deliveries, before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, Parts]:
    """What is made again of each stale table that holds rows of each source apart, by node; `before` and `now` are the
    data versions of the parts."""
    graph = deliveries.graph
    found: dict[str, Parts] = {}
    for table in deliveries.stale & graph.by_source.keys():
        sources = graph.by_source[table]
        remade: set[str] = set()
        days: dict[str, str] = {}
        for part in sources:
            if before.get(part) == now[part]:
                continue
            day = deliveries.last_day(part) if deliveries.is_only_more(part) else None
            if day is None or len(sources[part]) != 1:
                remade |= sources[part]
            else:
                days[next(iter(sources[part]))] = day
        found[table] = Parts(
            frozenset(remade),
            {source: day for source, day in days.items() if source not in remade},
            RECORDS in deliveries.stale,
        )
    return found


def environment(parts: Mapping[str, Parts]) -> dict[str, str]:
    """Environment of the dbt call that makes them; nothing told stands for all rows."""
    told = {
        node.rpartition(".")[2]: {
            "remade": sorted(p.remade),
            "grown": dict(sorted(p.grown.items())),
            "records": p.records,
        }
        for node, p in sorted(parts.items())
    }
    return {ENVIRONMENT: json.dumps(told)}
