"""The path `@keys`: which members a JSON record has, so that "not asked for" and "empty" can be told apart."""

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
    key: [id]
    formats: [jsonl, json, csv]
    unwrap: [data]
    fields:
      id: {from: [id, Id], type: string, required: true, tag: PK}
      keys: {from: ["@keys"], type: string}
"""


def test_members_are_named_whether_or_not_they_hold_something(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    land("things", "a.json", '{"data": [{"id": "1", "Email": null}, {"Name": {"x": 1}, "id": "2"}]}')
    land("things", "b.csv", "Id,Email\n3,\n")
    land("things", "c.jsonl", '{"id": "4"}\nnot json\n')
    land.run("things")
    assert sorted(land.rows("things", "id, keys")) == [
        ("1", "|id|Email|"),
        ("2", "|Name|id|"),
        ("3", None),
        ("4", "|id|"),
    ]
    assert land.refused("things") == [(2, "invalid JSON")]
