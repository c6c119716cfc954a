"""The identity step of the platform: core tables in, identity tables out, registry in ``identity.duckdb``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from identity.anonymous import link_anonymous
from identity.changes import Source, find_changes
from identity.drift import drift_table, measure_drift
from identity.engine import connect
from identity.errors import IdentityInputError
from identity.households import build_households
from identity.judgements import Judgement
from identity.linking import Linked, link
from identity.model import Model, load_report
from identity.outputs import build_edges, write_table
from identity.partition_diff import PartitionDiff, partition_diff
from identity.registry import Registered, register
from identity.review import JUDGED_PAIRS, SCORED_PAIRS, build_review_queue
from identity.review import ORDER as REVIEW_ORDER
from identity.rules import Rules
from identity.sql_text import literal
from identity.store import SCHEMA, at, attach_store
from identity.weighing import PairScorer

_RECORD_COLUMNS = (
    "record_id", "source", "entity_type", "given_name", "middle_name", "family_name", "full_name", "native_name",
    "organisation", "birth_date", "gender", "street", "unit", "locality", "region", "postcode", "country",
)  # fmt: skip


@dataclass(frozen=True)
class IdentityResult:
    """Counts of one run of the identity step; `generation` is what the published manifest must name.

    `changed`: records that are new, other than before, or gone. `is_full`: everything was linked again. `pairs`: pairs
    compared in this run. `dropped_by_reason`: edges found and not used. `drift`: the verdict of `measure_drift`, and
    `drift_advice` its line. `change`: what happens to the profiles of the base generation (None: there is no base).
    `held_back`: why an unattended run would have been stopped (None: it would not).
    """

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
    changed: int = 0
    is_full: bool = True
    dropped_by_reason: Mapping[str, int] = field(default_factory=dict)
    drift: str = "ok"
    drift_advice: str = ""
    change: PartitionDiff | None = None
    held_back: str | None = None


class ChangeBoundExceeded(IdentityInputError):
    """A run would merge or split more profiles than an unattended run may."""


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
    rules: Rules | None = None,
    judgements: Sequence[Judgement] = (),
    allow_changes: bool = False,
    is_erasure: bool = False,
    scorer: PairScorer | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> IdentityResult:
    """Resolve the records under `core` and write the identity tables under `out` (docs/architecture.md).

    `base_generation` is the committed one (0 before the first publish); newer candidates in `store` are dropped.
    Without `full`, only what changed since the last run is linked again; both end in the same tables. Raises
    `IdentityInputError` with one line if a core table or the store cannot be used, and `ChangeBoundExceeded` if more
    profiles would merge or split than `rules` let an unattended run do; `allow_changes` lifts that bound. `scorer`
    compares pairs on another engine.
    `is_erasure`: the records that are gone were erased: even a model that was trained on few records is not trained
    again, and whoever stays is where he was.
    """
    rules = rules or Rules()
    change: PartitionDiff | None = None
    held_back: str | None = None
    with connect(store.parent if store.parent.is_dir() else None) as con:

        def check() -> None:
            nonlocal change, held_back
            if base_generation:
                change = _profile_diff(con, base_generation)
                held_back = beyond_bounds(change, rules)
            if held_back and not allow_changes:
                raise ChangeBoundExceeded(held_back)

        linked, done = _link_and_register(
            con, core, store, models, as_of, run_id, base_generation, full, rules, judgements, is_erasure, scorer,
            progress, check,
        )  # fmt: skip
        build_edges(con, linked.model.version)
        build_review_queue(con, linked.model.chosen(), rules.review_from)
        report = load_report(models)
        drift = measure_drift(con, linked.model, report)
        drift_table(con, drift)
        for name, sql in _registry_outputs(done.generation).items():
            con.execute(f"create or replace temp view {name} as {sql}")
        build_households(con, "features", "profile_members", out="households", max_size=rules.households.max_size)
        link_anonymous(con, "core_sightings", "profile_members", out="anonymous_links")
        progress("register")
        _write_outputs(con, out)
        [(edges, dropped, review, largest)] = con.execute(
            """select (select count(*) from edges), (select count(*) from dropped_edges),
            (select count(*) from review_queue),
            (select coalesce(max(n), 0) from (select count(*) as n from clusters group by cluster_id))"""
        ).fetchall()
        reasons = con.execute(
            "select reason, count(*) from dropped_edges group by reason order by 2 desc, 1"
        ).fetchall()
    return IdentityResult(
        done.generation, linked.model.version, linked.was_trained, linked.records, done.profiles, linked.pairs,
        edges, dropped, review, done.created, done.merged, done.split, done.reinstated, done.retired, largest,
        linked.over_shared_values, linked.seconds, linked.changed, linked.is_full, {str(r): int(n) for r, n in reasons},
        drift.verdict, drift.advice, change, held_back,
    )  # fmt: skip


def _link_and_register(
    con: duckdb.DuckDBPyConnection,
    core: Path,
    store: Path,
    models: Path,
    as_of: date,
    run_id: str,
    base_generation: int,
    full: bool,
    rules: Rules,
    judgements: Sequence[Judgement],
    is_erasure: bool,
    scorer: PairScorer | None,
    progress: Callable[[str], None],
    check: Callable[[], None],
) -> tuple[Linked, Registered]:
    _check_core(core)
    attach_store(con, store)
    source = _load(con, core)
    find_changes(con, source)
    linked = link(
        con, source, models=models, judgements=judgements, rules=rules, full=full, is_erasure=is_erasure,
        scorer=scorer, progress=progress,
    )  # fmt: skip
    con.execute(
        """create or replace temp view cluster_input as
        select f.record_id, c.cluster_id, coalesce(f.created_at, timestamp '9999-01-01') as first_seen
        from clusters c join features f using (unique_id)"""
    )
    done = register(
        con, "cluster_input", as_of=as_of, run_id=run_id, model_version=linked.model.version,
        base_generation=base_generation, touched=linked.touched, also=lambda: linked.save(con), check=check,
    )  # fmt: skip
    return linked, done


def _profile_diff(con: duckdb.DuckDBPyConnection, base: int) -> PartitionDiff:
    """The change that is about to be registered: everything in scope, the other profiles being unchanged."""
    diff = partition_diff(con, "r_old", "r_member", old_column="profile_id", new_column="profile_id")
    [(profiles, records)] = con.execute(
        f"select count(distinct profile_id), count(*) from {at('members', base)}"
    ).fetchall()
    untouched = int(profiles) - diff.old_profiles
    return replace(
        diff, old_profiles=int(profiles), new_profiles=diff.new_profiles + untouched,
        unchanged=diff.unchanged + untouched, old_records=int(records),
        new_records=diff.new_records + int(records) - diff.old_records,
        common_records=diff.common_records + int(records) - diff.old_records,
    )  # fmt: skip


def beyond_bounds(diff: PartitionDiff, rules: Rules) -> str | None:
    """Why an unattended run may not make this change, as one line; None if it may."""
    bounds = rules.change_bounds
    if diff.old_profiles < bounds.min_profiles:
        return None
    for what, n, share, most in (
        ("merge", diff.merged, diff.merged_share, bounds.max_merged_share),
        ("split", diff.split, diff.split_share, bounds.max_split_share),
    ):
        if share > most:
            return (
                f"this run would {what} {n} of {diff.old_profiles} profiles ({share:.1%}), more than the {most:.1%} "
                f"that an unattended run may: look at it with `cdp run --plan`, then run with --accept-changes"
            )
    return None


def train_model(
    core: Path,
    models: Path,
    *,
    seed: int = 1,
    rules: Rules | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Model:
    """Train a model on the core tables under `core` and save it under `models` without accepting it.

    The next run still uses the current model; `accept_model` changes that.
    """
    _check_core(core)
    with connect() as con:
        attach_store(con, None)
        source = _load(con, core)
        find_changes(con, source)
        linked = link(con, source, models=models, rules=rules, retrain=True, seed=seed, progress=progress)
    return linked.model


def _check_core(core: Path) -> None:
    for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
        if not list((core / table).glob("*.parquet")):
            raise IdentityInputError(f"{core / table}: core table is missing; run the ingest and core models first")


def _load(con: duckdb.DuckDBPyConnection, core: Path) -> Source:
    """Views ``core_records``, ``core_identifiers`` and ``core_sightings`` over the Parquet under `core`."""
    columns = ", ".join(f"{c}::varchar as {c}" for c in _RECORD_COLUMNS)
    con.execute(
        f"""create temp view core_records as
        select {columns}, null::varchar as address, default_region, created_at
        from read_parquet({literal(core / "customer_records" / "*.parquet")}) where not is_deleted"""
    )
    con.execute(
        f"""create temp view core_identifiers as
        select i.record_id, i.kind, coalesce(i.namespace, '') as namespace, i.value_raw, i.is_trusted, i.reason,
            r.default_region, i.first_seen_at, i.last_seen_at
        from read_parquet({literal(core / "record_identifiers" / "*.parquet")}) i
        join (select record_id, default_region from core_records) r using (record_id)"""
    )
    con.execute(
        f"""create temp view core_sightings as
        select * from read_parquet({literal(core / "anonymous_sightings" / "*.parquet")})"""
    )
    return Source("core_records", "core_identifiers", "core_records", "core_identifiers")


def _registry_outputs(generation: int) -> dict[str, str]:
    return {
        "profile_members": f"select record_id, profile_id, since from {at('members', generation)}",
        "profile_aliases": f"select alias_profile_id, profile_id from {at('aliases', generation)}",
        "profile_events": "select event_id, as_of, run_id, event, profile_id, related_profile_id, reason "
        f"from {SCHEMA}.events",
    }


def _write_outputs(con: duckdb.DuckDBPyConnection, out: Path) -> None:
    tables = {
        "profile_members": "record_id",
        "profile_aliases": "alias_profile_id",
        "profile_events": "as_of, event_id",
        "edges": "all",
        "dropped_edges": "all",
        "review_queue": REVIEW_ORDER,
        "anonymous_links": "anonymous_id, valid_from",
        "households": "household_id, profile_id",
        # looked up by record id
        "features": "record_id",
        "model_drift": "measure",
    }
    for table, order in tables.items():
        write_table(con, f"select * from {table} order by {order}", out / table)
    write_table(con, SCORED_PAIRS, out / "scored_pairs")
    write_table(con, JUDGED_PAIRS, out / "judgements")
    write_table(
        con,
        """select c.record_id, c.kind, c.namespace, c.value_raw, n.value, n.is_trusted, n.reason, c.first_seen_at,
            c.last_seen_at
        from core_identifiers c join (
            select record_id, kind, namespace, value_raw, any_value(value) as value, bool_and(is_trusted) as is_trusted,
                min(reason) as reason
            from normal_identifiers group by all
        ) n on n.record_id = c.record_id and n.kind = c.kind and n.namespace = c.namespace
            and n.value_raw is not distinct from c.value_raw
        order by all""",
        out / "record_identifiers",
    )
