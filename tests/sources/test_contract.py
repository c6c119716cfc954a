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
        ("formats: [jsonl]", "formats: [xml]", "demo.yml: people.formats: unknown value 'xml', one of: jsonl, json, csv, parquet"),
        ("type: timestamp", "type: time", "demo.yml: people.updated_at.type: unknown value 'time', one of: string, text, integer, decimal, boolean, date, timestamp, timestamp_s, timestamp_ms, timestamp_us, json"),
        ("tag: UPD", "tag: UPDATED", "demo.yml: people.updated_at.tag: unknown value 'UPDATED', one of: PK, UPD, EVT, ID, ID-ns, WEAK, NEVER, FK"),
        ("tag: NEVER", "tag: NEVER, kind: email", "demo.yml: people.mailbox: tag NEVER cannot be an identifier: no kind or namespace"),
        ("tag: NEVER", "tag: ID", "demo.yml: people.mailbox: tag ID needs a kind"),
        ("tag: NEVER", "tag: ID-ns, kind: x", "demo.yml: people.mailbox: tag ID-ns needs either namespace or namespace_field"),
        ("tag: NEVER", "min: 1", "demo.yml: people.mailbox: min and max need a number, not string"),
        ("{from: [to],", "{", "demo.yml: people.mailbox: 'from' is missing"),
        ("      mailbox:", "      person_id:", "demo.yml line 13: 'person_id' is given twice"),
        ("tag: NEVER", "decode: base32", "demo.yml: people.mailbox.decode: unknown value 'base32', one of: base64"),
        ("tag: NEVER", "pattern: 'a+'", "demo.yml: people.mailbox.pattern: has no group to take the value from"),
        ("tag: NEVER", "pattern: '(?=x)(a)'", "demo.yml: people.mailbox.pattern: looks around or back, which DuckDB cannot"),
        ("tag: NEVER", "pattern: '(a'", "demo.yml: people.mailbox.pattern: no regular expression (missing ), unterminated subpattern)"),
        ("tag: NEVER", "decimal_mark: ','", "demo.yml: people.mailbox: decimal_mark needs a number, not string"),
        ("tag: NEVER", "format: ['%Y']", "demo.yml: people.mailbox: format needs a timestamp or date, not string"),
        ("tag: UPD", "format: ['%Q']", "demo.yml: people.updated_at.format: '%Q' is not a strptime pattern"),
        ("tag: UPD", "format: '%Y'", "demo.yml: people.updated_at: 'format' must be a list of texts"),
        ("from: [to]", "from: ['@path']", "demo.yml: people.mailbox: '@path' leads nowhere: @file, @keys or @envelope.<path>"),
        ("from: [to]", "from: ['@envelope.']", "demo.yml: people.mailbox: '@envelope.' leads nowhere: @file, @keys or @envelope.<path>"),
        ("from: [to]", "from: ['@envelope.x']", "demo.yml: people.mailbox: a path @envelope.… needs 'unwrap'"),
        ("formats: [jsonl]", "formats: [jsonl]\n    header_contains: [id]", "demo.yml: people: 'header_contains' needs the format csv"),
        ("formats: [jsonl]", "formats: [csv]\n    skip_after_header: -1", "demo.yml: people.skip_after_header: must be a number of lines"),
        ("formats: [jsonl]", "formats: [jsonl]\n    confidence: guessed", "demo.yml: people.confidence: unknown value 'guessed', one of: documented, fixture, from_memory"),
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


def test_a_fingerprint_changes_with_what_is_read_and_with_nothing_else(tmp_path: Path) -> None:
    def fingerprint(old: str = "", new: str = "") -> str:
        (tmp_path / "demo.yml").write_text(GOOD.replace(old, new, 1))
        return load_contracts(tmp_path)["demo"].objects["people"].fingerprint

    plain = fingerprint()
    # As it was before the options below existed: landed files are not read again because the code is newer.
    assert plain == "b64cb0dc3f3462d2"
    assert fingerprint("formats: [jsonl]", "formats: [jsonl]\n    confidence: from_memory") == plain
    assert fingerprint("formats: [jsonl]", "formats: [jsonl]\n    description: People.") == plain
    changed = {
        fingerprint("tag: NEVER", "tag: NEVER, decode: base64"),
        fingerprint("tag: NEVER", "tag: NEVER, pattern: '(a)'"),
        fingerprint("tag: UPD", "tag: UPD, format: ['%Y']"),
        fingerprint("from: [to]", "from: [to, '@file']"),
        fingerprint("formats: [jsonl]", "formats: [csv]"),
        fingerprint("formats: [jsonl]", "formats: [csv]\n    skip_after_header: 2"),
        fingerprint("formats: [jsonl]", "formats: [csv]\n    header_contains: [id]"),
    }
    assert len(changed | {plain}) == 8


def test_channels_are_the_objects_or_the_sources(tmp_path: Path) -> None:
    text = """
source: demo
title: Demo
owner: tests
default_region: US
channels: [social]
objects:
  posts: {delivery: append, key: [id], formats: [jsonl], fields: {id: {from: [id], type: string}}}
  chats:
    {delivery: append, key: [id], formats: [jsonl], channels: [live_chat, phone],
      fields: {id: {from: [id], type: string}}}
"""
    (tmp_path / "demo.yml").write_text(text)
    objects = load_contracts(tmp_path)["demo"].objects
    assert objects["posts"].channels == ("social",)
    assert objects["chats"].channels == ("live_chat", "phone")
    (tmp_path / "demo.yml").write_text(text.replace("[social]", "[socal]"))
    with pytest.raises(ContractError, match=r"demo\.yml: source\.channels: unknown value 'socal', one of: website"):
        load_contracts(tmp_path)
