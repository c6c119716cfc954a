"""How usual a value is, is asked in the country of those who have it: names and towns go with the country."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from identity.blocking import random_pairs
from identity.features import PLACE_PRIOR, find_places, freeze_term_frequencies


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """1,000 Poles, of whom 400 are called nowak, and 1,000 Germans, of whom none is; 500 of either are called maria."""
    with duckdb.connect() as con:
        con.execute(
            """create table records as
            select 'r' || i as record_id, if(i < 1000, 'PL', 'DE') as default_region,
                if(i < 400, 'nowak', 'name ' || i) as family, if(i % 2 = 0, 'maria', 'given ' || i) as given
            from range(2000) t(i)"""
        )
        con.execute("create table features as select row_number() over () as unique_id, * from records")
        yield con


def frequencies(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str | None], float]:
    find_places(con, "records", out="places")
    freeze_term_frequencies(con, "features", ["family", "given"], "places", out="frozen")
    rows = con.execute("select column_name, value, tf from frozen").fetchall()
    return {(column, value): tf for column, value, tf in rows}


def test_a_name_of_one_country_is_as_usual_as_it_is_there(con: duckdb.DuckDBPyConnection) -> None:
    found = frequencies(con)
    # 400 of 1,000 there, and 200 records of the whole, a fifth of whom have it
    assert PLACE_PRIOR == 200
    assert found["family", "nowak"] == pytest.approx((400 + 40) / 1200)
    assert found["given", "maria"] == pytest.approx(0.5)
    # half of five, among 1,000 and not among 2,000
    assert found["family", None] == pytest.approx((2.5 + 0.25) / 1200)


def test_in_one_country_it_is_the_share_of_all(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update records set default_region = 'PL'")
    found = frequencies(con)
    assert found["family", "nowak"] == pytest.approx(0.2)
    assert found["family", None] == pytest.approx(2.5 / 2000)


def test_a_country_of_few_records_says_little(con: duckdb.DuckDBPyConnection) -> None:
    """Ten people in Iceland, all called jonsdottir: that is no reason to think that everybody is."""
    con.execute(
        """update records set default_region = 'IS', family = 'jonsdottir'
        where record_id in (select 'r' || i from range(1990, 2000) t(i))"""
    )
    con.execute("create or replace table features as select row_number() over () as unique_id, * from records")
    assert frequencies(con)["family", "jonsdottir"] == pytest.approx((10 + 1) / 210)


def test_share_of_pairs_of_one_country(con: duckdb.DuckDBPyConnection) -> None:
    assert find_places(con, "records", out="places") == 0.5
    con.execute("update records set default_region = null")
    assert find_places(con, "records", out="places") == 1.0
    con.execute("delete from records")
    assert find_places(con, "records", out="places") == 1.0


def test_random_pairs_are_of_one_country(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table few as select * from features where record_id in (select 'r' || i from range(900, 1100) t(i))"
    )
    alike = find_places(con, "records", out="places")
    found = random_pairs(con, "few", "places", alike, 1, out="pairs")
    # of 200 in a ring all pairs but the hundred that face each other are looked at
    assert 2 * 4950 - 100 <= found <= 2 * 4950
    [(countries, pairs)] = con.execute(
        """select count(*) filter (l.default_region <> r.default_region), count(distinct (unique_id_l, unique_id_r))
        from pairs join few l on l.unique_id = unique_id_l join few r on r.unique_id = unique_id_r"""
    ).fetchall()
    assert (countries, pairs) == (0, found)
