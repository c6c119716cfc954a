"""Runs whose process died, and runs of `cdp run` that Dagster starts again, with their tags and settings."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from cdp_pipeline.defs.dead_runs import end_dead_runs, release_dead_runs
from cdp_pipeline.defs.launch import instance_of
from cdp_pipeline.defs.progress import progress_logger, told_to
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.defs.run_tags import AS_OF_TAG, LAUNCHER_TAG, is_of_cli
from cdp_pipeline.home import Home

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@dg.op
def step() -> None:
    return None


@dg.job(logger_defs={"progress": progress_logger})
def work() -> None:
    step()


@contextmanager
def holder(home: Home) -> Iterator[None]:
    """Another process that holds the run lock."""
    code = "import sys\nfrom pathlib import Path\nfrom cdp_pipeline.lock import run_lock\n"
    code += "with run_lock(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(home.run_lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


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


def test_a_run_whose_process_is_gone_is_ended_so_that_others_start(home: Home) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(minutes=11)
    with instance_of(home) as instance:
        killed = instance.create_run_for_job(work, tags={LAUNCHER_TAG: "cli"}, status=dg.DagsterRunStatus.STARTED)
        lost = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED)
        slot = instance.event_log_storage
        slot.initialize_concurrency_limit_to_default("warehouse.duckdb")
        assert slot.claim_concurrency_slot("warehouse.duckdb", lost.run_id, "step").is_claimed

        # as long as somebody holds the lock, either may be its holder or wait for it
        with holder(home):
            assert end_dead_runs(instance, home, "work", [lost.run_id], later) == ([], [])
        assert end_dead_runs(instance, home, "work", [], now) == ([killed.run_id], []), "the other may be starting"
        assert end_dead_runs(instance, home, "work", [], later) == ([], [lost.run_id]), "or just ending"
        assert end_dead_runs(instance, home, "work", [lost.run_id], later) == ([lost.run_id], [])
        assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])) == 2
        assert slot.claim_concurrency_slot("warehouse.duckdb", "another", "step").is_claimed
        assert end_dead_runs(instance, home, "work", [], later) == ([], [])


def test_a_run_that_dagster_starts_does_not_wait_for_the_slots_of_a_killed_one(home: Home) -> None:
    """Dagster gives them back minutes after the run's end; whoever holds the run lock knows that nobody works there."""
    home.landed("zoho_crm", "contacts", date(2017, 3, 5)).mkdir(parents=True)
    found: list[set[str]] = []

    # Dagster looks at a parameter's type by name
    def warehouse(context: dg.AssetExecutionContext, platform: PlatformResource) -> None:
        claimed = context.instance.event_log_storage.get_concurrency_info("warehouse.duckdb").claimed_slots
        found.append({slot.run_id for slot in claimed})

    with instance_of(home) as instance:
        killed = instance.create_run_for_job(work, status=dg.DagsterRunStatus.FAILURE)
        slots = instance.event_log_storage
        slots.initialize_concurrency_limit_to_default("warehouse.duckdb")
        assert slots.claim_concurrency_slot("warehouse.duckdb", killed.run_id, "step").is_claimed
        done = dg.materialize(
            [dg.asset(warehouse)],
            instance=instance,
            resources={"platform": PlatformResource(home=str(home.root))},
            tags={AS_OF_TAG: "2017-03-05"},
        )
        assert done.success
    assert found == [set()]
