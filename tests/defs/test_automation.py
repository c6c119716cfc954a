"""When runs start by themselves, and what a killed run leaves for the next one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.defs.build import build_defs
from cdp_pipeline.defs.dead_runs import release_dead_runs
from cdp_pipeline.defs.jobs import build_job, build_schedule, build_sensor
from cdp_pipeline.defs.launch import instance_of, new_run_id
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.contract import load_contracts

ROOT = Path(__file__).parents[2]


def land(home: Home, day: str, name: str = "a.jsonl") -> None:
    folder = home.landed("zoho_crm", "contacts", date.fromisoformat(day))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text('{"id": "1"}\n', encoding="utf-8")


def test_definitions_load_through_the_workspace_file() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dagster"), "definitions", "validate", "-w", str(ROOT / "workspace.yaml")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_resources_can_be_replaced(home: Home) -> None:
    other = dg.ResourceDefinition.hardcoded_resource("another")
    assert (build_defs(home, Settings(), {"dbt": other}).resources or {})["dbt"] is other


def test_sensor_asks_once_when_the_folder_has_come_to_rest(home: Home) -> None:
    land(home, "2017-03-05")
    land(home, "2017-03-09")
    sensor = build_sensor(build_job(), home, load_contracts(), Settings())

    def tick(cursor: str | None) -> tuple[object, str | None]:
        with dg.build_sensor_context(cursor=cursor) as context:
            return sensor(context), context.cursor

    first, cursor = tick(None)
    assert isinstance(first, dg.SkipReason)
    second, cursor = tick(cursor)
    assert isinstance(second, dg.RunRequest)
    assert second.tags["dagster/asset_partition_range_start"] == "2017-03-05"
    assert second.tags["dagster/asset_partition_range_end"] == "2017-03-09"
    assert "cdp/accept_changes" not in second.tags, "nobody looks on: bounds on change hold"
    third, cursor = tick(cursor)
    assert isinstance(third, dg.SkipReason)
    land(home, "2017-03-10")
    assert isinstance(tick(cursor)[0], dg.SkipReason), "a changing folder waits for its next tick"


def test_schedule_takes_yesterday_in_the_company_s_time_zone(home: Home) -> None:
    land(home, "2017-03-05")
    settings = Settings(timezone="Asia/Shanghai")
    schedule = build_schedule(build_job(), home, load_contracts(), settings)
    assert schedule.execution_timezone == "Asia/Shanghai"
    # 20:30 UTC is 04:30 of the next day in Shanghai.
    when = datetime(2017, 3, 6, 20, 30, tzinfo=UTC).astimezone(__import__("zoneinfo").ZoneInfo("Asia/Shanghai"))
    request = schedule(dg.build_schedule_context(scheduled_execution_time=when))
    assert isinstance(request, dg.RunRequest)
    assert request.tags["cdp/as_of"] == "2017-03-06"
    assert request.tags["dagster/asset_partition_range_start"] == "2017-03-05"
    assert request.tags["dagster/asset_partition_range_end"] == "2017-03-06"
    assert "cdp/accept_changes" not in request.tags


def test_schedule_waits_for_the_first_delivery(home: Home) -> None:
    schedule = build_schedule(build_job(), home, load_contracts(), Settings())
    when = datetime(2017, 3, 6, 4, 30, tzinfo=UTC)
    assert isinstance(schedule(dg.build_schedule_context(scheduled_execution_time=when)), dg.SkipReason)


def test_days_before_the_first_that_dagster_knows_are_told_and_left_to_the_command_line(home: Home) -> None:
    land(home, "2017-03-05")
    settings = Settings(start_date=date(2017, 3, 7))
    sensor = build_sensor(build_job(), home, load_contracts(), settings)
    cursor = None
    for _ in range(2):
        with dg.build_sensor_context(cursor=cursor) as context:
            told, cursor = sensor(context), context.cursor
    assert isinstance(told, dg.SkipReason)
    assert told.skip_message == "unseen files lie before CDP_START_DATE, 2017-03-07: `cdp run` takes them"

    # the first night of an installation that begins today
    schedule = build_schedule(build_job(), home, load_contracts(), settings)
    first, second = (
        schedule(dg.build_schedule_context(scheduled_execution_time=datetime(2017, 3, day, 4, 30, tzinfo=UTC)))
        for day in (7, 8)
    )
    assert isinstance(first, dg.SkipReason) and isinstance(second, dg.RunRequest)
    assert second.tags["dagster/asset_partition_range_start"] == "2017-03-07"


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_slots_of_a_killed_run_are_given_back(home: Home) -> None:
    with instance_of(home) as instance:
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default("warehouse.duckdb")
        dead, living = new_run_id(), new_run_id()
        assert storage.claim_concurrency_slot("warehouse.duckdb", dead, "dbt_core").is_claimed
        assert not storage.claim_concurrency_slot("warehouse.duckdb", living, "dbt_core").is_claimed
        assert release_dead_runs(instance) == 1
        assert storage.claim_concurrency_slot("warehouse.duckdb", living, "dbt_core").is_claimed
