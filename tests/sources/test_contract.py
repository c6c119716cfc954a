# ruff: noqa: E501 (a table of one-line messages)
"""Contracts: the delivered ones load, and each fault is one line that names file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.sources.contract import ContractError, load_contracts, raw_schema

GOOD = """source: demo
title: Demo
owner: tests
default_region: US
objects:
  people:
    delivery: upsert
    key: [person_id]
    updated_at: updated_at
    formats: [jsonl]
    fields:
      person_id: {from: [id], type: string, required: true, tag: PK}
      mailbox: {from: [to], type: string, tag: NEVER}
      updated_at: {from: [updated], type: timestamp, tag: UPD}
"""


def test_the_delivered_contracts_are_sound() -> None:
    contracts = load_contracts()
    assert list(contracts) == sorted(contracts)
    orders = contracts["shopify"].objects["orders"]
    assert (orders.key, orders.updated_at, orders.timezone) == (("order_id",), "updated_at", "America/New_York")
    assert raw_schema(orders)[0] == ("order_id", "VARCHAR")
    assert [name for name, _ in raw_schema(orders)][-5:] == ["_file", "_line", "_batch_id", "_extra", "_dt"]
    assert contracts["facebook"].settings == {"page_id": "100000000000001"}
    assert contracts["wechat"].objects["mini_sessions"].drop == ("session_key",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("owner: tests\n", "", "demo.yml: 'owner' is missing"),
        ("owner:", "ownr:", "demo.yml: unknown key 'ownr', did you mean 'owner'?"),
        ("source: demo", "source: other", "demo.yml: source: 'other' must equal the file's name"),
        ("delivery: upsert", "delivery: often", "demo.yml: people.delivery: unknown value 'often', one of: append, upsert, replace_partition, full_snapshot"),
        ("key: [person_id]", "key: [persn_id]", "demo.yml: people.key: 'persn_id' is not a field, did you mean 'person_id'?"),
        ("key: [person_id]", "key: []", "demo.yml: people: 'key' is missing"),
        ("updated_at: updated_at", "updated_at: mailbox", "demo.yml: people.updated_at: 'mailbox' is not a timestamp"),
        ("formats: [jsonl]", "formats: [xml]", "demo.yml: people.formats: unknown value 'xml', one of: jsonl, json, csv"),
        ("type: timestamp", "type: time", "demo.yml: people.updated_at.type: unknown value 'time', one of: string, text, integer, decimal, boolean, date, timestamp, timestamp_s, timestamp_ms, timestamp_us, json"),
        ("tag: UPD", "tag: UPDATED", "demo.yml: people.updated_at.tag: unknown value 'UPDATED', one of: PK, UPD, EVT, ID, ID-ns, WEAK, NEVER, FK"),
        ("tag: NEVER", "tag: NEVER, kind: email", "demo.yml: people.mailbox: tag NEVER cannot be an identifier: no kind or namespace"),
        ("tag: NEVER", "tag: ID", "demo.yml: people.mailbox: tag ID needs a kind"),
        ("tag: NEVER", "tag: ID-ns, kind: x", "demo.yml: people.mailbox: tag ID-ns needs either namespace or namespace_field"),
        ("tag: NEVER", "min: 1", "demo.yml: people.mailbox: min and max need a number, not string"),
        ("{from: [to],", "{", "demo.yml: people.mailbox: 'from' is missing"),
        ("      mailbox:", "      person_id:", "demo.yml line 13: 'person_id' is given twice"),
        ("title: Demo", "title: [", "demo.yml line 3: did not find expected ',' or ']'"),
    ],
)  # fmt: skip
def test_faults_are_one_line_with_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    (tmp_path / "demo.yml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ContractError) as error:
        load_contracts(tmp_path)
    text = str(error.value)
    assert "\n" not in text
    assert text == message or (new == "title: [" and text.startswith("demo.yml line"))
