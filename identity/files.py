"""``cdp resolve``: any CSV, JSONL or Parquet plus a roles file in, one profile id per record out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from identity.errors import IdentityInputError
from identity.explain import Explanation, explain
from identity.linking import Judgement, link
from identity.model import load_model
from identity.outputs import build_edges
from identity.registry import latest_generation, open_store, register
from identity.roles import Roles, read_inputs

# Without a clock of its own, a file run is dated by its place in the store's history.
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Resolved:
    """What `resolve_files` did."""

    records: int
    profiles: int
    pairs: int
    edges: int
    dropped_edges: int
    model_version: str
    threshold: float
    created: int
    merged: int
    split: int
    reinstated: int
    retired: int
    seconds: dict[str, float]

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


def resolve_files(
    inputs: Sequence[Path],
    roles: Roles,
    out: Path,
    *,
    store: Path | None = None,
    events: Path | None = None,
    edges: Path | None = None,
    judgements: Path | None = None,
    deleted: Path | None = None,
    model: Path | None = None,
    threshold: float | None = None,
    full: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Resolved:
    """Resolve `inputs` and write `out` (source, record_id, profile_id; Parquet).

    With `store`, the records of earlier calls stay unless `deleted` lists them, and ids hold; the store's model is used
    again (or the one in folder `model`). Output files appear only when complete; the store changes in one transaction.
    Raises `IdentityInputError` with one line for any bad input.
    """
    del full  # every call recomputes all edges and clusters with the saved model; the registry is always kept
    with _connect_store(store) as registry, duckdb.connect() as con:
        con.execute("set preserve_insertion_order = false")
        open_store(registry)
        read_inputs(con, inputs, roles)
        _carry_over(con, registry, deleted)
        models = model or (Path(f"{store}.model") if store else None)
        linked = link(
            con, "input_records", "input_identifiers", models=models, attributes=len(roles.attributes),
            judgements=read_judgements(con, judgements) if judgements else (), threshold=threshold, progress=progress,
        )  # fmt: skip
        build_edges(con, linked.model.version)
        registry.register("cluster_input", con.sql(
            """select f.record_id, c.cluster_id, timestamp '1970-01-01' as first_seen
            from clusters c join features f using (unique_id)"""
        ).to_arrow_table())  # fmt: skip
        base = latest_generation(registry)
        done = register(
            registry, "cluster_input", as_of=_EPOCH, run_id=f"call-{base + 1}", model_version=linked.model.version,
            base_generation=base, also=lambda: _keep(con, registry),
        )  # fmt: skip
        progress("register")
        _write_outputs(con, registry, done.generation, out, events, edges)
        [(n_edges, n_dropped)] = con.execute(
            "select (select count(*) from edges), (select count(*) from dropped_edges)"
        ).fetchall()
    return Resolved(
        linked.records, done.profiles, linked.pairs, n_edges, n_dropped, linked.model.version,
        linked.model.threshold if threshold is None else threshold,
        done.created, done.merged, done.split, done.reinstated, done.retired, linked.seconds,
    )  # fmt: skip


def _connect_store(store: Path | None) -> duckdb.DuckDBPyConnection:
    if store is None:
        return duckdb.connect()
    store.parent.mkdir(parents=True, exist_ok=True)
    try:
        return duckdb.connect(str(store))
    except duckdb.IOException as error:
        text = str(error).lower()
        if "lock" in text:
            raise IdentityInputError(f"{store}: is in use by another process; wait until it has finished") from error
        if "version" in text or "newer" in text:
            raise IdentityInputError(f"{store}: written by a newer version of the platform; upgrade it") from error
        raise IdentityInputError(f"{store}: is not a store of this platform") from error


def _carry_over(con: duckdb.DuckDBPyConnection, registry: duckdb.DuckDBPyConnection, deleted: Path | None) -> None:
    """Add the store's records that this call does not deliver, less those that `deleted` lists."""
    gone = _read_keys(con, deleted) if deleted else None
    have = {t for (t,) in registry.execute("select table_name from information_schema.tables").fetchall()}
    for table in ("input_records", "input_identifiers"):
        if f"kept_{table}" not in have:
            continue
        con.register("kept", registry.sql(f"select * from kept_{table}").to_arrow_table())
        con.execute(
            f"insert into {table} by name select * from kept where record_id not in (select record_id from delivered)"
        )
        con.unregister("kept")
    if gone:
        for table in ("input_records", "input_identifiers"):
            con.execute(f"delete from {table} where record_id in (select record_id from {gone})")


def _keep(con: duckdb.DuckDBPyConnection, registry: duckdb.DuckDBPyConnection) -> None:
    """Keep in the store what the next call carries over, and what `explain_store` reads."""
    for table, order in (("input_records", "record_id"), ("input_identifiers", "all"), ("features", "unique_id"),
                         ("edges", "all")):  # fmt: skip
        registry.register("incoming", con.sql(f"select * from {table} order by {order}").to_arrow_table())
        registry.execute(f"create or replace table kept_{table} as select * from incoming")
        registry.unregister("incoming")


