"""Why two records are (or are not) one person.

Linked records: the most convincing path of edges between them, each edge with its field-by-field weights. Records
that are apart: the direct comparison and every reason that keeps them apart, the decisive one first.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from identity.engine import unoptimised
from identity.errors import IdentityInputError
from identity.explain_apart import MAX_CROSS, find_reasons
from identity.explain_blocks import STORE_FEATURES, rows_sql
from identity.explain_path import Edge, best_path
from identity.explain_result import Apart, Contribution, Explanation, Step
from identity.explain_weights import (
    LevelWeight,
    Weights,
    combined,
    compare,
    model_weights,
    take_side,
    tf_adjustment,
    threshold_bits,
)
from identity.model import Model, load_model
from identity.model_overrides import apply_overrides
from identity.outputs import dropped_edges_sql, edges_sql
from identity.rules import ConflictRules, Rules, rules_from_json
from identity.sql_text import literal, literals
from identity.threshold import relaxed_conflicts
from identity.values import judged_identifiers_sql

__all__ = ["Apart", "Contribution", "Explanation", "Step", "explain", "explain_folder", "explain_store"]

# comparison → columns of `features` that hold what was compared; shown only where the caller asks for values
VALUE_COLUMNS = {
    "given": ("given", "native"),
    "birth_date": ("dob", "dob_alt", "birthday"),
    "email": ("emails",),
    "phone": ("phones",),
    "address": ("street", "postcode", "locality"),
}


@dataclass(frozen=True)
class Tables:
    """Names of the tables on one connection, and what is known of the run that left them.

    Without `members` the cluster is found by walking its edges. `version`: the model that scored the edges, with rules
    applied; `threshold`: the probability from which it linked (None: the model's).
    """

    features: str
    edges: str
    dropped: str | None = None
    members: str | None = None
    identifiers: str | None = None
    judgements: str | None = None
    block_keys: str | None = None
    version: str = ""
    threshold: float | None = None
    rules: Rules = field(default_factory=Rules)


def explain(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    model: Model,
    models: Path,
    record_a: str,
    record_b: str,
    *,
    values: bool = False,
    threshold: float | None = None,
    rules: Rules | None = None,
) -> Explanation:
    """Explain records `record_a` and `record_b` of the tables on `con`; `models` is the folder that holds `model`.

    A record is named by its id, or by its id within its source where only one source has it. `threshold` is the
    probability from which the run linked and `rules` what else it was told, by default as `tables` know it. With
    `values` the compared values are included. Raises `IdentityInputError` if a record is unknown, ambiguous or named
    twice.
    """
    left, right = (_find_record(con, tables.features, record) for record in (record_a, record_b))
    if left == right:
        raise IdentityInputError(f"record {record_a} was named twice; name two different records")
    rules = rules or tables.rules
    model = apply_overrides(model, rules)
    # as clustering applied them
    rules = replace(rules, conflicts=relaxed_conflicts(rules.conflicts, model.trained))
    if threshold is None:
        threshold = model.threshold if tables.threshold is None else tables.threshold
    cluster_l, cluster_r = _clusters(con, tables, left, right)
    edges = _edges_within(con, tables, cluster_l) if right in cluster_l else []
    path = best_path(edges, left, right)
    pairs = [(edge.record_id_l, edge.record_id_r) for edge in path] or [(left, right)]
    weights = model_weights(model)
    # what the records of two profiles that are apart are asked for next; one look-up in a large table is dear
    around = set() if path or len(cluster_l) * len(cluster_r) > MAX_CROSS else cluster_l | cluster_r
    rows = _compare(con, tables, pairs, around, model, models, weights, rules.conflicts)
    by_pair: dict[tuple[str, str], Edge | None] = {(e.record_id_l, e.record_id_r): e for e in path}
    steps = tuple(_step(row, by_pair.get(pair), weights, values) for pair, row in zip(pairs, rows, strict=True))
    reasons: tuple[Apart, ...] = ()
    if not path:
        reasons = find_reasons(
            con, "__looked_up", tables.features, tables.dropped, tables.identifiers, tables.judgements,
            tables.block_keys, (left, right), (cluster_l, cluster_r), steps[0], threshold, model, rules,
        )  # fmt: skip
    return Explanation(
        left, right, bool(path), steps, reasons, model.version, threshold, threshold_bits(threshold), values
    )


def _find_record(con: duckdb.DuckDBPyConnection, features: str, record: str) -> str:
    exact = con.execute(f"select record_id from {features} where record_id = ? limit 1", [record]).fetchall()
    if exact:
        return str(exact[0][0])
    sources = [s for (s,) in con.execute(f"select distinct source from {features} where source is not null").fetchall()]
    full = [f"{source}|{record}" for source in sources]
    rows = con.execute(
        f"select record_id from {features} where record_id in (select unnest(?::varchar[])) order by 1", [full]
    ).fetchall()
    if not rows:
        raise IdentityInputError(f"record {record} is unknown")
    if len(rows) > 1:
        raise IdentityInputError(f"record {record} is in {len(rows)} sources; name it as <source>|{record}")
    return str(rows[0][0])


def _clusters(con: duckdb.DuckDBPyConnection, tables: Tables, left: str, right: str) -> tuple[set[str], set[str]]:
    """Record ids of the profiles that hold `left` and `right`."""
    if tables.members is None:
        return _walk(con, tables.edges, left), _walk(con, tables.edges, right)
    # lists of values, not subqueries: only those let a Parquet file skip what cannot hold them
    of = dict(
        con.execute(
            f"select record_id, profile_id from {tables.members} where record_id in ({literals([left, right])})"
        ).fetchall()
    )
    held: dict[str, set[str]] = {profile: set() for profile in of.values()}
    if held:
        rows = con.execute(
            f"select record_id, profile_id from {tables.members} where profile_id in ({literals(held)})"
        ).fetchall()
        for record, profile in rows:
            held[profile].add(record)
    found = [held[of[record]] if record in of else {record} for record in (left, right)]
    return found[0], found[1]


def _walk(con: duckdb.DuckDBPyConnection, edges: str, start: str) -> set[str]:
    """Breadth-first, one query per ring: clusters are small, the edge table is not."""
    reached, ring = {start}, [start]
    while ring:
        rows = con.execute(
            f"""select record_id_r from {edges} where record_id_l in (select unnest(?::varchar[]))
            union select record_id_l from {edges} where record_id_r in (select unnest(?::varchar[]))""",
            [ring, ring],
        ).fetchall()
        ring = sorted({r for (r,) in rows} - reached)
        reached |= set(ring)
    return reached


def _edges_within(con: duckdb.DuckDBPyConnection, tables: Tables, cluster: set[str]) -> list[Edge]:
    """The edges of one cluster. Both ends lie in it, so one end is enough to find them."""
    rows = con.execute(
        f"""select record_id_l, record_id_r, kind, rule, match_weight, match_probability from {tables.edges}
        where record_id_l in ({literals(cluster)})"""
    ).fetchall()
    return [Edge(*row) for row in rows]


def _compare(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    pairs: list[tuple[str, str]],
    around: Set[str],
    model: Model,
    models: Path,
    weights: Weights,
    conflicts: ConflictRules,
) -> list[dict[str, Any]]:
    """One dictionary per pair, in the order of `pairs`: the columns of `explain_weights.compare` and both rows'.

    Leaves temp table ``__looked_up``: the rows of the features of these records and of those in `around`.
    """
    con.execute("create or replace temp table __asked (number integer, record_id_l varchar, record_id_r varchar)")
    con.executemany("insert into __asked values (?, ?, ?)", [(i, *pair) for i, pair in enumerate(pairs)])
    asked = {record for pair in pairs for record in pair}
    con.execute(f"create or replace temp table __looked_up as {rows_sql(tables.features, asked | around)}")
    take_side(con, "__looked_up", literals(asked), model, models, out="__side")
    with unoptimised(con):
        compare(con, "__asked", "__side", weights, out="__compared", conflicts=conflicts)
    rows = _dictionaries(con, "select * from __compared order by number")
    sides = {row["record_id"]: row for row in _dictionaries(con, "select * from __side")}
    for row in rows:
        row["l"], row["r"] = sides[row["record_id_l"]], sides[row["record_id_r"]]
    return rows


def _dictionaries(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _step(row: dict[str, Any], edge: Edge | None, weights: Weights, values: bool) -> Step:
    contributions = []
    for comparison in weights.comparisons:
        number = row[f"level_{comparison.name}"]
        shown = VALUE_COLUMNS.get(comparison.name, (comparison.name,))
        left, right = (_shown(row[side], shown) if values else None for side in ("l", "r"))
        if number is None:
            contributions.append(Contribution(comparison.name, "not comparable", 0.0, 0.0, 0.0, left, right))
            continue
        level: LevelWeight = weights.levels[comparison.name][number]
        tf = tf_adjustment(level, row.get(f"frequency_{level.tf_column}"))
        contributions.append(
            Contribution(comparison.name, level.name, level.strangers, level.household, tf, left, right)
        )
    strangers = weights.prior_strangers + sum(c.against_strangers + c.term_frequency for c in contributions)
    household = -weights.prior_household + sum(c.against_household for c in contributions)
    weight, probability = combined(strangers, -household)
    return Step(
        row["record_id_l"],
        row["record_id_r"],
        edge.kind if edge else "none",
        edge.rule if edge else "no edge",
        edge.match_weight if edge else None,
        edge.match_probability if edge else None,
        row["conflict_rule"] is not None,
        tuple(contributions),
        row["conflict_rule"],
        weights.prior_strangers,
        -weights.prior_household,
        strangers,
        household,
        weight,
        probability,
    )


def _shown(row: dict[str, Any], columns: tuple[str, ...]) -> str | None:
    parts: list[str] = []
    for column in columns:
        value = row.get(column)
        if value is not None:
            parts.append("; ".join(map(str, value)) if isinstance(value, list) else str(value))
    return ", ".join(parts) or None


def explain_folder(
    identity: Path,
    models: Path,
    record_a: str,
    record_b: str,
    *,
    values: bool = False,
    threshold: float | None = None,
    rules: Rules | None = None,
) -> Explanation:
    """Explain two records of the last run, from its Parquet under `identity` and the models under `models`."""
    current = load_model(models)
    if current is None or not list((identity / "features").glob("*.parquet")):
        raise IdentityInputError(f"{identity}: nothing has been resolved here yet; run `cdp run` first")
    with duckdb.connect() as con:
        names: dict[str, str] = {}
        for table in ("features", "edges", "dropped_edges", "profile_members", "record_identifiers", "judgements"):
            if list((identity / table).glob("*.parquet")):
                con.execute(
                    f"create view {table} as select * from read_parquet({literal(identity / table / '*.parquet')})"
                )
                names[table] = table
        tables = Tables(
            names["features"], names["edges"], names.get("dropped_edges"), names.get("profile_members"),
            names.get("record_identifiers"), names.get("judgements"),
        )  # fmt: skip
        [version] = con.execute(f"select max(model_version) from {tables.edges}").fetchall()
        tables = replace(tables, version=str(version[0] or ""))
        model = model_of_run(tables, current, models)
        return explain(con, tables, model, models, record_a, record_b, values=values, threshold=threshold, rules=rules)


def explain_store(
    store: Path,
    record_a: str,
    record_b: str,
    *,
    model: Path | None = None,
    values: bool = False,
    threshold: float | None = None,
    rules: Rules | None = None,
) -> Explanation:
    """Explain two records of the last `resolve_files` call with `store`; `model` as it was given there.

    Raises `IdentityInputError` if the store or a record is unknown.
    """
    models = model or Path(f"{store}.model")
    current = load_model(models)
    with duckdb.connect() as con:
        tables = attach_store(con, store)
        if current is None or tables is None:
            raise IdentityInputError(f"{store}: nothing has been resolved with this store yet")
        trained = model_of_run(tables, current, models)
        return explain(
            con, tables, trained, models, record_a, record_b, values=values, threshold=threshold, rules=rules
        )


def attach_store(con: duckdb.DuckDBPyConnection, store: Path) -> Tables | None:
    """Attach a store of `resolve_files` to `con`, for reading, and name its tables; None before its first call.

    Raises `IdentityInputError` if there is no such store or it cannot be opened.
    """
    if not store.exists():
        raise IdentityInputError(f"{store}: no such store; resolve with --store first")
    try:
        con.execute(f"attach if not exists {literals([str(store)])} as store (read_only)")
    except duckdb.Error as error:
        in_use = "lock" in str(error).lower()
        problem = (
            "is in use by another process; wait until it has finished"
            if in_use
            else "is not a store of this platform, or written by a newer version"
        )
        raise IdentityInputError(f"{store}: {problem}") from error
    rows = con.execute("select table_name from information_schema.tables where table_catalog = 'store'").fetchall()
    present = {table for (table,) in rows}
    if not {"features", "accepted", "clusters", "members"} <= present:
        return None
    for table in {"features", "accepted", "left_out", "refused", "scored", "link_identifiers", "link_flags"} & present:
        con.execute(f"create or replace temp view {table} as select * from store.main.{table}")
    state = dict(con.execute("select key, value from store.main.link_state").fetchall())
    version = state.get("fingerprint", "").split("|")[0]
    views = {
        "store_edges": edges_sql(version),
        "store_dropped_edges": dropped_edges_sql(version),
        "store_identifiers": judged_identifiers_sql("link_identifiers", "link_flags"),
        "store_members": "select record_id, profile_id from store.main.members where valid_to is null",
    }
    for name, sql in views.items():
        con.execute(f"create or replace temp view {name} as {sql}")
    return Tables(
        STORE_FEATURES,
        "store_edges",
        "store_dropped_edges",
        members="store_members",
        identifiers="store_identifiers",
        judgements="store.main.judgements" if "judgements" in present else None,
        block_keys="store.main.block_keys" if "block_keys" in present else None,
        version=version,
        threshold=float(state["threshold"]) if "threshold" in state else None,
        rules=rules_from_json(state["rules"]) if "rules" in state else Rules(),
    )


def model_of_run(tables: Tables, current: Model, models: Path) -> Model:
    """The model that scored the edges, which is not the current one between `cdp model accept` and the next run."""
    # a version with rules applied is named <trained version>-<hash>, and only the trained one is on disk
    version = tables.version.split("-")[0]
    if version in ("", current.version) or not (models / version / "model.json").exists():
        return current
    return load_model(models / version) or current
