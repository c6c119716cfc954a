"""Tags of runs: what somebody asks of a run, and who started it."""

from __future__ import annotations

import dagster as dg

AS_OF_TAG = "cdp/as_of"
FULL_TAG = "cdp/full"
ACCEPT_TAG = "cdp/accept_changes"
PLAN_TAG = "cdp/plan"
# Set on runs that `cdp run` launches, see `is_of_cli`.
LAUNCHER_TAG = "cdp/launcher"

# Dagster's own: the delivery days that a run takes in.
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
PARTITION_TAG = "dagster/partition"


def is_of_cli(run: dg.DagsterRun) -> bool:
    """Whether `cdp run` launched a run, and sees to all around it. Dagster gives a run that it starts again (by hand,
    or as the process of the first one died) the tags of the first one."""
    return LAUNCHER_TAG in run.tags and run.parent_run_id is None
