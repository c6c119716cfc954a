"""The check of an object's error budget fails with a line that says what and where, and never blocks."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Any

import dagster as dg
import pytest

from cdp_pipeline.defs.raw import CHECKS, _checks
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import ingest_partition

DAY = date(2025, 3, 5)


class Platform:
    """Stands for the resource: these two checks read nothing but the results."""

    paths = None


@pytest.mark.parametrize(("bad", "passes"), [(5, True), (6, False)])
def test_error_budget(home: Home, bad: int, passes: bool) -> None:
    obj = load_contracts()["delighted"].objects["people"]
    good = "".join(f'{{"id":"{i}","created_at":1741000000}}\n' for i in range(10))
    landed = home.landed("delighted", "people", DAY)
    landed.mkdir(parents=True)
    (landed / "a.jsonl").write_text(good + '{"created_at":1741000000}\n' * bad, encoding="utf-8")
    with Ops(home.ops_db) as ops:
        result = ingest_partition(home, obj, DAY, "r", ops)
    platform: Any = Platform()
    # The last check, which needs Great Expectations, is left out.
    found = {check.check_name: check for check in islice(_checks(platform, obj, [result]), len(CHECKS) - 1)}
    readable, budget = found["files_readable"], found["error_budget"]
    assert (readable.passed, readable.description) == (True, None)
    assert (budget.passed, budget.severity) == (passes, dg.AssetCheckSeverity.ERROR)
    said = (
        "delighted/people/dt=2025-03-05/a.jsonl: 6 of 16 rows refused, budget 5%; most often: missing key person_id (6)"
    )
    assert budget.description == (None if passes else said)
    assert result.loaded == 10
