"""Dagster's history of runs does not grow for ever."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.defs.jobs import range_tags
from cdp_pipeline.defs.launch import instance_of
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.defs.run_history import drop_old_runs
from cdp_pipeline.defs.run_tags import AS_OF_TAG, LAUNCHER_TAG
from cdp_pipeline.home import Home


def test_the_last_runs_stay_and_the_others_go_with_their_files(tmp_path: Path) -> None:
    @dg.asset
    def something() -> int:
        return 1

    @dg.op
    def ask() -> None:
        return None

    @dg.job
    def pull() -> None:
        ask()

    home = Home(tmp_path)
    with instance_of(home) as instance:
        pulled = pull.execute_in_process(instance=instance).run_id
        made = [dg.materialize([something], instance=instance).run_id for _ in range(4)]
        assert drop_old_runs(instance, home, keep=4) == 0
        assert drop_old_runs(instance, home, keep=2) == 2
        assert [run.run_id for run in instance.get_runs()] == [*made[:1:-1], pulled], "counted by job"
        latest = instance.get_latest_materialization_event(something.key)
        assert latest is not None and latest.run_id == made[-1]
    files = {path.name.partition(".")[0] for path in (home.dagster / "history" / "runs").iterdir()}
    assert files & {*made, pulled} == {*made[2:], pulled}
    assert not any((home.dagster / "storage" / run_id).exists() for run_id in made[:2])


def test_runs_that_dagster_starts_drop_old_ones_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_KEEP_RUNS", "2")
    home = Home(tmp_path)
    home.landed("zoho_crm", "contacts", date(2017, 3, 5)).mkdir(parents=True)

    # Dagster looks at a parameter's type by name
    def something(platform: PlatformResource) -> None:
        assert platform.plan.as_of == date(2017, 3, 5)

    asset = dg.asset(something)

    def materialize(instance: dg.DagsterInstance, **tags: str) -> str:
        tags = {AS_OF_TAG: "2017-03-05", **tags}
        resources = {"platform": PlatformResource(home=str(home.root))}
        return dg.materialize([asset], instance=instance, resources=resources, tags=tags).run_id

    with instance_of(home) as instance:
        made = [materialize(instance, **{LAUNCHER_TAG: "cli"}) for _ in range(3)]
        assert len(instance.get_runs()) == 3, "`cdp run` drops them before it launches"
        made.append(materialize(instance))
        assert [run.run_id for run in instance.get_runs()] == made[:0:-1]


@pytest.mark.parametrize(
    "tags", [range_tags(date(2017, 3, 1), date(2017, 3, 6)), {"dagster/partition": "2017-03-06"}], ids=["range", "day"]
)
def test_a_run_that_dagster_starts_over_some_days_stands_for_the_last_of_them(
    tmp_path: Path, tags: dict[str, str]
) -> None:
    home = Home(tmp_path)
    # the last has landed while the run waited for its turn
    for day in (5, 6, 9):
        folder = home.landed("zoho_crm", "contacts", date(2017, 3, day))
        folder.mkdir(parents=True)
        (folder / "a.jsonl").write_text('{"id": "1"}\n', encoding="utf-8")

    def something(platform: PlatformResource) -> None:
        assert platform.plan.as_of == date(2017, 3, 6)

    asset = dg.asset(something, partitions_def=dg.DailyPartitionsDefinition("2017-01-01"))
    with instance_of(home) as instance:
        resources = {"platform": PlatformResource(home=str(home.root))}
        key = tags.get("dagster/partition")
        done = dg.materialize([asset], instance=instance, resources=resources, tags=tags, partition_key=key)
        assert done.success
