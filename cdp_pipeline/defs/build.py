"""Puts the whole graph together. Nothing here reads data, and nothing is read before `build_defs` is called."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from cdp_pipeline.defs.alerts import alert_sensors
from cdp_pipeline.defs.connect import connect_parts
from cdp_pipeline.defs.dbt import dbt_steps, manifest_path
from cdp_pipeline.defs.dead_runs import build_dead_run_sensor
from cdp_pipeline.defs.jobs import JOB, build_job, build_schedule, build_sensor
from cdp_pipeline.defs.progress import progress_logger
from cdp_pipeline.defs.python_assets import python_assets
from cdp_pipeline.defs.raw import raw_assets
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.overlay import contracts_of


def build_defs(
    home: Home | None = None,
    settings: Settings | None = None,
    resource_overrides: Mapping[str, object] | None = None,
) -> dg.Definitions:
    """All definitions for one home (default: the environment's).

    `resource_overrides` replaces resources by key (``platform``), so that a test swaps one without patching.
    Raises FileNotFoundError with the command to run when the dbt manifest has not been built.
    """
    home = home or Home.from_env()
    settings = settings or Settings.from_env()
    contracts = contracts_of(home)
    raw = raw_assets(contracts, settings)
    core, marts = dbt_steps(manifest_path())
    job = build_job()
    pulls, pull_schedules = connect_parts(home, settings)
    return dg.Definitions(
        assets=[*raw, core, marts, *python_assets(raw, core, marts)],
        jobs=[job, *pulls],
        schedules=[build_schedule(job, home, contracts, settings), *pull_schedules],
        sensors=[
            build_sensor(job, home, contracts, settings),
            build_dead_run_sensor(home, JOB),
            *alert_sensors(home, JOB),
        ],
        resources={
            "platform": PlatformResource(home=str(home.root)),
            **(resource_overrides or {}),
        },
        executor=dg.in_process_executor,
        loggers={"progress": progress_logger},
    )
