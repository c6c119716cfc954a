"""A job and a schedule for each connection of ``connect.yml``; nothing without one or without the extra.

Jobs of an op and not assets: a pull is no step of a run. What it lands is found by the landing sensor like any other
delivery.
"""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from zoneinfo import ZoneInfo

import dagster as dg

from cdp_pipeline.connect import ConnectConfigError, ConnectError, Connection, load_connections
from cdp_pipeline.defs.guard import guarded
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings

POOL_PREFIX = "connect_"
RETRIES = 3
RETRY_SECONDS = 120


def connect_parts(
    home: Home, settings: Settings, env: Mapping[str, str] | None = None
) -> tuple[list[dg.JobDefinition], list[dg.ScheduleDefinition]]:
    """Jobs ``pull_<name>`` and the schedules of those connections that have one.

    A ``connect.yml`` that cannot be used is a warning: the runs on what has landed must not stop for it.
    """
    if find_spec("dlt") is None:
        return [], []
    try:
        connections = load_connections(home)
    except ConnectConfigError as error:
        logging.getLogger(__name__).warning("no live pulls: %s", error)
        return [], []
    jobs: list[dg.JobDefinition] = []
    schedules: list[dg.ScheduleDefinition] = []
    for connection in connections.values():
        job = _job(home, connection, settings, os.environ if env is None else env)
        jobs.append(job)
        if connection.schedule is None:
            continue
        try:
            schedules.append(
                dg.ScheduleDefinition(
                    name=job.name,
                    job=job,
                    cron_schedule=connection.schedule,
                    execution_timezone=settings.timezone,
                    description=f"Pulls {connection.name} as connect.yml says.",
                )
            )
        except dg.DagsterInvalidDefinitionError:
            logging.getLogger(__name__).warning("connect.yml: %s: schedule is no cron expression", connection.name)
    return jobs, schedules


def _job(home: Home, connection: Connection, settings: Settings, env: Mapping[str, str]) -> dg.JobDefinition:
    @dg.op(
        name=f"{connection.name}_objects",
        description=f"Lands what changed at {connection.host}: {', '.join(connection.objects)}.",
        pool=f"{POOL_PREFIX}{connection.name}",
        retry_policy=dg.RetryPolicy(
            max_retries=RETRIES, delay=RETRY_SECONDS, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
        ),
        out=dg.Out(dg.Nothing),
    )
    @guarded
    def objects(context: dg.OpExecutionContext) -> None:
        from cdp_pipeline.connect.pull import pull

        today = datetime.now(ZoneInfo(settings.timezone)).date()
        try:
            result = pull(home, connection, connection.objects, today, env, tell=context.log.info)
        except ConnectConfigError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        except ConnectError as error:
            raise dg.Failure(str(error)) from None
        context.add_output_metadata(
            {
                "records": {o.obj: o.records for o in result.objects},
                "files": sum(len(o.files) for o in result.objects),
                "requests": result.requests,
                "retries": result.retries,
                "throttled": result.throttled,
                "waited_seconds": result.waited,
            }
        )
        failed = [o for o in result.objects if o.failure]
        if failed:
            raise dg.Failure("; ".join(o.failure for o in failed), allow_retries=any(o.may_pass for o in failed))

    @dg.job(
        name=f"pull_{connection.name}",
        description=f"Live pull of {connection.name} ({connection.type}) into landing.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        objects()

    return job
