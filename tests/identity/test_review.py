"""The review queue by worth, against hand-made numbers; unsure answers; questions as a clerk sees them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from test_pipeline import Company

from identity import IdentityInputError
from identity.comparison import Comparison, Level
from identity.review import build_review_queue, evidence_sql, open_questions, pair_evidence

# Entropy in bits of .5, .8 and .25.
H50, H80, H25 = 1.0, 0.7219281, 0.8112781
GIVEN = Comparison(
    "given",
    "personal",
    "given_l is null or given_r is null",
    (Level("exact", "given_l = given_r", 0.9, 0.01, 0.01), Level("different", "else", 0.1, 0.99, 0.99)),
)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Clusters A (a1-a4), B (b1, b2), C (c1), D (d1-d3), E (e1), F (f1); unique ids against the order of names."""
    con = duckdb.connect()
    records = ["a1", "a2", "a3", "a4", "b1", "b2", "c1", "d1", "d2", "d3", "e1", "f1"]
    con.execute("create table features (unique_id bigint, record_id varchar, given varchar)")
    con.execute("create table clusters (unique_id bigint, cluster_id bigint)")
    ids = {record: 1000 - i for i, record in enumerate(records)}
    for record, number in ids.items():
        con.execute("insert into features values (?, ?, ?)", [number, record, record[0]])
        con.execute("insert into clusters values (?, ?)", [number, min(n for r, n in ids.items() if r[0] == record[0])])
    pair = "unique_id_l bigint, unique_id_r bigint"
    con.execute(f"create table scored ({pair}, match_weight double, match_probability double)")
    con.execute(f"create table accepted ({pair})")
    con.execute(f"create table left_out ({pair}, reason varchar)")
    con.execute(f"create table refused ({pair}, rule varchar)")
    con.execute(f"create table judged ({pair}, judgement varchar, evidence varchar)")
    return con


def add(con: duckdb.DuckDBPyConnection, table: str, left: str, right: str, *values: object) -> None:
    con.execute(
        f"""insert into {table} select min(unique_id), max(unique_id){", ?" * len(values)} from features
        where record_id in (?, ?)""",
        [*values, left, right],
    )


def queue(con: duckdb.DuckDBPyConnection, comparisons: tuple[Comparison, ...] = ()) -> list[tuple[object, ...]]:
    build_review_queue(con, comparisons)
    return [
        (left + right, reason, round(worth, 6))
        for left, right, reason, worth in con.execute(
            "select record_id_l, record_id_r, reason, worth from review_queue"
        ).fetchall()
    ]


def test_a_question_is_worth_its_uncertainty_times_the_pairs_it_settles(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "scored", "a1", "b1", -2.0, 0.8)  # 4 × 2 pairs
    add(con, "scored", "c1", "d1", 0.0, 0.5)  # 1 × 3
    add(con, "scored", "e1", "f1", -1.6, 0.25)  # 1 × 1
    add(con, "scored", "c1", "f1", -3.0, 0.19)  # below what is asked about
    add(con, "scored", "a2", "a3", 0.0, 0.5)  # in one cluster already
    assert queue(con) == [
        ("a1b1", "below_threshold", round(8 * H80, 6)),
        ("c1d1", "below_threshold", 3 * H50),
        ("e1f1", "below_threshold", round(H25, 6)),
    ]


def test_evidence_that_contradicts_itself_is_wholly_open_and_breaks_ties_by_reason(
    con: duckdb.DuckDBPyConnection,
) -> None:
    add(con, "scored", "e1", "f1", 0.0, 0.5)
    add(con, "scored", "c1", "e1", 9.0, 0.998)
    add(con, "left_out", "c1", "e1", "conflict")
    add(con, "left_out", "c1", "f1", "unique:loyalty_id")
    add(con, "refused", "b1", "d1", "loyalty_id")
    add(con, "left_out", "a1", "e1", "judged_apart")
    assert queue(con) == [
        ("b1d1", "identifier_of_another_person", 6.0),
        ("c1f1", "unique:loyalty_id", 1.0),
        ("c1e1", "conflict", 1.0),
        ("e1f1", "below_threshold", 1.0),
    ]


