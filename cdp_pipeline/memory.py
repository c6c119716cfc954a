"""How much memory a run took."""

from __future__ import annotations

import resource
import sys


def peak_memory_gb() -> float:
    """Largest resident set of this process and of any one it waited for, in GB."""
    largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(largest / (1e9 if sys.platform == "darwin" else 1e6), 2)
