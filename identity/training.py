"""Training: how probable each level of agreement is for the same person, for one household, and for strangers.

A mixture of three classes over the outcomes of all candidate pairs, fitted by expectation maximisation on the counts
of distinct outcomes (not on rows). Why three: with two, members of a family, who agree on address, phone, e-mail and
surname, are taken for the same person, because such agreement is rare among strangers. Within one class the
comparisons are taken as independent (Fellegi and Sunter 1969); the classes carry the dependence.

What tells relatives apart (given name, birth date) is not learnt for the household class but keeps its defaults: left
free, that class collects whatever the first one explains badly, such as swapped names, and calls it family.

`u` comes from random pairs of one country, and all shares are of such pairs. Names and towns go with the country: two
records of one name are both Polish before anything else agrees, and among all customers of a company of five countries
each further agreement would count the country once more, as if it were independent.

The true matches and household pairs among random pairs are subtracted in each round, which matters on small files,
where they are not rare. Defaults act as prior counts, so that an outcome that the data hardly shows stays near its
default instead of at zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import numpy.typing as npt

from identity.comparison import Comparison
from identity.parameters import Trained

Array = npt.NDArray[np.float64]

# Weight of the defaults, in pairs: a small file is too little to learn from that twins are one person. With 40, a file
# of 159 records taught that one person in eight goes by another given name.
PRIOR_PAIRS = 200.0
ROUNDS = 40
# Pairs of (one person, one household) expected per record before looking: a first file without a single duplicate must
# not teach that there are none.
EXPECTED_PER_RECORD = np.array([0.02, 0.002])
# Weight of the default `u` of a covered level, in pairs of strangers: files under some 1,400 records keep the default.
PRIOR_STRANGERS = 1e6
SMALLEST_COVERED = 1e-9
# No level is impossible under any class; below this one slip would outweigh everything else.
SMALLEST = 1e-6


def outcome_counts(
    con: duckdb.DuckDBPyConnection, scored: str, comparisons: Sequence[Comparison]
) -> tuple[npt.NDArray[np.int64], Array]:
    """Distinct outcomes of table `scored`: an array (patterns × comparisons) of level numbers, most agreement 0 and
    -1 for not comparable, and an array (patterns,) of how many pairs show it."""
    gammas = ", ".join(c.gamma for c in comparisons)
    rows = con.execute(
        f"select {gammas}, count(*)::double as pairs from {scored} group by all order by {gammas}"
    ).fetchnumpy()
    columns = [np.asarray(rows[c.gamma], dtype=np.int64) for c in comparisons]
    levels = [np.where(g < 0, -1, len(c.levels) - 1 - g) for c, g in zip(comparisons, columns, strict=True)]
    return np.stack(levels, axis=1), np.asarray(rows["pairs"], dtype=np.float64)


def train(
    comparisons: Sequence[Comparison],
    patterns: npt.NDArray[np.int64],
    pairs: Array,
    random_shares: Mapping[str, Sequence[float]],
    n_records: int,
    comparable: Mapping[str, float] | None = None,
    alike: float = 1.0,
) -> Trained:
    """Fit the mixture. `patterns` and `pairs` as `outcome_counts` gives them for the candidate pairs of `n_records`
    records; `random_shares` as `scoring.random_agreement` gives them; `comparable` as `comparable_shares` gives them
    (without: all pairs are taken as comparable); `alike` is the share of all pairs that are of one country, which all
    shares are of."""
    all_pairs = max(n_records * (n_records - 1) / 2 * alike, 1.0)
    m = {c.name: np.array([lv.m for lv in c.levels]) for c in comparisons}
    h = {c.name: np.array([lv.h for lv in c.levels]) for c in comparisons}
    prior_m, prior_h = dict(m), dict(h)
    u = {c.name: _strangers(np.array(random_shares[c.name]), m[c.name], h[c.name], 0.0, 0.0, c) for c in comparisons}
    shares = np.array([0.5 / max(n_records, 2), 0.5 / max(n_records, 2)])
    for _ in range(ROUNDS if len(pairs) else 0):
        log = np.zeros((3, len(pairs)))
        log += np.log(np.array([shares[0], shares[1], 1 - shares.sum()]))[:, None]
        for k, c in enumerate(comparisons):
            seen = patterns[:, k] >= 0
            level = patterns[seen, k]
            for row, parameter in enumerate((m, h, u)):
                log[row, seen] += np.log(parameter[c.name][level])
        weight = np.exp(log - log.max(axis=0))
        weight = weight / weight.sum(axis=0) * pairs
        shares = np.clip((weight[:2].sum(axis=1) + EXPECTED_PER_RECORD * n_records) / all_pairs, 1e-12, 0.3)
        for k, c in enumerate(comparisons):
            seen = patterns[:, k] >= 0
            for row, (parameter, prior) in enumerate(((m, prior_m), (h, prior_h))):
                if parameter is h and c.scope == "personal":
                    continue
                seen_pairs = np.bincount(patterns[seen, k], weights=weight[row, seen], minlength=len(c.levels))
                counts: Array = seen_pairs + PRIOR_PAIRS * prior[c.name]
                found = counts / counts.sum()
                if parameter is m:
                    found = _bounded(found, np.array([level.most for level in c.levels]))
                parameter[c.name] = np.maximum(found, SMALLEST)
            h[c.name] = _evened(h[c.name], m[c.name], c)
            u[c.name] = _strangers(
                np.array(random_shares[c.name]), m[c.name], h[c.name], float(shares[0]), float(shares[1]), c
            )
            if any(level.covered for level in c.levels):
                among: Array = np.bincount(patterns[seen, k], weights=weight[2, seen], minlength=len(c.levels)).astype(
                    np.float64
                )
                u[c.name] = _covered(u[c.name], among, all_pairs * (comparable or {}).get(c.name, 1.0), c)
    return Trained(_as_lists(m), _as_lists(h), _as_lists(u), float(shares[0]), float(shares[1]), int(pairs.sum()))


def _bounded(shares: Array, most: Array) -> Array:
    """`shares` with none above its bound; what that takes off goes to the others in proportion."""
    over = shares > most
    if not over.any():
        return shares
    rest = np.where(over, 0.0, shares)
    result: Array = np.where(over, most, rest / rest.sum() * (1 - most[over].sum()))
    return result


def _evened(h: Array, m: Array, comparison: Comparison) -> Array:
    """`h` with the levels that are `even` at their default ratio to `m`, and the others in what is left."""
    even = np.array([level.even for level in comparison.levels])
    if not even.any():
        return h
    tied = np.where(even, m * np.array([level.h / level.m for level in comparison.levels]), 0.0)
    rest = np.where(even, 0.0, h)
    result: Array = np.maximum(tied + rest / rest.sum() * (1 - tied.sum()), SMALLEST)
    return result


def _as_lists(parameter: Mapping[str, Array]) -> dict[str, list[float]]:
    return {name: [float(v) for v in values] for name, values in parameter.items()}


def _covered(u: Array, found: Array, comparable_pairs: float, comparison: Comparison) -> Array:
    """`u` with the covered levels learnt from the strangers `found` among the candidates, since all such pairs are."""
    default = np.array([level.u for level in comparison.levels])
    learnt = (found + PRIOR_STRANGERS * default) / (comparable_pairs + PRIOR_STRANGERS)
    u = np.where([level.covered for level in comparison.levels], np.maximum(learnt, SMALLEST_COVERED), u)
    result: Array = u / u.sum()
    return result


def comparable_shares(
    con: duckdb.DuckDBPyConnection, features: str, comparisons: Sequence[Comparison]
) -> dict[str, float]:
    """Share of random pairs of table `features` that each of `comparisons` can be made on, from 600 × 600 records."""
    columns = sorted({name for c in comparisons for name in re.findall(r"\b([a-z_0-9]+)_l\b", c.null_sql)})
    for side in ("l", "r"):
        listed = ", ".join(f"{c} as {c}_{side}" for c in columns)
        order = "hash(record_id)" if side == "l" else "hash(record_id || '|')"
        con.execute(
            f"create or replace temp table __side_{side} as select {listed} from {features} order by {order} limit 600"
        )
    shares = ", ".join(f"avg((not coalesce({c.null_sql}, false))::integer)" for c in comparisons)
    [row] = con.execute(f"select {shares} from __side_l, __side_r").fetchall()
    for side in ("l", "r"):
        con.execute(f"drop table __side_{side}")
    return {c.name: float(share) for c, share in zip(comparisons, row, strict=True)}


def _strangers(
    shares: Array, m: Array, h: Array, match_share: float, household_share: float, comparison: Comparison
) -> Array:
    """Random agreement less what matches and households contribute to it; rare levels keep their default."""
    default = np.array([level.u for level in comparison.levels])
    u = np.maximum(shares - match_share * m - household_share * h, np.maximum(default / 10, SMALLEST))
    u = np.where([level.rare for level in comparison.levels], default, u)
    result: Array = u / u.sum()
    return result
