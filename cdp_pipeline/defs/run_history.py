"""How much of the history of runs stays in Dagster's storage: a run leaves megabytes, and nothing else removes them."""

from __future__ import annotations

import shutil
from collections import Counter

import dagster as dg

from cdp_pipeline.home import Home


def drop_old_runs(instance: dg.DagsterInstance, home: Home, keep: int) -> int:
    """Delete all but the last `keep` runs of each job that have ended, with their events and logs. Returns the number
    of those that are gone.

    By job, because live pulls may run every few minutes and would leave none of the others.
    What they materialised goes from Dagster's catalogue with them; what was ingested and published is known to
    ``state/ops.sqlite`` and the snapshots.
    """
    ended = [
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
    ]
    seen: Counter[str] = Counter()
    old = []
    # newest first
    for run in instance.get_runs(dg.RunsFilter(statuses=ended)):
        seen[run.job_name] += 1
        if seen[run.job_name] > keep:
            old.append(run)
    for run in old:
        instance.delete_run(run.run_id)
        # in SQLite, a file for each run stays behind, empty and as long as before
        for path in home.dagster.glob(f"history/runs/{run.run_id}.db*"):
            path.unlink()
        shutil.rmtree(home.dagster / "storage" / run.run_id, ignore_errors=True)
    return len(old)
