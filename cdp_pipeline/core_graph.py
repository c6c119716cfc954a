"""The core part of the parsed dbt project: which models there are, what they are built on, and how.

Belongs here: what the manifest says. Not here: raw files, and what of it a run makes again (`core_build`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cdp_pipeline import warehouse

# Macros through which SQL depends on the as-of itself. `delivered` names it, too, but only to leave out raw files of
# later days, and these are no part of a fingerprint before their day.
_DATED_MACROS = {"macro.cdp.as_of", "macro.cdp.as_of_end", "macro.cdp.as_of_date"}
_DAY_ONLY_MACRO = "macro.cdp.delivered"
# The table whose rows facts name: they are told apart by source all the same, and follow it by id.
RECORDS = "model.cdp.customer_records"
_DATED_CODE = re.compile(r"""var\(\s*['"]as_of['"]""")


@dataclass(frozen=True)
class CoreGraph:
    """The core part of a parsed dbt project.

    `parents` are of every model and seed, ephemeral ones included; `tables` are the nodes that stand in the warehouse,
    with their schema and name; `appended` those to which a later delivery adds, `by_key` those in which it replaces the
    keys it holds, `differing` those of which only rows that differ are written; `handed_on` those that other steps
    read. `dated` are those that name the as-of, `dated_by` the table and column from which on rows count in one, where
    it says so (meta). `by_source` are the tables that hold rows of each source apart: their parts, and of which sources
    each part may bring rows.
    """

    parents: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, tuple[str, str]]
    views: frozenset[str]
    names: Mapping[str, str]
    dated: frozenset[str]
    appended: frozenset[str]
    by_key: frozenset[str]
    differing: frozenset[str]
    handed_on: frozenset[str]
    dated_by: Mapping[str, tuple[str, str]]
    by_source: Mapping[str, Mapping[str, frozenset[str]]]

    def depths(self) -> dict[str, int]:
        """Length of the longest way to each node: in this order none comes before its parents."""
        found: dict[str, int] = {}

        def depth(node: str) -> int:
            if node not in found:
                found[node] = 1 + max((depth(parent) for parent in self.parents.get(node, ())), default=-1)
            return found[node]

        return {node: depth(node) for node in self.tables}


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
        by_key=frozenset(name for name, node in nodes.items() if node["config"].get("meta", {}).get("by_key")),
        differing=frozenset(
            name for name, node in nodes.items() if node["config"].get("incremental_strategy") == "differing"
        ),
        dated=frozenset(name for name, node in nodes.items() if _is_dated(node, manifest["macros"])),
        dated_by={
            name: (f"model.cdp.{model}", column)
            for name, node in nodes.items()
            for model, _, column in (str(node["config"].get("meta", {}).get("dated_by", "")).partition("."),)
            if column
        },
        by_source={
            name: {part: _sources_of(part, nodes) for part in _models_under(nodes[f"model.cdp.{union}"], nodes)}
            for name, node in nodes.items()
            for union in (node["config"].get("meta", {}).get("by_source"),)
            if union
        },
        handed_on=frozenset(
            {p for node in marts for p in node.get("depends_on", {}).get("nodes", ()) if p in standing}
            | {f"model.cdp.{table}" for table in warehouse.CORE_TABLES}
        ),
    )


def _models_under(node: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [p for p in node["depends_on"]["nodes"] if p in nodes and nodes[p]["resource_type"] == "model"]


def _sources_of(name: str, nodes: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Sources of which a model may bring rows: that of its folder, else those of the models under it."""
    below = nodes[name]["fqn"][2:-1]
    if below:
        return frozenset(below[:1])
    return frozenset().union(*(_sources_of(parent, nodes) for parent in _models_under(nodes[name], nodes)))


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
