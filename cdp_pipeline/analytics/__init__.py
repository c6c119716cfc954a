"""Statistics that SQL cannot do: Parquet in, Parquet out.

Belongs here: fitting, scoring, measuring. Deciding when to run, on what and what becomes of the scores does not: this
package knows neither Dagster nor dbt, neither identity nor profiles.
"""

from __future__ import annotations

from cdp_pipeline.analytics.backtest import BacktestError, MissingPurchasesError, backtest, real_orders
from cdp_pipeline.analytics.backtest_page import page
from cdp_pipeline.analytics.orders import OrdersError
from cdp_pipeline.analytics.scores import ScoreSummary, score_profiles

__all__ = [
    "BacktestError",
    "MissingPurchasesError",
    "OrdersError",
    "ScoreSummary",
    "backtest",
    "page",
    "real_orders",
    "score_profiles",
]
