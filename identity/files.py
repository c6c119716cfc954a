"""``cdp resolve``: any CSV, JSONL or Parquet plus a roles file in, one profile id per record out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from identity.changes import Source, find_changes
from identity.engine import connect
from identity.errors import IdentityInputError
from identity.judgements import Judgement, read_judgement_file
from identity.layers import Layer, within
from identity.linking import link
from identity.outputs import edges_sql
from identity.reading import read_file
from identity.registry import latest_generation, register
from identity.roles import Roles, read_inputs
from identity.sql_text import literal
from identity.store import SCHEMA, at, attach_store, tables

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
    read = [*inputs, *filter(None, (judgements, deleted, store, roles.file))]
    _check_paths(read, [p for p in (out, events, edges) if p], model)
    with _telling_what_is_unwritable(), connect(store.parent if store else None) as con:
        attach_store(con, store)
        read_inputs(con, inputs, roles)
        source, kept = _with_kept(con, deleted)
        find_changes(con, source, deleted="deleted_keys")
        linked = link(
            con, source, models=model or (Path(f"{store}.model") if store else None), learning=model is None,
            attributes=len(roles.attributes), judgements=_judgements(con, judgements), rules=roles.rules,
            threshold=threshold, full=full, progress=progress,
        )  # fmt: skip
        con.execute(
            """create or replace temp view cluster_input as
            select f.record_id, c.cluster_id, timestamp '1970-01-01' as first_seen
            from clusters c join features f using (unique_id)"""
        )
        base = latest_generation(con)

        def save() -> None:
            for layer in (*kept, Layer("judgements", None)):
                layer.save(con)
            linked.save(con)

        done = register(
            con, "cluster_input", as_of=_EPOCH, run_id=f"call-{base + 1}", model_version=linked.model.version,
            base_generation=base, touched=linked.touched, also=save,
        )  # fmt: skip
        progress("register")
        _write_outputs(con, linked.model.version, done.generation, out, events, edges)
        [(n_accepted, n_left_out, n_refused)] = con.execute(
            """select (select count(*) from accepted), (select count(*) from left_out),
            (select count(*) from refused)"""
        ).fetchall()
    return Resolved(
        linked.records, done.profiles, linked.pairs, n_accepted - n_left_out, n_left_out + n_refused,
        linked.model.version, linked.threshold,
        done.created, done.merged, done.split, done.reinstated, done.retired, linked.seconds,
    )  # fmt: skip


@contextmanager
def _telling_what_is_unwritable() -> Iterator[None]:
    """A full disk or a damaged file is one line; whatever was begun is rolled back."""
    try:
        yield
    except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
        file = re.search(r'file "([^"\n]+)"', str(error))
        raise IdentityInputError(
            f"{file[1] if file else 'store'}: cannot be written or read: the disk is full, or the file damaged"
        ) from error
    except OSError as error:
        raise IdentityInputError(f"{error.filename or 'a file'}: cannot be written ({error.strerror})") from error


def _check_paths(read: Sequence[Path], written: Sequence[Path], model: Path | None) -> None:
    """Refuse what would only fail after the work, or overwrite what is read."""
    taken = {path.resolve() for path in read}
    for path in written:
        if path.is_dir():
            raise IdentityInputError(f"{path}: is a folder; name a file")
        folder = next(p for p in path.absolute().parents if p.exists())
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise IdentityInputError(f"{path}: cannot be written; {folder} is no folder, or not open for writing")
        if path.resolve() in taken:
            raise IdentityInputError(f"{path}: would be overwritten; name another file for the result")
        taken.add(path.resolve())
    if model is not None and model.exists() and not model.is_dir():
        raise IdentityInputError(f"{model}: is not the folder of a model")


def _with_kept(con: duckdb.DuckDBPyConnection, deleted: Path | None) -> tuple[Source, tuple[Layer, ...]]:
    """The records of this call on top of those the store keeps, and the layers that keep them."""
    con.execute("create or replace temp table deleted_keys (record_id varchar)")
    if deleted:
        _read_keys(con, deleted)
    layers = []
    for table in ("input_records", "input_identifiers"):
        con.execute(f"delete from {table} where {within('deleted_keys', 'record_id')}")
        con.execute(f"create or replace temp view new_kept_{table} as select * from {table}")
        layer = Layer(f"kept_{table}", _REPLACED if f"kept_{table}" in tables(con) else None)
        if layer.gone and _columns(con, f"{SCHEMA}.kept_{table}") != _columns(con, table):
            # other roles than before: a column more or less
            con.execute(
                f"""create or replace temp table all_kept_{table} as
                select * from {SCHEMA}.kept_{table} where not ({_REPLACED}) union all by name select * from {table}"""
            )
            con.execute(f"create or replace temp view new_kept_{table} as select * from all_kept_{table}")
            layer = Layer(f"kept_{table}", None)
        layer.show(con)
        layers.append(layer)
    source = Source("kept_input_records", "kept_input_identifiers", "input_records", "input_identifiers")
    return source, tuple(layers)


# a delivered row takes the place of the kept one
_REPLACED = f"{within('delivered', 'record_id')} or {within('deleted_keys', 'record_id')}"


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return sorted(row[0] for row in con.execute(f"describe {table}").fetchall())


def _judgements(con: duckdb.DuckDBPyConnection, path: Path | None) -> list[Judgement]:
    """The judgements of the file, or without one those of the last call; table ``new_judgements`` holds them."""
    if path is not None:
        judgements = read_judgements(con, path)
    elif "judgements" in tables(con):
        rows = con.execute(
            f"select record_id_l, record_id_r, judgement, author, reason from {SCHEMA}.judgements order by all"
        ).fetchall()
        judgements = [Judgement(*row) for row in rows]
    else:
        judgements = []
    con.execute(
        """create or replace temp table new_judgements (
        record_id_l varchar, record_id_r varchar, judgement varchar, author varchar, reason varchar)"""
    )
    if judgements:
        con.executemany(
            "insert into new_judgements values (?, ?, ?, ?, ?)",
            [(j.record_id_l, j.record_id_r, j.judgement, j.author, j.reason) for j in judgements],
        )
    return judgements


def _read_table(con: duckdb.DuckDBPyConnection, path: Path, needed: tuple[str, ...], out: str) -> list[str]:
    columns = read_file(con, path, out)
    for column in needed:
        if column not in columns:
            raise IdentityInputError(f"{path}: column {column} is missing; it has {', '.join(columns)}")
    return columns


def _key(con: duckdb.DuckDBPyConnection, path: Path, columns: list[str], side: str) -> str:
    """SQL for the record id of a file that may leave out the source where only one is known; without outer blanks, as
    the records' own."""
    if f"source{side}" in columns:
        return f"nullif(trim(source{side}), '') || '|' || nullif(trim(record_id{side}), '')"
    sources = _sources(con)
    if len(sources) > 1:
        raise IdentityInputError(f"{path}: column source{side} is needed, since the records come from several sources")
    source = literal(f"{sources[0] if sources else ''}|")
    return f"{source} || nullif(trim(record_id{side}), '')"


