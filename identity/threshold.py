"""The probability from which a pair is linked: calibrated from the data, not a constant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from identity.parameters import Trained
    from identity.rules import ConflictRules

# Accepted pairs may be wrong in this share, by the model's own account; the threshold follows from it. The account is
# cautious, and clustering takes out more: of the flat sample's pairs in clusters at .0125 less than .5% are wrong.
TOLERATED_WRONG = 0.0125
# On top of the share, in pairs: a small file would else take nothing but certainties.
SPARE = 2.0
THRESHOLD_RANGE = (0.7, 0.95)
# Household pairs per matching pair. Measured: .001 to .007 on files without families (FEBRL, fake_1000, names from
# books), .08 and more on customers and census lists.
HOUSEHOLDS = 0.02
UNCALIBRATED = 0.9  # where no pair is likely enough to calibrate on


def calibrate(con: duckdb.DuckDBPyConnection, scored: str) -> float:
    """The least threshold at which the model itself expects at most TOLERATED_WRONG of the accepted pairs wrong.

    `scored`: a table with the match_probability of candidate pairs (all, or an even sample of them).
    """
    low, high = THRESHOLD_RANGE
    rows = con.execute(
        f"""select floor(match_probability * 200) / 200 as bucket, count(*) as pairs,
            sum(1 - match_probability) as wrong
        from {scored} where match_probability >= {low} group by bucket order by bucket desc"""
    ).fetchall()
    if not rows:
        return UNCALIBRATED
    threshold, pairs, wrong = high, 0, 0.0
    for bucket, n, w in rows:
        pairs, wrong = pairs + n, wrong + w
        if wrong > TOLERATED_WRONG * pairs + SPARE:
            break
        threshold = bucket
    return float(min(max(threshold, low), high))


def knows_households(trained: Trained) -> bool:
    """Whether the data holds relatives at all, beyond the few pairs that the prior puts in."""
    return trained.household_share >= HOUSEHOLDS * trained.match_share


def relaxed_conflicts(rules: ConflictRules, trained: Trained) -> ConflictRules:
    """`rules` without those that keep relatives apart, where the data holds none.

    There another given name or birth year is a slip of the same person (in files of corrupted copies every tenth), and
    the score weighs it.
    """
    return rules if knows_households(trained) else replace(rules, given_name=False, generation=False)
