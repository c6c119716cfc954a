"""What a comparison is: ordered levels of agreement over one aspect of a person; and the SQL that several share.

`comparisons.py` says what there is to compare, `comparisons_of_names.py` has those of people's names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Scope = Literal["personal", "shared"]


@dataclass(frozen=True)
class Level:
    """One degree of agreement. `m`, `h`, `u`: its default probability for the same person, for two members of one
    household and for strangers. `tf`: column whose value frequency sharpens `u` (rare values prove more)."""

    name: str
    sql: str
    m: float
    h: float
    u: float
    tf: str | None = None
    rare: bool = False
    """Strangers practically never agree so: what random pairs show of it are matches and households, so that `u` cannot
    be measured there and stays at its default, unless it is `covered`."""
    covered: bool = False
    """Every pair that agrees so shares a block key, so that all of them are candidates: `u` is learnt from these."""
    most: float = 1.0
    """Training takes `m` for no more."""
    even: bool = False
    """How often it shows depends on what the records hold, not on whether they are one person's or two relatives':
    training keeps the ratio of `h` to `m`."""
    part_of: str | None = None
    """The level whose pairs it took over; a model that was trained before has that one's parameters for it."""


@dataclass(frozen=True)
class Comparison:
    """An ordered list of levels over one aspect of a person; pairs where `null_sql` holds say nothing."""

    name: str
    scope: Scope
    null_sql: str
    levels: tuple[Level, ...]
    needs: tuple[str, ...] = field(default=())

    @property
    def gamma(self) -> str:
        """Name of Splink's outcome column: -1 null, 0 the last level, higher is more agreement."""
        return f"gamma_{self.name}"


def either_null(*columns: str) -> str:
    return " or ".join(f"{c}_l is null or {c}_r is null" for c in columns)


def one_slip(column: str, function: str = "damerau_levenshtein") -> str:
    """At most one character wrong, missing, too many or (with the default function) exchanged with its neighbour; for
    texts of four characters or more.

    One slip leaves all but two characters as they were, or the first or the second half where a character is missing.
    Looking at that first costs a fraction of the edit distance, and never decides otherwise.
    """
    left, right = f"{column}_l", f"{column}_r"
    half = f"length({left}) // 2 - 1"
    return (
        f"(abs(strlen({left}) - strlen({right})) <= 1 and ((strlen({left}) = strlen({right})"
        f" and case when strlen({left}) = strlen({right}) then hamming({left}, {right}) else 9 end <= 2)"
        f" or (strlen({left}) <> strlen({right}) and (left({left}, {half}) = left({right}, {half})"
        f" or right({left}, {half}) = right({right}, {half}))))"
        f" and {function}({left}, {right}) <= 1)"
    )
