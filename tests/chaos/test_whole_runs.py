"""Whole runs, killed: some times in a row, then left alone, they end as an undisturbed one, and no reader noticed.

Takes minutes for each point, so ``make chaos`` runs it (CDP_CHAOS_RUNS kills) and the ordinary tests do not.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from whole_runs import differences, kill, kills, land, land_last_day, lost, reader, run, snapshot

from cdp_pipeline.home import Home

KILLS = int(os.environ.get("CDP_CHAOS_RUNS", "0"))
# A run that was killed, started again, killed … before one is let through.
IN_A_ROW = int(os.environ.get("CDP_CHAOS_IN_A_ROW", "3"))


@pytest.mark.skipif(not KILLS, reason="takes minutes for each kill; make chaos runs it")
def test_killed_runs_end_as_an_undisturbed_one(tmp_path: Path) -> None:
    prepared = os.environ.get("CDP_CHAOS_HOME")  # a home made by an earlier call, to go on with
    before = Home(Path(prepared) if prepared else tmp_path / "before")
    if not prepared:
        land(before)
        run(before)
    # always at one path: state holds paths
    home = Home(tmp_path / "home")

    def fresh() -> None:
        shutil.rmtree(home.root, ignore_errors=True)
        shutil.copytree(before.root, home.root, symlinks=True)
        land_last_day(home)

    fresh()
    started = time.monotonic()
    undisturbed = run(home)
    usual = time.monotonic() - started
    assert undisturbed["published"]
    expected = snapshot(home)
    profile_id = expected["marts:profiles.customer_profile"][0][0]
    points, hits, reads, seconds = kills(KILLS), 0, 0, []
    for at in range(0, len(points), IN_A_ROW):
        fresh()
        with reader(home, profile_id, set()) as watch:
            chain = points[at : at + IN_A_ROW]
            for point in chain:
                hits += kill(home, point, usual)
            again = time.monotonic()
            run(home)
            seconds.append(time.monotonic() - again)
        told = f"killed after {', then '.join(map(str, chain))}"
        assert not watch.errors, f"{told}: readers saw {watch.errors[:3]}"
        assert differences(expected, snapshot(home)) == [], told
        assert lost(home) == [], told
        reads += watch.reads
        print(f"{told}: recovered in {seconds[-1]:.0f} s", flush=True)
    print(
        f"a run takes {usual:.0f} s; killed at {hits} of {KILLS} points, {reads} reads meanwhile, none of them failed"
    )
    assert hits >= KILLS // 2, "the points lie within the run"
