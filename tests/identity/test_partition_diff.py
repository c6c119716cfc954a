"""What changed between two partitions, on partitions small enough to count by hand."""

from __future__ import annotations

from collections import defaultdict

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.partition_diff import Affected, PartitionDiff, diff_text, partition_diff


def diff(old: dict[str, str], new: dict[str, str], most: int = 20) -> PartitionDiff:
    """The difference of partitions written as profile → one letter per record."""
    with duckdb.connect() as con:
        for table, partition in (("old", old), ("new", new)):
            con.execute(f"create table {table} (record_id varchar, cluster varchar)")
            rows = [(record, profile) for profile, records in partition.items() for record in records]
            if rows:
                con.executemany(f"insert into {table} values (?, ?)", rows)
        return partition_diff(con, "old", "new", most=most)


def test_renamed_profiles_are_unchanged() -> None:
    found = diff({"p1": "abc", "p2": "d"}, {"x": "d", "y": "cab"})
    assert (found.unchanged, found.changed, found.records_moved, found.pairs_gained, found.pairs_lost) == (
        2,
        0,
        0,
        0,
        0,
    )
    assert found.pairs_kept == 3
    assert found.most_affected == ()
    assert found.share_of_profiles_changed == 0.0


def test_a_merge_moves_the_smaller_part_and_changes_everyone_s_companions() -> None:
    found = diff({"p1": "abc", "p2": "de", "p3": "f"}, {"p1": "abcde", "p3": "f"})
    assert (found.merged, found.merges, found.split, found.unchanged) == (2, 1, 0, 1)
    assert (found.records_moved, found.companions_changed) == (2, 5)
    assert (found.pairs_kept, found.pairs_gained, found.pairs_lost) == (4, 6, 0)
    assert found.share_of_profiles_changed == pytest.approx(2 / 3)
    assert found.most_affected == (
        Affected("p1", 3, "merged", 2, 1, (("p1", 3),)),
        Affected("p2", 2, "merged", 2, 1, (("p1", 2),)),
    )


def test_a_split_moves_the_smaller_parts() -> None:
    found = diff({"p1": "abcdef", "p2": "g"}, {"p1": "abc", "n1": "de", "n2": "f", "p2": "g"})
    assert (found.split, found.merged, found.unchanged, found.created) == (1, 0, 1, 0)
    assert (found.records_moved, found.companions_changed) == (3, 6)
    assert (found.pairs_kept, found.pairs_gained, found.pairs_lost) == (4, 0, 11)
    assert found.most_affected == (Affected("p1", 6, "split", 3, 3, (("p1", 3), ("n1", 2), ("n2", 1))),)
    assert found.split_share == pytest.approx(0.5)


def test_a_record_that_changes_sides_splits_one_and_merges_both() -> None:
    found = diff({"p1": "abc", "p2": "de"}, {"p1": "ab", "p2": "cde"})
    assert (found.split, found.merged, found.changed) == (1, 2, 2)
    assert found.records_moved == 1
    # c leaves a and b and joins d and e: all five have other companions
    assert found.companions_changed == 5
    assert found.most_affected == (
        Affected("p1", 3, "split and merged", 1, 2, (("p1", 2), ("p2", 1))),
        Affected("p2", 2, "merged", 1, 1, (("p2", 2),)),
    )


def test_records_that_come_and_go_are_no_change_of_identity() -> None:
    found = diff({"p1": "ab", "p2": "cd", "p3": "e", "p4": "fg"}, {"p1": "abx", "p2": "c", "n": "yz", "p4": "fg"})
    assert (found.extended, found.shrunk, found.dissolved, found.created, found.unchanged) == (1, 1, 1, 1, 1)
    assert (found.merged, found.split, found.records_moved, found.companions_changed) == (0, 0, 0, 0)
    assert found.common_records == 5
    assert found.changed == 1
    assert found.most_affected == (Affected("p3", 1, "dissolved", 0, 0, ()),)


def test_empty_partitions() -> None:
    assert diff({}, {}) == PartitionDiff()
    assert diff({}, {"p": "ab"}) == PartitionDiff(new_profiles=1, new_records=2, created=1)
    assert diff({}, {"p": "ab"}).share_of_profiles_changed == 0.0
    assert diff({"p": "ab"}, {}).share_of_profiles_changed == 1.0


def test_the_most_affected_come_first_and_are_limited() -> None:
    old = {"big": "abcdefgh", "small": "ij", "other": "kl"}
    new = {"big": "abcd", "n1": "efgh", "small": "i", "n2": "j", "other": "k", "n3": "l"}
    assert [a.profile_id for a in diff(old, new, most=2).most_affected] == ["big", "other"]


