"""The probability from which a pair is linked: calibrated from the data, not a constant."""

from __future__ import annotations

import duckdb

# Accepted pairs may be wrong in this share, by the model's own account; the threshold follows from it.
TOLERATED_WRONG = 0.003
THRESHOLD_RANGE = (0.7, 0.99)
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
        if wrong > TOLERATED_WRONG * pairs:
            break
        threshold = bucket
    return float(min(max(threshold, low), high))
