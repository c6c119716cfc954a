"""Statistics that SQL cannot do: Parquet in, Parquet out.

Belongs here: fitting, scoring, measuring. Deciding when to run, on what and what becomes of the scores does not: this
package knows neither Dagster nor dbt, neither identity nor profiles.
"""

from __future__ import annotations

from cdp_pipeline.analytics.orders import OrdersError
from cdp_pipeline.analytics.scores import ScoreSummary, score_profiles

__all__ = ["OrdersError", "ScoreSummary", "score_profiles"]
