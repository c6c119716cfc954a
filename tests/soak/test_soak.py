"""The first days of a soak, by the steps without dbt; ``make soak`` lives through sixty by the command line."""

from __future__ import annotations

from pathlib import Path

from soak import soak
from soak_engines import Steps


def test_days_of_merges_splits_erasures_and_late_files_hold_every_invariant(tmp_path: Path) -> None:
    lived = soak(tmp_path / "home", 2, Steps())
    report = soak(tmp_path / "home", 4, Steps(), lived=lived, rebuild_every=4).report
    assert [row["day"] for row in report] == [1, 2, 3, 4]
    assert sum(row["merges"] for row in report) == 2 and sum(row["splits"] for row in report) == 1
    assert sum(row["erased"] for row in report) == 1
