"""A process of dbt that is started before it is needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdp_pipeline import dbt_process
from cdp_pipeline.home import Home
from cdp_pipeline.orphans import PROCESSES, dbt_processes
from cdp_pipeline.warehouse import target_folder

PROJECT = "name: said\nversion: '1.0'\nprofile: said\n"
PROFILE = "said: {target: memory, outputs: {memory: {type: duckdb, path: ':memory:'}}}\n"
# What a macro reads of the environment, and what dbt was called with, in dbt's own output.
MACRO = "{% macro said(words) %}{{ print(words ~ ' ' ~ env_var('CDP_SAID', 'nothing')) }}{% endmacro %}\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = Home(tmp_path)
    (tmp_path / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros" / "said.sql").write_text(MACRO, encoding="utf-8")
    yield found
    assert dbt_process.waiting_id() is None


def say(home: Home, words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    target = target_folder(home)
    arguments = ["--quiet", "run-operation", "said", "--target-path", str(target), "--args", f"{{words: {words}}}"]
    return dbt_process.run(arguments, {**os.environ, **environment}, home.root, target)


def test_the_one_that_waits_takes_arguments_and_environment_of_the_call(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_SAID", "of the start")
    with dbt_process.started_ahead(target_folder(home), home.root):
        waiting = dbt_process.waiting_id()
        assert waiting
        monkeypatch.delenv("CDP_SAID")
        done = say(home, "王 één", {"CDP_SAID": "\N{SNOWMAN} of the call"})
        assert (done.returncode, done.stdout) == (0, "王 één \N{SNOWMAN} of the call\n")
        assert not Path(f"/proc/{waiting}").exists()
        assert dbt_process.waiting_id() is None
        assert say(home, "alone", {}).stdout == "alone nothing\n"

        dbt_process.start_next()
        second = dbt_process.waiting_id()
        dbt_process.start_next()
        assert dbt_process.waiting_id() == second != waiting
        done = say(home, "'", {})
        assert done.returncode != 0
        assert "words" in done.stdout + done.stderr
    dbt_process.start_next()


def test_without_one_that_waits_a_new_one_does_the_same(home: Home) -> None:
    assert say(home, "alone", {"CDP_SAID": "x"}).stdout == "alone x\n"
    with dbt_process.started_ahead(home.root / "elsewhere", home.root):
        waiting = dbt_process.waiting_id()
        assert say(home, "alone", {}).stdout == "alone nothing\n"
        assert dbt_process.waiting_id() == waiting


@pytest.mark.skipif(not PROCESSES.is_dir(), reason="needs /proc")
def test_one_that_was_killed_meanwhile_is_replaced(home: Home) -> None:
    with dbt_process.started_ahead(target_folder(home), home.root):
        waiting = dbt_process.waiting_id()
        assert waiting
        os.kill(waiting, signal.SIGKILL)
        _wait_until(lambda: _ended(waiting))
        assert say(home, "again", {}).stdout == "again nothing\n"


@pytest.mark.skipif(not PROCESSES.is_dir(), reason="needs /proc")
def test_it_ends_with_whoever_started_it_and_is_no_orphan_meanwhile(home: Home) -> None:
    with dbt_process.started_ahead(target_folder(home), home.root):
        waiting = dbt_process.waiting_id()
        assert waiting
        assert dbt_processes(home) == []
    assert _ended(waiting)

    killed = f"""
import os, signal, sys
from pathlib import Path
from cdp_pipeline import dbt_process
from cdp_pipeline.home import Home
from cdp_pipeline.warehouse import target_folder
home = Home(Path({str(home.root)!r}))
with dbt_process.started_ahead(target_folder(home), home.root):
    print(dbt_process.waiting_id(), flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen(
        [sys.executable, "-c", killed], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin
        assert run.stdout
        waiting = int(run.stdout.readline())
        _wait_until(lambda: dbt_processes(home) == [waiting])
        run.communicate("\n")
    _wait_until(lambda: dbt_processes(home) == [])


def _wait_until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ended(process: int) -> bool:
    try:
        return (PROCESSES / str(process) / "stat").read_bytes().rpartition(b") ")[2].startswith(b"Z")
    except OSError:
        return True
