"""Words that checks of people's files know are those that the dbt project lets a column hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_pipeline.segments._facts import FACTS
from profiles.exports.audience import LISTED_KINDS
from profiles.exports.destinations import CHANNELS, PURPOSES

PROJECT = Path(__file__).parents[1] / "dbt_project"


def accepted(table: str, column: str) -> list[str]:
    """The values that a column of a core table is tested for."""
    document = yaml.safe_load((PROJECT / "models" / "core" / "_core__models.yml").read_text(encoding="utf-8"))
    return _accepted(document["models"], table, column)


def _accepted(tables: list[dict[str, Any]], table: str, column: str) -> list[str]:
    (model,) = [model for model in tables if model["name"] == table]
    (found,) = [one for one in model["columns"] if one["name"] == column]
    (values,) = [
        test["accepted_values"]["arguments"]["values"]
        for test in found["data_tests"]
        if isinstance(test, dict) and "accepted_values" in test
    ]
    return list(values)


@pytest.mark.parametrize(
    ("fact", "word", "table", "column"),
    [
        ("event", "direction", "interactions", "direction"),
        ("campaign", "touch", "campaign_touches", "touch_type"),
        ("consent", "state", "consents", "state"),
    ],
)
def test_words_of_a_segment_are_those_of_the_column(fact: str, word: str, table: str, column: str) -> None:
    assert sorted(FACTS[fact].words[word]) == sorted(accepted(table, column))


def test_a_suppression_list_may_name_every_kind_of_identifier() -> None:
    assert sorted(LISTED_KINDS) == sorted([*accepted("record_identifiers", "kind"), "profile_id"])


def test_a_destination_may_name_every_purpose_that_people_are_asked_for() -> None:
    declared: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert set(declared["vars"]["consent_purposes"]) <= set(PURPOSES)


def test_a_destination_and_the_timeline_may_name_every_channel_of_a_touchpoint() -> None:
    seeds = yaml.safe_load((PROJECT / "seeds" / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    assert sorted(CHANNELS) == sorted(_accepted(seeds, "touchpoints", "channel"))
