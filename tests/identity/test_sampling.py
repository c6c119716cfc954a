"""The labelled sample: strata, weights, and estimates against values worked out by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest
from test_pipeline import Company

from identity.sampling import Label, allocate, draw_sample, estimate, sample_rows, wilson


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """100 profiles of two records, 60 of them scored .95 and 40 never scored; 300 scored pairs apart, 30 of them at .5,
    the others at .02; and one pair under the floor."""
    con = duckdb.connect()
    con.execute(
        """create table members as
        select chr(97 + (i % 2)::integer) || i // 2 as record_id, 'p' || i // 2 as profile_id from range(200) t(i)"""
    )
    con.execute(
        """create table scored as
        select 'a' || i as record_id_l, 'b' || i as record_id_r, 0.95::double as match_probability from range(60) t(i)
        union all select 'a' || i % 100, 'b' || (i % 100 + 1 + i // 100) % 100, if(i < 30, 0.5, 0.02)
        from range(300) t(i)
        union all select 'a0', 'b50', 0.001"""
    )
    return con


def test_strata_and_weights(con: duckdb.DuckDBPyConnection) -> None:
    drawn = draw_sample(con, "members", "scored", 60, seed=7)
    assert len(drawn) == 60
    counts = Counter(pair.stratum for pair in drawn)
    weights = {pair.stratum: pair.weight for pair in drawn}
    sizes = {"T0": 40, "T6": 60, "A4": 30, "A1": 270}
    assert {s: round(counts[s] * weights[s], 9) for s in counts} == sizes
    # 5 each, then 38 of 40 by pairs × √(p(1-p)), 20, 13.08, 15, 37.8 of 85.88; the last two to T0 and A1
    assert counts == Counter({"T0": 15, "T6": 11, "A4": 11, "A1": 23})
    assert len({(p.record_id_l, p.record_id_r) for p in drawn}) == 60
    assert all(p.record_id_l < p.record_id_r for p in drawn)


def test_a_seed_draws_the_same_pairs_from_tables_in_any_order(con: duckdb.DuckDBPyConnection) -> None:
    first = draw_sample(con, "members", "scored", 50, seed=1)
    con.execute("create table reversed as select record_id_r as record_id_l, record_id_l as record_id_r, "
                "match_probability from scored order by random()")  # fmt: skip
    assert draw_sample(con, "members", "reversed", 50, seed=1) == first
    assert draw_sample(con, "members", "scored", 50, seed=2) != first


def test_a_sample_larger_than_the_population_is_all_of_it(con: duckdb.DuckDBPyConnection) -> None:
    drawn = draw_sample(con, "members", "scored", 9999)
    assert len(drawn) == 400
    assert {pair.weight for pair in drawn} == {1.0}


def test_a_profile_of_very_many_records_gives_the_pairs_of_a_thousand(con: duckdb.DuckDBPyConnection) -> None:
    """A guest of 1,500 orders, each scored with the first of them."""
    con.execute("insert into members select 'g' || i, 'guest' from range(1500) t(i)")
    con.execute("insert into scored select 'g0', 'g' || i, 0.999 from range(1, 1500) t(i)")
    drawn = draw_sample(con, "members", "scored", 300, seed=3)
    weights: dict[str, float] = defaultdict(float)
    for pair in drawn:
        weights[pair.stratum[0]] += pair.weight
    # 100 pairs of two, and 1,000 × 999 / 2 of the guest's; apart as before
    assert round(weights["T"]) == 100 + 499_500
    assert round(weights["A"]) == 300


def test_every_stratum_gets_a_few_and_uncertain_ones_most() -> None:
    # 5, 5 and all 3; then 30 by 100 × .5 = 50 and, the share taken for .02, 100 × .14 = 14: 23, 6 and one more
    assert allocate([100, 100, 3], [0.5, 0.0, 0.5], 43) == [29, 11, 3]
    assert allocate([], [], 10) == []
    assert allocate([2, 1], [0.5, 0.5], 10) == [2, 1]
    assert allocate([9, 9, 9], [0.5, 0.5, 0.5], 6) == [2, 2, 2]
    assert allocate([9, 9, 9], [0.5, 0.5, 0.5], 2) == [1, 1, 1]


def test_wilson_limits() -> None:
    # Newcombe (1998), Table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for successes, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                    (1, 29, 0.0061, 0.1718)):  # fmt: skip
        assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def labels(stratum: str, weight: float, yes: int, no: int, unsure: int = 0, empty: int = 0) -> list[Label]:
    words = ["positive"] * yes + ["negative"] * no + ["unsure"] * unsure + [""] * empty
    return [Label(stratum, weight, word) for word in words]


def test_precision_and_recall_weigh_the_strata() -> None:
    found = estimate([*labels("T7", 90, 9, 1), *labels("T3", 10, 5, 5), *labels("A4", 10, 2, 8)])
    # together: 900 pairs at .9 and 100 at .5 = 860 of 1000 right; apart: 100 pairs at .2 = 20 missed
    assert found.precision == pytest.approx(0.86)
    assert found.recall == pytest.approx(860 / 880)
    assert (found.labelled, found.unsure, found.covered) == (30, 0, 1.0)
    # Wilson: 9/10 .59585-.98212, 5/10 .23659-.76341, 2/10 .05668-.50984
    down = ((900 * (0.9 - 0.59585)) ** 2 + (100 * (0.5 - 0.23659)) ** 2) ** 0.5
    up = ((900 * (0.98212 - 0.9)) ** 2 + (100 * (0.76341 - 0.5)) ** 2) ** 0.5
    assert (found.precision_low, found.precision_high) == pytest.approx(
        (0.86 - down / 1000, 0.86 + up / 1000), abs=1e-4
    )
    low = 860 / 880 - ((860 / 880 - (860 - down) / (880 - down)) ** 2 + (860 / 880 - 860 / 910.984) ** 2) ** 0.5
    high = 860 / 880 + (((860 + up) / (880 + up) - 860 / 880) ** 2 + (860 / 865.668 - 860 / 880) ** 2) ** 0.5
    assert (found.recall_low, found.recall_high) == pytest.approx((low, high), abs=1e-4)


def test_one_stratum_gives_the_wilson_interval_and_open_labels_do_not_count() -> None:
    found = estimate([*labels("T7", 4, 9, 1, unsure=3, empty=7), *labels("A1", 50, 0, 0, empty=10)])
    assert (found.precision_low, found.precision_high) == pytest.approx(wilson(9, 10))
    assert (found.recall, found.labelled, found.unsure) == (1.0, 10, 3)
    assert found.covered == pytest.approx(80 / 580)


def test_without_labels_nothing_is_claimed() -> None:
    found = estimate(labels("T7", 4, 0, 0, empty=5))
    assert (found.precision, found.precision_low, found.recall, found.covered) == (None, None, None, 0.0)


def test_the_sheet_shows_what_a_clerk_needs(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.run()
    columns, rows = sample_rows(tmp_path / "core", tmp_path / "identity", 10)
    assert len(rows) == 10
    row = dict(zip(columns, next(r for r in rows if r[0] == r[1].replace("shop", "crm")), strict=True))
    assert row["judgement"] == row["reason"] == ""
    assert (row["source_l"], row["source_r"]) == ("crm", "shop")
    assert row["name_l"] == row["name_r"] != ""
    assert row["emails_l"].endswith("@mail.example")
    assert row["stratum"].startswith("T")
    assert not {"match_probability", "profile_id_l", "record"} & set(columns)
