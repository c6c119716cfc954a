"""The committed sample: ``python -m cdp_pipeline.generate.sample [FOLDER]`` writes it again, byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

from cdp_pipeline.generate._generate import GenerateSummary, generate

SAMPLE = Path("data/sample")
# Measured: 3.3 MB with the truth, and about three purchases a year for each person.
PROFILES, HOUSEHOLDS, BASKET_SHARE = 1500, 600, 0.14


def write_sample(dest: Path, *, compression_level: int = 19) -> GenerateSummary:
    """Write ``landing/`` and ``truth/`` of the sample below `dest`; the rows do not depend on the level."""
    return generate(
        dest,
        profiles=PROFILES,
        households=HOUSEHOLDS,
        behaviour=BASKET_SHARE,
        seed=1,
        compression_level=compression_level,
    )


if __name__ == "__main__":
    summary = write_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
    print(f"{summary.profiles} people, {summary.records} records, {sum(summary.rows.values())} rows")
