"""The steps of a run as plain functions. Dagster's assets call them; nothing here knows Dagster."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from cdp_pipeline import core_build, dbt_process, inputs, made_from, warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.identity_rules import load_identity_rules
from cdp_pipeline.identity_step import IdentityHealth as IdentityHealth
from cdp_pipeline.identity_step import IdentityRun as IdentityRun
from cdp_pipeline.identity_step import identity_health as identity_health
from cdp_pipeline.identity_step import last_identity_run as last_identity_run
from cdp_pipeline.identity_step import resolve_identity as resolve_identity
from cdp_pipeline.ops import Ops
from cdp_pipeline.orphans import dbt_processes
from cdp_pipeline.privacy.consents import land_changes
from cdp_pipeline.privacy.removals import removals_fingerprint
from cdp_pipeline.privacy.store import privacy_fingerprint
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources import replay
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.ingest import IngestResult, Pending, ensure_tables, ingest_partition, pending
from cdp_pipeline.sources.overlay import contracts_of
from cdp_pipeline.sql_text import literal
from profiles.snapshots import newest_manifest

if TYPE_CHECKING:
    from identity.rules import Rules
    from profiles.publish import PublishResult

# Facts of an identity step that a snapshot's manifest does not carry: its own, or long.
_NOT_IN_MANIFEST = ("run_id", "as_of", "seconds", "judgements", "change", "held_back", "drift_advice", "inputs")


@dataclass(frozen=True)
class RunPlan:
    """What a run decided when it started. `inputs` leaves out the model, which the first run trains on its way, and
    people's judgements, which the identity step imports. `rules` are the installation's own (None: the defaults).
    `accept_changes` lifts the bounds on change; so does `plan_only`, for a run that only looks and publishes nothing.
    """

    run_id: str
    as_of: date
    full: bool
    base_generation: int
    inputs: str
    unseen: tuple[Pending, ...]
    rules: Rules | None = None
    accept_changes: bool = False
    plan_only: bool = False

    def days_of(self, source: str, obj: str, start: date | None = None, end: date | None = None) -> list[date]:
        """Delivery days of one object with unseen files, within `start` and `end` (both inclusive)."""
        return [
            p.dt
            for p in self.unseen
            if (p.source, p.obj) == (source, obj) and (start is None or p.dt >= start) and (end is None or p.dt <= end)
        ]


def plan_run(
    home: Home,
    run_id: str,
    *,
    as_of: date | None = None,
    until: date | None = None,
    full: bool = False,
    accept_changes: bool = False,
    plan_only: bool = False,
) -> RunPlan:
    """Decide what the run works on, and make every declared raw table exist. `until`: the last day that it takes in.

    Raises InputsError, ContractError for an overlay and IdentityInputError for rules that cannot be used.
    """
    contracts = contracts_of(home)
    rules = load_identity_rules(home)
    published = newest_manifest(home.root)
    day = inputs.resolve_as_of(home, as_of, published.as_of if published else None, until)
    ensure_tables(home, contracts)
    land_changes(home, day)
    if home.ops_db.exists():
        with Ops(home.ops_db) as ops:
            replay.recover(home, contracts, ops, run_id)
    return RunPlan(
        run_id=run_id,
        as_of=day,
        full=full,
        base_generation=published.generation if published else 0,
        inputs=inputs_before(home, day, rules),
        unseen=unseen_files(home, day),
        rules=rules,
        accept_changes=accept_changes,
        plan_only=plan_only,
    )


def unseen_files(home: Home, as_of: date) -> tuple[Pending, ...]:
    """Deliveries up to the as-of with files that were not read yet."""
    return tuple(p for p in pending(home, contracts_of(home)) if p.dt <= as_of)


def inputs_before(home: Home, as_of: date, rules: Rules | None = None) -> str:
    """Fingerprint of what a run starts from, the model aside."""
    return inputs.combine(
        as_of.isoformat(),
        inputs.landing_fingerprint(home, as_of),
        inputs.code_fingerprint(),
        inputs.replays_fingerprint(home),
        inputs.overlay_fingerprint(home),
        privacy_fingerprint(home),
        rules.fingerprint() if rules else "",
        Settings.from_env().timezone,
    )


def inputs_after(home: Home, before: str, judged: str | None = None, model: str | None = None) -> str:
    """Fingerprint that a snapshot carries: what the run started from, with the model and the judgements it used.

    `judged` is the fingerprint of those judgements, `model` the trained version; None takes what holds now.
    """
    if judged is None:
        judged = inputs.judgements_fingerprint(home)
    return inputs.combine(before, inputs.model_fingerprint(home) if model is None else model, judged)


def wait_for_warehouse(
    home: Home, seconds: float = 120.0, *, dbt_seconds: float = 3600.0, say: Callable[[str], None] = lambda line: None
) -> None:
    """Wait until no process writes the warehouse. The caller holds the run lock.

    A dbt that outlived a killed run may take `dbt_seconds` to end: as long as the largest build; `say` is told of it.
    Raises RuntimeError where it goes on, or something else holds the file after `seconds`.
    """
    started, told = time.monotonic(), False
    while left := dbt_processes(home):
        if not told:
            say(f"dbt of a run that was killed goes on (process {left[0]}): waiting for its end")
            told = True
        if time.monotonic() >= started + dbt_seconds:
            raise RuntimeError(f"dbt of a run that was killed still goes on: process {left[0]}")
        time.sleep(0.5)
    deadline = time.monotonic() + seconds
    while home.warehouse_db.exists():
        try:
            duckdb.connect(str(home.warehouse_db)).close()
            return
        except duckdb.IOException:
            if time.monotonic() >= deadline:
                raise RuntimeError(f"another process holds {home.warehouse_db}") from None
            time.sleep(0.5)


def drop_warehouse(home: Home) -> None:
    """Delete what dbt and Spark have built, for whoever may not leave deleted rows in the bytes of a file.

    The caller holds the run lock; the next run builds it anew. Raises RuntimeError as `wait_for_warehouse`.
    """
    wait_for_warehouse(home)
    for path in (home.warehouse_db, home.warehouse_db.with_name(f"{home.warehouse_db.name}.wal")):
        path.unlink(missing_ok=True)
    # The tables that only Spark needs with their catalogue, and the pairs that it compared
    for folder in (home.lake / "spark", home.root / "spark"):
        if folder.is_dir():
            shutil.rmtree(folder)


def ingest(home: Home, obj: ObjectContract, days: list[date], run_id: str) -> Iterator[IngestResult]:
    """Load the unseen files of these delivery days, day by day."""
    with Ops(home.ops_db) as ops:
        for day in days:
            yield ingest_partition(home, obj, day, run_id, ops)


def ensure_manifest() -> None:
    """Parse the dbt project for Dagster where its manifest is missing, cut short or older than a file of the project.

    A manifest that lacks a model would fail the run when dbt reports on it. Raises DbtError.
    """
    manifest = warehouse.PROJECT / "target" / "manifest.json"
    try:
        json.loads(manifest.read_bytes())
        built = manifest.stat().st_mtime
    except (OSError, ValueError):  # dbt writes it in place: a kill leaves the beginning
        built = 0.0
    if any(path.stat().st_mtime > built for path in inputs.code_files(warehouse.PROJECT)):
        warehouse.prepare_manifest()


def build_core(home: Home, plan: RunPlan) -> tuple[core_build.CoreBuild, warehouse.DbtRun | None]:
    """Make the core tables again whose inputs changed, and test them; without any, dbt is not called (None).

    Raises DbtError; then the next run builds everything.
    """
    ensure_manifest()
    engine = Settings.from_env().engine
    build = core_build.plan_core(home, plan.as_of, contracts_of(home), full=plan.full, engine=engine)
    core_build.begin(home, build)
    run = None
    if build.nodes:
        run = warehouse.run_dbt(
            "build",
            build.selection(),
            home,
            plan.as_of,
            full_refresh=build.is_full,
            engine=engine,
            environment=build.environment(),
        )
        dbt_process.start_next()
    done = core_build.commit(home, build)
    made_from.note(home, "core", plan.inputs)
    return done, run


def export_core(home: Home) -> dict[str, int]:
    """Write the Parquet of those core tables that changed; returns their rows."""
    rows = warehouse.export_core(home, core_build.stale_exports(home))
    core_build.commit_exports(home)
    return rows


def run_analytics(home: Home, plan: RunPlan) -> dict[str, int]:
    """Every analytics job over core and identity, as of the plan's day; rows by table of ``lake/analytics``.

    Raises AnalyticsError.
    """
    from cdp_pipeline.analytics.step import run_jobs
    from profiles.exports import arms_folder

    return run_jobs(home.core, home.identity, home.analytics, plan.as_of, audiences=arms_folder(home.root))


def publish_snapshot(home: Home, plan: RunPlan, settings: Settings) -> PublishResult:
    """Gate and publish the warehouse as it stands. Raises GateFailed and PublishError; readers then see no change."""
    from cdp_pipeline.ops_export import is_reconciled
    from profiles.errors import PublishError
    from profiles.gate import GateBounds
    from profiles.publish import publish

    resolved = last_identity_run(home)
    if resolved.held_back and not plan.accept_changes:
        # what a plan left, where somebody starts only the steps after it
        raise PublishError(resolved.held_back)
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        ((live,),) = con.execute("select count(*) from core.customer_records where not is_deleted").fetchall()
    facts = asdict(resolved)
    # one that no run starts from: the next one sees to what this one left as it was
    started_from = plan.inputs if made_from.is_of(home, plan.inputs) else inputs.combine("some steps", plan.run_id)
    return publish(
        home.root,
        warehouse=home.warehouse_db,
        as_of=plan.as_of,
        run_id=plan.run_id,
        generation=resolved.generation,
        model_version=resolved.model_version,
        # rules applied to a model put a suffix to its version
        inputs_fingerprint=inputs_after(home, started_from, resolved.judgements, resolved.model_version.split("-")[0]),
        gate=GateBounds(
            expected_records=int(live),
            ingest_reconciled=is_reconciled(home),
            max_cluster_size=settings.max_cluster_size,
            min_match_rate=settings.min_match_rate,
            max_match_rate=settings.max_match_rate,
            max_profile_drop=settings.max_profile_drop,
            erased_profiles=_erased_since_published(home),
            check_segments=not plan.accept_changes,
        ),
        extra={"identity": {k: v for k, v in facts.items() if k not in _NOT_IN_MANIFEST}},
        keep=settings.keep_versions,
        removals=removals_fingerprint(home),
        full=plan.full,
    )


def _erased_since_published(home: Home) -> int:
    """Profiles of the current snapshot that have been erased since."""
    marts = home.published / "current" / "marts.duckdb"
    if not marts.exists():
        return 0
    with duckdb.connect() as con:
        con.execute(f"ATTACH {literal(marts.resolve())} AS marts (READ_ONLY)")
        ((erased,),) = con.execute(
            f"""SELECT count(DISTINCT profile_id)
            FROM read_parquet({literal(home.identity / "profile_events" / "*.parquet")})
            SEMI JOIN marts.profiles.customer_profile USING (profile_id) WHERE event = 'erased'"""
        ).fetchall()
    return int(erased)
