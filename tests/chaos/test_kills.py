"""Every stage, killed at many points: the next run ends as if nothing had happened, and readers saw nothing of it.

A few points of each stage by default; ``make chaos`` takes CDP_CHAOS_POINTS of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kills import count, kill
from small_disks import can_mount, run_on, small_disk, used_bytes
from stages import STAGES

POINTS = int(os.environ.get("CDP_CHAOS_POINTS", "3"))
# how many sizes of a disk that is too small
DISKS = max(1, POINTS // 10)
MIB = 1 << 20


@pytest.mark.parametrize("name", STAGES)
def test_a_killed_stage_ends_as_an_undisturbed_one(name: str, tmp_path: Path) -> None:
    stage = STAGES[name]
    before = tmp_path / "before"
    before.mkdir()
    stage.prepare(before)

    undisturbed = tmp_path / "run"
    shutil.copytree(before, undisturbed, symlinks=True)
    usual = count(stage.code, undisturbed, str(undisturbed))
    assert usual.changes > 3, "the hook sees what the stage changes"
    expected = stage.state(undisturbed)
    shutil.rmtree(undisturbed)

    killed = 0
    for point in usual.points(POINTS):
        # at the same path: some state holds paths
        shutil.copytree(before, undisturbed, symlinks=True)
        killed += kill(stage.code, undisturbed, point, usual, str(undisturbed))
        stage.readable(undisturbed)
        again = subprocess.run(
            [sys.executable, "-c", stage.code, str(undisturbed)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert again.returncode == 0, f"{name}, killed at {point}: {again.stderr[-2000:]}"
        found = stage.state(undisturbed)
        assert found == expected, (
            f"{name}, killed at {point}: {[key for key in expected if found[key] != expected[key]]}"
        )
        shutil.rmtree(undisturbed)
    print(f"{name}: {usual.changes} changes, killed at {killed} points")
    assert killed >= POINTS // 2, "the points lie within the stage"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_on_a_full_disk_ends_as_an_undisturbed_one_once_there_is_room(name: str, tmp_path: Path) -> None:
    if not can_mount(tmp_path / "mount"):
        pytest.skip("a disk of its own needs root and the right to mount")
    stage = STAGES[name]
    before = tmp_path / "before"
    before.mkdir()
    stage.prepare(before)
    folder = tmp_path / "run"
    shutil.copytree(before, folder, symlinks=True)
    assert run_on(stage.code, folder).returncode == 0
    expected = stage.state(folder)
    start, end = used_bytes(before), used_bytes(folder)
    shutil.rmtree(folder)

    failed = 0
    for number in range(DISKS):
        with small_disk(folder, start + 64 * MIB) as resize:
            shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True)
            used = shutil.disk_usage(folder).used
            # some pages, up to what the stage adds: it runs out of them at another place each time
            room = 4096 + number * max(4096, end - start) // DISKS
            resize(used + room)
            full = run_on(stage.code, folder)
            failed += full.returncode != 0
            stage.readable(folder)
            resize(start + 256 * MIB)
            again = run_on(stage.code, folder)
            assert again.returncode == 0, f"{name}, {room} bytes free: {again.stderr[-2000:]}"
            found = stage.state(folder)
            assert found == expected, (
                f"{name}, {room} bytes free: {[key for key in expected if found[key] != expected[key]]}"
            )
    print(f"{name}: {failed} of {DISKS} disks were too small")
    assert failed, "the disk was full"
