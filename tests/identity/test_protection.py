"""What one profile may hold, and the repair of components that hold more."""

from __future__ import annotations

import dataclasses

import duckdb
import pytest
from conftest import Graph
from hypothesis import given, settings
from hypothesis import strategies as st

from identity import clustering
from identity.repair import Component, Edge, Group, are_namesakes, count_typed, dates_alike, is_slip
from identity.rules import BlockedValue, IdentifierRules, Rules
from identity.values import blocked_values


def card_rules(**limits: object) -> Rules:
    return Rules(identifiers={"card": IdentifierRules(**limits)})  # type: ignore[arg-type]


def trio(graph: Graph) -> None:
    """Three records in a row, the first edge the stronger."""
    for number in (1, 2, 3):
        graph.person(number, "anna", "berg")
    graph.link(1, 2, 9.0)
    graph.link(2, 3, 6.0)


def test_a_person_has_one_value_of_a_unique_kind(graph: Graph) -> None:
    trio(graph)
    graph.identifier(1, "card", "A-1")
    graph.identifier(3, "card", "B-7")
    assert graph.clusters(card_rules(unique_per_profile=True)) == [[1, 2], [3]]
    assert graph.dropped() == [(2, 3, "unique:card")]
    assert graph.clusters(card_rules()) == [[1, 2, 3]]


def test_equal_untrusted_and_foreign_values_break_no_unique_rule(graph: Graph) -> None:
    trio(graph)
    graph.identifier(1, "card", "A-1")
    graph.identifier(2, "card", "B-7", namespace="another issuer")
    graph.identifier(3, "card", "A-1")
    graph.identifier(3, "card", "C-9", trusted=False)
    assert graph.clusters(card_rules(unique_per_profile=True)) == [[1, 2, 3]]


def test_a_record_that_breaks_the_rule_by_itself_is_not_taken_apart(graph: Graph) -> None:
    trio(graph)
    for value in ("A-1", "B-7"):
        graph.identifier(1, "card", value)
    graph.identifier(3, "card", "A-1")
    assert graph.clusters(card_rules(unique_per_profile=True)) == [[1, 2, 3]]


def test_an_identifier_edge_gives_way_to_a_rule(graph: Graph) -> None:
    trio(graph)
    graph.con.execute("update edges set rank = 1")
    graph.identifier(1, "card", "A-1")
    graph.identifier(3, "card", "B-7")
    assert graph.clusters(card_rules(unique_per_profile=True)) == [[1, 2], [3]]


def test_a_persons_link_beats_a_rule(graph: Graph) -> None:
    trio(graph)
    graph.con.execute("update edges set rank = 0 where unique_id_l = 2")
    graph.identifier(1, "card", "A-1")
    graph.identifier(3, "card", "B-7")
    assert graph.clusters(card_rules(unique_per_profile=True)) == [[1, 2, 3]]


def test_a_persons_link_does_not_tear_its_own_profiles_apart(graph: Graph) -> None:
    for number, name in enumerate(("anna", "anna", "carl", "carl"), start=1):
        graph.person(number, name, "berg")
    graph.link(1, 3, 0.0, rank=0)
    graph.link(1, 2, 9.0)
    graph.link(3, 4, 9.0)
    assert graph.clusters() == [[1, 2, 3, 4]]


def test_what_scores_join_beside_a_persons_link_is_held_to_the_rules(graph: Graph) -> None:
    for number, name in enumerate((None, None, "anna", "carl"), start=1):
        graph.person(number, name, "berg")
    graph.link(1, 3, 0.0, rank=0)
    graph.link(1, 2, 12.0)
    graph.link(2, 3, 11.0)
    graph.link(1, 4, 6.0)
    assert graph.clusters() == [[1, 2, 3], [4]]


def test_a_typed_number_forgives_one_slip(graph: Graph) -> None:
    trio(graph)
    graph.identifier(1, "card", "5310278")
    graph.identifier(3, "card", "5310287")
    assert graph.clusters(card_rules(unique_per_profile=True, typed=True)) == [[1, 2, 3]]
    assert graph.clusters(card_rules(unique_per_profile=True)) == [[1, 2], [3]]