def explain_store(store: Path, record_a: str, record_b: str, *, model: Path | None = None) -> Explanation:
    """Explain two records of the last `resolve_files` call with `store`.

    A record is named by its id, or by ``<source>|<id>`` where several sources hold that id. Raises
    `IdentityInputError` if the store or a record is unknown.
    """
    if not store.exists():
        raise IdentityInputError(f"{store}: no such store; resolve with --store first")
    trained = load_model(model or Path(f"{store}.model"))
    with _connect_store(store) as registry:
        have = {t for (t,) in registry.execute("select table_name from information_schema.tables").fetchall()}
        if trained is None or "kept_features" not in have:
            raise IdentityInputError(f"{store}: nothing has been resolved with this store yet")
        full = [_full_id(registry, record) for record in (record_a, record_b)]
        return explain(registry, "kept_features", "kept_edges", trained, full[0], full[1])


def _full_id(registry: duckdb.DuckDBPyConnection, record: str) -> str:
    rows = registry.execute(
        "select record_id from kept_input_records where record_id = $r or native_id = $r order by record_id = $r desc",
        {"r": record},
    ).fetchall()
    if not rows:
        raise IdentityInputError(f"record {record} is unknown")
    if len(rows) > 1 and rows[0][0] != record:
        raise IdentityInputError(f"record {record} is in {len(rows)} sources; name it as <source>|{record}")
    return str(rows[0][0])


def _read_table(con: duckdb.DuckDBPyConnection, path: Path, needed: tuple[str, ...], out: str) -> list[str]:
    if not path.exists():
        raise IdentityInputError(f"{path}: no such file")
    try:
        con.execute(f"create or replace temp table {out} as select * from read_csv(?, all_varchar=true)", [str(path)])
    except duckdb.Error as error:
        raise IdentityInputError(f"{path}: cannot be read as CSV") from error
    columns = [row[0] for row in con.execute(f"describe {out}").fetchall()]
    for column in needed:
        if column not in columns:
            raise IdentityInputError(f"{path}: column {column} is missing; it has {', '.join(columns)}")
    return columns


def _key(con: duckdb.DuckDBPyConnection, path: Path, columns: list[str], side: str) -> str:
    """SQL for the record id of a file that may leave out the source where only one is known."""
    if f"source{side}" in columns:
        return f"source{side} || '|' || record_id{side}"
    sources = con.execute("select distinct source from input_records limit 2").fetchall()
    if len(sources) > 1:
        raise IdentityInputError(f"{path}: column source{side} is needed, since the records come from several sources")
    source = sources[0][0].replace("'", "''") if sources else ""
    return f"'{source}|' || record_id{side}"


def _read_keys(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    columns = _read_table(con, path, ("record_id",), "deleted_file")
    key = _key(con, path, columns, "")
    con.execute(f"create or replace temp table deleted_keys as select {key} as record_id from deleted_file")
    return "deleted_keys"


def read_judgements(con: duckdb.DuckDBPyConnection, path: Path) -> list[Judgement]:
    """Judgements from a CSV: [source_l,] record_id_l, [source_r,] record_id_r, judgement [, author, reason]."""
    columns = _read_table(con, path, ("record_id_l", "record_id_r", "judgement"), "judgement_file")
    left, right = _key(con, path, columns, "_l"), _key(con, path, columns, "_r")
    rows = con.execute(f"select {left}, {right}, lower(trim(judgement)) from judgement_file").fetchall()
    for number, (_, _, judgement) in enumerate(rows, start=2):
        if judgement not in ("positive", "negative", "unsure"):
            raise IdentityInputError(f"{path} line {number}: judgement must be positive, negative or unsure")
    return [Judgement(*row) for row in rows]


def _write_outputs(
    con: duckdb.DuckDBPyConnection,
    registry: duckdb.DuckDBPyConnection,
    generation: int,
    out: Path,
    events: Path | None,
    edges: Path | None,
) -> None:
    con.register("member_input", registry.sql(
        f"select record_id as key, profile_id from members where generation = {generation}"
    ).to_arrow_table())  # fmt: skip
    _write(con, "select r.source, r.native_id as record_id, m.profile_id from member_input m "
           "join input_records r on r.record_id = m.key order by 1, 2", out)  # fmt: skip
    if events:
        con.register("event_input", registry.sql(
            "select event_id, generation, run_id, event, profile_id, related_profile_id, reason from events "
            "order by generation, event_id"
        ).to_arrow_table())  # fmt: skip
        _write(con, "select * from event_input", events)
    if edges:
        _write(con, "select * from edges", edges)


def _write(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    literal = str(temporary).replace("'", "''")
    kind = "csv, header" if path.suffix == ".csv" else "parquet"
    con.execute(f"copy ({sql}) to '{literal}' (format {kind})")
    temporary.rename(path)
