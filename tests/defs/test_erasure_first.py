"""A run that Dagster starts finishes an erasure that was killed, as `cdp run` does, or says why it cannot."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "privacy"))

import small_home

from cdp_pipeline.defs.launch import instance_of
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.home import Home
from cdp_pipeline.privacy.erase import erase
from cdp_pipeline.privacy.store import erasures


class Killed(BaseException):
    """Nothing of the erasure may catch it."""


def test_a_run_finishes_the_erasure_first(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    small_home.land(home)
    small_home.run(home)

    def at(point: str) -> None:
        if point == "before searched":
            raise Killed

    with pytest.raises(Killed):
        erase(home, ["zyx.canary@quill.example"], at=at, rerun=small_home.run)
    seen: list[date] = []

    # Dagster looks at a parameter's type by name
    def something(platform: PlatformResource) -> None:
        assert erasures(home, pending=True) == []
        seen.append(platform.plan.as_of)

    def materialize() -> dg.ExecuteInProcessResult:
        resources = {"platform": PlatformResource(home=str(home.root))}
        return dg.materialize([dg.asset(something)], instance=instance, resources=resources, raise_on_error=False)

    left = home.root / "notes.txt"
    left.write_text("ask Zyx.Canary@quill.example", encoding="utf-8")
    with instance_of(home) as instance:
        failed = materialize()
        assert not failed.success and not seen
        (fault,) = [e for e in failed.all_events if e.is_run_failure]
        told = str(fault.event_specific_data)
        assert "an erasure is under way and could not be finished: 1 files still hold a value of the person" in told
        assert "notes.txt" in told and "zyx" not in told.lower()
        left.unlink()
        assert materialize().success
    assert seen == [small_home.AS_OF]
    (receipt,) = erasures(home)
    assert receipt.finished_at is not None
