"""Every source that brings records has its place among the sources, so that none loses to another by accident."""

from __future__ import annotations

import csv

from cdp_pipeline.sources.dbt_sources import PROJECT


def test_every_source_of_records_is_ranked() -> None:
    with (PROJECT / "seeds" / "marts" / "source_priority.csv").open(encoding="utf-8", newline="") as handle:
        ranked = {row["source"] for row in csv.DictReader(handle) if row["attribute"] == "*"}
    having = {path.parent.name for path in PROJECT.glob("models/intermediate/*/int_*__records.sql")}
    assert having - ranked == set()
