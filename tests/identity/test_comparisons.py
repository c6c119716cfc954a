"""The levels of agreement: cheap filters decide nothing by themselves, and a longer name is no short form."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.comparison import Comparison, one_slip
from identity.comparisons import BIRTH_DATE, PHONE
from identity.comparisons_of_names import GIVEN
from identity.conflicts import level_sql

FIELDS = {
    "given": "varchar", "given_c": "varchar", "family": "varchar", "native": "varchar", "given_bag": "varchar",
    "given_readings": "varchar[]", "family_readings": "varchar[]", "given_initials": "varchar", "given_known": "bool",
    "initials": "varchar", "phones": "varchar[]", "own_phones": "varchar[]", "pair_phones": "varchar[]",
    "phone": "varchar", "dob": "varchar", "dob_alt": "varchar", "birthday": "varchar", "birth_year": "integer",
}  # fmt: skip


def outcome(con: duckdb.DuckDBPyConnection, comparison: Comparison, *sides: dict[str, object]) -> str | None:
    """The name of the level that two rows reach."""
    con.execute(
        f"create or replace table f ({', '.join(f'{name} {kind}' for name, kind in FIELDS.items())}, n integer)"
    )
    for n, row in enumerate(sides):
        names = [*row, "n"]
        con.execute(f"insert into f ({', '.join(names)}) values ({', '.join('?' * len(names))})", [*row.values(), n])
    [(level,)] = con.execute(f"select {level_sql(comparison)} from f l, f r where l.n = 0 and r.n = 1").fetchall()
    return None if level is None else comparison.levels[level].name


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("function", ["damerau_levenshtein", "levenshtein"])
@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abc", min_size=4, max_size=8), min_size=30, max_size=30))
def test_the_filter_before_an_edit_distance_changes_no_outcome(function: str, words: list[str]) -> None:
    # a slip of every kind in every place of the first word, besides words at random
    word = "abcabca"
    words = [*words, word]
    for i in range(len(word)):
        words += [word[:i] + word[i + 1 :], word[:i] + "x" + word[i:], word[:i] + "x" + word[i + 1 :]]
        words += [word[:i] + word[i : i + 2][::-1] + word[i + 2 :]]
    with duckdb.connect() as connection:
        connection.execute("create table w as select unnest(?::varchar[]) as t", [words])
        wrong = connection.execute(
            f"""select count(*) from (select l.t as t_l, r.t as t_r from w l, w r)
            where {one_slip("t", function)} <> ({function}(t_l, t_r) <= 1)"""
        ).fetchall()
    assert wrong == [(0,)]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("1985-03-21", "1985-03-12", "one digit off"),
        ("1985-03-21", "1985-08-21", "one digit off"),
        ("1985-03-21", "1958-08-21", "two parts agree"),
        ("1985-03-21", "1991-07-21", "different"),
    ],
)
def test_birth_dates(con: duckdb.DuckDBPyConnection, left: str, right: str, level: str) -> None:
    assert outcome(con, BIRTH_DATE, {"dob": left}, {"dob": right}) == level


def _caller(name: str, short_for: str | None = None) -> dict[str, object]:
    phones = ["+17022212211"]
    return {
        "given": name, "given_c": short_for or name, "family": "anderson", "given_known": True, "initials": "aa",
        "phones": phones, "own_phones": phones, "pair_phones": phones, "phone": phones[0],
    }  # fmt: skip


def test_a_phone_under_a_name_and_a_longer_name_is_shared(con: duckdb.DuckDBPyConnection) -> None:
    shared, own = PHONE.levels[1].name, PHONE.levels[0].name
    assert outcome(con, PHONE, _caller("anna"), _caller("annabelle")) == shared
    assert outcome(con, PHONE, _caller("ann"), _caller("anna")) == own  # a slip
    assert outcome(con, PHONE, _caller("dani", "danielle"), _caller("daniela")) == own  # a short form


def test_two_listed_names_are_never_a_slip(con: duckdb.DuckDBPyConnection) -> None:
    def named(name: str, known: bool) -> dict[str, object]:
        return {"given": name, "given_c": name, "family": "berg", "given_known": known}

    assert outcome(con, GIVEN, named("darla", True), named("darlene", True)) == "two names"
    assert outcome(con, GIVEN, named("marta", True), named("maria", True)) == "two names, alike"
    assert outcome(con, GIVEN, named("marta", False), named("maria", True)) == "close"


def _named(
    family: str, given: str, *, readings: tuple[str, ...] = (), phone: str = "+8613800000001"
) -> dict[str, object]:
    """A Chinese name as linking reads it, with a phone that the two records alone use."""
    return {
        "given": given, "given_c": given, "family": family, "given_readings": list(readings or (given,)),
        "family_readings": [family], "initials": given[0] + family[0], "phones": [phone], "own_phones": None,
        "pair_phones": [phone], "phone": phone,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("li", "han"), ("li", "linmin"), "two Chinese names"),
        (("li", "jianguo"), ("li", "jianjun"), "another Chinese name, alike"),
        # both ends are surnames, and the syllables were parted elsewhere
        (("tian", "yinglin"), ("lin", "tianying"), "given and family swapped"),
        (("tian", "yinglin"), ("lin", "tianxin"), "two Chinese names"),
    ],
)
def test_chinese_names(
    con: duckdb.DuckDBPyConnection, left: tuple[str, str], right: tuple[str, str], level: str
) -> None:
    assert outcome(con, GIVEN, _named(*left), _named(*right)) == level


def test_a_dialects_reading_is_no_second_name(con: duckdb.DuckDBPyConnection) -> None:
    said = _named("chen", "taiman", readings=("?taiman", "daiman"))
    assert outcome(con, GIVEN, said, _named("chen", "dawen")) == "foreign beside Chinese"


def test_a_phone_under_two_names_that_are_nothing_alike_is_shared(con: duckdb.DuckDBPyConnection) -> None:
    shared, own = PHONE.levels[1].name, PHONE.levels[0].name
    assert outcome(con, PHONE, _named("li", "han"), _named("li", "linmin")) == shared
    assert outcome(con, PHONE, _caller("george") | {"initials": "ga", "own_phones": None}, _caller("emma")) == shared
    # Peggy is Margaret, and a slip is no name
    short = _caller("peggy", "margaret") | {"initials": "pa", "own_phones": None}
    assert outcome(con, PHONE, short, _caller("margaret")) == own
    slip = _caller("dorothy") | {"initials": "da", "own_phones": None}
    assert outcome(con, PHONE, slip, _caller("rodothy") | {"initials": "ra"}) == own
