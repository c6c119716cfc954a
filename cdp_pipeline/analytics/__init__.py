"""Statistics that SQL cannot do: Parquet in, Parquet out.

Belongs here: fitting, scoring, measuring, and the list of jobs that a run does (`step.JOBS`). When to run and what
becomes of the results does not: this package knows neither Dagster nor dbt, neither identity nor profiles.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdp_pipeline.analytics.backtest_page import page
    from cdp_pipeline.analytics.backtesting import BacktestError, MissingPurchasesError, backtest, real_orders
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

_MODULES = {
    "BacktestError": "backtesting",
    "MissingPurchasesError": "backtesting",
    "OrdersError": "orders",
    "ScoreSummary": "scores",
    "backtest": "backtesting",
    "page": "backtest_page",
    "real_orders": "backtesting",
    "score_profiles": "scores",
}


def __getattr__(name: str) -> Any:
    """Names of the face, imported when first used: fitting needs SciPy and pandas, naming the jobs' tables does not."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
