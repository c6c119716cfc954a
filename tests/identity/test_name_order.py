"""Names typed into each other's field, by how the other records use the words."""

from __future__ import annotations

import duckdb
import pytest

from identity.name_order import count_name_use, turn_swapped_names


def turned(
    rows: list[tuple[str, str, str | None, str | None]],
) -> tuple[int, dict[str, tuple[str | None, str | None, str | None]]]:
    con = duckdb.connect()
    con.execute(
        """create table r (record_id varchar, given_name varchar, family_name varchar, given_canonical varchar,
        given_initial varchar, native_name varchar, entity_type varchar)"""
    )
    for record, given, family, native in rows:
        canonical = {"bob": "robert"}.get(given or "", given)
        con.execute(
            "insert into r values (?, ?, ?, ?, left(?, 1), ?, null)", [record, given, family, canonical, given, native]
        )
    count_name_use(con, "r", out="name_use")
    count = turn_swapped_names(con, "r", "name_use")
    found = con.execute("select record_id, given_name, family_name, given_canonical from r").fetchall()
    return count, {r: (g, f, c) for r, g, f, c in found}


USED = [
    ("1", "ethan", "phillips", None),
    ("2", "ethan", "phillips", None),
    ("3", "bob", "phillips", None),
    ("4", "bob", "stone", None),
]


def test_a_swapped_name_is_turned() -> None:
    count, rows = turned([*USED, ("x", "phillips", "ethan", None)])
    assert (count, rows["x"]) == (1, ("ethan", "phillips", "ethan"))
    assert rows["1"] == ("ethan", "phillips", "ethan")


def test_the_short_form_finds_its_representative_again() -> None:
    _, rows = turned([*USED, ("x", "phillips", "bob", None)])
    assert rows["x"] == ("bob", "phillips", "robert")


@pytest.mark.parametrize(
    ("given", "family"),
    [("taylor", "scott"), ("ethan", "ethan"), ("phillips", "unseen"), ("unseen", "ethan")],
)
def test_words_without_clear_use_stay_as_typed(given: str, family: str) -> None:
    both_ways = [("5", "taylor", "scott", None), ("6", "scott", "taylor", None), ("7", "taylor", "scott", None)]
    _, rows = turned([*USED, *both_ways, ("x", given, family, None)])
    assert rows["x"][:2] == (given, family)


def test_a_name_written_in_han_is_not_turned() -> None:
    _, rows = turned([*USED, ("x", "phillips", "ethan", "王小明")])
    assert rows["x"][:2] == ("phillips", "ethan")


def test_a_frozen_use_turns_records_it_never_saw() -> None:
    with duckdb.connect() as con:
        con.execute(
            """create table r (record_id varchar, given_name varchar, family_name varchar, given_canonical varchar,
            given_initial varchar, native_name varchar, entity_type varchar)"""
        )
        con.execute("create table seen as select given_name, family_name from r where false")
        con.executemany("insert into seen values (?, ?)", [(given, family) for _, given, family, _ in USED])
        count_name_use(con, "seen", out="frozen")
        con.execute("insert into r values ('x', 'phillips', 'ethan', 'phillips', 'p', null, null)")
        assert turn_swapped_names(con, "r", "frozen") == 1
        assert con.execute("select given_name, family_name, given_initial from r").fetchall() == [
            ("ethan", "phillips", "e")
        ]
