"""A full snapshot that loses many keys: refused until it is whole or accepted, and an empty one deletes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import ContractError
from cdp_pipeline.sources.ingest import reconcile
from cdp_pipeline.sources.replay import replay
from cdp_pipeline.sources.snapshots import standing_refusals
from tests.sources.conftest import Land, make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  stock:
    delivery: full_snapshot
    key: [id]
    formats: [jsonl, json]
    OPTION
    fields:
      id: {from: [id], type: string, required: true}
"""
FIRST, SECOND, THIRD = date(2025, 3, 5), date(2025, 3, 6), date(2025, 3, 7)


def _land(folder: Path, option: str = "") -> Land:
    return make_land(folder, CONTRACT.replace("OPTION", option))


def _deliver(land: Land, day: date, keys: Iterable[int], name: str = "all.jsonl") -> str:
    land("stock", name, "".join(json.dumps({"id": f"k{k}"}) + "\n" for k in keys), day)
    return land.run("stock", day).message


def _keys(land: Land, day: date) -> int:
    return len(land.rows("stock", "id", f"_dt = DATE '{day}'"))


def _ok(land: Land) -> bool:
    with Ops(land.home.ops_db) as ops:
        return reconcile(land.home, ops).ok


def test_a_snapshot_that_loses_more_than_half_is_refused_in_one_line(tmp_path: Path) -> None:
    land = _land(tmp_path)
    assert _deliver(land, FIRST, range(40)) == ""
    assert _deliver(land, SECOND, range(19)) == (
        "demo/stock/dt=2025-03-06/all.jsonl: nothing loaded: 21 of the 40 keys of the snapshot before are missing,"
        " max_loss is 50%; deliver the rest in the same day's folder, or raise max_loss if they were deleted"
    )
    assert (_keys(land, FIRST), _keys(land, SECOND)) == (40, 0)
    assert _deliver(land, THIRD, range(20, 90)) == ""  # held against the last snapshot that was believed
    assert _keys(land, THIRD) == 70 and _ok(land)


def test_parts_of_a_day_are_believed_together(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(40))
    assert "21 of the 40" in _deliver(land, SECOND, range(19), "part0.jsonl")
    assert _deliver(land, SECOND, range(19, 38), "part1.jsonl") == ""
    assert _keys(land, SECOND) == 38 and _ok(land)


def test_a_few_keys_are_no_measure(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(19))
    assert _deliver(land, SECOND, range(1)) == ""
    assert _keys(land, SECOND) == 1


def test_max_loss_accepts_it_and_it_stays_accepted(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(40))
    assert _deliver(land, SECOND, range(5))
    accepting = _land(tmp_path, "max_loss: 0.9")
    assert accepting.pending() == [("stock", f"{day}", (f"demo/stock/dt={day}/all.jsonl",)) for day in (FIRST, SECOND)]
    for day in (FIRST, SECOND):
        assert accepting.run("stock", day).message == ""
    again = _land(tmp_path)
    for day in (FIRST, SECOND):
        assert again.run("stock", day).message == ""
    assert _keys(again, SECOND) == 5 and _ok(again)


def test_a_stricter_bound(tmp_path: Path) -> None:
    land = _land(tmp_path, "max_loss: 0")
    _deliver(land, FIRST, range(40))
    assert "1 of the 40 keys" in _deliver(land, SECOND, range(39))


@pytest.mark.parametrize("content", ["", "\n", "[]"])
def test_an_empty_delivery_deletes_nothing(tmp_path: Path, content: str) -> None:
    land = _land(tmp_path, "max_loss: 1")
    _deliver(land, FIRST, range(40))
    land("stock", "all.json", content, SECOND)
    (told,) = land.run("stock", SECOND).files
    assert (told.status, _keys(land, FIRST), _keys(land, SECOND)) == ("empty", 40, 0)


def test_a_correction_that_loses_keys_leaves_what_it_was_to_replace(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(40))
    _deliver(land, SECOND, range(39))
    assert "38 of the 40 keys" in _deliver(land, SECOND, range(2))
    assert _keys(land, SECOND) == 39 and _ok(land) and land.pending() == []


def _standing(land: Land) -> list[str]:
    with Ops(land.home.ops_db) as ops:
        return standing_refusals(ops.receipts())


def test_a_refusal_is_told_until_a_later_snapshot_is_believed(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(40))
    assert _standing(land) == []
    _deliver(land, SECOND, range(19))
    [line] = _standing(land)
    assert line.startswith("demo/stock: the snapshot of dt=2025-03-06 stays refused: nothing loaded: 21 of the 40 keys")
    _deliver(land, THIRD, range(30))
    assert _standing(land) == []


def test_a_refused_correction_is_told_although_its_day_is_loaded(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(40))
    _deliver(land, SECOND, range(39))
    _deliver(land, SECOND, range(2))
    assert ["38 of the 40" in line for line in _standing(land)] == [True]
    with Ops(land.home.ops_db) as ops:
        [failed] = reconcile(land.home, ops).failed
    assert failed.startswith("demo/stock/dt=2025-03-06/all.jsonl: nothing loaded: 38 of the 40")
    _deliver(land, SECOND, range(38))
    assert _standing(land) == []


def test_replay_does_not_accept_it(tmp_path: Path) -> None:
    land = _land(tmp_path)
    _deliver(land, FIRST, range(40))
    _deliver(land, SECOND, range(5))
    with Ops(land.home.ops_db) as ops:
        (told,) = replay(land.home, land.contracts, ops, "again")
    assert "35 of the 40 keys" in told.message
    assert _keys(land, SECOND) == 0 and _ok(land)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("max_loss: 2", "demo.yml: stock.max_loss: must lie between 0 and 1"),
        ("max_loss: much", "demo.yml: stock: 'max_loss' must be a number"),
    ],
)
def test_faults_of_the_option(tmp_path: Path, option: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        _land(tmp_path, option)


def test_the_option_needs_a_snapshot(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"demo.yml: stock.max_loss: needs delivery full_snapshot"):
        make_land(tmp_path, CONTRACT.replace("OPTION", "max_loss: 0.1").replace("full_snapshot", "append"))