def test_a_typed_number_that_the_score_weighed_is_no_second_person(graph: Graph) -> None:
    trio(graph)
    graph.identifier(2, "card", "5310278")
    graph.identifier(3, "card", "9964411")
    typed = card_rules(unique_per_profile=True, typed=True)
    assert graph.clusters(typed, weighed={"card"}) == [[1, 2, 3]]
    # not if the model does not compare the kind, nor for a number that a machine wrote
    assert graph.clusters(typed) == [[1, 2], [3]]
    assert graph.clusters(card_rules(unique_per_profile=True), weighed={"card"}) == [[1, 2], [3]]


def test_two_typed_numbers_that_no_pair_accepted_stay_apart(graph: Graph) -> None:
    trio(graph)
    graph.identifier(1, "card", "5310278")
    graph.identifier(3, "card", "9964411")
    assert graph.clusters(card_rules(unique_per_profile=True, typed=True), weighed={"card"}) == [[1, 2], [3]]


def test_an_identifier_against_which_the_score_spoke_excuses_nothing(graph: Graph) -> None:
    for number, card in ((1, "5310278"), (2, "9964411")):
        graph.person(number, "anna", "berg")
        graph.identifier(number, "card", card)
    graph.link(1, 2, -3.0, rank=1)
    assert graph.clusters(card_rules(unique_per_profile=True, typed=True), weighed={"card"}) == [[1], [2]]


def test_a_cap_bounds_the_values_of_one_kind(graph: Graph) -> None:
    for number in range(1, 6):
        graph.person(number, "anna", "berg")
        graph.identifier(number, "card", f"{number}")
        if number > 1:
            graph.link(number - 1, number, 20.0 - number)
    assert graph.clusters(card_rules(max_values=3)) == [[1, 2, 3], [4, 5]]
    assert graph.dropped() == [(3, 4, "cap:card")]


def test_a_cap_bounds_the_records(graph: Graph) -> None:
    trio(graph)
    assert graph.clusters(Rules(max_records=2)) == [[1, 2], [3]]
    assert graph.dropped() == [(2, 3, "cap:records")]


def test_a_component_too_large_to_compare_is_held_to_the_cap_first(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustering, "MOST_PAIRED", 5)
    for number in range(1, 13):
        graph.person(number, "anna", "berg", suffix={1: "sr", 3: "jr"}.get(number))
        if number > 1:
            graph.link(number - 1, number, 3.0 if number == 2 else 1.0, rank=1)
    assert graph.clusters(Rules(max_records=4)) == [[1, 2], [3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert {reason for *_, reason in graph.dropped()} == {"cap:records", "conflict"}


def two_groups(graph: Graph, **third: object) -> None:
    """Two pairs of namesakes, each held by an own e-mail and phone; one likeness of name and address between them."""
    for number, (mail, phone) in enumerate((("a", "1"), ("a", "1"), ("b", "2"), ("b", "2")), start=1):
        graph.person(number, "john", "berg", emails=[f"{mail}@mail.example"], phones=[phone])
    graph.link(1, 2, 12.0)
    graph.link(3, 4, 12.0)
    graph.link(2, 3, 14.0)


def test_two_groups_that_share_nothing_of_their_own_stay_apart(graph: Graph) -> None:
    two_groups(graph)
    assert graph.clusters() == [[1, 2], [3, 4]]
    assert graph.dropped() == [(2, 3, "namesakes")]


def test_one_birth_date_joins_them(graph: Graph) -> None:
    two_groups(graph)
    graph.con.execute("update features set dob = '1980-03-04' where unique_id = 1")
    graph.con.execute("update features set dob = '1980-04-03' where unique_id = 4")
    assert graph.clusters() == [[1, 2, 3, 4]]


def test_one_common_phone_joins_them(graph: Graph) -> None:
    two_groups(graph)
    graph.con.execute("update features set phones = ['1', '2'] where unique_id = 3")
    assert graph.clusters() == [[1, 2, 3, 4]]


def test_an_identifier_joins_them(graph: Graph) -> None:
    two_groups(graph)
    graph.con.execute("update edges set rank = 1 where unique_id_l = 2")
    assert graph.clusters() == [[1, 2, 3, 4]]


def test_other_emails_alone_are_no_sign_of_another_person(graph: Graph) -> None:
    two_groups(graph)
    graph.con.execute("update features set phones = null, own_phones = null")
    assert graph.clusters() == [[1, 2, 3, 4]]


def test_the_user_may_join_namesakes(graph: Graph) -> None:
    two_groups(graph)
    rules = Rules()
    assert graph.clusters(
        dataclasses.replace(rules, conflicts=dataclasses.replace(rules.conflicts, namesakes=False))
    ) == [[1, 2, 3, 4]]


def test_a_record_between_namesakes_goes_to_neither(graph: Graph) -> None:
    two_groups(graph)
    graph.con.execute("delete from edges where unique_id_l = 2")
    graph.person(5, "john", "berg")
    for number in (1, 4):
        graph.link(number, 5, 3.6)
    assert graph.clusters() == [[1, 2], [3, 4], [5]]
    assert graph.dropped() == [(1, 5, "undecided"), (4, 5, "undecided")]


def test_single_records_need_three_differences() -> None:
    def single(mail: str, phone: str, dob: str) -> Group:
        return Group({1}, own=({mail}, {phone}), contacts=({mail}, {phone}), birth_dates={dob} - {""})

    assert are_namesakes(single("a", "1", "1980-01-01"), single("b", "2", "1955-06-07"))
    assert not are_namesakes(single("a", "1", ""), single("b", "2", "1955-06-07"))
    assert not are_namesakes(single("a", "1", "1980-01-01"), single("b", "2", "1980-01-02"))


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        ("1980-03-04", "1980-03-04", True),
        ("1980-03-04", "1980-04-03", True),
        ("1980-03-04", "1980-03-14", True),
        ("1980-03-12", "1980-03-21", True),
        ("1980-03-04", "1981-03-14", False),
    ],
)
def test_birth_dates_alike(left: str, right: str, alike: bool) -> None:
    assert dates_alike(left, right) is alike


