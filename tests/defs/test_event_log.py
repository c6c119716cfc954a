"""The event log that stays open holds what Dagster's own would hold, in the same files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from cdp_pipeline.defs.event_log import OpenEventLog, open_instance

# Columns of the index that are the same in any two runs of the same assets.
INDEX = {
    "event_logs": "dagster_event_type, step_key, asset_key, partition",
    "asset_keys": "asset_key, last_materialization is not null, last_materialization_timestamp is not null",
    "asset_check_executions": "asset_key, check_name, execution_status, evaluation_event is not null",
}


@dg.multi_asset(
    specs=[dg.AssetSpec("orders", code_version="1"), dg.AssetSpec("sales", deps=["orders"])],
    check_specs=[dg.AssetCheckSpec("not_empty", asset="sales"), dg.AssetCheckSpec("fresh", asset="orders")],
)
def shop() -> Iterator[Any]:
    yield dg.MaterializeResult("orders", metadata={"rows": 3}, data_version=dg.DataVersion("a"))
    yield dg.MaterializeResult("sales")
    yield dg.AssetCheckResult(asset_key="sales", check_name="not_empty", passed=True)
    yield dg.AssetCheckResult(asset_key="orders", check_name="fresh", passed=False)


@dg.asset(deps=["sales"])
def broken() -> None:
    raise ValueError("no")


def settings(folder: Path, text: str = "telemetry: {enabled: false}\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(text, encoding="utf-8")
    return folder


def run_of(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = dg.Definitions([shop, broken], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(database) as con:
        return con.execute(query).fetchall()


def logged(folder: Path, run_id: str) -> dict[str, list[tuple[Any, ...]]]:
    runs = folder / "history" / "runs"
    found = {
        table: sorted(rows(runs / "index.db", f"select {what} from {table}"), key=str) for table, what in INDEX.items()
    }
    found["run"] = rows(
        runs / f"{run_id}.db", "select dagster_event_type, step_key, asset_key from event_logs order by id"
    )
    return found


@pytest.mark.parametrize("at_once", [0, 500])
def test_it_logs_what_dagster_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    with dg.DagsterInstance.from_config(str(settings(tmp_path / "theirs"))) as theirs:
        assert type(theirs.event_log_storage) is SqliteEventLogStorage
        expected = logged(tmp_path / "theirs", run_of(theirs).run_id)
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", str(at_once))
    with open_instance(settings(tmp_path / "ours")) as ours:
        first = run_of(ours)
        found = logged(tmp_path / "ours", first.run_id)
        again = run_of(ours)
        assert ours.get_latest_materialization_event(dg.AssetKey("orders")).run_id == again.run_id  # type: ignore[union-attr]
        assert len(ours.all_logs(first.run_id)) == len(found["run"])
    assert found["asset_check_executions"] and found["event_logs"]
    assert found.pop("run") and {k: v for k, v in expected.items() if k != "run"} == found
    # Dagster itself goes on with what was written
    with dg.DagsterInstance.from_config(str(tmp_path / "ours")) as theirs:
        assert {r.run_id for r in theirs.get_runs()} == {first.run_id, again.run_id}
        assert [len(theirs.all_logs(r.run_id)) for r in (first, again)] == [len(expected["run"])] * 2


def test_the_log_of_a_deleted_run_is_gone_and_others_are_written(tmp_path: Path) -> None:
    with open_instance(settings(tmp_path)) as instance:
        first = run_of(instance).run_id
        instance.delete_run(first)
        assert instance.all_logs(first) == []
        second = run_of(instance).run_id
        assert instance.all_logs(second)


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    log = OpenEventLog(str(tmp_path))
    assert log.get_records_for_run("a").records == []
    (tmp_path / "a.db").unlink()
    assert log.get_records_for_run("a").records == []
    assert (tmp_path / "a.db").exists()
    log.dispose()


def test_a_storage_that_was_chosen_stays(tmp_path: Path) -> None:
    chosen = f"storage: {{sqlite: {{base_dir: {tmp_path / 'elsewhere'}}}}}\n"
    with open_instance(settings(tmp_path / "home", chosen)) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        run_of(instance)
    assert list((tmp_path / "elsewhere" / "history" / "runs").glob("*.db"))
    assert not (tmp_path / "home" / "history").exists()
