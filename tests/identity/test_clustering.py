"""Clusters from hand-made edges: components, bridges, conflicts, judgements, order."""

from __future__ import annotations

import random

import duckdb
import pytest
from conftest import Graph

from identity.clustering import MAX_COMPONENT
from identity.components import label_components
from identity.rules import ConflictRules, Rules


def test_a_long_chain_is_one_component() -> None:
    with duckdb.connect() as con:
        con.execute("create table nodes as select range as unique_id from range(1000)")
        con.execute("create table chain as select range as unique_id_l, range + 1 as unique_id_r from range(998)")
        label_components(con, "nodes", "chain", out="component")
        assert con.execute("select component, count(*) from component group by all order by 1").fetchall() == [
            (0, 999),
            (999, 1),
        ]


@pytest.mark.parametrize("seed", range(5))
def test_components_are_those_of_a_plain_search(seed: int) -> None:
    draw = random.Random(seed)
    nodes = draw.sample(range(-(10**12), 10**12), 120)
    edges = [tuple(draw.sample(nodes, 2)) for _ in range(draw.choice([20, 60, 110]))] + [(nodes[0], nodes[0])]
    expected = {node: {node} for node in nodes}
    for left, right in edges:
        joined = expected[left] | expected[right]
        for node in joined:
            expected[node] = joined
    with duckdb.connect() as con:
        con.execute("create table nodes (unique_id bigint)")
        con.execute("create table edges (unique_id_l bigint, unique_id_r bigint)")
        con.executemany("insert into nodes values (?)", [[n] for n in nodes])
        con.executemany("insert into edges values (?, ?)", [list(e) for e in edges])
        label_components(con, "nodes", "edges", out="component")
        found = dict(con.execute("select unique_id, component from component").fetchall())
    assert found == {node: min(group) for node, group in expected.items()}


def test_no_edges_leave_every_record_alone(graph: Graph) -> None:
    graph.person(1, "anna")
    graph.person(2, "anna")
    assert graph.clusters() == [[1], [2]]


def couple(graph: Graph, anna_bits: float, carl_bits: float) -> None:
    """A record without a given name between a woman and a man."""
    graph.person(1, "anna", "berg", "1980-01-01")
    graph.person(2, None, "berg")
    graph.person(3, "carl", "berg", "1979-05-05")
    graph.link(1, 2, anna_bits)
    graph.link(2, 3, carl_bits)


def test_a_record_without_a_name_does_not_join_a_couple(graph: Graph) -> None:
    couple(graph, 9.0, 6.0)
    assert graph.clusters() == [[1, 2], [3]]
    assert graph.dropped() == [(2, 3, "conflict")]


def test_the_stronger_edge_decides_where_the_bridge_goes(graph: Graph) -> None:
    couple(graph, 6.0, 9.0)
    assert graph.clusters() == [[1], [2, 3]]


def test_between_equal_edges_it_goes_to_neither(graph: Graph) -> None:
    couple(graph, 9.0, 8.6)
    assert graph.clusters() == [[1], [2], [3]]
    assert graph.dropped() == [(1, 2, "undecided"), (2, 3, "undecided")]


def test_several_records_between_equal_edges_stay_together(graph: Graph) -> None:
    """Anna and Carl are told apart; what fits both alike is one group of its own, not as many as it has records."""
    couple(graph, 9.0, 8.6)
    for number in (4, 5):
        graph.person(number, None, "berg")
        graph.link(1, number, 9.0)
        graph.link(3, number, 8.6)
        graph.link(2, number, 9.0)
    graph.link(4, 5, 8.8)
    assert graph.clusters() == [[1], [2, 4, 5], [3]]
    assert {reason for _, _, reason in graph.dropped()} == {"undecided"}


def test_one_and_a_half_bits_decide(graph: Graph) -> None:
    couple(graph, 9.0, 7.5)
    assert graph.clusters() == [[1, 2], [3]]


def test_a_pair_that_fits_two_people_stays_a_pair(graph: Graph) -> None:
    couple(graph, 9.0, 9.0)
    graph.person(4, None, "berg")
    graph.link(2, 4, 15.0)
    assert graph.clusters() == [[1], [2, 4], [3]]


def test_an_identifier_is_stronger_than_any_score(graph: Graph) -> None:
    couple(graph, 0.0, 30.0)
    graph.con.execute("update edges set rank = 1 where unique_id_l = 1")
    assert graph.clusters() == [[1, 2], [3]]


def test_one_birth_date_excuses_another_given_name(graph: Graph) -> None:
    graph.person(1, "kevin", "wang", "1990-02-03")
    graph.person(2, None, "wang")
    graph.person(3, "xiaoming", "wang", "1990-02-03")
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 6.0)
    assert graph.clusters() == [[1, 2, 3]]


