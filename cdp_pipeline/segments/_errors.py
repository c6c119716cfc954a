"""What is wrong with a segment, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SegmentError(ValueError):
    """A segment file is wrong; the message is one line that names the file and the place in it."""


def nearest(word: object, known: Iterable[str]) -> str:
    """``, did you mean 'x'?`` where a known name is near, else the names (or how many they are)."""
    names = sorted(known)
    near = difflib.get_close_matches(str(word), names, 1, cutoff=0.6)
    if near:
        return f", did you mean '{near[0]}'?"
    return f"; known are {', '.join(names)}" if len(names) <= 15 else f" ({len(names)} are known)"


def one_line(message: str) -> str:
    """A DuckDB message without the line that points into the SQL."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join(line for line in lines if not line.startswith(("LINE", "^")))
