"""Drift: the index by hand, its bands, what counts as chance, and the measures on counts and on tables."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path

import duckdb
import pytest

from identity.comparisons import PERSON
from identity.drift import (
    DRIFT_COLUMNS,
    DriftReport,
    Measure,
    chance_level,
    compare,
    drift_table,
    judge,
    measure_drift,
    population_stability,
    read_drift,
)
from identity.model import Model, make_model
from identity.outputs import write_table
from identity.parameters import Trained
from identity.training_report import DataStatistics, TrainingReport

GENDER = next(c for c in PERSON if c.name == "gender")
SAME = DataStatistics(
    records=10_000,
    matched_pairs=4_000,
    matched_records=6_000,
    matched_of=10_000,
    threshold=0.9,
    filled={"gender": 5_000},
    outcomes={"gender": [3_000, 100, 900]},
    covered={"given": [8_000, 9_000]},
)


def a_model(records: int = 10_000) -> Model:
    trained = Trained({"gender": [0.96, 0.04]}, {"gender": [0.5, 0.5]}, {"gender": [0.48, 0.52]}, 0.001, 0.001, 100)
    return make_model([GENDER], 0, trained, 0.9, records)


def verdicts(report: DriftReport) -> dict[str, str]:
    return {m.measure: m.verdict for m in report.measures if m.verdict != "ok"}


def test_the_index_by_hand() -> None:
    assert population_stability([50, 50], [500, 500]) == 0
    assert population_stability([50, 50], [70, 30]) == pytest.approx(0.2 * log(1.4) + -0.2 * log(0.6))
    assert population_stability([50, 50], [70, 30]) == pytest.approx(0.1695, abs=1e-4)
    three = [(0.2, 0.25), (0.3, 0.35), (0.5, 0.4)]
    by_hand = sum((q - p) * log(q / p) for p, q in three)
    assert population_stability([20, 30, 50], [25, 35, 40]) == pytest.approx(by_hand)
    assert population_stability([], []) == population_stability([0, 0], [5, 5]) == 0


def test_a_class_seen_on_one_side_only_stays_finite() -> None:
    # half an observation stands for none
    assert population_stability([100, 0], [50, 50]) == pytest.approx(-0.5 * log(0.5) + (0.5 - 0.005) * log(0.5 / 0.005))
    assert population_stability([10, 0, 10], [10, 0, 10]) == 0


@pytest.mark.parametrize(
    ("now", "verdict"),
    # from one half to one half + d the index is d · ln((.5 + d) / (.5 - d)): .093, .120, .229, .275
    [(5000, "ok"), (6500, "ok"), (6700, "watch"), (7300, "watch"), (7500, "retrain")],
)
def test_the_bands(now: int, verdict: str) -> None:
    assert judge([5000, 5000], [now, 10_000 - now])[1] == verdict


def test_a_few_observations_are_no_drift() -> None:
    index, verdict = judge([5, 5], [8, 2])
    assert index > 0.25
    assert verdict == "ok"
    # chi-square with one degree of freedom is 6.63 at the 99th percentile
    assert chance_level([5, 5], [8, 2]) == pytest.approx((1 / 10 + 1 / 10) * 6.63, rel=0.02)
    # four classes, of which one is never seen: two degrees of freedom, 9.21
    assert chance_level([40, 30, 30, 0], [50, 25, 25, 0]) == pytest.approx(2 / 100 * 9.21, rel=0.02)


def test_the_training_data_itself_has_not_moved() -> None:
    report = compare(a_model(), SAME, SAME)
    assert report.verdict == "ok"
    assert report.advice == "records and links look as they did at training"
    values = {m.measure: (m.trained, m.now, m.psi) for m in report.measures}
    assert values == {
        "records": (10_000, 10_000, None),
        "match_rate": (0.6, 0.6, 0),
        "pairs_per_record": (0.4, 0.4, None),
        "completeness:gender": (0.5, 0.5, 0),
        "covered:given": (8 / 9, 8 / 9, 0),
        # (3,000 · log2(.96/.48) + 100 · log2(.04/.52)) / 4,000
        "outcomes:gender": (pytest.approx(0.6575, abs=1e-4), pytest.approx(0.6575, abs=1e-4), 0),
    }


def test_each_measure_is_judged_by_itself() -> None:
    model = a_model()
    assert verdicts(compare(model, SAME, replace(SAME, filled={"gender": 7_500}))) == {"completeness:gender": "retrain"}
    assert verdicts(compare(model, SAME, replace(SAME, matched_records=4_300))) == {"match_rate": "watch"}
    assert verdicts(compare(model, SAME, replace(SAME, covered={"given": [60, 90]}))) == {"covered:given": "retrain"}
    assert verdicts(compare(model, SAME, replace(SAME, matched_pairs=8_000))) == {"pairs_per_record": "watch"}
    assert verdicts(compare(model, SAME, replace(SAME, matched_pairs=99))) == {}
    more_slips = replace(SAME, outcomes={"gender": [2_000, 1_100, 900]})
    assert verdicts(compare(model, SAME, more_slips)) == {"outcomes:gender": "retrain"}
    weaker = [replace(SAME, candidates={"gender": counts}) for counts in ([900, 100, 10], [500, 500, 10])]
    assert verdicts(compare(model, *weaker)) == {"candidates:gender": "retrain"}


@pytest.mark.parametrize(
    ("records", "verdict"), [(15_000, "ok"), (20_000, "watch"), (40_000, "retrain"), (2_500, "retrain")]
)
def test_growth_is_judged_by_what_it_does_to_the_prior(records: int, verdict: str) -> None:
    report = compare(a_model(), None, replace(SAME, records=records))
    assert [(m.measure, m.verdict) for m in report.measures] == [("records", verdict)]


def test_other_definitions_are_told() -> None:
    model = replace(a_model(), definitions={"gender": "00000000"})
    assert verdicts(compare(model, SAME, SAME)) == {"definition:gender": "watch"}


def test_the_advice_names_the_worst_measures_first() -> None:
    now = replace(
        SAME, records=25_000, matched_pairs=10_000, filled={"gender": 22_500}, matched_records=4_300,
        covered={"given": [600, 900]},
    )  # fmt: skip
    report = compare(a_model(), SAME, now)
    assert report.verdict == "retrain"
    assert report.advice == (
        "far from training: completeness:gender, covered:given, match_rate and 1 more: `cdp model train`, then look at "
        "`cdp model diff`"
    )
    lines = report.as_text().splitlines()
    assert lines[3].split() == ["completeness:gender", "50.0%", "90.0%", "0.879", "retrain"]
    assert "1.3" not in lines[0]


def test_measures_survive_the_table(tmp_path: Path) -> None:
    report = compare(a_model(), SAME, replace(SAME, records=30_000))
    with duckdb.connect() as con:
        drift_table(con, report)
        described = [(c[0], c[1].lower()) for c in con.execute("describe model_drift").fetchall()]
        assert described == [tuple(column.split()) for column in DRIFT_COLUMNS.split(", ")]
        write_table(con, "select * from model_drift order by measure", tmp_path / "model_drift")
        drift_table(con, DriftReport("m1", ()), out="empty")
        assert con.execute("select count(*) from empty").fetchall() == [(0,)]
    read = read_drift(tmp_path)
    assert read is not None
    assert (read.model_version, read.verdict, read.advice) == (report.model_version, report.verdict, report.advice)
    assert set(read.measures) == set(report.measures)
    assert read_drift(tmp_path / "elsewhere") is None


def test_measured_on_the_tables_of_a_run() -> None:
    """A thousand records, 400 pairs at training; now the gender is missing and half of the pairs are gone."""
    trained = DataStatistics(
        records=1000, matched_pairs=400, matched_records=800, matched_of=1000, threshold=0.9,
        filled={"gender": 1000}, outcomes={"gender": [400, 0, 0]},
    )  # fmt: skip
    with duckdb.connect() as con:
        con.execute(
            """create table features as select i as unique_id, 'r' || i as record_id, null::varchar as gender
            from range(1000) t(i)"""
        )
        con.execute(
            """create table scored as select 2 * i as unique_id_l, 2 * i + 1 as unique_id_r,
                case when i < 200 then 0.95 else 0.5 end as match_probability, -1 as gamma_gender
            from range(400) t(i)"""
        )
        report = measure_drift(con, a_model(1000), TrainingReport(statistics=trained), frequencies=None)
    values = {m.measure: (m.trained, m.now, m.verdict) for m in report.measures}
    assert values == {
        "records": (1000, 1000, "ok"),
        "match_rate": (0.8, 0.4, "retrain"),
        "pairs_per_record": (0.4, 0.2, "watch"),
        "completeness:gender": (1.0, 0.0, "retrain"),
        "outcomes:gender": (1.0, 0.0, "retrain"),
    }


def test_samples_of_a_large_file_give_its_shares() -> None:
    with duckdb.connect() as con:
        con.execute(
            """create table features as select i as unique_id, 'r' || i as record_id,
                case when i % 2 = 0 then 'f' end as gender from range(400000) t(i)"""
        )
        con.execute(
            """create table scored as select 2 * i as unique_id_l, 2 * i + 1 as unique_id_r, 0.95 as match_probability,
                case when i % 4 = 0 then -1 when i % 4 = 1 then 0 else 1 end as gamma_gender from range(120000) t(i)"""
        )
        trained = replace(
            SAME, records=400_000, matched_pairs=120_000, matched_records=240_000, matched_of=400_000,
            filled={"gender": 200_000}, outcomes={"gender": [60_000, 30_000, 30_000]}, covered={},
        )  # fmt: skip
        report = measure_drift(con, a_model(400_000), TrainingReport(statistics=trained), frequencies=None)
    assert {m.measure: m.verdict for m in report.measures} == dict.fromkeys(
        ("records", "match_rate", "pairs_per_record", "completeness:gender", "outcomes:gender"), "ok"
    )
    rate = next(m for m in report.measures if m.measure == "match_rate")
    assert rate.now == pytest.approx(0.6, abs=0.01)


def test_nothing_measured_is_said() -> None:
    assert DriftReport("m1", ()).verdict == "ok"
    assert "was saved without" in DriftReport("m1", ()).advice
    moved = DriftReport("m1", (Measure("match_rate", 0.6, 0.5, 0.12, "watch"),))
    assert moved.advice == "moved since training: match_rate: keep an eye on it"
