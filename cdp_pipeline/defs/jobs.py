"""The one job, when it runs by itself, and what starts it in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from cdp_pipeline import inputs
from cdp_pipeline.defs.run_tags import AS_OF_TAG, RANGE_END_TAG, RANGE_START_TAG
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.contract import SourceContract
from cdp_pipeline.sources.ingest import pending
from profiles.snapshots import newest_manifest

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB = "cdp_run"
SENSOR_SECONDS = 60


def build_job() -> UnresolvedAssetJobDefinition:
    """Everything from landing to the published snapshot; whatever follows ingest runs once per run."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        description="Landing to published snapshot. What follows ingest runs once, however many days are taken in.",
    )


def range_tags(start: date, end: date) -> dict[str, str]:
    """Run tags that make one run take in the delivery days from `start` to `end`."""
    return {RANGE_START_TAG: start.isoformat(), RANGE_END_TAG: end.isoformat()}


def build_schedule(
    job: UnresolvedAssetJobDefinition, home: Home, contracts: Mapping[str, SourceContract], settings: Settings
) -> dg.ScheduleDefinition:
    """Once a day: yesterday is over in the company's time zone and becomes the as-of."""

    @dg.schedule(
        name="daily",
        job=job,
        cron_schedule=settings.schedule,
        execution_timezone=settings.timezone,
        description="Takes in all unseen days up to yesterday and publishes as of yesterday.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        as_of = context.scheduled_execution_time.date() - timedelta(days=1)
        if as_of < settings.start_date:
            return dg.SkipReason(f"{as_of} lies before CDP_START_DATE, {settings.start_date}")
        published = newest_manifest(home.root)
        if published and published.as_of > as_of:
            return dg.SkipReason(f"already published as of {published.as_of}")
        if not inputs.landed_days(home):
            return dg.SkipReason("nothing has landed yet")
        unseen = [p.dt for p in pending(home, contracts) if settings.start_date <= p.dt <= as_of]
        return dg.RunRequest(
            run_key=f"daily-{as_of}",
            tags={AS_OF_TAG: as_of.isoformat(), **range_tags(min(unseen, default=as_of), as_of)},
        )

    return daily


def build_sensor(
    job: UnresolvedAssetJobDefinition, home: Home, contracts: Mapping[str, SourceContract], settings: Settings
) -> dg.SensorDefinition:
    """Starts a run when files have arrived; the cursor remembers the landing folder it last acted on.

    Edge-triggered: an unchanged folder never asks twice, also when its run failed. A folder must look the same in two
    ticks, so that a delivery of many files starts one run when it is complete.
    """

    @dg.sensor(
        name="landing",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="One run over the days with unseen files, once the landing folder has come to rest.",
    )
    def landing(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        cursor = json.loads(context.cursor or "{}")
        seen = inputs.landing_fingerprint(home)
        if cursor.get("done") == seen:
            return dg.SkipReason("nothing new in the landing folder")
        if cursor.get("seen") != seen:
            context.update_cursor(json.dumps({**cursor, "seen": seen}))
            return dg.SkipReason("the landing folder is changing")
        context.update_cursor(json.dumps({"seen": seen, "done": seen}))
        unseen = [p.dt for p in pending(home, contracts)]
        days = [dt for dt in unseen if dt >= settings.start_date]
        if not days:
            early = f"unseen files lie before CDP_START_DATE, {settings.start_date}: `cdp run` takes them"
            return dg.SkipReason(early if unseen else "no file is unseen")
        return dg.RunRequest(run_key=f"landing-{seen}", tags=range_tags(min(days), max(days)))

    return landing
