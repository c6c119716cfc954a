"""The page of the contract language names every word that a contract may use, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from cdp_pipeline.sources import contract_check, contract_types, drift, overlay, redelivery

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "contract-language.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _first_cells(text: str, head: str) -> set[str]:
    """The words in code type in the first column of the table with this head."""
    table = text.split(f"| {head} |")[1].split("\n\n")[0]
    return {word for row in table.splitlines()[2:] for word in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def test_the_page_has_every_key() -> None:
    assert _first_cells(_section("A source"), "key") == set(contract_check.SOURCE_KEYS)
    assert _first_cells(_section("An object"), "key") == set(contract_check.OBJECT_KEYS)
    assert _first_cells(_section("A field"), "key") == set(contract_check.FIELD_KEYS)
    assert _first_cells(_section("A field"), "type") == set(contract_types.DUCKDB_TYPES)


def test_the_page_has_every_value() -> None:
    text = _section("An object") + _section("A field")
    values = (*contract_types.DELIVERIES, *contract_types.FORMATS, *contract_types.TAGS, *contract_types.CONFIDENCES)
    assert [v for v in (*values, *contract_types.DECODINGS) if f"`{v}`" not in text] == []


def test_the_page_says_what_an_overlay_may_change() -> None:
    told = set(re.findall(r"`(\w+)`", _section("Correct a mapping in your home").split("```")[0])) - {"null"}
    allowed = {*overlay.OBJECT_KEYS, *overlay.FIELD_KEYS} - {"fields"}
    assert told == allowed


def test_the_page_has_the_thresholds_of_the_code() -> None:
    text = PAGE.replace("\n", " ")
    assert f"at least {drift.MIN_ROWS} records has it" in text
    assert f"before {drift.ALWAYS:.0%} had it" in text
    assert f"at least {drift.MIN_VALUES} records" in text and f"at least {drift.MIN_VALUES} values" in text
    assert f"hold {redelivery.COVERED:.0%} of its keys" in text
