"""Which keys the records of a file have, learned from its beginning, so that unknown fields are cheap to keep.

Keeping whatever a contract does not name (`_extra`) by removing the rest costs twice as much as reading the contract's
fields. Exports repeat a few layouts of keys, so the layouts of the first records are learned; a record with one of them
has its unknown values picked like any other. A record with another layout takes the slow way, with the same result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from cdp_pipeline.sql_text import literal

# Fewer records than this are done before a layout is learned.
LEARN_FROM = 256
_HEAD_ROWS = 2_000
_MAX_LAYOUTS = 256
_MAX_UNKNOWN = 300
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$ -]{1,80}")


@dataclass(frozen=True)
class Shapes:
    """Layouts of keys whose unknown values are known by path.

    `objects` are the paths whose keys make up a layout, `hashes` DuckDB's hashes of the layouts, `unknown` the paths of
    the values that no contract names, in the order they appeared, `always` those of them that every layout has.
    `certain` are those of `hashes` in which each of `objects` is absent or an object with members, so that nothing else
    can stand there.
    """

    objects: tuple[tuple[str, ...], ...]
    hashes: tuple[int, ...]
    unknown: tuple[tuple[str, ...], ...]
    always: frozenset[tuple[str, ...]]
    certain: tuple[int, ...]


def path_parts(path: str) -> list[str]:
    """The keys of a contract's path from the record down; a path in brackets is one key, dots and all."""
    return [path[1:-1]] if path.startswith("[") and path.endswith("]") else path.split(".")


def json_path(parts: Sequence[str]) -> str:
    """The JSONPath of nested keys; ``$`` for none."""
    return "$" + "".join(f'."{part}"' for part in parts)


def keys_sql(objects: Sequence[Sequence[str]]) -> str:
    """SQL for the keys of a record at each of `objects`, in their order; raises on what is no JSON."""
    listed = ", ".join(literal(json_path(o)) for o in objects)
    return f"json_keys(raw, [{listed}]::VARCHAR[])"


def learn(con: duckdb.DuckDBPyConnection, head: pa.RecordBatch, known: Sequence[str]) -> Shapes | None:
    """Layouts of the records in `head` (column raw), `known` being the contract's dotted paths; None when too few."""
    if head.num_rows < LEARN_FROM:
        return None
    leaves = {tuple(path_parts(p)) for p in known}
    leaves = {p for p in leaves if not any(p[:n] in leaves for n in range(1, len(p)))}
    objects = sorted({p[:n] for p in leaves for n in range(len(p))}, key=lambda o: (len(o), o))
    con.register("head", pa.Table.from_batches([head.slice(0, _HEAD_ROWS)]))
    try:
        layouts = con.execute(
            f"SELECT k, hash(k) FROM (SELECT TRY({keys_sql(objects)}) AS k FROM head WHERE problem IS NULL)"
            f" WHERE k IS NOT NULL GROUP BY k ORDER BY count(*) DESC, hash(k) LIMIT {_MAX_LAYOUTS}"
        ).fetchall()
    finally:
        con.unregister("head")
    hashes: list[int] = []
    unknown: dict[tuple[str, ...], None] = {}
    always: set[tuple[str, ...]] | None = None
    certain: list[int] = []
    for layout, layout_hash in layouts:
        found = [
            (*o, key)
            for o, keys in zip(objects, layout, strict=True)
            for key in keys or ()
            if (*o, key) not in leaves and (*o, key) not in set(objects)
        ]
        repeated = any(len(set(keys or ())) != len(keys or ()) for keys in layout)
        plain = all(_PLAIN_KEY.fullmatch(path[-1]) for path in found)
        if plain and not repeated and len(unknown.keys() | set(found)) <= _MAX_UNKNOWN:
            hashes.append(int(layout_hash))
            unknown.update(dict.fromkeys(found))
            always = set(found) if always is None else always & set(found)
            # What is no object has an empty list of keys, as {} has; what is absent has none.
            if all(keys is None or keys for keys in layout):
                certain.append(int(layout_hash))
    if not hashes:
        return None
    return Shapes(tuple(objects), tuple(hashes), tuple(unknown), frozenset(always or ()), tuple(certain))


def layout_sql(shapes: Shapes) -> str:
    """SQL for the hash of the keys that the record in column raw has; NULL exactly when it is no JSON."""
    return f"TRY(hash({keys_sql(shapes.objects)}))"


def is_learned_sql(shapes: Shapes, layout: str) -> str:
    """SQL: is `layout` one of those learned? NULL for NULL."""
    return _contains(shapes.hashes, layout)


def is_certain_sql(shapes: Shapes, layout: str) -> str:
    """SQL: can nothing but objects stand where the contract expects objects, by this layout? Never NULL."""
    return f"coalesce({_contains(shapes.certain, layout)}, false)"


def _contains(hashes: Sequence[int], layout: str) -> str:
    return f"list_contains([{', '.join(f'{h}::UBIGINT' for h in hashes)}]::UBIGINT[], {layout})"


def picked_sql(shapes: Shapes, values: str, offset: int) -> str:
    """SQL for the unknown fields of a record as JSON text, NULL when it has none.

    `values` is a list of JSON values that holds, after `offset` others, those at `shapes.unknown`.
    """

    def members(parent: tuple[str, ...]) -> tuple[str, bool]:
        """SQL for the object at `parent` (NULL when nothing of it is unknown), and whether it is never NULL."""
        certain: list[tuple[str, str]] = []
        perhaps: list[tuple[str, str]] = []
        for name in dict.fromkeys(p[len(parent)] for p in shapes.unknown if p[: len(parent)] == parent):
            path = (*parent, name)
            if path in positions:
                value, there = f"{values}[{positions[path]}]::VARCHAR", path in shapes.always
            else:
                value, there = members(path)
            (certain if there else perhaps).append((json.dumps(name) + ":", value))
        if not certain:
            each = ", ".join(f"{literal(name)} || {value}" for name, value in perhaps)
            return f"'{{' || nullif(concat_ws(',', {each}), '') || '}}'", False
        # What every layout has needs no look at whether it is there: one call that copies each value once.
        parts = [part for name, value in certain for part in (literal("," + name), value)]
        parts[0] = literal("{" + certain[0][0])
        parts += [f"{literal(',' + name)} || {value}" for name, value in perhaps]
        return f"concat({', '.join(parts)}, '}}')", True

    positions = {path: i for i, path in enumerate(shapes.unknown, offset + 1)}
    return members(())[0] if shapes.unknown else "NULL::VARCHAR"


__all__ = [
    "LEARN_FROM",
    "Shapes",
    "is_certain_sql",
    "is_learned_sql",
    "json_path",
    "keys_sql",
    "layout_sql",
    "learn",
    "path_parts",
    "picked_sql",
]
