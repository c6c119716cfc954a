"""The identity step of a run: records of the core into profiles, or nothing where nothing has changed under it.

Belongs here: what the step hands to `identity`, what is kept of it, and when it may be left out. Not here: entity
resolution itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from cdp_pipeline import inputs, judgements, made_from
from cdp_pipeline.home import Home
from cdp_pipeline.privacy.store import erasures
from cdp_pipeline.settings import Settings
from cdp_pipeline.sql_text import literal

if TYPE_CHECKING:
    from cdp_pipeline.steps import RunPlan
    from identity.partition_diff import PartitionDiff

# What identity reads of the core.
_CORE = ("customer_records", "record_identifiers", "anonymous_sightings")


@dataclass(frozen=True)
class IdentityRun:
    """What the last identity step did, kept beside the lake so that publishing can name its generation.

    `judgements` is the fingerprint of those that were imported. From `changed` on as in `identity.IdentityResult`;
    `change` is a `PartitionDiff` as plain values. `inputs` tells all that decided the result, and the files it is in.
    """

    run_id: str
    as_of: str
    generation: int
    model_version: str
    records: int
    profiles: int
    edges: int
    dropped_edges: int
    merges: int
    splits: int
    review: int
    largest_cluster: int
    trained: bool
    seconds: Mapping[str, float]
    judgements: str = ""
    changed: int = 0
    pairs: int = 0
    is_full: bool = True
    dropped_by_reason: Mapping[str, int] = field(default_factory=dict)
    drift: str = ""
    drift_advice: str = ""
    change: Mapping[str, Any] | None = None
    held_back: str | None = None
    inputs: str = ""

    def partition_diff(self) -> PartitionDiff | None:
        """`change` with its types."""
        from identity.partition_diff import Affected, PartitionDiff

        if self.change is None:
            return None
        values = {f.name: self.change[f.name] for f in fields(PartitionDiff)}
        values["most_affected"] = tuple(
            Affected(**{**a, "into": tuple((str(profile), int(records)) for profile, records in a["into"])})
            for a in values["most_affected"]
        )
        return PartitionDiff(**values)


@dataclass(frozen=True)
class IdentityHealth:
    """Counts over the identity tables that decide whether they may be used."""

    records: int
    profiles: int
    shared_records: int
    largest_cluster: int
    matched_records: int
    median_cluster: int = 0
    p95_cluster: int = 0
    p99_cluster: int = 0

    @property
    def match_rate(self) -> float:
        """Share of records whose profile holds at least two; 0 without records."""
        return self.matched_records / self.records if self.records else 0.0


def resolve_identity(home: Home, plan: RunPlan) -> IdentityRun:
    """Resolve all records into profiles as the candidate generation of this run, with people's judgements imported.

    Where the committed generation was made of the very same, and its tables lie there as they were written, they stand.
    """
    import identity
    from cdp_pipeline.spark.engine import scorer_of

    judged = judgements.live_judgements(home.ops_db)
    is_erasing = bool(erasures(home, pending=True))
    standing = None if plan.full or is_erasing else _standing(home, plan, judgements.fingerprint(judged))
    if standing is not None:
        _keep(home, plan, standing)
        return standing
    with scorer_of(home, Settings.from_env()) as scorer:
        result = identity.run_pipeline(
            home.core,
            home.identity,
            home.identity_db,
            home.models,
            as_of=plan.as_of,
            run_id=plan.run_id,
            base_generation=plan.base_generation,
            full=plan.full,
            rules=plan.rules,
            judgements=judgements.as_judgements(judged),
            allow_changes=plan.accept_changes or plan.plan_only,
            scorer=scorer,
            is_erasure=is_erasing,
        )
    done = IdentityRun(
        run_id=plan.run_id,
        as_of=plan.as_of.isoformat(),
        generation=result.generation,
        model_version=result.model_version,
        records=result.records,
        profiles=result.profiles,
        edges=result.edges,
        dropped_edges=result.dropped_edges,
        merges=result.merges,
        splits=result.splits,
        review=result.review,
        largest_cluster=result.largest_cluster,
        trained=result.trained,
        seconds=dict(result.seconds),
        judgements=judgements.fingerprint(judged),
        changed=result.changed,
        pairs=result.pairs,
        is_full=result.is_full,
        dropped_by_reason=dict(result.dropped_by_reason),
        drift=result.drift,
        drift_advice=result.drift_advice,
        change=result.change.as_dict() if result.change else None,
        held_back=result.held_back,
    )
    done = replace(done, inputs=_inputs(home, plan, done.judgements))
    _keep(home, plan, done)
    return done


def last_identity_run(home: Home) -> IdentityRun:
    """What the last identity step did. Raises RuntimeError where none has run."""
    path = _identity_run_file(home)
    if not path.exists():
        raise RuntimeError("no identity step has run in this home")
    return IdentityRun(**json.loads(path.read_text(encoding="utf-8")))


def identity_health(home: Home) -> IdentityHealth:
    """Counts over ``lake/identity/profile_members``."""
    members = f"read_parquet({literal(home.identity / 'profile_members' / '*.parquet')})"
    with duckdb.connect() as con:
        row = con.execute(
            f"""
            with sizes as (select profile_id, count(*) as size from {members} group by profile_id),
            homes as (select record_id, count(distinct profile_id) as profiles from {members} group by record_id)
            select
                (select count(*) from homes),
                (select count(*) from sizes),
                (select count(*) from homes where profiles > 1),
                (select coalesce(max(size), 0) from sizes),
                (select coalesce(sum(size), 0) from sizes where size > 1),
                (select coalesce(quantile_disc(size, 0.5), 0) from sizes),
                (select coalesce(quantile_disc(size, 0.95), 0) from sizes),
                (select coalesce(quantile_disc(size, 0.99), 0) from sizes)
            """
        ).fetchall()[0]
    return IdentityHealth(*(int(value) for value in row))


def _identity_run_file(home: Home) -> Path:
    return home.lake / "ops" / "identity_run.json"


def _standing(home: Home, plan: RunPlan, judged: str) -> IdentityRun | None:
    """What a pass would tell that finds nothing to do; None where there may be something."""
    try:
        last = last_identity_run(home)
    except (RuntimeError, ValueError, TypeError):
        return None
    made_it = plan.base_generation and last.generation == plan.base_generation and last.inputs
    if not made_it or last.inputs != _inputs(home, plan, judged):
        return None
    from identity.partition_diff import PartitionDiff

    unchanged = PartitionDiff(
        old_profiles=last.profiles,
        new_profiles=last.profiles,
        old_records=last.records,
        new_records=last.records,
        common_records=last.records,
        unchanged=last.profiles,
    )
    return replace(
        last,
        run_id=plan.run_id,
        as_of=plan.as_of.isoformat(),
        merges=0,
        splits=0,
        trained=False,
        seconds={},
        changed=0,
        pairs=0,
        is_full=False,
        change=unchanged.as_dict(),
        held_back=None,
    )


def _inputs(home: Home, plan: RunPlan, judged: str) -> str:
    """Fingerprint of all that decides the identity tables, and of the files that hold them: path, size and time."""

    def facts() -> Iterator[str]:
        folders = [*(home.core / table for table in _CORE), home.models, home.identity]
        files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in [*files, home.identity_db]:
            status = path.stat()
            yield f"{path.relative_to(home.root).as_posix()}\t{status.st_size}\t{status.st_mtime_ns}"

    return inputs.combine(
        inputs.code_fingerprint(),
        version("duckdb"),
        version("splink"),
        Settings.from_env().engine,
        plan.rules.fingerprint() if plan.rules else "",
        judged,
        *facts(),
    )


def _keep(home: Home, plan: RunPlan, done: IdentityRun) -> None:
    target = _identity_run_file(home)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_text(json.dumps(asdict(done), indent=2, sort_keys=True), encoding="utf-8")
    part.replace(target)
    made_from.note(home, "identity", plan.inputs)
