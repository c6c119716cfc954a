"""The sensor that ends runs whose process is gone.

Dagster starts one run at a time, and does not look whether the process of a run that goes on is there: after a kill, or
a restart of the machine, it would wait for its end for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import dagster as dg

from cdp_pipeline.defs.connect import POOL_PREFIX
from cdp_pipeline.defs.run_tags import is_of_cli
from cdp_pipeline.home import Home
from cdp_pipeline.lock import RunInProgress, run_lock

SENSOR_SECONDS = 60
# A run takes the run lock seconds after its start, on a busy machine a minute or two.
START_SECONDS = 600


def release_dead_runs(instance: dg.DagsterInstance) -> int:
    """Give back the pool slots of runs that were killed, and mark them failed. Returns the number of runs.

    A run claims slots only while it holds the run lock, which the caller holds now: whoever still has slots is dead.
    (Live pulls run beside it and have pools of their own.)
    Without this the next run would wait for them until Dagster's daemon, which may not be running, clears them.
    """
    storage = instance.event_log_storage
    dead = {
        slot.run_id
        for key in storage.get_concurrency_keys()
        if not key.startswith(POOL_PREFIX)
        for slot in storage.get_concurrency_info(key).claimed_slots
    }
    dead |= {
        run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])) if is_of_cli(run)
    }
    for run_id in dead:
        storage.free_concurrency_slots_for_run(run_id)
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, "The process of this run was killed.")
    return len(dead)


def end_dead_runs(
    instance: dg.DagsterInstance, home: Home, job: str, suspects: Collection[str], now: datetime
) -> tuple[list[str], list[str]]:
    """Mark runs of `job` as failed whose process is gone, so that Dagster starts others, and that one once more.

    Returns the ids of those, and of those that look so, to be given as `suspects` a tick later: a run lets go of the
    lock a moment before it is over. `cdp run` holds it from before its run is known until after it is over.
    """
    going = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.STARTED]))
    if not going:
        return [], []
    ended, suspected = [], []
    try:
        with run_lock(home.run_lock):
            for record in going:
                run = record.dagster_run
                started = record.start_time or record.create_timestamp.timestamp()
                if is_of_cli(run) or run.run_id in suspects:
                    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
                    instance.report_run_failed(run, "The process of this run is gone.")
                    ended.append(run.run_id)
                elif now.timestamp() - started > START_SECONDS:
                    suspected.append(run.run_id)
    except RunInProgress:
        return [], []
    return ended, suspected


def build_dead_run_sensor(home: Home, job: str) -> dg.SensorDefinition:
    """Runs from the start, wherever Dagster's daemon does."""

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Ends runs whose process is gone (killed, machine restarted): others would wait for them for ever.",
    )
    def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        suspects = (context.cursor or "").split()
        ended, suspected = end_dead_runs(context.instance, home, job, suspects, datetime.now(UTC))
        if suspected != suspects:
            context.update_cursor(" ".join(suspected))
        return dg.SkipReason(f"ended {', '.join(ended)}" if ended else "no run without a process")

    return dead_runs
