"""The mixture recovers what generated it, and leaves alone what the data does not show."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from identity.comparison import Comparison, Level
from identity.training import train

GIVEN = Comparison(
    "given", "personal", "x", (Level("same", "a", 0.9, 0.02, 0.01), Level("different", "else", 0.1, 0.98, 0.99))
)
STREET = Comparison(
    "street",
    "shared",
    "x",
    (Level("same", "a", 0.6, 0.9, 0.001, rare=True), Level("different", "else", 0.4, 0.1, 0.999)),
)
BIRTH = Comparison(
    "birth", "personal", "x", (Level("same", "a", 0.9, 0.01, 0.002), Level("different", "else", 0.1, 0.99, 0.998))
)
ALL = (GIVEN, STREET, BIRTH)
# agreement under the same person, one household, strangers: what the pairs below are made from
AGREE = {"given": (0.8, 0.02, 0.01), "street": (0.7, 0.95, 0.001), "birth": (0.85, 0.01, 0.002)}
PATTERNS = np.array(list(itertools.product((0, 1), repeat=3)))


def expected_pairs(n: int, match: float, household: float) -> np.ndarray:
    """Pairs per pattern among all pairs of `n` records."""
    share = np.array([match, household, 1 - match - household])
    rows = []
    for pattern in PATTERNS:
        chance = share.copy()
        for comparison, level in zip(ALL, pattern, strict=True):
            agree = np.array(AGREE[comparison.name])
            chance *= agree if level == 0 else 1 - agree
        rows.append(chance.sum() * n * (n - 1) / 2)
    return np.array(rows)


def random_shares(match: float, household: float) -> dict[str, list[float]]:
    share = np.array([match, household, 1 - match - household])
    same = {name: float((share * np.array(agree)).sum()) for name, agree in AGREE.items()}
    return {name: [value, 1 - value] for name, value in same.items()}


def test_matches_and_households_are_told_apart() -> None:
    pairs = expected_pairs(5000, 0.0004, 0.0006)
    trained = train(ALL, PATTERNS, pairs, random_shares(0.0004, 0.0006), 5000)
    assert trained.match_share == pytest.approx(0.0004, rel=0.25)
    assert trained.household_share == pytest.approx(0.0006, rel=0.25)
    assert trained.m["given"][0] == pytest.approx(0.8, abs=0.1)
    assert trained.h["street"][0] == pytest.approx(0.95, abs=0.06)
    assert trained.u["given"][0] == pytest.approx(0.01, abs=0.002)


def test_what_relatives_share_does_not_outweigh_another_given_name() -> None:
    trained = train(ALL, PATTERNS, expected_pairs(5000, 0.0004, 0.0006), random_shares(0.0004, 0.0006), 5000)
    same = trained.match_share * trained.m["given"][1] * trained.m["street"][0]
    family = trained.household_share * trained.h["given"][1] * trained.h["street"][0]
    assert same / (same + family) < 0.25


NEVER = {name: [0.0, 1.0] for name in AGREE}


def test_without_pairs_the_defaults_stay() -> None:
    trained = train(ALL, np.zeros((0, 3), dtype=np.int64), np.zeros(0), NEVER, 2)
    assert trained.m["given"] == [0.9, 0.1]
    assert trained.h["street"] == [0.9, 0.1]


def test_a_file_without_duplicates_does_not_teach_that_there_are_none() -> None:
    trained = train(ALL, PATTERNS, np.array([0.0] * 7 + [1000.0]), NEVER, 200)
    assert trained.match_share > 1e-5


SHARED = Comparison(
    "contact",
    "shared",
    "x",
    (
        Level("same", "a", 0.6, 0.1, 0.000002, rare=True, covered=True),
        Level("different", "else", 0.4, 0.9, 0.999998),
    ),
)


def test_agreement_that_blocking_always_finds_is_learnt_for_strangers_from_the_candidates() -> None:
    """2,000 pairs share a contact but neither name nor birth date: strangers, far more than the default says."""
    patterns = np.array([[1, 0, 1], [0, 0, 0]])
    trained = train((GIVEN, SHARED, BIRTH), patterns, np.array([2000.0, 500.0]), NEVER | {"contact": [0.0, 1.0]}, 5000)
    assert trained.u["contact"][0] == pytest.approx(2000 / (5000 * 4999 / 2), rel=0.2)


def test_a_small_file_keeps_the_default_for_strangers() -> None:
    patterns = np.array([[1, 0, 1]])
    trained = train((GIVEN, SHARED, BIRTH), patterns, np.array([1.0]), NEVER | {"contact": [0.0, 1.0]}, 100)
    assert trained.u["contact"][0] < 0.00001


TWO_NAMES = Comparison(
    "given",
    "personal",
    "x",
    (
        Level("same", "a", 0.9, 0.02, 0.01),
        Level("two names", "b", 0.01, 0.6, 0.5, most=0.04),
        Level("different", "else", 0.09, 0.38, 0.49),
    ),
)
PLACE = Comparison(
    "place",
    "shared",
    "x",
    (
        Level("street", "a", 0.5, 0.8, 0.001, rare=True),
        Level("town", "b", 0.2, 0.08, 0.02, even=True),
        Level("different", "else", 0.3, 0.12, 0.979),
    ),
)


def test_two_names_never_become_usual_for_one_person() -> None:
    """700 pairs under one name and 300 under two share phone and street: nothing but the names tells them apart."""
    patterns = np.array([[0, 0, 0], [1, 0, 0], [2, 1, 2]])
    shares = NEVER | {"given": [0.0, 0.0, 1.0], "contact": [0.0, 1.0], "place": [0.0, 0.0, 1.0]}
    trained = train((TWO_NAMES, SHARED, PLACE), patterns, np.array([700.0, 300.0, 50.0]), shares, 1500)
    assert trained.m["given"][1] <= 0.04
    assert sum(trained.m["given"]) == pytest.approx(1.0, abs=1e-5)


def test_what_records_do_not_hold_tells_relatives_from_nobody() -> None:
    """One person's records are often matched by a bare town, the few households found share a street: that tells of
    how they were found."""
    patterns = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0], [2, 1, 2]])
    shares = NEVER | {"given": [0.0, 0.0, 1.0], "contact": [0.0, 1.0], "place": [0.0, 0.02, 0.98]}
    trained = train((TWO_NAMES, SHARED, PLACE), patterns, np.array([600.0, 200.0, 400.0, 50.0]), shares, 1500)
    assert trained.m["place"][1] > 0.3
    assert trained.h["place"][1] == pytest.approx(0.4 * trained.m["place"][1], rel=0.01)


def test_shares_are_of_pairs_of_one_country() -> None:
    """Where every second pair is of one country, one person in so many pairs is one in half as many of those."""
    pairs = expected_pairs(5000, 0.0008, 0.0012) / 2
    trained = train(ALL, PATTERNS, pairs, random_shares(0.0008, 0.0012), 5000, alike=0.5)
    assert trained.match_share == pytest.approx(0.0008, rel=0.25)
    assert trained.u["given"][0] == pytest.approx(0.01, abs=0.002)
