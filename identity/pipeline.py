"""The identity step of the platform: core tables in, identity tables out, registry in ``identity.duckdb``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from identity.anonymous import link_anonymous
from identity.errors import IdentityInputError
from identity.households import build_households
from identity.linking import Judgement, link
from identity.model import Model, save_model
from identity.outputs import build_edges, write_table
from identity.registry import open_store, register

_RECORD_COLUMNS = (
    "record_id", "source", "entity_type", "given_name", "middle_name", "family_name", "full_name", "native_name",
    "organisation", "birth_date", "gender", "street", "unit", "locality", "region", "postcode", "country",
)  # fmt: skip


@dataclass(frozen=True)
class IdentityResult:
    """Counts of one run of the identity step; `generation` is what the published manifest must name."""

    generation: int
    model_version: str
    trained: bool
    records: int
    profiles: int
    pairs: int
    edges: int
    dropped_edges: int
    review: int
    created: int
    merges: int
    splits: int
    reinstated: int
    retired: int
    largest_cluster: int
    over_shared_values: int
    seconds: dict[str, float]


def run_pipeline(
    core: Path,
    out: Path,
    store: Path,
    models: Path,
    *,
    as_of: date,
    run_id: str,
    base_generation: int,
    full: bool = False,
    judgements: Sequence[Judgement] = (),
    progress: Callable[[str], None] = lambda step: None,
) -> IdentityResult:
    """Resolve the records under `core` and write the identity tables under `out` (docs/architecture.md).

    `base_generation` is the committed one (0 before the first publish); newer candidates in `store` are dropped.
    `full` changes nothing yet in the result: edges and clusters are recomputed in every run, with the saved model.
    Raises `IdentityInputError` with one line if a core table or the store cannot be used.
    """
    del full
    _check_core(core)
    store.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute("set preserve_insertion_order = false")
        _load(con, core)
        linked = link(con, "core_records", "core_identifiers", models=models, judgements=judgements, progress=progress)
        build_edges(con, linked.model.version)
        clusters = con.sql(
            """select f.record_id, c.cluster_id, coalesce(f.created_at, timestamp '9999-01-01') as first_seen
            from clusters c join features f using (unique_id)"""
        ).to_arrow_table()
        with duckdb.connect(str(store)) as registry:
            open_store(registry)
            registry.register("cluster_input", clusters)
            done = register(
                registry, "cluster_input", as_of=as_of, run_id=run_id, model_version=linked.model.version,
                base_generation=base_generation,
            )  # fmt: skip
            for name, sql in _registry_outputs(done.generation).items():
                con.register(f"{name}_input", registry.sql(sql).to_arrow_table())
                con.execute(f"create table {name} as select * from {name}_input")
                con.unregister(f"{name}_input")
        build_households(con, "features", "profile_members", out="households")
        link_anonymous(con, "core_sightings", "profile_members", out="anonymous_links")
        progress("register")
        _write_outputs(con, out)
        [(edges, dropped, review, largest)] = con.execute(
            """select (select count(*) from edges), (select count(*) from dropped_edges),
            (select count(*) from review_queue),
            (select coalesce(max(n), 0) from (select count(*) as n from clusters group by cluster_id))"""
        ).fetchall()
    return IdentityResult(
        done.generation, linked.model.version, linked.was_trained, linked.records, done.profiles, linked.pairs,
        edges, dropped, review, done.created, done.merged, done.split, done.reinstated, done.retired, largest,
        linked.over_shared_values, linked.seconds,
    )  # fmt: skip


def train_model(core: Path, models: Path, *, seed: int = 1) -> Model:
    """Train a model on the core tables under `core` and save it under `models` without accepting it.

    The next run still uses the current model; `accept_model` changes that.
    """
    _check_core(core)
    with duckdb.connect() as con:
        con.execute("set preserve_insertion_order = false")
        _load(con, core)
        model = link(con, "core_records", "core_identifiers", models=None, seed=seed).model
        save_model(model, models, con, "frozen_frequencies", accept=False)
    return model


def _check_core(core: Path) -> None:
    for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
        if not list((core / table).glob("*.parquet")):
            raise IdentityInputError(f"{core / table}: core table is missing; run the ingest and core models first")


def _load(con: duckdb.DuckDBPyConnection, core: Path) -> None:
    columns = ", ".join(f"{c}::varchar as {c}" for c in _RECORD_COLUMNS)
    con.execute(
        f"""create table core_records as
        select {columns}, null::varchar as address, default_region, created_at
        from read_parquet('{core}/customer_records/*.parquet') where not is_deleted"""
    )
    con.execute(
        f"""create table core_identifiers as
        select i.record_id, i.kind, coalesce(i.namespace, '') as namespace, i.value_raw, i.is_trusted, i.reason,
            r.default_region, i.first_seen_at, i.last_seen_at
        from read_parquet('{core}/record_identifiers/*.parquet') i join core_records r using (record_id)"""
    )
    con.execute(f"create table core_sightings as select * from read_parquet('{core}/anonymous_sightings/*.parquet')")


def _registry_outputs(generation: int) -> dict[str, str]:
    return {
        "profile_members": f"select record_id, profile_id, since from members where generation = {generation}",
        "profile_aliases": f"select alias_profile_id, profile_id from aliases where generation = {generation}",
        "profile_events": "select event_id, as_of, run_id, event, profile_id, related_profile_id, reason from events",
    }


def _write_outputs(con: duckdb.DuckDBPyConnection, out: Path) -> None:
    tables = {
        "profile_members": "record_id",
        "profile_aliases": "alias_profile_id",
        "profile_events": "as_of, event_id",
        "edges": "all",
        "dropped_edges": "all",
        "review_queue": "match_probability desc, record_id_l, record_id_r",
        "anonymous_links": "anonymous_id, valid_from",
        "households": "household_id, profile_id",
        "features": "unique_id",
    }
    for table, order in tables.items():
        write_table(con, f"select * from {table} order by {order}", out / table)
    write_table(
        con,
        """select record_id, kind, namespace, value_raw, value, is_trusted, reason, first_seen_at, last_seen_at
        from normal_identifiers order by all""",
        out / "record_identifiers",
    )
