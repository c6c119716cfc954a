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
from stages import STAGES

POINTS = int(os.environ.get("CDP_CHAOS_POINTS", "3"))


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
