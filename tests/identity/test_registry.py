"""The rules of permanent ids, by hand-made clusterings: each step is {record: cluster}."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.errors import IdentityInputError
from identity.registry import Registered, latest_generation, register
from identity.store import at, attach_store


class Store:
    """A store in memory, stepped by clusterings."""

    def __init__(self, path: Path | None = None) -> None:
        self.con = duckdb.connect()
        attach_store(self.con, path)
        self.generation = 0

    def step(
        self,
        clusters: dict[str, int],
        seen: dict[str, int] | None = None,
        commit: bool = True,
        touched: set[str] | None = None,
    ) -> Registered:
        self.con.execute("create or replace table c (record_id varchar, cluster_id integer, first_seen timestamp)")
        for record, cluster in clusters.items():
            day = (seen or {}).get(record, 1)
            self.con.execute("insert into c values (?, ?, ?)", [record, cluster, datetime(2020, 1, day)])
        if touched is not None:
            self.con.execute("create or replace temp table t (record_id varchar)")
            self.con.executemany("insert into t values (?)", [[record] for record in sorted(touched) or [""]])
        done = register(
            self.con,
            "c",
            touched=None if touched is None else "t",
            as_of=date(2024, 1, 1 + self.generation),
            run_id="r",
            model_version="m",
            base_generation=self.generation,
        )
        if commit:
            self.generation = done.generation
        return done

    def ids(self, generation: int | None = None) -> dict[str, str]:
        rows = self.con.execute(
            f"select record_id, profile_id from {at('members', generation or self.generation)}"
        ).fetchall()
        return dict(rows)

    def aliases(self) -> dict[str, str]:
        rows = self.con.execute(f"select alias_profile_id, profile_id from {at('aliases', self.generation)}").fetchall()
        return dict(rows)

    def events(self) -> list[tuple[str, str, str | None]]:
        return self.con.execute(
            """select event, profile_id, related_profile_id from store.events where generation = ?
            order by event, profile_id, related_profile_id""",
            [self.generation],
        ).fetchall()


@pytest.fixture
def store() -> Store:
    return Store()


def test_new_clusters_get_new_ids(store: Store) -> None:
    done = store.step({"a": 1, "b": 1, "c": 2})
    ids = store.ids()
    assert ids["a"] == ids["b"] != ids["c"]
    assert (done.profiles, done.created, done.merged) == (2, 2, 0)


def test_the_same_clustering_changes_nothing(store: Store) -> None:
    store.step({"a": 1, "b": 1, "c": 2})
    before = store.ids()
    done = store.step({"c": 9, "b": 4, "a": 4})
    assert done.generation == 1
    assert (done.created, done.merged, done.split) == (0, 0, 0)
    assert store.ids() == before
    assert latest_generation(store.con) == 1


def test_a_merge_keeps_the_id_first_seen_and_aliases_the_other(store: Store) -> None:
    store.step({"a": 1})
    store.step({"a": 1, "b": 2, "c": 2})
    first = store.ids()
    done = store.step({"a": 1, "b": 1, "c": 1})
    assert set(store.ids().values()) == {first["a"]}
    assert store.aliases() == {first["b"]: first["a"]}
    assert store.events() == [("merged", first["a"], first["b"])]
    assert done.merged == 1


def test_within_one_run_the_profile_with_the_earliest_record_survives(store: Store) -> None:
    seen = {"a": 20, "b": 3}
    store.step({"a": 1, "b": 2}, seen)
    first = store.ids()
    store.step({"a": 1, "b": 1}, seen)
    assert store.ids()["a"] == first["b"]


def test_a_split_after_a_merge_reinstates_the_earlier_ids(store: Store) -> None:
    store.step({"a": 1, "b": 1, "c": 2, "d": 2, "e": 2})
    first = store.ids()
    store.step(dict.fromkeys("abcde", 1))
    done = store.step({"a": 1, "b": 1, "c": 2, "d": 2, "e": 2})
    assert store.ids() == first
    assert store.aliases() == {}
    assert done.reinstated == 1
    assert ("reinstated") in [event for event, _, _ in store.events()]


def test_a_split_without_an_earlier_merge_leaves_the_id_with_the_larger_part(store: Store) -> None:
    store.step({"a": 1, "b": 1, "c": 1})
    first = store.ids()["a"]
    done = store.step({"a": 1, "b": 2, "c": 2})
    assert store.ids()["b"] == store.ids()["c"] == first
    assert store.ids()["a"] != first
    assert store.events() == [("split", first, store.ids()["a"])]
    assert (done.split, done.created) == (1, 0)


def test_a_tie_in_a_split_goes_to_the_earliest_first_seen_record_then_the_least_id(store: Store) -> None:
    seen = {"a": 9, "b": 2}
    store.step({"a": 1, "b": 1}, seen)
    first = store.ids()["a"]
    store.step({"a": 1, "b": 2}, seen)
    assert store.ids()["b"] == first
    other = Store()
    other.step({"a": 1, "b": 1})
    kept = other.ids()["a"]
    other.step({"a": 1, "b": 2})
    assert other.ids()["a"] == kept


def test_an_alias_of_an_alias_resolves_in_one_hop(store: Store) -> None:
    store.step({"a": 1})
    store.step({"a": 1, "b": 2})
    store.step({"a": 1, "b": 2, "c": 3})
    first = store.ids()
    store.step({"a": 1, "b": 2, "c": 2})
    store.step({"a": 1, "b": 1, "c": 1})
    assert store.aliases() == {first["b"]: first["a"], first["c"]: first["a"]}


def test_a_profile_without_records_is_retired_and_comes_back_with_them(store: Store) -> None:
    store.step({"a": 1, "b": 2})
    first = store.ids()
    done = store.step({"b": 2})
    assert (done.retired, done.profiles) == (1, 1)
    assert store.events() == [("retired", first["a"], None)]
    store.step({"a": 1, "b": 2})
    assert store.ids() == first
    assert store.events() == [("reinstated", first["a"], None)]


def test_a_record_that_joins_is_an_extension(store: Store) -> None:
    store.step({"a": 1})
    store.step({"a": 1, "b": 1})
    assert store.events() == [("extended", store.ids()["a"], None)]


def test_a_record_that_changes_sides_is_told_with_where_it_came_from(store: Store) -> None:
    store.step({"a": 1, "b": 1, "c": 1, "d": 2, "e": 2})
    first = store.ids()
    store.step({"a": 1, "b": 1, "c": 2, "d": 2, "e": 2})
    assert store.ids() == {**first, "c": first["d"]}
    assert store.events() == [("extended", first["d"], first["a"])]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 4), min_size=1), min_size=2, max_size=6))
def test_no_record_changes_its_profile_without_an_event(steps: list[dict[str, int]]) -> None:
    store = Store()
    before: dict[str, str] = {}
    for clusters in steps:
        store.step(clusters)
        now, told = store.ids(), store.events()
        for record, profile in now.items():
            if record in before and before[record] != profile:
                kinds = {kind for kind, *both in told if {profile, before[record]} == {*both}}
                assert kinds & {"merged", "split", "extended"}, (record, told)
        before = now


def test_a_candidate_that_was_not_published_is_discarded(store: Store) -> None:
    store.step({"a": 1, "b": 2})
    first = store.ids()
    store.step({"a": 1, "b": 1}, commit=False)
    store.step({"a": 1, "b": 2})
    assert store.ids() == first
    assert store.generation == 1


def test_an_unknown_base_is_refused(store: Store) -> None:
    store.step({"a": 1})
    store.generation = 7
    with pytest.raises(IdentityInputError, match="no generation 7"):
        store.step({"a": 1})


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        con.execute("create table store_version (version integer)")
        con.execute("insert into store_version values (99)")
    with duckdb.connect() as con, pytest.raises(IdentityInputError, match="version 99"):
        attach_store(con, tmp_path / "s.duckdb")


def test_a_store_of_version_1_is_upgraded(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        for table, columns in {
            "store_version": "version integer",
            "generations": "generation integer, parent integer, as_of date, run_id varchar, model_version varchar",
            "members": "generation integer, record_id varchar, profile_id varchar, since date",
            "ids": "generation integer, profile_id varchar, first_generation integer, first_seen date, rank bigint, "
            "state varchar",
            "aliases": "generation integer, alias_profile_id varchar, profile_id varchar",
            "homes": "generation integer, record_id varchar, profile_id varchar",
            "events": "generation integer, event_id varchar, as_of date, run_id varchar, event varchar, "
            "profile_id varchar, related_profile_id varchar, reason varchar",
        }.items():
            con.execute(f"create table {table} ({columns})")
        con.execute("insert into store_version values (1)")
        con.execute("insert into generations values (1, 0, '2024-01-01', 'r', 'm'), (2, 1, '2024-01-02', 'r', 'm')")
        con.execute(
            """insert into members values (1, 'a', 'p1', '2024-01-01'), (1, 'b', 'p2', '2024-01-01'),
            (2, 'a', 'p1', '2024-01-01'), (2, 'b', 'p1', '2024-01-02')"""
        )
        con.execute(
            """insert into ids values (1, 'p1', 1, '2024-01-01', 1, 'live'), (1, 'p2', 1, '2024-01-01', 2, 'live'),
            (2, 'p1', 1, '2024-01-01', 1, 'live'), (2, 'p2', 1, '2024-01-01', 2, 'alias')"""
        )
        con.execute("insert into aliases values (2, 'p2', 'p1')")
        con.execute("insert into homes values (1, 'a', 'p1'), (1, 'b', 'p2')")
    store = Store(tmp_path / "s.duckdb")
    assert store.ids(1) == {"a": "p1", "b": "p2"}
    assert store.ids(2) == {"a": "p1", "b": "p1"}
    store.generation = 2
    assert store.aliases() == {"p2": "p1"}
    store.step({"a": 1, "b": 2})
    assert store.ids() == {"a": "p1", "b": "p2"}
    assert store.aliases() == {}


clusterings = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 4), min_size=1), min_size=1, max_size=6
)


@settings(max_examples=25, deadline=None)
@given(clusterings)
def test_ids_always_tell_clusters_apart_and_every_id_ever_given_resolves(steps: list[dict[str, int]]) -> None:
    store = Store()
    ever: set[str] = set()
    for clusters in steps:
        store.step(clusters)
        ids = store.ids()
        assert ids.keys() == clusters.keys()
        pairs = [(a, b) for a in clusters for b in clusters]
        assert all((ids[a] == ids[b]) == (clusters[a] == clusters[b]) for a, b in pairs)
        ever |= set(ids.values())
        states = dict(store.con.execute(f"select profile_id, state from {at('ids', store.generation)}").fetchall())
        assert ever == states.keys()
        live = set(ids.values())
        assert live == {i for i, state in states.items() if state == "live"}
        aliases = store.aliases()
        assert aliases.keys() == {i for i, state in states.items() if state == "alias"}
        assert all(states[target] in ("live", "retired") for target in aliases.values())


@settings(max_examples=12, deadline=None)
@given(clusterings, st.randoms(use_true_random=False))
def test_row_order_and_cluster_numbers_do_not_matter(steps: list[dict[str, int]], shuffle: object) -> None:
    one, other = Store(), Store()
    for clusters in steps:
        one.step(clusters)
        items = list(clusters.items())
        shuffle.shuffle(items)  # type: ignore[attr-defined]
        other.step({record: cluster + 100 for record, cluster in items})
        assert one.ids() == other.ids()
        assert one.events() == other.events()


def touched_by(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """Records that are in another company than before, or gone."""

    def company(clusters: dict[str, int], record: str) -> set[str]:
        return {r for r, c in clusters.items() if c == clusters.get(record)}

    return {r for r in before.keys() | after.keys() if company(before, r) != company(after, r)}


@settings(max_examples=40, deadline=None)
@given(clusterings)
def test_looking_only_at_what_was_touched_gives_the_same_ids_and_events(steps: list[dict[str, int]]) -> None:
    whole, part = Store(), Store()
    before: dict[str, int] = {}
    for clusters in steps:
        one = whole.step(clusters)
        other = part.step(clusters, touched=touched_by(before, clusters))
        before = clusters
        assert one == other
        assert whole.ids() == part.ids()
        assert whole.aliases() == part.aliases()
        assert whole.events() == part.events()
        states = [
            store.con.execute(
                f"select profile_id, state, rank from {at('ids', store.generation)} order by all"
            ).fetchall()
            for store in (whole, part)
        ]
        assert states[0] == states[1]
