"""Merged cells of spreadsheets: what stands above fills the cells below, and never across a line that was lost."""

from __future__ import annotations

from pathlib import Path

from tests.sources.conftest import make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
timezone: UTC
objects:
  things:
    delivery: append
    key: [order_no]
    formats: [csv]
    header_contains: ["Order|单据编号"]
    carry_forward: {by: order_no, fill_down: true, columns: [buyer]}
    fields:
      order_no: {from: [Order, 单据编号], type: string, required: true, tag: PK}
      buyer: {from: [Buyer], type: string}
      item: {from: [Item], type: string}
"""


def test_lines_below_a_head_are_its_lines(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    land("things", "a.csv", "Order,Buyer,Item\n,,lost\nA1,Ada,mug\n,,box\nA2,,pot\n,Bo,lid\n")
    land.run("things")
    assert land.rows("things", "order_no, buyer, item") == [
        ("A1", "Ada", "mug"),
        ("A1", "Ada", "box"),
        ("A2", None, "pot"),
        ("A2", "Bo", "lid"),
    ]
    assert land.refused("things") == [(2, "missing key order_no")]


def test_nothing_is_handed_across_a_line_that_could_not_be_read(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    land("things", "a.csv", "Order,Buyer,Item\nA1,Ada,mug\nA2,Bo,pot,extra\n,,lid\n")
    land.run("things")
    assert land.rows("things", "order_no, buyer, item") == [("A1", "Ada", "mug")]
    assert land.refused("things") == [(3, "4 cells, header has 3"), (4, "missing key order_no")]


def test_a_header_may_stand_under_one_of_several_names(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    land("things", "a.csv", "Leads of the stand\n单据编号,Buyer,Item\nA1,Ada,mug\n")
    land.run("things")
    assert land.rows("things", "order_no, buyer, item") == [("A1", "Ada", "mug")]
