"""Expectations at the door: what a contract promises, held against the raw rows of a delivery.

The only place that imports Great Expectations (inside functions: the import takes 3 to 10 s).
"""

from __future__ import annotations

from cdp_pipeline.quality.checks import CheckResult, check_object, check_partition

__all__ = ["CheckResult", "check_object", "check_partition"]
