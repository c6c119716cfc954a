"""Measures as ratios of sums over independent groups, and their 95% intervals by bootstrap over these groups.

A group is a connected part of the graph between clusters and entities: an error never reaches beyond it, whereas the
pairs within it are anything but independent, so that an interval from pair counts alone would be far too narrow.
Groups are drawn with replacement as Poisson weights (Hanley and MacGibbon 2006), on counts of distinct group shapes
rather than on groups. Where no error was seen at all a bootstrap says nothing; then the rule of three holds: with 95%
confidence fewer than 3/n of the groups have one (Hanley and Lippman-Hand 1983).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

REPLICATES = 1000
_LIMITS = (2.5, 97.5)
_CELLS = 4_000_000  # weights held in memory at once

# Columns of a group, each a sum over it (evaluate.py writes them): pairs right, pairs put together, pairs that belong
# together, B-cubed sums, records, clusters, entities, clusters equal to an entity, sums of the greatest Jaccard
# coefficients over clusters and over entities, and the variation of information in bits times records.
COLUMNS = (
    "agreed", "together", "same", "b_precision", "b_recall", "records", "clusters", "entities", "exact",
    "closest_clusters", "closest_entities", "information",
)  # fmt: skip

_RATIOS = {
    "pairwise_precision": ("agreed", "together"),
    "pairwise_recall": ("agreed", "same"),
    "bcubed_precision": ("b_precision", "records"),
    "bcubed_recall": ("b_recall", "records"),
    "cluster_precision": ("exact", "clusters"),
    "cluster_recall": ("exact", "entities"),
    "closest_cluster_precision": ("closest_clusters", "clusters"),
    "closest_cluster_recall": ("closest_entities", "entities"),
}
_HARMONIC = ("pairwise", "bcubed", "cluster", "closest_cluster")


def measures(sums: Mapping[str, Array]) -> dict[str, Array]:
    """Every measure that the columns in `sums` allow, for arrays of any one shape. An empty ratio is 1: no error."""
    found: dict[str, Array] = {}
    for name, (top, bottom) in _RATIOS.items():
        if top in sums and bottom in sums:
            found[name] = np.where(sums[bottom] > 0, sums[top] / np.where(sums[bottom] > 0, sums[bottom], 1), 1.0)
    for name in _HARMONIC:
        if f"{name}_precision" in found:
            precision, recall = found[f"{name}_precision"], found[f"{name}_recall"]
            total = precision + recall
            found[f"{name}_f1"] = np.where(total > 0, 2 * precision * recall / np.where(total > 0, total, 1), 0.0)
    if "information" in sums:
        found["variation_of_information"] = np.where(
            sums["records"] > 0, sums["information"] / np.maximum(sums["records"], 1), 0.0
        )
    return found


def intervals(
    columns: Sequence[str], shapes: Array, counts: npt.NDArray[np.int64], *, seed: int = 1
) -> dict[str, tuple[float, float]]:
    """95% interval of every measure. `shapes`: distinct groups × `columns`; `counts`: how many groups have each.

    Deterministic for a seed. A measure of 1 gets the rule of three; a variation of information of 0 gets none.
    """
    total = dict(zip(columns, (counts[:, None] * shapes).sum(axis=0), strict=True)) if len(counts) else {}
    if not total:
        return {}
    observed = measures({name: np.asarray([value]) for name, value in total.items()})
    random = np.random.default_rng(seed)
    chunk = max(1, min(REPLICATES, _CELLS // len(counts)))
    drawn = []
    for start in range(0, REPLICATES, chunk):
        weights = random.poisson(counts, size=(min(chunk, REPLICATES - start), len(counts)))
        drawn.append(weights @ shapes)
    sums = np.concatenate(drawn)
    replicates = measures({name: sums[:, i] for i, name in enumerate(columns)})
    found: dict[str, tuple[float, float]] = {}
    for name, values in replicates.items():
        low, high = np.percentile(values, _LIMITS)
        if name == "variation_of_information":
            if observed[name][0] > 0:
                found[name] = (float(low), float(high))
        elif observed[name][0] >= 1:
            found[name] = (_rule_of_three(name, columns, shapes, counts), 1.0)
        else:
            found[name] = (float(low), float(high))
    return found


def _rule_of_three(name: str, columns: Sequence[str], shapes: Array, counts: npt.NDArray[np.int64]) -> float:
    """Lower limit where no group showed an error; only groups that could have shown one count."""
    bottom = _RATIOS.get(name, ("", "same" if name.startswith("pairwise") else "records"))[1]
    could = counts[shapes[:, list(columns).index(bottom)] > 0].sum()
    return float(max(0.0, 1 - 3 / could)) if could else 0.0