def _read_keys(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    columns = _read_table(con, path, ("record_id",), "deleted_file")
    key = _key(con, path, columns, "")
    con.execute(f"create or replace temp table deleted_keys as select {key} as record_id from deleted_file")
    if "source" in columns:
        [(half,)] = con.execute(
            "select count(*) from deleted_file where coalesce(trim(source), '') = '' and trim(record_id) > ''"
            " or coalesce(trim(record_id), '') = '' and trim(source) > ''"
        ).fetchall()
        if half:
            raise IdentityInputError(f"{path}: {half} rows have a source or a record_id without the other")
    con.execute("delete from deleted_keys where record_id is null")  # blank lines
    return "deleted_keys"


def read_judgements(con: duckdb.DuckDBPyConnection, path: Path) -> list[Judgement]:
    """Judgements from a CSV: [source_l,] record_id_l, [source_r,] record_id_r, judgement [, author, reason]."""
    return read_judgement_file(path, _sources(con))


def _sources(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Every source of this call's records and of the kept ones."""
    kept = f"union select source from {SCHEMA}.kept_input_records" if "kept_input_records" in tables(con) else ""
    rows = con.execute(f"select source from input_records {kept} group by all order by all").fetchall()
    return [str(source) for (source,) in rows]


def _write_outputs(
    con: duckdb.DuckDBPyConnection,
    model_version: str,
    generation: int,
    out: Path,
    events: Path | None,
    edges: Path | None,
) -> None:
    _write(
        con,
        f"""select r.source, substr(r.record_id, length(r.source) + 2) as record_id, m.profile_id
        from {at("members", generation)} m join link_records r using (record_id) order by 1, 2""",
        out,
    )
    if events:
        _write(
            con,
            f"""select event_id, generation, run_id, event, profile_id, related_profile_id, reason
            from {SCHEMA}.events order by generation, event_id""",
            events,
        )
    if edges:
        _write(con, edges_sql(model_version) + " order by all", edges)


def _write(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    kind = "csv, header" if path.suffix == ".csv" else "parquet"
    con.execute(f"copy ({sql}) to {literal(temporary)} (format {kind})")
    temporary.rename(path)
