"""What each part of a home was last made from, by the fingerprint of the run that made it.

A run that Dagster starts may hold some of the steps only: started again from a failure, or chosen by hand. Its snapshot
then holds parts that an earlier run made, from other code or rules than this run started from, and must not pass for
one that was made from these.
"""

from __future__ import annotations

import json
from pathlib import Path

from cdp_pipeline.home import Home

PARTS = ("core", "identity", "marts")


def note(home: Home, part: str, inputs: str) -> None:
    """Record that `part` was made whole by a run that started from `inputs`; '' where it was made in part."""
    path = _file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(json.dumps({**_read(home), part: inputs}, sort_keys=True), encoding="utf-8")
    unfinished.replace(path)


def is_of(home: Home, inputs: str) -> bool:
    """Were all parts made by runs that started from `inputs`?"""
    made = _read(home)
    return all(made.get(part) == inputs for part in PARTS)


def _read(home: Home) -> dict[str, str]:
    try:
        return dict(json.loads(_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _file(home: Home) -> Path:
    return home.lake / "ops" / "made_from.json"
