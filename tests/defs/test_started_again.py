"""Runs of `cdp run` that Dagster starts again, by hand or because their process died, with their tags and settings."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
import os

import dagster as dg
import pytest

from cdp_pipeline.defs.launch import instance_of, release_dead_runs
from cdp_pipeline.defs.progress import progress_logger, told_to
from cdp_pipeline.defs.resources import LAUNCHER_TAG, is_of_cli
from cdp_pipeline.home import Home

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@dg.op
def step() -> None:
    return None


@dg.job(logger_defs={"progress": progress_logger})
def work() -> None:
    step()


def test_lines_of_steps_go_to_the_terminal_of_the_first_start_only(home: Home) -> None:
    terminal = home.root / "terminal"
    fd = os.open(terminal, os.O_WRONLY | os.O_CREAT)
    try:
        with instance_of(home) as instance:
            with told_to(fd):
                first = work.execute_in_process(instance=instance, run_config={"loggers": {"progress": {}}})
            (line,) = terminal.read_text(encoding="utf-8").splitlines()
            assert line.split()[0] == "step"
            kept = instance.get_run_by_id(first.run_id)
            assert kept is not None
            # what runs of earlier versions left in the history: here and now it is somebody else's file
            for config in (kept.run_config, {"loggers": {"progress": {"config": {"fd": fd}}}}):
                assert work.execute_in_process(instance=instance, run_config=config).success
    finally:
        os.close(fd)
    assert terminal.read_text(encoding="utf-8").splitlines() == [line]


def test_a_run_that_dagster_starts_again_is_no_longer_that_of_the_command_line(home: Home) -> None:
    tags = {LAUNCHER_TAG: "cli"}
    with instance_of(home) as instance:
        killed = instance.create_run_for_job(work, tags=tags, status=dg.DagsterRunStatus.STARTED)
        again = instance.create_run_for_job(
            work,
            tags=tags,
            status=dg.DagsterRunStatus.STARTED,
            parent_run_id=killed.run_id,
            root_run_id=killed.run_id,
        )
        assert [is_of_cli(run) for run in (killed, again)] == [True, False]
        assert release_dead_runs(instance) == 1, "the other waits for its turn"
        left = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        assert [run.run_id for run in left] == [again.run_id]
