"""The marts of the parsed dbt project: what each model reads, how the as-of decides it, what it holds of changes.

Belongs here: what manifest and SQL text say. Not here: what is in a warehouse, and what of it a build leaves out
(`marts_plan`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

_DATED_MACROS = frozenset({"as_of", "as_of_date", "as_of_end", "as_of_value", "delivered"})
_DATED_CODE = re.compile(r"\bvar\(\s*['\"]as_of['\"]")
# The clock, the environment, chance.
_RESTLESS_CODE = re.compile(
    r"\benv_var\b|\brun_started_at\b|\binvocation_id\b|\bmodules\.datetime\b|\bcurrent_(?:date|time)"
    r"|\b(?:now|random|uuid|gen_random_uuid)\(",
    re.IGNORECASE,
)
# The guard: true for all that lies before the end of the as-of.
_GUARD = "known_by"
_GUARDED = re.compile(r"\bknown_by\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)")
# Says which way a build goes, and that is none of its content.
_MODE = "by_change"
_FINGERPRINTS = "fingerprints"
_JINJA = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_QUOTED = re.compile(r"['\"](\w+)['\"]")
_LAKE_FILES = re.compile(r"'([^']*/lake/)?([^']*\.parquet)'")


@dataclass(frozen=True)
class Mart:
    """A model of the marts.

    `parents` are ids of models, seeds and sources; `before` those marts that it reads as the last build left them;
    `is_dated` is true where the as-of decides its rows otherwise than by guards, `guards` the expressions of these;
    `is_restless` where every build may give others. `at_rest` tells of a table that holds what changed in a build how
    it looks when nothing did: ``empty``, ``fingerprints``, or a pair of columns of which the first takes the value of
    the second.
    """

    name: str
    relation: tuple[str, str]
    parents: frozenset[str]
    before: frozenset[str]
    is_dated: bool
    guards: tuple[str, ...]
    is_restless: bool
    at_rest: Literal["empty", "fingerprints"] | tuple[str, str] | None


@dataclass(frozen=True)
class MartsGraph:
    """The marts by id, the relation of every other model or seed by id, and where below ``lake/`` the files of each
    source lie, as a pattern."""

    marts: Mapping[str, Mart]
    relations: Mapping[str, tuple[str, str]]
    sources: Mapping[str, str]

    def affected(self, moved: set[str]) -> frozenset[str]:
        """`moved`, and all marts that read one of these in any number of steps."""
        readers: dict[str, list[str]] = {}
        for node, mart in self.marts.items():
            for parent in mart.parents | mart.before:
                readers.setdefault(parent, []).append(node)
        found, waiting = set(moved), list(moved)
        while waiting:
            for reader in readers.get(waiting.pop(), ()):
                if reader not in found:
                    found.add(reader)
                    waiting.append(reader)
        return frozenset(found & self.marts.keys())

    def depths(self) -> dict[str, int]:
        """Length of the longest way to each mart from another one: in this order none comes before its parents."""
        found: dict[str, int] = {}

        def depth(node: str) -> int:
            if node not in found:
                within = (parent for parent in self.marts[node].parents if parent in self.marts)
                found[node] = 1 + max((depth(parent) for parent in within), default=-1)
            return found[node]

        return {node: depth(node) for node in self.marts}


def marts_graph(manifest: Path) -> MartsGraph:
    """The marts of a parsed project. Raises FileNotFoundError."""
    return _graph_of(manifest.read_text(encoding="utf-8"))


@lru_cache(maxsize=2)
def _graph_of(text: str) -> MartsGraph:
    manifest: dict[str, Any] = json.loads(text)
    nodes = {n: node for n, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    macros = {
        macro["name"]: _without_comments(macro["macro_sql"])
        for macro in manifest["macros"].values()
        if macro["package_name"] == "cdp"
    }
    marts = {n: node for n, node in nodes.items() if "marts" in node["tags"]}
    by_name = {node["name"]: n for n, node in marts.items()}
    return MartsGraph(
        marts={n: _mart(node, macros, by_name) for n, node in marts.items()},
        relations={n: _relation(node) for n, node in nodes.items() if n not in marts},
        sources={n: found for n, source in manifest["sources"].items() if (found := _lake_files(source)) is not None},
    )


def _mart(node: Mapping[str, Any], macros: Mapping[str, str], by_name: Mapping[str, str]) -> Mart:
    own = _own_text(node)
    called = _called(own, macros)
    # through a guard the as-of decides nothing but what it guards
    texts = [own, *(macros[name] for name in sorted(_called(own, macros, stop=(_GUARD,)) - {_GUARD, _MODE}))]
    guards, is_unclear = _guards(texts)
    parents = frozenset(node["depends_on"]["nodes"])
    reads_before = any("incorporate(" in text for text in texts)
    named = (name for text in texts for name in _QUOTED.findall(text) if name in by_name)
    before = {by_name[name] for name in named} if reads_before else set()
    at_rest = _at_rest(node, called)
    as_of = {macros[name] for name in _DATED_MACROS if name in macros}
    materialized = node["config"]["materialized"]
    return Mart(
        name=node["name"],
        relation=_relation(node),
        parents=parents,
        before=frozenset(before - parents - {node["unique_id"]}),
        is_dated=is_unclear or any(text in as_of or _DATED_CODE.search(text) for text in texts),
        guards=guards,
        # a table that is another one by the way the build goes tells of this build alone
        is_restless=any(_RESTLESS_CODE.search(text) for text in texts if text not in as_of)
        or (at_rest is None and _MODE in called and materialized != "incremental"),
        at_rest=at_rest,
    )


def _own_text(node: Mapping[str, Any]) -> str:
    hooks = (hook["sql"] for kind in ("pre-hook", "post-hook") for hook in node["config"].get(kind, ()))
    return _without_comments("\n".join((node.get("raw_code") or "", *hooks)))


def _called(text: str, macros: Mapping[str, str], stop: tuple[str, ...] = ()) -> frozenset[str]:
    """Macros that a text names within Jinja, in any number of steps: also one that is handed to another as a value,
    which the manifest does not tell. Nothing is followed through `stop` nor through the mode of the build."""
    found: set[str] = set()
    waiting = [*_words_of_jinja(text)]
    while waiting:
        name = waiting.pop()
        if name in macros and name not in found:
            found.add(name)
            if name not in (*stop, _MODE):
                waiting += _words_of_jinja(macros[name])
            for dialect in (f"duckdb__{name}", f"default__{name}"):
                waiting.append(dialect)
    return frozenset(found)


def _words_of_jinja(text: str) -> Iterator[str]:
    for output, statement in _JINJA.findall(text):
        yield from _WORD.findall(output or statement)


def _without_comments(text: str) -> str:
    return _COMMENT.sub("", text)


def _guards(texts: list[str]) -> tuple[tuple[str, ...], bool]:
    """Expressions of the guards, and whether one of them is not a literal."""
    found = {single or double for text in texts for single, double in _GUARDED.findall(text)}
    calls = sum(len(re.findall(rf"\b{_GUARD}\b", text)) for text in texts)
    return tuple(sorted(found)), calls != sum(len(_GUARDED.findall(text)) for text in texts)


def _at_rest(
    node: Mapping[str, Any], called: frozenset[str]
) -> Literal["empty", "fingerprints"] | tuple[str, str] | None:
    declared = node["config"].get("meta", {}).get("at_rest")
    if declared is None:
        return None
    if _FINGERPRINTS in called:
        return "fingerprints"
    column, _, source = str(declared).partition("=")
    if source:
        return column.strip(), source.strip()
    if declared != "empty":
        raise ValueError(f"meta at_rest of {node['name']} is {declared!r}: give `empty` or `<column> = <column>`")
    return "empty"


def _relation(node: Mapping[str, Any]) -> tuple[str, str]:
    return str(node["schema"]), str(node["alias"])


def _lake_files(source: Mapping[str, Any]) -> str | None:
    location = str(source.get("config", {}).get("meta", {}).get("external_location", ""))
    match = _LAKE_FILES.search(location.replace("{{ var('lake') }}", "/lake").replace('{{ var("lake") }}', "/lake"))
    return match[2].format(name=source["name"], schema=source["schema"]) if match and match[1] else None
