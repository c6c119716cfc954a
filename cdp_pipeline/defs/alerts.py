"""Sensors that tell people of the runs that Dagster starts itself; `cdp run` tells of its own."""

from __future__ import annotations

import dagster as dg

from cdp_pipeline import alerts
from cdp_pipeline.defs.run_tags import is_of_cli
from cdp_pipeline.home import Home


def alert_sensors(home: Home, job: str) -> list[dg.SensorDefinition]:
    """Failure and recovery of runs of `job`. Running from the start where the home declares receivers."""
    declared = (home.root / alerts.FILE).exists()
    status = dg.DefaultSensorStatus.RUNNING if declared else dg.DefaultSensorStatus.STOPPED

    @dg.run_failure_sensor(
        name="alert_failed",
        default_status=status,
        monitor_all_code_locations=False,
        description="Tells the receivers of alerts.yml that a run failed, and at which step.",
    )
    def failed(context: dg.RunFailureSensorContext) -> None:
        if context.dagster_run.job_name != job or is_of_cli(context.dagster_run):
            return
        names = sorted({str(event.step_key) for event in context.get_step_failure_events()})
        what = f"failed: {', '.join(names)}" if names else "ended without a failed step"
        for problem in alerts.notify(
            home, alerts.of_failure(home.root, f"run {context.dagster_run.run_id[:8]} {what}")
        ):
            context.log.warning(problem)

    @dg.run_status_sensor(
        name="alert_recovered",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=status,
        monitor_all_code_locations=False,
        description="Tells the receivers of alerts.yml of the first good run after a failed one.",
    )
    def recovered(context: dg.RunStatusSensorContext) -> None:
        if context.dagster_run.job_name != job or is_of_cli(context.dagster_run):
            return
        again = alerts.Alert(
            "recovered", f"Runs succeed again: {context.dagster_run.run_id[:8]}", (f"home: {home.root}",)
        )
        for problem in alerts.notify(home, again):
            context.log.warning(problem)

    return [failed, recovered]
