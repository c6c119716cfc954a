"""As-of, fingerprints, settings and the run lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline import inputs, steps, warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.lock import RunInProgress, run_lock
from cdp_pipeline.settings import Settings, SettingsError


def land(home: Home, day: str, text: str = "{}\n") -> Path:
    folder = home.landed("shopify", "orders", date.fromisoformat(day))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "orders.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_as_of_is_the_greatest_landed_day_and_never_goes_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    land(home, "2017-03-05")
    land(home, "2017-03-04")
    (home.landed("shopify", "orders", date(2018, 1, 1))).mkdir()  # an empty folder is no delivery
    assert inputs.resolve_as_of(home, None, None) == date(2017, 3, 5)
    assert inputs.resolve_as_of(home, None, date(2017, 3, 9)) == date(2017, 3, 9)
    assert inputs.resolve_as_of(home, date(2017, 3, 9), date(2017, 3, 9)) == date(2017, 3, 9)
    with pytest.raises(inputs.InputsError, match=f"published 2017-03-09 of {tmp_path}: give --out with another folder"):
        inputs.resolve_as_of(home, date(2017, 3, 8), date(2017, 3, 9))
    assert inputs.resolve_as_of(home, date(2017, 3, 4), None) == date(2017, 3, 4)
    with pytest.raises(inputs.InputsError, match=r"--as-of 2017-03-03 lies before the first delivery .*: 2017-03-04$"):
        inputs.resolve_as_of(home, date(2017, 3, 3), None)


@pytest.mark.parametrize(
    ("until", "published", "as_of"),
    [
        (date(2017, 3, 6), None, date(2017, 3, 5)),
        (date(2017, 3, 7), None, date(2017, 3, 7)),
        (date(2017, 4, 1), None, date(2017, 3, 7)),
        (date(2017, 3, 5), date(2017, 3, 6), date(2017, 3, 6)),
        (date(2017, 1, 1), None, date(2017, 3, 5)),
    ],
)
def test_a_run_over_some_days_does_not_stand_for_later_ones(
    tmp_path: Path, until: date, published: date | None, as_of: date
) -> None:
    home = Home(tmp_path)
    for day in ("2017-03-05", "2017-03-07"):
        land(home, day)
    assert inputs.resolve_as_of(home, None, published, until) == as_of


def test_landing_fingerprint_moves_with_files_up_to_the_as_of(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = land(home, "2017-03-05")
    before = inputs.landing_fingerprint(home, date(2017, 3, 5))
    land(home, "2017-03-06")
    assert inputs.landing_fingerprint(home, date(2017, 3, 5)) == before
    assert inputs.landing_fingerprint(home, date(2017, 3, 6)) != before
    status = path.stat()
    path.write_text("[]\n", encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert inputs.landing_fingerprint(home, date(2017, 3, 5)) != before


def test_settings_come_from_the_environment() -> None:
    given = {"CDP_TIMEZONE": "Asia/Shanghai", "CDP_START_DATE": "2020-02-29", "CDP_MAX_PROFILE_DROP": "", "OTHER": "x"}
    assert Settings.from_env(given) == Settings(timezone="Asia/Shanghai", start_date=date(2020, 2, 29))


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CDP_TIMEZONE", "Nowhere"), ("CDP_MAX_MATCH_RATE", "1.5"), ("CDP_KEEP_VERSIONS", "0"), ("CDP_SCHEDULE", "daily")],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: cannot use '{value}'"):
        Settings.from_env({variable: value})


@pytest.mark.parametrize(
    "text",
    [
        "30 4 * * *", "99 99 * * *", "60 0 * * *", "0 24 * * *", "0 4 0 * *", "0 4 * 13 *", "0 4 1 0 *", "0 4 * * 8",
        "0 4 * * 7", "05 04 * * *", "*/5 * * * *", "*/0 * * * *", "5-50/10 * * * *", "5/10 * * * *", "50-10 * * * *",
        "1,15 * * * *", "1,,2 * * * *", "1, * * * *", "*-5 * * * *", "*/5/2 * * * *", "-1 * * * *", "1.5 * * * *",
        "0 4 * * MON-Fri", "0 4 * jan,MAR *", "0 4 * monday *", "0 4 jan * *", "0 4 L * *", "0 4 ? * *", "? 4 * * *",
        "0 4 * * l5", "0 4 * * 5#2", "0 4 * * sun#1", "0 4 * * 5#6", "0 4 * * L", "0 4 30 2 *", "0 4 30 feb *",
        "0 4 29 2 *", "0 4 31 4 *", "a b c d e", "* * * *", "0 0 * * * *",
    ],
)  # fmt: skip
def test_a_schedule_is_taken_where_dagster_takes_it(text: str) -> None:
    from dagster import DagsterInvalidDefinitionError, ScheduleDefinition

    try:
        ScheduleDefinition(job_name="daily", cron_schedule=text)
    except DagsterInvalidDefinitionError:
        with pytest.raises(SettingsError, match=r"^CDP_SCHEDULE: cannot use"):
            Settings.from_env({"CDP_SCHEDULE": text})
    else:
        assert Settings.from_env({"CDP_SCHEDULE": text}).schedule == text


def test_the_lock_keeps_other_processes_out_and_lets_this_one_in_again(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    attempt = "import sys; from pathlib import Path; from cdp_pipeline.lock import run_lock\n"
    attempt += "with run_lock(Path(sys.argv[1])): print('held')"
    with run_lock(path), run_lock(path):
        done = subprocess.run([sys.executable, "-c", attempt, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"process {os.getpid()}" in done.stderr.splitlines()[-1]
    done = subprocess.run([sys.executable, "-c", attempt, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == "held\n"


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    hold = "import sys, time; from pathlib import Path; from cdp_pipeline.lock import run_lock\n"
    hold += "with run_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunInProgress, match=f"process {holder.pid}"), run_lock(path):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with run_lock(path):
        assert f"process {os.getpid()}" in path.read_text(encoding="utf-8")


def test_a_run_waits_for_a_dbt_that_outlived_its_run(tmp_path: Path) -> None:
    home = Home(tmp_path)
    hold = "import sys, time, duckdb; con = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(1.5)"
    started = time.monotonic()
    holder = subprocess.Popen([sys.executable, "-c", hold, str(home.warehouse_db)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RuntimeError, match="another process holds"):
        steps.wait_for_warehouse(home, seconds=0.1)
    steps.wait_for_warehouse(home)
    assert time.monotonic() - started >= 1.5
    holder.wait()
    holder.stdout.close()


def test_a_run_waits_for_a_dbt_that_has_not_opened_the_warehouse_yet(tmp_path: Path) -> None:
    """It parses the project first, while the next run may have begun."""
    home, said = Home(tmp_path / "home"), list[str]()
    for folder in (home.root / "dbt", tmp_path / "other"):
        folder.mkdir(parents=True)

    def dbt(target: Path) -> subprocess.Popen[bytes]:
        ends_with_its_input = [sys.executable, "-c", "import sys; sys.stdin.read()", "--target-path", str(target)]
        return subprocess.Popen(ends_with_its_input, stdin=subprocess.PIPE)

    with dbt(tmp_path / "other") as other, dbt(home.root / "x" / ".." / "dbt") as left:
        assert left.stdin is not None
        # A process is there a moment before the system tells its arguments.
        while not Path(f"/proc/{left.pid}/cmdline").read_bytes():
            pass
        with pytest.raises(RuntimeError, match=f"process {left.pid}"):
            steps.wait_for_warehouse(home, dbt_seconds=0.1)
        end = threading.Timer(0.7, left.stdin.close)
        end.start()
        steps.wait_for_warehouse(home, say=said.append)
        assert left.wait() == 0
        assert other.poll() is None, "that of another home is left alone"
        end.join()
    assert said == [f"dbt of a run that was killed goes on (process {left.pid}): waiting for its end"]


@pytest.mark.parametrize(("manifest", "parses"), [("{}", 0), ('{"nodes": {"model.', 1), ("", 1), (None, 1)])
def test_a_manifest_that_a_kill_cut_short_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: str | None, parses: int
) -> None:
    (tmp_path / "target").mkdir()
    if manifest is not None:
        (tmp_path / "target" / "manifest.json").write_text(manifest, encoding="utf-8")
    parsed: list[int] = []
    monkeypatch.setattr(warehouse, "PROJECT", tmp_path)
    monkeypatch.setattr(warehouse, "prepare_manifest", lambda: parsed.append(1))
    (tmp_path / "model.sql").write_text("select 1", encoding="utf-8")
    os.utime(tmp_path / "model.sql", (1, 1))
    steps.ensure_manifest()
    assert len(parsed) == parses
