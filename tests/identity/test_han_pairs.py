"""Hand-made pairs of Chinese and other names: what the names alone must say, by the path that every run takes."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from identity.name_verdict import NAME_FIELDS, Verdict, compare_names

FILE = Path(__file__).parent / "data" / "han_pairs.csv"
PAIRS = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))
# (name_a, name_b): what the levels say instead, and why it is left so.
KNOWN: dict[tuple[str, str], tuple[Verdict, str]] = {}


def fields(text: str) -> dict[str, str | None]:
    """`given=…;family=…;middle=…;native=…`, or a whole name."""
    if "=" not in text:
        return {"full_name": text}
    parts = dict(part.split("=", 1) for part in text.split(";"))
    return {f"{name}_name": value for name, value in parts.items()}


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return compare_names([(fields(p["name_a"]), fields(p["name_b"])) for p in PAIRS])


def test_there_are_enough_pairs_of_every_kind() -> None:
    assert len(PAIRS) >= 220
    assert len({(p["name_a"], p["name_b"]) for p in PAIRS}) == len(PAIRS)
    assert {f for p in PAIRS for side in ("name_a", "name_b") for f in fields(p[side])} <= set(NAME_FIELDS)
    expected = Counter(p["expected"] for p in PAIRS)
    assert set(expected) == {"same", "compatible", "different"}
    assert min(expected.values()) >= 20
    assert min(Counter(p["kind"] for p in PAIRS).values()) >= 6


def test_the_verdicts_are_right(verdicts: list[Verdict]) -> None:
    wrong = {
        (p["name_a"], p["name_b"]): verdict
        for p, verdict in zip(PAIRS, verdicts, strict=True)
        if verdict != p["expected"]
    }
    assert wrong == {pair: verdict for pair, (verdict, _) in KNOWN.items()}
    assert 1 - len(wrong) / len(PAIRS) >= 0.98


def test_different_people_are_never_taken_for_one(verdicts: list[Verdict]) -> None:
    wrong = [
        (p["name_a"], p["name_b"])
        for p, verdict in zip(PAIRS, verdicts, strict=True)
        if p["expected"] == "different" and verdict == "same"
    ]
    assert [pair for pair in wrong if pair not in KNOWN] == []


def test_the_verdict_does_not_depend_on_the_side(verdicts: list[Verdict]) -> None:
    assert compare_names([(fields(p["name_b"]), fields(p["name_a"])) for p in PAIRS]) == verdicts
