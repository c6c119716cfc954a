"""Objects inside records: what stands where the contract expects one, and unknown fields beside the known ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.extract import object_paths
from cdp_pipeline.sources.shapes import LEARN_FROM
from tests.sources.conftest import Land, make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  orders:
    delivery: append
    key: [id]
    formats: [jsonl, json]
    error_budget: 1
    fields:
      id: {from: [id], type: string, required: true}
      buyer_id: {from: [buyer.id], type: string}
      city: {from: [buyer.address.city], type: string}
      owner: {from: [owner.name, owner], type: string}
      lines: {from: [lines], type: json}
"""
# Enough records with one layout of keys that the quick way of reading is taken.
USUAL = [
    {"id": f"u{n}", "buyer": {"id": "b", "address": {"city": "Reno"}, "vip": n}, "owner": {"name": "Ann"}, "x": [n]}
    for n in range(LEARN_FROM)
]


def _read(land: Land, *records: dict[str, Any], usual: bool) -> None:
    lines = [*(USUAL if usual else []), *records]
    land("orders", "a.jsonl", "".join(json.dumps(r) + "\n" for r in lines))
    land.run("orders")


@pytest.fixture
def orders(tmp_path: Path) -> Land:
    return make_land(tmp_path, CONTRACT)


@pytest.mark.parametrize("usual", [False, True], ids=["alone", "among known layouts"])
@pytest.mark.parametrize(
    ("record", "reasons"),
    [
        ({"buyer": "Ann"}, "field buyer_id: not an object at buyer"),
        ({"buyer": 7}, "field buyer_id: not an object at buyer"),
        ({"buyer": False}, "field buyer_id: not an object at buyer"),
        ({"buyer": ["Ann"]}, "field buyer_id: not an object at buyer"),
        ({"buyer": '{"id": "b"}'}, "field buyer_id: not an object at buyer"),
        ({"buyer": {"id": "b", "address": "Reno"}}, "field city: not an object at buyer.address"),
    ],
)
def test_another_value_than_an_object_is_refused_and_kept(
    orders: Land, record: dict[str, Any], reasons: str, usual: bool
) -> None:
    _read(orders, {"id": "1", **record}, usual=usual)
    assert orders.refused("orders", "reasons, raw") == [(reasons, json.dumps({"id": "1", **record}) + "\n")]
    assert len(orders.rows("orders")) == (len(USUAL) if usual else 0)


@pytest.mark.parametrize("usual", [False, True], ids=["alone", "among known layouts"])
@pytest.mark.parametrize("empty", [None, "", [], {}, "absent"])
def test_what_systems_write_for_an_empty_object_is_none(orders: Land, empty: object, usual: bool) -> None:
    record = {"id": "1"} if empty == "absent" else {"id": "1", "buyer": empty}
    _read(orders, record, usual=usual)
    assert orders.rows("orders", "buyer_id, city, _extra", "id = '1'") == [(None, None, None)]


def test_a_contract_that_reads_both_takes_both(orders: Land) -> None:
    _read(orders, {"id": "1", "owner": "Ann"}, {"id": "2", "owner": {"name": "Bo", "age": 3}}, usual=False)
    assert orders.rows("orders", "owner") == [("Ann",), ("Bo",)]


def test_a_field_that_became_a_scalar_in_most_records_is_told_by_its_name(orders: Land) -> None:
    land = orders
    land("orders", "a.jsonl", "".join(json.dumps({"id": str(n), "buyer": f"b{n}"}) + "\n" for n in range(20)))
    assert [(d.kind, d.field) for d in land.run("orders").drift] == [("retyped", "buyer_id")]


def test_unknown_fields_of_known_and_other_layouts(orders: Land) -> None:
    extra = [
        {
            "id": "1",
            "buyer": {"id": "b", "address": {"city": "Reno", "zip": "1"}, "vip": None},
            "x": "é\n",
            "new": 1.50,
        },
        {"id": "2", "buyer": {"id": "b", "vip": {"a": []}}},
        {"id": "3", "x": [], "buyer": {}},
        {"id": "4"},
    ]
    _read(orders, *extra, *({"id": f"v{n}", "x": None} for n in range(3)), usual=True)
    found = {i: json.loads(text) if text else None for i, text in orders.rows("orders", "id, _extra")}
    assert found["u3"] == {"buyer": {"vip": 3}, "x": [3]}
    assert found["1"] == {"buyer": {"address": {"zip": "1"}, "vip": None}, "x": "é\n", "new": 1.5}
    assert found["2"] == {"buyer": {"vip": {"a": []}}}
    assert found["3"] == {"x": []}
    assert found["4"] is None
    assert found["v1"] == {"x": None}


def test_layouts_that_differ_in_their_unknown_fields(orders: Land) -> None:
    kinds = [{"p": 1, "q": 2}, {"q": 2}, {"r": {"s": 1}}, {}, {"buyer": {"id": "b", "k": 1}, "q": 0}]
    records = [{"id": str(n), **kinds[n % len(kinds)]} for n in range(2 * LEARN_FROM)]
    orders("orders", "a.jsonl", "".join(json.dumps(r) + "\n" for r in records))
    orders.run("orders")
    rows = orders.rows("orders", "id::int, _extra")
    told = {n: json.loads(text) if text else {} for n, text in rows}
    expected = [{"p": 1, "q": 2}, {"q": 2}, {"r": {"s": 1}}, {}, {"buyer": {"k": 1}, "q": 0}]
    assert told == {n: expected[n % len(kinds)] for n in range(2 * LEARN_FROM)}


def test_the_shipped_orders_expect_objects_where_they_read_inside() -> None:
    orders = load_contracts()["shopify"].objects["orders"]
    assert {".".join(p): f.name for p, f in object_paths(orders).items()} == {
        "customer": "customer_id",
        "billing_address": "billing_given_name",
    }
