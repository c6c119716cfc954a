"""Made-up people with real purchases, exported as the source systems would export them, with the truth beside.

Belongs here: who exists, which system knows what of them, and the native formats. Reading those formats does not:
that is `cdp_pipeline.sources`, and the two only share the formats' documentation.
"""

from __future__ import annotations

from cdp_pipeline.generate._baskets import MissingDataError
from cdp_pipeline.generate._generate import REAL_HOUSEHOLDS, GenerateSummary, generate
from cdp_pipeline.generate.truth import hash_record_id, hash_truth

__all__ = ["REAL_HOUSEHOLDS", "GenerateSummary", "MissingDataError", "generate", "hash_record_id", "hash_truth"]
