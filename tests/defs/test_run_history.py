"""Dagster's history of runs does not grow for ever."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from cdp_pipeline.defs.launch import instance_of
from cdp_pipeline.defs.run_history import drop_old_runs
from cdp_pipeline.home import Home


def test_the_last_runs_stay_and_the_others_go_with_their_files(tmp_path: Path) -> None:
    @dg.asset
    def something() -> int:
        return 1

    home = Home(tmp_path)
    with instance_of(home) as instance:
        made = [dg.materialize([something], instance=instance).run_id for _ in range(4)]
        assert drop_old_runs(instance, home, keep=4) == 0
        assert drop_old_runs(instance, home, keep=2) == 2
        assert [run.run_id for run in instance.get_runs()] == made[:1:-1]
        latest = instance.get_latest_materialization_event(something.key)
        assert latest is not None and latest.run_id == made[-1]
    files = {path.name.partition(".")[0] for path in (home.dagster / "history" / "runs").iterdir()}
    assert files & set(made) == set(made[2:])
    assert not any((home.dagster / "storage" / run_id).exists() for run_id in made[:2])