def test_many_parts_are_counted_and_the_largest_named() -> None:
    found = diff({"p": "abcdefgh"}, {"n1": "ab", "n2": "c", "n3": "d", "n4": "e", "n5": "f", "n6": "g", "n7": "h"})
    [affected] = found.most_affected
    assert affected.parts == 7
    assert affected.into == (("n1", 2), ("n2", 1), ("n3", 1), ("n4", 1), ("n5", 1))
    assert "and 2 more" in diff_text(found)


def test_ties_go_to_the_least_record_id_whatever_the_row_order() -> None:
    one = diff({"p": "abcd"}, {"x": "ab", "y": "cd"})
    two = diff({"p": "dcba"}, {"y": "dc", "x": "ba"})
    assert one == two
    assert one.records_moved == 2


def by_hand(old: dict[str, str], new: dict[str, str]) -> dict[str, int]:
    """The counts of `PartitionDiff`, from their definitions and one record at a time."""

    def sets(partition: dict[str, str], records: set[str]) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for record, profile in partition.items():
            if record in records:
                found[profile].add(record)
        return {profile: frozenset(members) for profile, members in found.items()}

    common = set(old) & set(new)
    was, is_now = sets(old, common), sets(new, common)
    all_old, all_new = sets(old, set(old)), sets(new, set(new))
    parts = {(o, n): a & b for o, a in was.items() for n, b in is_now.items() if a & b}

    def largest(side: int, profile: str) -> tuple[str, str]:
        mine = {key: records for key, records in parts.items() if key[side] == profile}
        return min(mine, key=lambda key: (-len(mine[key]), min(mine[key])))

    lives = {key for key in parts if largest(0, key[0]) == key == largest(1, key[1])}
    merged = {o for o, n in parts if len({other for other, m in parts if m == n}) > 1}
    split = {o for o in was if len({n for other, n in parts if other == o}) > 1}
    dissolved = set(all_old) - set(was)
    steady = set(was) - merged - split

    def pairs(partition: dict[str, frozenset[str]]) -> set[frozenset[str]]:
        return {frozenset((a, b)) for members in partition.values() for a in members for b in members if a < b}

    return {
        "old_profiles": len(all_old),
        "new_profiles": len(all_new),
        "common_records": len(common),
        "unchanged": len(
            set(all_old.values()) & set(all_new.values()) - {m for m in all_old.values() if not m & common}
        ),
        "shrunk": sum(1 for o in steady if all_old[o] != was[o]),
        "merged": len(merged),
        "split": len(split),
        "dissolved": len(dissolved),
        "merges": sum(1 for n in is_now if len({o for o, m in parts if m == n}) > 1),
        "created": len(set(all_new) - set(is_now)),
        "records_moved": sum(len(records) for key, records in parts.items() if key not in lives),
        "companions_changed": sum(
            1
            for record in common
            if next(m for m in was.values() if record in m) != next(m for m in is_now.values() if record in m)
        ),
        "pairs_kept": len(pairs(was) & pairs(is_now)),
        "pairs_gained": len(pairs(is_now) - pairs(was)),
        "pairs_lost": len(pairs(was) - pairs(is_now)),
        "changed": len(merged | split | dissolved),
    }


assignments = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["p", "q", "r", "s"]))


@settings(max_examples=60, deadline=None)
@given(old=assignments, new=assignments, rename=st.booleans())
def test_the_counts_are_those_of_the_definitions(old: dict[str, str], new: dict[str, str], rename: bool) -> None:
    """Also under other names for the new profiles, where no profile can be recognised by its id."""
    called = {record: f"new {profile}" if rename else profile for record, profile in new.items()}

    def grouped(partition: dict[str, str]) -> dict[str, str]:
        found: dict[str, str] = defaultdict(str)
        for record, profile in partition.items():
            found[profile] += record
        return found

    found = diff(grouped(old), grouped(called))
    expected = by_hand(old, new)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.old_profiles == found.unchanged + found.extended + found.shrunk + found.changed


def test_ids_of_any_type_and_the_text_names_counts() -> None:
    with duckdb.connect() as con:
        con.execute(
            "create table old as select 'r' || i as record_id, (i // 2)::bigint as cluster_id from range(6) t(i)"
        )
        con.execute("create table new as select 'r' || i as record_id, 'p' || i // 3 as profile_id from range(6) t(i)")
        found = partition_diff(con, "old", "new", old_column="cluster_id", new_column="profile_id")
    assert (found.merged, found.split, found.merges) == (3, 1, 2)
    assert "3 merge (into 2), 1 split: 100.00% of the profiles change" in diff_text(found)
