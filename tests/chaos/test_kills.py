"""Every stage, killed at many points, on a full disk, by a wrong clock: it ends as if nothing had happened.

A few points of each stage by default; ``make chaos`` takes CDP_CHAOS_POINTS of them.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faults
import pytest
from clocks import YEAR, environment
from kills import Usual, count, kill
from small_disks import can_mount, run_on, small_disk, used_bytes
from stages import STAGES, Stage

POINTS = int(os.environ.get("CDP_CHAOS_POINTS", "3"))
# how many sizes of a disk that is too small
DISKS = max(2, POINTS // 10)
MIB = 1 << 20
COMMAND = f"CDP_CHAOS_POINTS={POINTS} pytest tests/chaos/test_kills.py"


@dataclass(frozen=True)
class Prepared:
    """A stage with what is there `before` it; `folder` is where it runs, always the same: some state holds paths.
    `added` is what it adds to a disk, in bytes."""

    stage: Stage
    before: Path
    folder: Path
    usual: Usual
    expected: Any
    added: int


# Erasing has its own kills in tests/privacy; here it takes as long as all others together.
BRIEF = [name for name in STAGES if name != "erase"]


@pytest.fixture(scope="module", params=STAGES if POINTS > 3 else BRIEF)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A stage, run once undisturbed."""
    stage = STAGES[request.param]
    root = tmp_path_factory.mktemp(stage.name)
    before, folder = root / "before", root / "run"
    before.mkdir()
    stage.prepare(before)
    shutil.copytree(before, folder, symlinks=True)
    usual = count(stage.code, folder, str(folder))
    assert usual.changes > 3, "the hook sees what the stage changes"
    expected = stage.state(folder)
    added = used_bytes(folder) - used_bytes(before)
    shutil.rmtree(folder)
    return Prepared(stage, before, folder, usual, expected, added)


def _begin_anew(prepared: Prepared) -> None:
    shutil.rmtree(prepared.folder, ignore_errors=True)
    shutil.copytree(prepared.before, prepared.folder, symlinks=True)


def _check_state(prepared: Prepared, told: str) -> None:
    found, expected = prepared.stage.state(prepared.folder), prepared.expected
    assert found == expected, f"{told}: {[key for key in expected if found[key] != expected[key]]}"


def test_a_killed_stage_ends_as_an_undisturbed_one(prepared: Prepared) -> None:
    stage, folder = prepared.stage, prepared.folder
    started, killed = time.monotonic(), 0
    for wanted in prepared.usual.points(POINTS):
        for point in wanted.attempts():
            _begin_anew(prepared)
            hit = kill(stage.code, folder, point, str(folder))
            if hit:
                break
        assert hit, f"{stage.name} ended before {wanted}, each time"
        killed += 1
        stage.readable(folder)
        again = run_on(stage.code, folder)
        assert again.returncode == 0, f"{stage.name}, killed at {point}: {again.stderr[-2000:]}"
        _check_state(prepared, f"{stage.name}, killed at {point}")
    print(f"{stage.name}: {prepared.usual.changes} changes, killed at {killed} points")
    faults.note(
        "stages", stage.name, command=COMMAND, what=stage.what, changes=prepared.usual.changes, killed=killed,
        recovered=killed, seconds=time.monotonic() - started,
    )  # fmt: skip


def test_a_stage_on_a_full_disk_ends_as_an_undisturbed_one_once_there_is_room(
    prepared: Prepared, tmp_path: Path
) -> None:
    if not can_mount(tmp_path / "mount"):
        pytest.skip("a disk of its own needs root and the right to mount")
    stage, folder = prepared.stage, prepared.folder
    start = used_bytes(prepared.before)
    failed = 0
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(DISKS):
        with small_disk(folder, start + 64 * MIB) as resize:
            shutil.copytree(prepared.before, folder, symlinks=True, dirs_exist_ok=True)
            # some pages, up to what the stage adds: it runs out of them at another place each time
            room = 4096 + number * max(4096, prepared.added) // DISKS
            resize(shutil.disk_usage(folder).used + room)
            failed += run_on(stage.code, folder).returncode != 0
            stage.readable(folder)
            resize(start + 256 * MIB)
            again = run_on(stage.code, folder)
            assert again.returncode == 0, f"{stage.name}, {room} bytes free: {again.stderr[-2000:]}"
            _check_state(prepared, f"{stage.name}, {room} bytes free")
    print(f"{stage.name}: {failed} of {DISKS} disks were too small")
    assert failed, "the disk was full"
    faults.note("disks", stage.name, command=COMMAND, disks=DISKS, failed=failed, recovered=DISKS)


def test_a_stage_does_the_same_a_year_earlier(prepared: Prepared, tmp_path: Path) -> None:
    """The machine's clock was set back since the last run: no result depends on it."""
    skewed = environment(tmp_path, -YEAR)
    if skewed is None:
        pytest.skip("the clock is skewed by a library that takes a C compiler, on Linux")
    _begin_anew(prepared)
    done = run_on(prepared.stage.code, prepared.folder, skewed)
    assert done.returncode == 0, done.stderr[-2000:]
    prepared.stage.readable(prepared.folder)
    _check_state(prepared, f"{prepared.stage.name}, a year earlier")
    faults.note("clocks", prepared.stage.name, command=COMMAND)