@pytest.mark.parametrize(
    ("left", "right", "slip"),
    [
        ("123456", "123456", True),
        ("123456", "123457", True),
        ("123456", "124356", True),
        ("123456", "1234567", True),
        ("1234567", "123567", True),
        ("123456", "654321", False),
        ("123456", "123465 ", False),
        ("12345", "12346", False),
    ],
)
def test_slips(left: str, right: str, slip: bool) -> None:
    assert is_slip(left, right) is is_slip(right, left) is slip


def test_values_linked_by_slips_count_once() -> None:
    assert count_typed({"123456", "123457", "123477", "999999"}) == 2


def test_a_blocklist_is_normalised_like_data() -> None:
    rules = Rules(
        blocklist=(
            BlockedValue("email", " Info@Shop.Example"),
            BlockedValue("phone", "(202) 555-0147"),
            BlockedValue("card", " A-1"),
        )
    )
    with duckdb.connect() as con:
        con.execute("create table i (default_region varchar)")
        con.execute("insert into i values ('US'), ('US')")
        blocked_values(con, rules, "i", out="blocked")
        assert con.execute("select * from blocked order by all").fetchall() == [
            ("card", "A-1"),
            ("email", "info@shop.example"),
            ("phone", "+12025550147"),
        ]


def test_a_blocklisted_value_is_never_printed() -> None:
    assert "secret" not in repr(Rules(blocklist=(BlockedValue("email", "secret@mail.example"),)))
    assert Rules(blocklist=(BlockedValue("email", "secret@mail.example"),)).as_dict()["blocklist"] == 1


NODES = st.integers(1, 9)
PAIRS = st.tuples(NODES, NODES).filter(lambda pair: pair[0] < pair[1])


