"""Were two records ever compared? Which block keys a pair shares, and how many records share each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import duckdb

from identity.blocking import _SAME_KEY, build_block_keys, rule_expressions
from identity.model import Model
from identity.rules import Rules
from identity.sql_text import literals

STORE_FEATURES = "store.main.features"
# Up to so many record ids stand in a query as literals: only those let a scan skip what cannot hold them.
FEW = 1000


def rows_sql(features: str, records: Iterable[str]) -> str:
    """SQL for the rows of `features` of a few `records`."""
    wanted = f"from {features} where record_id in ({literals(records)})"
    if features != STORE_FEATURES:
        return f"select * {wanted}"
    # a list of ids would make every column of a table of this width be read for all records
    return f"select * from {features} where rowid in (select rowid {wanted})"


def shared_keys(
    con: duckdb.DuckDBPyConnection,
    pairs: str,
    features: str,
    side: str,
    identifiers: str | None,
    *,
    out: str,
    rules: Rules | None = None,
    until_bounded: Model | None = None,
    block_keys: str | None = None,
) -> None:
    """Write temp table `out` (record_id_l, record_id_r, block_key, size): the keys that the pairs of `pairs` share.

    `side` holds the rows of `features` of every record in `pairs`. `size` counts the records of `features` with that
    key. With `until_bounded` counting stops at the first block within that model's bound, and the sizes not counted are
    NULL: enough to know that a single pair was compared. Without `identifiers` (record_id, kind, namespace, value,
    is_trusted) keys made of identifiers are left out. `rules`: those of the run. `block_keys`: the run's keys, as
    `blocking.build_block_keys` writes them; without them the sizes are counted from `features`.
    """
    rules = rules or Rules()
    expressions = rule_expressions(rules)
    ids = [r for (r,) in con.execute(f"select record_id from {side} limit {FEW + 1}").fetchall()]
    listed = literals(ids) if 0 < len(ids) <= FEW else f"select record_id from {side}"
    of_side = f"select * from {identifiers} where record_id in ({listed})"
    none = (
        "select null::varchar as record_id, '' as kind, '' as namespace, '' as value, false as is_trusted where false"
    )
    con.execute(f"create or replace temp table __side_identifiers as {of_side if identifiers else none}")
    build_block_keys(con, side, "__side_identifiers", rules, out="__side_keys", as_text=True)
    con.execute(
        f"""create or replace temp table {out} as
        select p.record_id_l, p.record_id_r, kl.block_key, null::bigint as size
        from {pairs} p
        join {side} l on l.record_id = p.record_id_l join {side} r on r.record_id = p.record_id_r
        join __side_keys kl on kl.unique_id = l.unique_id
        join __side_keys kr on kr.unique_id = r.unique_id and kr.block_key = kl.block_key"""
    )
    con.execute(f"create or replace temp table __wanted as select distinct block_key from {out}")
    con.execute("create or replace temp table __block_size (block_key varchar, size bigint)")
    if block_keys is not None:
        hashes = [h for (h,) in con.execute(f"select hash(block_key) from __wanted limit {FEW + 1}").fetchall()]
        few = f"where k.block_key in ({', '.join(map(str, hashes))})" if 0 < len(hashes) <= FEW else ""
        con.execute(
            f"""insert into __block_size select w.block_key, count(*)
            from {block_keys} k join __wanted w on hash(w.block_key) = k.block_key {few} group by all"""
        )
    prefixes = [p for (p,) in con.execute("select distinct split_part(block_key, ':', 1) from __wanted").fetchall()]
    # the narrowest first: contact values and identifiers, then rules over several whole columns
    for prefix in (
        []
        if block_keys is not None
        else sorted(prefixes, key=lambda p: (p in expressions, -len(_plain_columns(expressions.get(p, ""))), p))
    ):
        counted = _count_sql(con, prefix, expressions, features, identifiers)
        con.execute(f"insert into __block_size {counted}")
        if until_bounded is not None:
            [(bounded,)] = con.execute(
                f"select count(*) from __block_size where {is_bounded(until_bounded)}"
            ).fetchall()
            if bounded:
                break
    con.execute(f"update {out} o set size = b.size from __block_size b where b.block_key = o.block_key")
    for table in ("__side_identifiers", "__side_keys", "__wanted", "__block_size"):
        con.execute(f"drop table if exists {table}")


def _count_sql(
    con: duckdb.DuckDBPyConnection,
    prefix: str,
    of_rules: Mapping[str, str],
    features: str,
    identifiers: str | None,
) -> str:
    """Query (block_key, size) for the wanted keys that begin with `prefix`; reads only the columns of that rule."""
    expressions = [sql for rule, sql in of_rules.items() if _SAME_KEY.get(rule, rule) == prefix]
    if prefix == "id":
        keys = (
            f"select 'id:' || kind || ':' || namespace || ':' || value as block_key, record_id from {identifiers} "
            "where is_trusted and value is not null"
        )
    elif expressions:
        # rules that make the same kind of key share its name; a record counts once
        keys = " union ".join(
            f"select '{prefix}:' || ({e}) as block_key, record_id from {features} where {_narrow(con, prefix, e)}"
            for e in expressions
        )
    else:
        keys = f"select '{prefix}:' || unnest({prefix}) as block_key, record_id from {features}"
    return f"""select block_key, count(distinct record_id) from ({keys})
        where block_key in (select block_key from __wanted) group by all"""


def _parts(sql: str) -> list[str]:
    """What a key is put together from: ``given_c || '|' || left(dob, 4)`` is given_c and left(dob, 4)."""
    return re.split(r"\s*\|\|\s*'\|'\s*\|\|\s*", sql)


def _plain_columns(sql: str) -> list[str]:
    """The columns that stand whole in a key."""
    return [part for part in _parts(sql) if re.fullmatch(r"[a-z_]+", part)]


def _narrow(con: duckdb.DuckDBPyConnection, prefix: str, sql: str) -> str:
    """Condition on `features` that every record with a wanted key meets, and that the scan itself can test.

    Only for the few keys of an explanation; a long list of values would cost more than it saves.
    """
    rows = con.execute(
        f"select substr(block_key, {len(prefix) + 2}) from __wanted where split_part(block_key, ':', 1) = ? limit 3",
        [prefix],
    ).fetchall()
    parts = _parts(sql)
    keys = []
    for (key,) in rows:
        values = key.split("|")
        found = ["true"]
        # a value that holds the separator itself cannot be told apart
        for part, value in zip(parts, values, strict=False) if len(parts) == len(values) else ():
            if re.fullmatch(r"[a-z_]+", part):
                found.append(f"{part} = {literals([value])}")
            elif begins := re.fullmatch(r"left\(([a-z_]+), \d+\)", part):
                found.append(f"starts_with({begins[1]}, {literals([value])})")
        keys.append("(" + " and ".join(found) + ")")
    return " or ".join(keys) if 1 <= len(keys) <= 2 else "true"


def is_bounded(model: Model) -> str:
    """SQL condition on a row of `shared_keys`: the block is small enough that its pairs were compared."""
    return f"size <= {bound_of(model)}"


def bound_of(model: Model) -> str:
    """SQL for the bound on the block of a row of `shared_keys`."""
    arms = " ".join(f"when {literals([rule])} then {bound}" for rule, bound in sorted(model.block_bounds.items()))
    return f"(case split_part(block_key, ':', 1) {arms} else {model.max_block} end)" if arms else str(model.max_block)