def test_two_clusters_are_asked_about_once(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "scored", "a1", "b1", 0.0, 0.5)
    add(con, "scored", "a2", "b2", 1.0, 0.67)
    assert [row[0] for row in queue(con)] == ["a2b2"]
    add(con, "left_out", "a3", "b1", "bridge")
    assert queue(con) == [("a3b1", "bridge", 8.0)]


def test_clusters_that_a_person_told_apart_are_not_asked_about(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "scored", "a1", "b1", 0.0, 0.5)
    add(con, "judged", "a4", "b2", "negative", None)
    assert queue(con) == []


def test_an_unsure_answer_stays_until_the_evidence_changes(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "scored", "a1", "b1", 0.0, 0.5)
    add(con, "scored", "a2", "b1", -0.5, 0.4)
    add(con, "judged", "a1", "b1", "unsure", "given=1")
    assert queue(con, (GIVEN,)) == []  # nor is the next best pair of the two clusters asked about
    con.execute("update features set given = 'b' where record_id = 'a1'")
    assert [row[0] for row in queue(con, (GIVEN,))] == ["a1b1"]
    con.execute("update judged set evidence = null")
    assert queue(con, (GIVEN,)) == []


def test_evidence_is_told_in_outcomes_and_not_in_values(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update features set given = null where record_id = 'c1'")
    sql = f"select {evidence_sql((GIVEN,))} from features l, features r where l.record_id = ? and r.record_id = ?"
    told = [con.execute(sql, pair).fetchall() for pair in (["a1", "a2"], ["a1", "b1"], ["a1", "c1"])]
    assert told == [[("given=0",)], [("given=1",)], [("given=-",)]]


def test_the_questions_of_a_run(tmp_path: Path) -> None:
    company = Company(tmp_path)
    # one loyalty number typed at two people: the record of another person holds it
    company.con.execute(
        """insert into record_identifiers values
        ('crm:people:0', 'loyalty_id', 'till', 'L1', 'L1', true, null, null, null),
        ('crm:people:1', 'loyalty_id', 'till', 'L1', 'L1', true, null, null, null)"""
    )
    company.run()
    identity, models = tmp_path / "identity", tmp_path / "model"
    total, [first] = open_questions(identity, models, limit=1)
    assert (first.record_id_l, first.record_id_r) == ("crm:people:0", "crm:people:1")
    # crm:people:0 has a second record in the shop
    assert (first.reason, first.worth) == ("identifier_of_another_person", 2.0)
    assert (first.source_l, first.profile_records_l, first.profile_records_r) == ("crm", 2, 1)
    outcomes = {o.comparison: o.outcome for o in first.outcomes}
    assert outcomes["given"] == "different"
    assert all(o.against_strangers < 0 for o in first.outcomes if o.comparison == "given")
    pair = ("crm:people:0", "crm:people:1")
    assert open_questions(identity, models, limit=9, answered=[pair])[0] == total - 1
    evidence = pair_evidence(identity, models, [pair, ("crm:people:0", "nobody")])
    assert list(evidence) == [pair]
    assert "given=" in evidence[pair]
    with pytest.raises(IdentityInputError, match="nothing has been resolved here yet"):
        open_questions(tmp_path / "none", models, limit=1)


def test_an_identifier_that_was_left_out_is_asked_about_also_without_a_score(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "accepted", "b1", "d1")
    add(con, "left_out", "b1", "d1", "unique:loyalty_id")
    add(con, "refused", "c1", "e1", "loyalty_id")
    assert queue(con) == [("b1d1", "unique:loyalty_id", 6.0), ("c1e1", "identifier_of_another_person", 1.0)]
    rows = con.execute("select match_weight, match_probability from review_queue").fetchall()
    assert rows == [(None, None), (None, None)]