@st.composite
def components(draw: st.DrawFn, ranks: tuple[int, ...] = (1, 2, 3)) -> Component:
    """Up to nine records with random edges, conflicts, unique values, contacts and birth dates."""
    pairs = draw(st.lists(PAIRS, min_size=4, max_size=20, unique=True))
    edges = [Edge(draw(st.sampled_from(ranks)), -draw(st.sampled_from([3.0, 3.25, 4.0, 9.0])), *pair) for pair in pairs]
    conflicts: dict[int, set[int]] = {}
    apart: dict[int, set[int]] = {}
    for table, most in ((conflicts, 4), (apart, 2)):
        for left, right in draw(st.lists(PAIRS, max_size=most)):
            table.setdefault(left, set()).add(right)
            table.setdefault(right, set()).add(left)
    records = {}
    for node in range(1, 10):
        mail, phone = draw(st.sampled_from(["", "a", "b"])), draw(st.sampled_from(["", "1", "2"]))
        records[node] = Group(
            limited={
                ("unique:card", ""): set(draw(st.lists(st.sampled_from("xyz"), max_size=2))),
                ("cap:phone", ""): set(draw(st.lists(st.sampled_from("pqrs"), max_size=1))),
            },
            own=({mail} - {""}, {phone} - {""}),
            contacts=({mail} - {""}, {phone} - {""}),
            birth_dates={draw(st.sampled_from(["", "1950-01-01", "1981-07-09"]))} - {""},
        )
    return Component(
        sorted(edges), conflicts, apart, records, {"unique:card": 1, "cap:phone": 3}, draw(st.integers(3, 9))
    )


def check_groups(component: Component, group: dict[int, Group], left_out: dict[Edge, str]) -> None:
    """What holds of every repair: groups and left-out edges fit together, and kept edges hold each group together."""
    for edge in component.edges:
        assert (edge in left_out) == (group[edge.left] is not group[edge.right])
    for node, of in group.items():
        reached, waiting = {node}, [node]
        while waiting:
            at = waiting.pop()
            for edge in component.edges:
                if edge not in left_out and at in (edge.left, edge.right):
                    new = {edge.left, edge.right} - reached
                    reached |= new
                    waiting += new
        assert reached == of.members


@settings(max_examples=150, deadline=None)
@given(components())
def test_a_repaired_component_breaks_no_rule_and_loses_no_edge_without_need(component: Component) -> None:
    group, left_out = component.resolve()
    check_groups(component, group, left_out)
    for of in group.values():
        for node in of.members:
            assert not component.conflicts.get(node, set()) & of.members
            assert not component.judged_apart.get(node, set()) & of.members
        for key, limit in (("unique:card", 1), ("cap:phone", 3)):
            held = [component.records[node].limited[key, ""] for node in of.members]
            assert len(set().union(*held)) <= max(limit, *map(len, held))
        assert len(of.members) <= component.max_records
    if "undecided" not in left_out.values():
        for edge, reason in left_out.items():
            assert component.refusal(group[edge.left], group[edge.right], edge.rank) == reason


@settings(max_examples=100, deadline=None)
@given(components(ranks=(0, 1, 2, 3)))
def test_a_persons_link_holds_unless_a_person_contradicts(component: Component) -> None:
    group, left_out = component.resolve()
    check_groups(component, group, left_out)
    assert {reason for edge, reason in left_out.items() if edge.rank == 0} <= {"judged_apart"}
    for of in group.values():
        for node in of.members:
            assert not component.judged_apart.get(node, set()) & of.members


@settings(max_examples=100, deadline=None)
@given(components(), st.permutations(range(1, 10)))
def test_other_record_ids_change_nothing_but_the_names(component: Component, names: list[int]) -> None:
    # without ties: every edge has a weight of its own
    edges = [e._replace(negative_weight=-0.3 * i) for i, e in enumerate(component.edges)]
    name = dict(zip(range(1, 10), names, strict=True))

    def renamed(pairs: dict[int, set[int]]) -> dict[int, set[int]]:
        return {name[node]: {name[other] for other in others} for node, others in pairs.items()}

    plain = dataclasses.replace(component, edges=sorted(edges))
    other = dataclasses.replace(
        component,
        edges=sorted(
            Edge(e.rank, e.negative_weight, *sorted((name[e.left], name[e.right])))  # type: ignore[misc]
            for e in edges
        ),
        conflicts=renamed(component.conflicts),
        judged_apart=renamed(component.judged_apart),
        records={name[node]: record for node, record in component.records.items()},
    )
    expected = {frozenset(name[n] for n in of.members) for of in plain.resolve()[0].values()}
    assert {frozenset(of.members) for of in other.resolve()[0].values()} == expected
