"""The study of campaigns on data whose truth is known: big spenders are targeted, and one campaign does something."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.analytics.campaign_page import page
from cdp_pipeline.analytics.campaign_study import StudyError, study
from cdp_pipeline.cli import main

# 800 households buy every fourth day for 1 to 80 dollars (household // 10), with some noise. Four in five of the dearer
# half are targeted and one in five of the cheaper half. Campaign 1 makes its targets buy product 7 for 2.50 more each
# time from its start on, 7 times in 28 days: 17.50. Campaign 2 does nothing. Campaign 3 begins too early to tell.
_FILES = {
    "transactions": """
        SELECT household AS household_id, household * 1000 + day AS basket_id, product AS product_id, 1 AS quantity,
          CASE WHEN product = 5 THEN household // 10 + hash(household, day) % 200 / 100.0 ELSE 2.5 END AS sales_value,
          0.0 AS retail_disc, 0.0 AS coupon_disc, 0.0 AS coupon_match_disc,
          TIMESTAMP '2017-01-01 17:00' + to_days(day::INT) AS transaction_timestamp
        FROM range(10, 810) AS h (household), range(0, 240, 4) AS d (day), (VALUES (5), (7)) AS p (product)
        WHERE product = 5 OR (day >= 120 AND household % 5 < CASE WHEN household >= 410 THEN 4 ELSE 1 END)""",
    "campaigns": """
        SELECT c AS campaign_id, household AS household_id FROM range(10, 810) AS h (household), range(1, 4) AS t (c)
        WHERE household % 5 < CASE WHEN household >= 410 THEN 4 ELSE 1 END""",
    "campaign_descriptions": """
        SELECT * FROM (VALUES (1, 'Type A', TIMESTAMP '2017-05-01', TIMESTAMP '2017-05-28'),
          (2, 'Type B', TIMESTAMP '2017-03-30', TIMESTAMP '2017-04-26'),
          (3, 'Type C', TIMESTAMP '2017-01-10', TIMESTAMP '2017-02-10')
        ) AS t (campaign_id, campaign_type, start_date, end_date)""",
    "coupons": """
        SELECT * FROM (VALUES (900, 7, 1), (901, 7, 1), (902, 5, 2)) AS t (coupon_upc, product_id, campaign_id)""",
    "coupon_redemptions": """
        SELECT household AS household_id, 900 AS coupon_upc, 1 AS campaign_id, TIMESTAMP '2017-05-03' AS redemption_date
        FROM (VALUES (410), (410), (411)) AS t (household)""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journey")
    with duckdb.connect() as con:
        for name, query in _FILES.items():
            con.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")
    return folder


def test_response_and_lift(folder: Path) -> None:
    result = study(folder)
    assert result["data"]["households"] == 800
    assert [row["campaign"] for row in result["campaigns"]] == [3, 2, 1]
    early, idle, works = result["campaigns"]
    assert early["lift"] is None
    # 320 of the dearer 400 and 80 of the cheaper ones; all bought product 7, seven times for 2.50; two redeemed
    assert {name: works[name] for name in ("targeted", "redeemers", "redemptions", "buyers", "revenue")} == {
        "targeted": 400,
        "redeemers": 2,
        "redemptions": 3,
        "buyers": 400,
        "revenue": 7000.0,
    }
    assert works["response_rate"] == 0.005
    spend = works["lift"]["spend"]
    # targets spend 24 dollars more on each of seven days whatever one does: (320 * 60.5 + 80 * 20.5) / 400 = 52.5, and
    # the others 28.5
    assert spend["plain"][0] == pytest.approx(7 * 24 + 17.5, abs=3)
    for estimator in ("cuped", "matched"):
        value, low, high = spend[estimator]
        assert value == pytest.approx(17.5, abs=1)
        assert 10 < low < value < high
    assert spend["placebo"][1] < 0 < spend["placebo"][2]
    assert works["lift"]["coupon_products"]["matched"] == [17.5, 17.5, 17.5]
    low, high = idle["lift"]["spend"]["matched"][1:]
    assert low < 0 < high
    assert result["summary"]["spend"]["matched"]["gains"] == 1
    assert result["summary"]["spend"]["plain"]["gains"] == 2


def test_the_page_says_what_the_placebo_allows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = study(folder)
    text = page(result, "cdp analytics campaigns")
    assert "most of the matched difference is not explained by the choice of households" in text
    result["summary"]["spend"]["placebo"]["mean"] = 30.0
    assert "**no effect** beyond what the choice" in page(result, "x")
    assert main(["analytics", "campaigns", "--folder", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["households"] == 800


def test_files_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StudyError):
        study(tmp_path)
    assert main(["analytics", "campaigns", "--folder", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "transactions.parquet" in told
