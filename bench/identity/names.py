"""Hand-made pairs of names, most of them in Han and pinyin: how many the default model's name levels get right."""

from __future__ import annotations

import csv
from pathlib import Path

from identity.name_verdict import compare_names

PAIRS = Path(__file__).parents[2] / "tests" / "identity" / "data" / "han_pairs.csv"


def verdicts() -> dict[str, tuple[int, int]]:
    """Kind of pair → (right verdicts, pairs). A name is `given=…;family=…` or a whole name."""
    with PAIRS.open(encoding="utf-8") as file:
        pairs = list(csv.DictReader(file))
    found = compare_names([(_fields(p["name_a"]), _fields(p["name_b"])) for p in pairs])
    kinds: dict[str, tuple[int, int]] = {}
    for pair, verdict in zip(pairs, found, strict=True):
        right, total = kinds.get(pair["kind"], (0, 0))
        kinds[pair["kind"]] = (right + (verdict == pair["expected"]), total + 1)
    return kinds


def _fields(text: str) -> dict[str, str | None]:
    if "=" not in text:
        return {"full_name": text}
    parts = dict(part.split("=", 1) for part in text.split(";"))
    return {f"{name}_name": value for name, value in parts.items()}