def test_an_email_of_ones_own_excuses_a_short_form_that_no_list_holds(graph: Graph) -> None:
    graph.person(1, "emily", "davis", emails=["emily92@mail.example"])
    graph.person(2, "e", "davis", emails=["emily92@mail.example"])
    graph.person(3, "emmy", "davis", emails=["emily92@mail.example"])
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 6.0)
    assert graph.clusters() == [[1, 2, 3]]


def test_father_and_son_of_one_name_stay_apart(graph: Graph) -> None:
    graph.person(1, "john", "berg", "1950-02-03")
    graph.person(2, "john", "berg")
    graph.person(3, "john", "berg", "1981-07-09")
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 6.0)
    assert graph.clusters() == [[1, 2], [3]]


def test_the_generation_is_a_rule_of_the_user(graph: Graph) -> None:
    test_father_and_son_of_one_name_stay_apart(graph)
    assert graph.clusters(Rules(conflicts=ConflictRules(generation_years=40))) == [[1, 2, 3]]
    assert graph.clusters(Rules(conflicts=ConflictRules(generation=False))) == [[1, 2, 3]]


def test_a_difference_that_a_score_weighed_is_weighed_for_its_companions(graph: Graph) -> None:
    # 3 was accepted with 1 in spite of its birth date; 2 has the birth date of 1
    graph.person(1, "john", "berg", "1950-02-03")
    graph.person(2, "john", "berg", "1950-02-03")
    graph.person(3, "john", "berg", "1981-07-09")
    graph.link(1, 2, 20.0)
    graph.link(1, 3, 6.0)
    assert graph.clusters() == [[1, 2, 3]]


def test_senior_and_junior_stay_apart_even_against_a_score(graph: Graph) -> None:
    graph.person(1, "john", "berg", suffix="sr")
    graph.person(2, "john", "berg", suffix="jr")
    graph.person(3, "john", "berg", suffix="ii")
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 6.0)
    assert graph.clusters() == [[1], [2, 3]]
    assert graph.dropped() == [(1, 2, "conflict")]


def twins(graph: Graph) -> None:
    home = {"family": "berg", "dob": "1990-02-03", "street": "1 elm st"}
    graph.person(1, "anna", emails=["anna@mail.example"], **home)
    graph.person(2, "clara", emails=["clara@mail.example"], **home)
    graph.link(1, 2, 9.0)


def test_twins_stay_apart_even_against_a_score(graph: Graph) -> None:
    twins(graph)
    assert graph.clusters() == [[1], [2]]
    assert graph.clusters(Rules(conflicts=ConflictRules(twins=False))) == [[1, 2]]


def test_two_listed_names_with_only_a_family_name_and_a_day_in_common_are_two_people(graph: Graph) -> None:
    for number, given in ((1, "darla"), (2, "darlene"), (3, "dxrlene")):
        graph.person(number, given, "anderson", "1980-01-07", given_known=number < 3)
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 9.0)
    assert graph.clusters() == [[1], [2, 3]]
    # without relatives in the data, the name is a slip
    assert graph.clusters(Rules(conflicts=ConflictRules(given_name=False))) == [[1, 2, 3]]
    graph.con.execute("update features set postcode = '10001'")
    assert graph.clusters() == [[1, 2, 3]]


def test_a_second_name_at_one_email_is_no_twin(graph: Graph) -> None:
    twins(graph)
    graph.con.execute("update features set emails = ['x@mail.example'], own_emails = emails")
    assert graph.clusters() == [[1, 2]]


def test_another_gender_beside_another_given_name_in_one_family_is_another_person(graph: Graph) -> None:
    graph.person(1, "anna", "berg", "1990-02-03", gender="female")
    graph.person(2, None, "berg")
    graph.person(3, "carl", "berg", "1990-02-03", gender="male")
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 6.0)
    assert graph.clusters() == [[1, 2], [3]]
    graph.con.execute("update features set given = 'annabel', given_c = 'annabel' where unique_id = 3")
    assert graph.clusters() == [[1, 2, 3]]


def test_a_company_is_not_the_person_who_answers_its_phone(graph: Graph) -> None:
    """No comparison weighs what a record stands for, so no score has; a judgement has."""
    for number in (1, 2):
        graph.person(number, entity_type="organisation", organisation="mi", phones=["+861060606666"])
    graph.person(3, "jun", "lei", phones=["+861060606666"])
    graph.link(1, 2, 12.0)
    graph.link(1, 3, 9.0)
    graph.link(2, 3, 9.0)
    assert graph.clusters() == [[1, 2], [3]]
    assert graph.dropped() == [(1, 3, "conflict"), (2, 3, "conflict")]
    assert graph.clusters(Rules(conflicts=ConflictRules(entity_type=False))) == [[1, 2, 3]]
    graph.link(1, 3, 0.0, rank=0)
    assert graph.clusters() == [[1, 2, 3]]


