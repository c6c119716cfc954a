"""Nothing is connected without a test, a channel and, where people meet the company, interactions."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import load_contracts

SCENARIO = Path(__file__).parents[1] / "dbt_core" / "scenario.py"
Query = Callable[..., list[tuple[Any, ...]]]


def objects() -> set[str]:
    return {f"{contract.source}.{name}" for contract in load_contracts().values() for name in contract.objects}


def test_every_object_is_tested_with_rows(connector_home: Home) -> None:
    """By native files here, or as raw rows in the scenario of the core tables."""
    spec = importlib.util.spec_from_file_location("core_scenario", SCENARIO)
    assert spec is not None and spec.loader is not None
    scenario = importlib.util.module_from_spec(spec)
    sys.modules["core_scenario"] = scenario
    spec.loader.exec_module(scenario)
    with Ops(connector_home.ops_db) as ops:
        delivered = {f"{r.source}.{r.object}" for r in ops.receipts() if r.loaded}
    assert objects() - delivered - set(scenario.ROWS) == set()


def test_every_object_names_its_channels() -> None:
    silent = {
        f"{contract.source}.{name}"
        for contract in load_contracts().values()
        for name, obj in contract.objects.items()
        if not obj.channels
    }
    assert silent == set()


def test_sources_meet_people_on_the_channels_they_declare(core: Query) -> None:
    """No interaction comes through a channel that the contracts of its source do not name."""
    declared = {
        contract.source: {channel for obj in contract.objects.values() for channel in obj.channels}
        for contract in load_contracts().values()
    }
    seen = core("select distinct source, channel, touchpoint from core.interactions")
    assert [(source, touchpoint) for source, channel, touchpoint in seen if channel is None] == []
    assert [row for row in seen if row[1] not in declared[row[0]]] == []
