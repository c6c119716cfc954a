"""Whole runs, killed: some times in a row, then left alone, they end as an undisturbed one, and no reader noticed.

Takes minutes for each point, so ``make chaos`` runs it (CDP_CHAOS_RUNS kills) and the ordinary tests do not.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import faults
import pytest
from whole_runs import Kill, Usual, differences, kill, land, land_last_day, lost, reader, run, snapshot

from cdp_pipeline.home import Home

KILLS = int(os.environ.get("CDP_CHAOS_RUNS", "0"))
# A run that was killed, started again, killed … before one is let through.
IN_A_ROW = int(os.environ.get("CDP_CHAOS_IN_A_ROW", "3"))
COMMAND = f"CDP_CHAOS_RUNS={KILLS} pytest -s tests/chaos/test_whole_runs.py"


@pytest.mark.skipif(not KILLS, reason="takes minutes for each kill; make chaos runs it")
def test_killed_runs_end_as_an_undisturbed_one(tmp_path: Path) -> None:
    # always at one path: core tables are made anew in a home that has moved
    home, before, usual = Home(tmp_path / "home"), tmp_path / "before", Usual()
    land(home)
    _, first = run(home, usual)
    print(f"the first run takes {first:.0f} s", flush=True)
    here = {row[0] for row in snapshot(home)["marts:profiles.customer_profile"]}
    home.root.rename(before)

    def fresh() -> None:
        shutil.rmtree(home.root, ignore_errors=True)
        shutil.copytree(before, home.root, symlinks=True)
        land_last_day(home)

    fresh()
    published, _ = run(home, usual)
    assert published
    total = usual.total(anew=False)
    print(f"an undisturbed run takes {total:.0f} s: {usual.seconds}", flush=True)
    expected = snapshot(home)
    # one that readers find before and after
    profile_id = min(here & {row[0] for row in expected["marts:profiles.customer_profile"]})
    waiting, done, chains, reads, in_vain = usual.kills(KILLS), list[Kill](), list[dict[str, Any]](), 0, 0
    while waiting:
        fresh()
        chain: list[Kill] = []
        with reader(home, profile_id, set()) as watch:
            while waiting and len(chain) < IN_A_ROW:
                point = waiting.pop(0)
                if not kill(home, point, usual):
                    # published before the point: there is nothing left to be killed, so it is tried in a fresh home
                    in_vain += 1
                    assert in_vain <= KILLS, f"the runs end before they can be killed, at last {point}"
                    waiting.append(Kill(point.step, point.share / 2, point.group))
                    break
                chain.append(point)
            _, seconds = run(home, usual)
        told = f"killed in {', then '.join(map(str, chain))}"
        assert not watch.errors, f"{told}: readers saw {watch.errors[:3]}"
        assert differences(expected, snapshot(home)) == [], told
        assert lost(home) == [], told
        done += chain
        reads += watch.reads
        if chain:
            chains.append({"kills": "; ".join(map(str, chain)), "seconds": seconds})
        print(f"{told}: recovered in {seconds:.0f} s, {len(done)} of {KILLS}", flush=True)
        faults.note(
            "runs", "runs", command=COMMAND, killed=len(done), recovered=len(done), reads=reads, chains=chains,
            alone=sum(not one.group for one in done), by_step=Counter(one.step for one in done), usual=total,
            anew=usual.total(anew=True),
        )  # fmt: skip
    assert len(done) == KILLS