def test_a_judgement_separates_what_scores_join_and_joins_what_conflicts(graph: Graph) -> None:
    for number, given in enumerate(("anna", "anna", "carl"), start=1):
        graph.person(number, given, "berg")
    graph.link(1, 2, 20.0)
    graph.link(1, 3, 0.0, rank=0)
    graph.apart(1, 2)
    assert graph.clusters() == [[1, 3], [2]]
    assert graph.dropped() == [(1, 2, "judged_apart")]


@pytest.mark.parametrize("seed", range(2))
def test_neither_row_order_nor_other_components_matter(seed: int) -> None:
    draw = random.Random(seed)
    people, links = [], []
    for family in range(40):
        size = draw.randint(2, 7)
        numbers = [draw.randrange(10**15) for _ in range(size)]
        for number in numbers:
            people.append(
                (
                    family,
                    number,
                    draw.choice(["anna", "carl", "ann", "c", None]),
                    draw.choice(["1980-01-01", "1950-05-05", None]),
                    draw.choice([None, ["a@x.example"], ["b@x.example"]]),
                )
            )
        for i, left in enumerate(numbers):
            for right in numbers[:i]:
                if draw.random() < 0.6:
                    links.append((family, left, right, draw.choice([3.0, 3.2, 6.0, 9.0, 14.0]), draw.choice([1, 2, 2])))

    def run(only: set[int], order: int) -> tuple[list[list[int]], list[tuple[int, int, str]]]:
        shuffled = random.Random(order)
        with duckdb.connect() as con:
            graph = Graph(con)
            for family, number, given, dob, emails in shuffled.sample(people, len(people)):
                if family in only:
                    graph.person(number, given, f"berg{family}", dob, emails=emails, phones=emails)
            for family, left, right, bits, rank in shuffled.sample(links, len(links)):
                if family in only:
                    graph.link(left, right, bits, rank)
            return graph.clusters(), graph.dropped()

    whole = run(set(range(40)), 1)
    assert whole == run(set(range(40)), 2)
    half, rest = run(set(range(20)), 3), run(set(range(20, 40)), 4)
    assert whole == (sorted(half[0] + rest[0]), sorted(half[1] + rest[1]))
    assert len({reason for _, _, reason in whole[1]}) >= 2


def namesakes(graph: Graph, bridge_bits: float) -> None:
    """Two groups of three, each held by 20-bit edges, and one edge between them."""
    for number in range(1, 7):
        graph.person(number, "john", "berg")
    for left, right, bits in ((1, 2, 20.0), (2, 3, 20.0), (4, 5, 20.0), (5, 6, 20.0), (3, 4, bridge_bits)):
        graph.link(left, right, bits)


def test_one_weak_edge_does_not_join_two_well_held_groups(graph: Graph) -> None:
    namesakes(graph, 6.0)
    assert graph.clusters() == [[1, 2, 3], [4, 5, 6]]
    assert graph.dropped() == [(3, 4, "bridge")]


def test_one_strong_edge_does(graph: Graph) -> None:
    namesakes(graph, 11.0)
    assert graph.clusters() == [[1, 2, 3, 4, 5, 6]]


def test_two_weak_edges_do(graph: Graph) -> None:
    namesakes(graph, 6.0)
    graph.link(1, 6, 6.0)
    assert graph.clusters() == [[1, 2, 3, 4, 5, 6]]


def test_a_component_beyond_measure_is_thinned_from_its_weakest_edges(graph: Graph) -> None:
    size = MAX_COMPONENT // 2
    graph.con.execute(
        f"insert into features (unique_id, record_id, entity_type) select range, 'r' || range, 'person' "
        f"from range(1, {2 * size + 2})"
    )
    # two chains held by 30 bits, five weak edges between them; record 2 * size + 1 belongs to the second
    graph.con.execute(f"insert into edges select range, range + 1, 2, 30 from range(1, {2 * size + 1})")
    graph.con.execute(f"update edges set match_weight = 3 where unique_id_l = {size}")
    graph.con.execute(f"insert into edges select range, range + {size}, 2, 3 from range(1, 5)")
    assert [len(c) for c in graph.clusters()] == [size, size + 1]
    assert [reason for _, _, reason in graph.dropped()] == ["size"] * 5
