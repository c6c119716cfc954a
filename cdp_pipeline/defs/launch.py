"""Starts the job inside this process, on the persistent Dagster instance of a home."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import dagster as dg

from cdp_pipeline import steps
from cdp_pipeline.defs.build import build_defs
from cdp_pipeline.defs.dead_runs import release_dead_runs
from cdp_pipeline.defs.event_log import open_instance
from cdp_pipeline.defs.jobs import JOB
from cdp_pipeline.defs.progress import told_to
from cdp_pipeline.defs.run_history import drop_old_runs
from cdp_pipeline.defs.run_tags import ACCEPT_TAG, AS_OF_TAG, FULL_TAG, LAUNCHER_TAG, PLAN_TAG, is_of_cli
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import ROOT
from cdp_pipeline.settings import Settings


class InstanceError(RuntimeError):
    """Dagster's storage cannot be used; the text is one line without secrets."""


# First part of the keys of everything up to identity; a plan (`cdp run --plan`) stops there.
UP_TO_IDENTITY = ("raw", "staging", "intermediate", "core", "lake", "identity", "ops")

# An event is planned for each of the run's assets and checks; they are written so many at a time.
_EVENTS_AT_ONCE = 500

# Errors whose text this project words: it quotes no data.
OURS = (
    "DbtError", "PublishError", "GateFailed", "ContractError", "InputsError", "IdentityInputError",
    "ChangeBoundExceeded", "AnalyticsError", "StepFault",
)  # fmt: skip


@dataclass(frozen=True)
class LaunchResult:
    """What one Dagster run did: `seconds` by step in order of their end, `failures` a line per failed step or check."""

    run_id: str
    success: bool
    seconds: dict[str, float]
    failures: list[str] = field(default_factory=list)


def launch(home: Home, plan: steps.RunPlan, *, publish: bool, log_file: Path, progress_fd: int | None) -> LaunchResult:
    """Run the job over everything unseen up to the plan's as-of; the caller holds the run lock.

    Objects without unseen files are left out. With `publish` False the run stops after identity. What the steps
    print goes to `log_file`; one line per finished step goes to the file descriptor `progress_fd`.
    """
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(_EVENTS_AT_ONCE))
    with _output_to(log_file, progress_fd) as fd:
        steps.ensure_manifest()
        job = build_defs(home).resolve_job_def(JOB)
        with instance_of(home) as instance:
            release_dead_runs(instance)
            drop_old_runs(instance, home, Settings.from_env().keep_runs)
            steps.wait_for_warehouse(home, say=partial(_say, fd))
            with told_to(fd):
                result = job.execute_in_process(
                    run_config={"loggers": {"progress": {}}},
                    instance=instance,
                    raise_on_error=False,
                    asset_selection=_selection(job, plan, publish),
                    run_id=plan.run_id,
                    tags={
                        AS_OF_TAG: plan.as_of.isoformat(),
                        FULL_TAG: str(plan.full).lower(),
                        ACCEPT_TAG: str(plan.accept_changes).lower(),
                        PLAN_TAG: str(not publish).lower(),
                        LAUNCHER_TAG: "cli",
                    },
                )
    seconds, failures = outcome(result.all_events)
    return LaunchResult(result.run_id, result.success and not failures, seconds, failures)


def outcome(events: Iterable[dg.DagsterEvent]) -> tuple[dict[str, float], list[str]]:
    """Seconds by step in order of their end, and a line per failed step or check.

    Where nothing failed and a step was left out all the same, another one gave less than it had to: for Dagster such a
    run has succeeded.
    """
    seconds: dict[str, float] = {}
    failures: list[str] = []
    skipped: list[str] = []
    for event in events:
        if event.is_step_success:
            seconds[str(event.step_key)] = round(event.step_success_data.duration_ms / 1000, 2)
        elif event.is_step_failure:
            failures.append(f"{event.step_key}: {_reason(event)}")
        elif event.is_step_skipped:
            skipped.append(str(event.step_key))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.blocking:
                failures.append(f"{check.asset_key.to_user_string()}: check {check.check_name} failed")
    if skipped and not failures:
        failures = [f"{step}: was left out, as a step before it did not tell of all it made" for step in skipped]
    return seconds, failures


