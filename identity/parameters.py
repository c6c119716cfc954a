"""What training learns, as plain numbers. Apart from the arithmetic, so that readers of a model need none of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trained:
    """Parameters per comparison (level order as in `Comparison.levels`) and the share of each class among all pairs of
    one country."""

    m: dict[str, list[float]]
    h: dict[str, list[float]]
    u: dict[str, list[float]]
    match_share: float
    household_share: float
    pairs_seen: int
