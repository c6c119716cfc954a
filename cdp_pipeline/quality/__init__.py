"""Expectations at the door: what a contract promises, held against the raw rows of a delivery.

The only place that imports Great Expectations (inside functions: the import takes 3 to 10 s).
"""

from __future__ import annotations

from cdp_pipeline.quality.checks import CheckResult, check_object, check_partition
from cdp_pipeline.quality.metrics import record_metrics
from cdp_pipeline.quality.results import Delivery, Verdict, deliveries, record_checks, verdicts

__all__ = [
    "CheckResult",
    "Delivery",
    "Verdict",
    "check_object",
    "check_partition",
    "deliveries",
    "record_checks",
    "record_metrics",
    "verdicts",
]
