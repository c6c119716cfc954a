"""Clusters from hand-made edges: bridges, conflicts, judgements, order."""

from __future__ import annotations

import duckdb
import pytest

from identity.clustering import cluster
from identity.components import label_components

Row = tuple[int, str | None, str | None, str | None]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def people(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """Features with the columns that conflicts look at: id, given name, family name, birth date."""
    con.execute(
        """create table features (unique_id integer, record_id varchar, entity_type varchar, given varchar, given_c
        varchar,
        given_i varchar, given_bag varchar, family varchar, family_bag varchar, native varchar, name_key varchar,
        dob varchar, dob_alt varchar, birthday varchar)"""
    )
    for number, given, family, dob in rows:
        con.execute(
            "insert into features values (?, ?, 'person', ?, ?, ?, ?, ?, ?, null, ?, ?, null, ?)",
            [
                number,
                f"r{number}",
                given,
                given,
                given[:1] if given else None,
                "".join(sorted(given)) if given else None,
                family,
                "".join(sorted(family)) if family else None,
                f"{given} {family}",
                dob,
                dob[5:] if dob else None,
            ],
        )


def edges(con: duckdb.DuckDBPyConnection, rows: list[tuple[int, int, int, float]]) -> None:
    con.execute("create table edges (unique_id_l integer, unique_id_r integer, rank integer, match_weight double)")
    con.execute("create table forbidden (unique_id_l integer, unique_id_r integer)")
    for row in rows:
        con.execute("insert into edges values (?, ?, ?, ?)", list(row))


def clusters(con: duckdb.DuckDBPyConnection) -> list[list[int]]:
    cluster(con, "features", "edges", "forbidden", out="clusters", dropped="dropped")
    rows = con.execute(
        "select list(unique_id order by unique_id) from clusters group by cluster_id order by 1"
    ).fetchall()
    return [ids for (ids,) in rows]


def test_a_long_chain_is_one_component(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create table nodes as select range::integer as unique_id from range(1000)")
    con.execute(
        "create table chain as select range::integer as unique_id_l, range::integer + 1 as unique_id_r from range(998)"
    )
    label_components(con, "nodes", "chain", out="component")
    assert con.execute("select component, count(*) from component group by all order by 1").fetchall() == [
        (0, 999),
        (999, 1),
    ]


def test_a_record_without_a_name_does_not_join_a_couple(con: duckdb.DuckDBPyConnection) -> None:
    people(con, [(1, "anna", "berg", "1980-01-01"), (2, None, "berg", None), (3, "carl", "berg", "1979-05-05")])
    edges(con, [(1, 2, 2, 9.0), (2, 3, 2, 6.0)])
    assert clusters(con) == [[1, 2], [3]]
    assert con.execute("select * from dropped").fetchall() == [(2, 3, "conflict")]


def test_the_stronger_edge_decides_where_the_bridge_goes(con: duckdb.DuckDBPyConnection) -> None:
    people(con, [(1, "anna", "berg", "1980-01-01"), (2, None, "berg", None), (3, "carl", "berg", "1979-05-05")])
    edges(con, [(1, 2, 2, 6.0), (2, 3, 2, 9.0)])
    assert clusters(con) == [[1], [2, 3]]


def test_an_identifier_is_stronger_than_any_score(con: duckdb.DuckDBPyConnection) -> None:
    people(con, [(1, "anna", "berg", None), (2, None, "berg", None), (3, "carl", "berg", None)])
    edges(con, [(1, 2, 1, 0.0), (2, 3, 2, 30.0)])
    assert clusters(con) == [[1, 2], [3]]


def test_one_birth_date_excuses_another_given_name(con: duckdb.DuckDBPyConnection) -> None:
    people(con, [(1, "kevin", "wang", "1990-02-03"), (2, None, "wang", None), (3, "xiaoming", "wang", "1990-02-03")])
    edges(con, [(1, 2, 2, 9.0), (2, 3, 2, 6.0)])
    assert clusters(con) == [[1, 2, 3]]


def test_father_and_son_of_one_name_stay_apart(con: duckdb.DuckDBPyConnection) -> None:
    people(con, [(1, "john", "berg", "1950-02-03"), (2, "john", "berg", None), (3, "john", "berg", "1981-07-09")])
    edges(con, [(1, 2, 2, 9.0), (2, 3, 2, 6.0)])
    assert clusters(con) == [[1, 2], [3]]


def test_a_judgement_separates_what_scores_join_and_joins_what_conflicts(con: duckdb.DuckDBPyConnection) -> None:
    people(con, [(1, "anna", "berg", None), (2, "anna", "berg", None), (3, "carl", "berg", None)])
    edges(con, [(1, 2, 2, 20.0), (1, 3, 0, 0.0)])
    con.execute("insert into forbidden values (1, 2)")
    assert clusters(con) == [[1, 3], [2]]


def test_edge_order_does_not_matter(con: duckdb.DuckDBPyConnection) -> None:
    rows = [(1, "anna", "berg", None), (2, None, "berg", None), (3, "carl", "berg", None), (4, None, "berg", None)]
    links = [(1, 2, 2, 5.0), (2, 3, 2, 5.0), (3, 4, 2, 5.0), (1, 4, 2, 5.0)]
    results = []
    for order in (links, links[::-1]):
        other = duckdb.connect()
        people(other, rows)  # type: ignore[arg-type]
        edges(other, order)
        results.append(clusters(other))
    assert results[0] == results[1] == [[1, 2, 4], [3]]


def namesakes(con: duckdb.DuckDBPyConnection, bridge_bits: float) -> None:
    """Two groups of three, each held by 20-bit edges, and one edge between them."""
    people(con, [(i, "john", "berg", None) for i in range(1, 7)])
    edges(con, [(1, 2, 2, 20.0), (2, 3, 2, 20.0), (4, 5, 2, 20.0), (5, 6, 2, 20.0), (3, 4, 2, bridge_bits)])


def test_one_weak_edge_does_not_join_two_well_held_groups(con: duckdb.DuckDBPyConnection) -> None:
    namesakes(con, 6.0)
    assert clusters(con) == [[1, 2, 3], [4, 5, 6]]
    assert con.execute("select * from dropped").fetchall() == [(3, 4, "bridge")]


def test_one_strong_edge_does(con: duckdb.DuckDBPyConnection) -> None:
    namesakes(con, 11.0)
    assert clusters(con) == [[1, 2, 3, 4, 5, 6]]


def test_two_weak_edges_do(con: duckdb.DuckDBPyConnection) -> None:
    namesakes(con, 6.0)
    con.execute("insert into edges values (1, 6, 2, 6.0)")
    assert clusters(con) == [[1, 2, 3, 4, 5, 6]]
