"""The threshold follows from what the model expects to be wrong; relatives are guarded only where there are any."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from identity.parameters import Trained
from identity.rules import ConflictRules
from identity.threshold import SPARE, THRESHOLD_RANGE, TOLERATED_WRONG, UNCALIBRATED, calibrate, relaxed_conflicts

TRAINED = Trained({}, {}, {}, match_share=0.001, household_share=0.001, pairs_seen=1000)


def threshold_of(*pairs: tuple[float, int]) -> float:
    """The threshold for (probability, number of pairs)."""
    with duckdb.connect() as con:
        con.execute("create table scored (match_probability double)")
        for probability, n in pairs:
            con.execute("insert into scored select ? from range(?)", [probability, n])
        return calibrate(con, "scored")


def test_certain_pairs_let_less_certain_ones_in_until_too_many_are_expected_to_be_wrong() -> None:
    room = int((TOLERATED_WRONG * 100_000 + SPARE) / 0.2)
    assert threshold_of((0.9999, 100_000), (0.801, room // 2)) == pytest.approx(0.8)
    assert threshold_of((0.9999, 100_000), (0.801, room * 2)) > 0.801


def test_a_file_of_doubtful_pairs_is_held_to_the_upper_bound() -> None:
    assert threshold_of((0.9, 1000)) == THRESHOLD_RANGE[1]


def test_a_small_file_takes_more_than_certainties() -> None:
    assert threshold_of((0.99, 20), (0.85, 10)) <= 0.85


def test_without_pairs_there_is_nothing_to_calibrate_on() -> None:
    assert threshold_of() == UNCALIBRATED
    assert threshold_of((0.3, 100)) == UNCALIBRATED


def test_relatives_are_kept_apart_where_the_data_holds_any() -> None:
    rules = ConflictRules()
    assert relaxed_conflicts(rules, TRAINED) == rules
    without = relaxed_conflicts(rules, replace(TRAINED, household_share=0.00001))
    assert not without.given_name and not without.generation
    assert without.suffix and without.twins
