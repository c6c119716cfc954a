"""One run of the platform from the command line: lock, decide, launch, sum up.

Dagster is imported only when there is something to do: an unchanged home is recognised within a second.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import duckdb

from cdp_pipeline import mend, steps, warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.lock import run_lock
from cdp_pipeline.memory import peak_memory_gb
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.erase import finish_erasures
from cdp_pipeline.privacy.store import lend_tombstones
from cdp_pipeline.sources.ingest import unclaimed
from cdp_pipeline.sources.overlay import contracts_of
from cdp_pipeline.sources.run_report import run_reports
from cdp_pipeline.sources.snapshots import standing_refusals
from cdp_pipeline.sql_text import literal
from profiles.snapshots import newest_manifest

# With less left on its disk, a run most likely failed for want of space.
FEW_BYTES = 200_000_000
SHARED_WITH_OUT = ("landing", "secrets")


class RunFailed(RuntimeError):
    """A step failed and readers still see the last snapshot; the text is one line that names step and reason."""


@dataclass(frozen=True)
class ProfileChange:
    """A merge or split that a run found: the profile, the other one where there is one, and why."""

    event: str
    profile_id: str
    related_profile_id: str | None
    reason: str | None


@dataclass(frozen=True)
class Ingested:
    """Files that one run took in: delivered = loaded + quarantined rows; `attention` has a line per faulty file, `news`
    a line per new field and per new kind of fault in a field."""

    files: int = 0
    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    attention: Sequence[str] = ()
    over_budget: int = 0
    failed: int = 0
    news: Sequence[str] = ()


@dataclass(frozen=True)
class RunSummary:
    """What a run did. `notes` names landed things that no contract covers, and snapshots that earlier runs refused;
    `seconds` is by step."""

    changed: bool
    published: bool
    as_of: date
    version: str | None
    run_id: str | None = None
    ingest: Ingested = field(default_factory=lambda: Ingested())
    notes: Sequence[str] = ()
    identity: steps.IdentityRun | None = None
    changes: Sequence[ProfileChange] = ()
    segments: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    total_seconds: float = 0.0
    peak_memory_gb: float = 0.0


def run(
    home: Home,
    *,
    full: bool = False,
    as_of: date | None = None,
    plan: bool = False,
    accept_changes: bool = False,
    out: Path | None = None,
    progress: Callable[[str], None] | None = None,
    progress_fd: int | None = None,
    finishing: bool = False,
) -> RunSummary:
    """Materialise what changed, or everything with `full`, and publish it; `plan` stops after identity.

    `accept_changes` lets merges and splits beyond the bounds of the rules through; `plan` shows them either way.

    `as_of` defaults to the greatest landed ``dt``. `out` runs the same landing in a home of its own, where an earlier
    as-of is allowed. `progress` is told each stage; `progress_fd` gets a line per finished step. An erasure that was
    killed is finished first, unless this run is a step of it (`finishing`).

    Raises RunInProgress when another run holds the home, InputsError when there is nothing to run on or the as-of
    goes back, IdentityInputError for rules that cannot be used, RunFailed when a step failed, the bounds on change were
    passed or the gate refused: readers then see what they saw before.
    """
    started = time.monotonic()
    if out is not None:
        home = _home_of_its_own(home, out)
    if not home.landing.is_dir():
        raise InputsError(f"nothing has landed: {home.landing} does not exist")
    say = progress or (lambda line: None)
    with run_lock(home.run_lock):
        if not finishing and out is None:
            finish_erasures(home, say=say)
        mended = mend.mend_snapshot(home, checksums=full)
        if mended:
            say(mended)
        decided = steps.plan_run(
            home, str(uuid4()), as_of=as_of, full=full, accept_changes=accept_changes, plan_only=plan
        )
        notes = unclaimed(home, contracts_of(home))
        before = newest_manifest(home.root)
        settled = before and before.inputs_fingerprint == steps.inputs_after(home, decided.inputs)
        if before and settled and not full and not decided.unseen and not mend.needs_snapshot(home):
            return RunSummary(
                changed=False,
                published=False,
                as_of=before.as_of,
                version=before.version,
                notes=[*notes, *_refused(home)],
                total_seconds=round(time.monotonic() - started, 2),
            )
        for line in (told := mend.mend_raw(home, deep=full)):
            say(line)
        if told:
            decided = replace(decided, unseen=steps.unseen_files(home, decided.as_of))
        files = sum(len(p.files) for p in decided.unseen)
        say(f"run {decided.run_id[:8]} as of {decided.as_of}: {files} unseen files of {len(decided.unseen)} deliveries")
        log_file = home.dagster / "last_run.log"
        # a plan may do without dbt
        with nullcontext() if plan else warehouse.dbt_ahead(home):
            # Dagster is loaded here, dbt in another process meanwhile
            from cdp_pipeline.defs.launch import InstanceError, launch

            try:
                launched = launch(home, decided, publish=not plan, log_file=log_file, progress_fd=progress_fd)
            except InstanceError as error:
                raise RunFailed(str(error)) from None
        if not launched.success:
            why = "; ".join([*launched.failures, *_damage(home)]) or "Dagster gave no reason"
            raise RunFailed(
                f"run {decided.run_id[:8]} failed, readers see what they saw before: {why} (log: {log_file})"
            )
        after = newest_manifest(home.root)
        version = after.version if after else None
        summary = RunSummary(
            changed=True,
            published=not plan and version != (before.version if before else None),
            as_of=decided.as_of,
            version=version,
            run_id=decided.run_id,
            identity=steps.last_identity_run(home),
            changes=_changes(home, decided.run_id),
            segments={} if plan else segment_sizes(home),
            seconds=launched.seconds,
            ingest=_ingested(home, decided.run_id),
            notes=[*notes, *_refused(home, decided.run_id)],
            total_seconds=round(time.monotonic() - started, 2),
            peak_memory_gb=peak_memory_gb(),
        )
    return summary


def _damage(home: Home) -> list[str]:
    """What may lie behind a failed step: a file that was damaged within, which the next run reads again."""
    told = mend.mend_raw(home, deep=True)
    if told and len(told) > 3:
        told = [*told[:3], f"and {len(told) - 3} more files"]
    free = shutil.disk_usage(home.root).free
    return [*told, *([f"only {free / 1e6:.0f} MB are free on the disk of {home.root}"] if free < FEW_BYTES else [])]


def segment_sizes(home: Home) -> dict[str, int]:
    """Members now of each published segment, largest first."""
    marts = (home.published / "current" / "marts.duckdb").resolve()
    with duckdb.connect(str(marts), read_only=True) as con:
        rows = con.execute(
            """
            select d.segment, count(c.profile_id) from segments.definition d
            left join segments.current c using (segment) group by all order by 2 desc, 1
            """
        ).fetchall()
    return {str(name): int(size) for name, size in rows}


def _home_of_its_own(home: Home, out: Path) -> Home:
    """A home at `out` over the same landing and keys, and under the same rules and contracts unless it has its own.

    Raises InputsError where `out` is another installation's home.
    """
    own = Home.from_env(out)
    if own.root == home.root:
        raise InputsError(f"--out {own.root} is the home itself")
    own.root.mkdir(parents=True, exist_ok=True)
    for name in SHARED_WITH_OUT:
        theirs, ours = home.root / name, own.root / name
        theirs.mkdir(parents=True, exist_ok=True, mode=0o700 if name == "secrets" else 0o755)
        if ours.is_symlink() and ours.resolve() == theirs.resolve():
            continue
        if ours.exists() or ours.is_symlink():
            raise InputsError(f"--out {own.root} has a {name} folder of its own: name another folder")
        ours.symlink_to(theirs)
    if not lend_tombstones(home, own):
        raise InputsError(f"--out {own.root} holds people who were erased since it was made: delete the folder")
    for theirs, ours in ((home.identity_rules, own.identity_rules), (home.contracts, own.contracts)):
        if theirs.exists() and not ours.is_symlink() and not ours.exists():
            ours.symlink_to(theirs)
    return own


def _ingested(home: Home, run_id: str) -> Ingested:
    with Ops(home.ops_db) as ops:
        report = next((r for r in run_reports(ops.log()) if r.run_id == run_id), None)
    if report is None:
        return Ingested()
    return Ingested(
        files=report.total("files"),
        delivered=report.total("delivered"),
        loaded=report.total("loaded"),
        quarantined=report.total("quarantined"),
        reasons=report.reasons,
        attention=report.attention,
        over_budget=report.total("over_budget"),
        failed=report.total("failed"),
        news=report.news,
    )


def _refused(home: Home, run_id: str | None = None) -> list[str]:
    """Snapshots that earlier runs refused and that still stand so; the run's own are among its attention."""
    with Ops(home.ops_db) as ops:
        return standing_refusals(ops.receipts(), but_of=run_id)


def _changes(home: Home, run_id: str) -> list[ProfileChange]:
    events = literal(home.identity / "profile_events" / "*.parquet")
    with duckdb.connect() as con:
        rows = con.execute(
            f"""
            select event, profile_id, related_profile_id, reason from read_parquet({events})
            where run_id = $run_id and event in ('merged', 'split', 'reinstated', 'retired') order by all
            """,
            {"run_id": run_id},
        ).fetchall()
    return [ProfileChange(*row) for row in rows]