def _say(fd: int, line: str) -> None:
    os.write(fd, f"  {line}\n".encode())


def new_run_id() -> str:
    """Id of a run, in Dagster's form."""
    return str(uuid4())


@contextmanager
def instance_of(home: Home) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of a home, so that `cdp dev` shows what `cdp run` did.

    Raises InstanceError where its storage cannot be opened.
    """
    prepare_instance(home)
    try:
        instance = open_instance(home.dagster)
        instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    except Exception as error:
        # a driver's own words can hold the URL with its password
        own = home.root / "dagster.yaml"
        raise InstanceError(
            f"Dagster's storage cannot be opened ({type(error).__name__}): check "
            + (f"{own} and the variables that it names" if own.exists() else f"{home.dagster}")
        ) from None
    with instance:
        yield instance


def prepare_instance(home: Home) -> None:
    """Put the settings of ``dagster.yaml`` into the instance's folder: the home's own, or those of the project."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    own = home.root / "dagster.yaml"
    settings = (own if own.exists() else ROOT / "dagster.yaml").read_text(encoding="utf-8")
    target = home.dagster / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != settings:
        target.write_text(settings, encoding="utf-8")


@dataclass(frozen=True)
class KnownRun:
    """A run as Dagster's history has it; `status` in lower case, `by_command` where `cdp run` launched it."""

    run_id: str
    started_at: datetime
    status: str
    by_command: bool


def known_runs(home: Home) -> tuple[KnownRun | None, list[KnownRun]]:
    """The newest run of the home, and those that are shown as going on. Raises InstanceError."""
    with instance_of(home) as instance:
        newest = instance.get_run_records(dg.RunsFilter(job_name=JOB), limit=1)
        going = instance.get_run_records(dg.RunsFilter(job_name=JOB, statuses=[dg.DagsterRunStatus.STARTED]))
    return next(map(_known, newest), None), [_known(record) for record in going]


def _known(record: dg.RunRecord) -> KnownRun:
    started = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
    run = record.dagster_run
    return KnownRun(run.run_id, started, run.status.value.lower(), is_of_cli(run))


def _selection(job: dg.JobDefinition, plan: steps.RunPlan, publish: bool) -> list[dg.AssetKey]:
    unseen = {("raw", p.source, p.obj) for p in plan.unseen}
    keys = []
    for key in job.asset_layer.executable_asset_keys:
        path = tuple(key.path)
        if path in unseen or (path[0] != "raw" and (publish or path[0] in UP_TO_IDENTITY)):
            keys.append(key)
    return keys


def _reason(event: dg.DagsterEvent) -> str:
    """Why a step failed, without text that may quote data: messages only of errors that this project words."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return "failed"
    text = " ".join(error.message.split())
    if os.strerror(errno.ENOSPC) in text:
        return "no space left on device"
    # Dagster puts the class before the text: identity.errors.IdentityInputError: …
    text = text.partition(f"{error.cls_name}: ")[2] or text
    return text if error.cls_name in OURS else f"{error.cls_name}; its text is in Dagster's log of the run"


@contextmanager
def _output_to(log_file: Path, progress_fd: int | None) -> Iterator[int]:
    """Send the process's output, subprocesses included, to `log_file`; yields a descriptor for progress lines.

    dbt's lines are echoed by several layers down to child processes, so only the descriptors themselves catch all.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [(fd, os.dup(fd)) for fd in (1, 2)]
    progress = os.dup(progress_fd) if progress_fd is not None else os.open(os.devnull, os.O_WRONLY)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    level = logging.getLogger().level
    try:
        for fd, _ in saved:
            os.dup2(log, fd)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            warnings.simplefilter("ignore", dg.PreviewWarning)
            yield progress
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        logging.getLogger().setLevel(level)
        for fd, copy in saved:
            os.dup2(copy, fd)
            os.close(copy)
        os.close(progress)
        os.close(log)
