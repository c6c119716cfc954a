"""Judgements: contradictions with their path, files, and links and separations that come back exactly when undone."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_pipeline import Company

from identity import IdentityInputError, Judgement, load_roles, resolve_files, run_pipeline
from identity.judgements import contradictions, latest, load_judgements, read_judgement_file

ROLES = """
record_id: id
default_region: US
roles: {given_name: first, family_name: last, birth_date: born, email: mail}
"""
GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo"]
FAMILY = ["abelard", "brandt", "castellan", "dorfmann", "eriksson"]


def says(left: str, judgement: str, right: str, author: str = "", at: str = "") -> Judgement:
    return Judgement(left, right, judgement, author, created_at=at)


def test_a_negative_judgement_is_refused_with_the_chain_that_joins_its_records() -> None:
    known = [
        says("a", "positive", "c", "anna", "2026-11-01T08:00:00Z"),
        says("x", "positive", "y", "anna", "2026-11-01T09:00:00Z"),
        says("b", "positive", "c", "wei", "2026-11-02T08:00:00Z"),
    ]
    new = says("a", "negative", "b", "lee", "2026-11-03T08:00:00Z")
    [found] = contradictions([*known, new])
    assert found.text(new) == (
        "contradicts: a ≠ b (this one) but a = c (anna, 2026-11-01), c = b (wei, 2026-11-02); undo one of these first"
    )
    assert [j.pair for j in found.judgements] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_a_positive_judgement_that_closes_a_negative_one_is_refused_with_its_path() -> None:
    known = [says("a", "negative", "d", "wei"), says("a", "positive", "b", "anna"), says("c", "positive", "d", "lee")]
    new = says("b", "positive", "c", "kim")
    [found] = contradictions([*known, new])
    assert found.text(new) == (
        "contradicts: a ≠ d (wei) but a = b (anna), b = c (this one), c = d (lee); undo one of these first"
    )


def test_the_shortest_chain_is_shown() -> None:
    long = [says("a", "positive", "p"), says("p", "positive", "q"), says("q", "positive", "b")]
    short = [says("a", "positive", "z"), says("z", "positive", "b")]
    [found] = contradictions([*long, *short, says("a", "negative", "b")])
    assert [j.pair for j in found.path] == [("a", "z"), ("b", "z")]


@pytest.mark.parametrize(
    "given",
    [
        [says("a", "positive", "b"), says("b", "negative", "c")],
        [says("a", "negative", "b"), says("b", "negative", "c"), says("a", "positive", "c")],
        [says("a", "positive", "b"), says("b", "positive", "c"), says("a", "unsure", "c")],
        [says("a", "positive", "b"), says("b", "negative", "a")],  # the later one on a pair takes its place
    ],
)
def test_what_is_no_contradiction(given: list[Judgement]) -> None:
    assert list(contradictions(given)) == []


def test_a_later_judgement_supersedes_whatever_the_order_of_the_records() -> None:
    kept = latest([says("a", "positive", "b"), says("c", "positive", "d"), says("b", "negative", "a")])
    assert [(j.pair, j.judgement) for j in kept] == [(("c", "d"), "positive"), (("a", "b"), "negative")]


PAIRS = st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")).filter(lambda pair: pair[0] != pair[1])


@given(st.lists(st.tuples(PAIRS, st.sampled_from(["positive", "negative", "unsure"])), max_size=12))
def test_contradictions_are_those_of_the_transitive_closure(drawn: list[tuple[tuple[str, str], str]]) -> None:
    kept = latest(says(pair[0], judgement, pair[1]) for pair, judgement in drawn)
    one = {frozenset(j.pair) for j in kept if j.judgement == "positive"}
    for _ in range(3):  # chains of up to 8 links, more than six records can have
        one |= {a ^ b for a in one for b in one if len(a & b) == 1}
    expected = {j.pair for j in kept if j.judgement == "negative" and frozenset(j.pair) in one}
    found = list(contradictions(kept))
    assert {c.negative.pair for c in found} == expected
    for contradiction in found:
        ends = [end for judgement in contradiction.path for end in judgement.pair]
        assert {end for end in ends if ends.count(end) == 1} == set(contradiction.negative.pair)
        assert {j.judgement for j in contradiction.path} == {"positive"}


def judged(records: list[str], judgements: list[Judgement]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Rows of ``judged`` and ``forbidden``, with unique ids spelled as record ids."""
    with duckdb.connect() as con:
        con.execute("create table features (unique_id bigint, record_id varchar)")
        for record in records:
            con.execute("insert into features values (?, ?)", [ord(record) * 2**40, record])
        load_judgements(con, judgements)
        name = "(select record_id from features where unique_id = unique_id_{})"
        pair = f"{name.format('l')}, {name.format('r')}"
        return (
            con.execute(f"select {pair}, judgement from judged order by all").fetchall(),
            con.execute(f"select {pair} from forbidden order by all").fetchall(),
        )


def test_judgements_become_pairs_of_present_records() -> None:
    known = [
        says("b", "positive", "a"),
        says("c", "negative", "a"),
        says("b", "unsure", "c"),
        says("a", "positive", "z"),
    ]
    assert judged(["a", "b", "c"], known) == (
        [("a", "b", "positive"), ("a", "c", "negative"), ("b", "c", "unsure")],
        [("a", "c")],
    )


def test_a_chain_holds_through_a_record_that_is_gone() -> None:
    known = [
        says("a", "positive", "g"),
        says("g", "positive", "b"),
        says("g", "negative", "n"),
        says("g", "unsure", "u"),
    ]
    assert judged(["a", "b", "n", "u"], known) == ([("a", "b", "positive"), ("a", "n", "negative")], [("a", "n")])
    assert judged(["n", "u"], known) == ([], [])


def test_contradicting_judgements_stop_a_run() -> None:
    with pytest.raises(IdentityInputError, match="contradicts: a ≠ b but a = c, c = b; undo one"):
        judged([], [says("a", "positive", "c"), says("c", "positive", "b"), says("a", "negative", "b")])


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_judgements(tmp_path: Path) -> None:
    path = write(
        tmp_path / "j.csv",
        '\ufeffsource_l;record_id_l;source_r;record_id_r;judgement;author;reason\ncrm;1;shop;2;Positive;anna;"one\nhand"\n'
        "crm;3;crm;4;negative;;\n",
    )
    assert read_judgement_file(path, ["crm", "shop"]) == [
        Judgement("crm|1", "shop|2", "positive", "anna", "one\nhand", line=3),
        Judgement("crm|3", "crm|4", "negative", line=4),
    ]
    short = write(tmp_path / "short.csv", "record_id_l,record_id_r,judgement\n1,2,unsure\n")
    assert read_judgement_file(short, ["crm"]) == [Judgement("crm|1", "crm|2", "unsure", line=2)]
    with pytest.raises(IdentityInputError, match="column source_l is needed"):
        read_judgement_file(short, ["crm", "shop"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record_id_l,record_id_r\n", "j.csv: column judgement is missing; it has record_id_l, record_id_r"),
        ("record_id_l,record_id_r,judgement,judgement\n", "j.csv: column judgement is there twice"),
        ("record_id_l,record_id_r,judgement\n1,2,same\n", "j.csv line 2: judgement must be positive, negative or"),
        ("record_id_l,record_id_r,judgement\n1,2,unsure\n3,,unsure\n", "j.csv line 3: record_id_r is empty"),
        ("record_id_l,record_id_r,judgement\n1,2,\n", "j.csv line 2: judgement is empty"),
        ("record_id_l,record_id_r,judgement\n1,2,unsure,x\n", "j.csv line 2: more cells than the header"),
        ("record_id_l,record_id_r,judgement\n1,1,unsure\n", "j.csv line 2: names one record twice"),
        (
            "record_id_l,record_id_r,judgement\n1,2,positive\n1,3,negative\n2,3,positive\n",
            r"j.csv line 4: contradicts: s\|1 ≠ s\|3 \(line 3\) but s\|1 = s\|2 \(line 2\), s\|2 = s\|3 \(line 4\)",
        ),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(IdentityInputError, match=message) as caught:
        read_judgement_file(write(tmp_path / "j.csv", text), ["s"])
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_bytes("record_id_l,record_id_r,judgement\n王,2,unsure\n".encode("gbk"))
    with pytest.raises(IdentityInputError, match="invalid UTF-8; save it as CSV"):
        read_judgement_file(tmp_path / "j.csv", ["s"])


class Shop:
    """Forty people, twenty of them twice, resolved with a store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.roles = load_roles(write(root / "roles.yml", ROLES))
        with (root / "crm.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "first", "last", "born", "mail"])
            for i in range(40):
                given, family = GIVEN[i % 8], FAMILY[i // 8]
                row = [given, family, f"19{50 + i}-{i % 12 + 1:02d}-{i % 27 + 1:02d}", f"{given}.{family}@mail.example"]
                writer.writerow([f"c{i}", *row])
                if i % 2 == 0:
                    writer.writerow([f"s{i}", *row])

    def resolve(self, *judgements: tuple[str, str, str]) -> dict[str, str]:
        """Record → profile after a call with these judgements; the file replaces those of the call before."""
        lines = ["record_id_l,record_id_r,judgement", *(",".join(j) for j in judgements)]
        out = self.root / "out.parquet"
        resolve_files(
            [self.root / "crm.csv"], self.roles, out, store=self.root / "s.duckdb",
            judgements=write(self.root / "j.csv", "\n".join(lines) + "\n"),
        )  # fmt: skip
        with duckdb.connect() as con:
            return dict(con.execute(f"select record_id, profile_id from '{out}'").fetchall())


def test_link_then_undo_and_separate_then_undo_give_partition_and_ids_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    first = shop.resolve()
    assert first["c0"] == first["s0"] != first["c2"] == first["s2"]

    linked = shop.resolve(("s0", "c2", "positive"))
    assert len({linked[r] for r in ("c0", "s0", "c2", "s2")}) == 1
    assert shop.resolve() == first

    apart = shop.resolve(("c4", "s4", "negative"))
    assert apart["c4"] != apart["s4"]
    assert {r: p for r, p in apart.items() if r not in ("c4", "s4")} == {
        r: p for r, p in first.items() if r not in ("c4", "s4")
    }
    assert shop.resolve() == first


def test_a_negative_judgement_holds_through_records_that_bridge_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    text = (tmp_path / "crm.csv").read_text(encoding="utf-8").splitlines()
    # two more copies of the first person: each agrees with both judged records on everything
    copies = [line.replace("c0,", f"{name},", 1) for line in text[1:2] for name in ("x0", "y0")]
    write(tmp_path / "crm.csv", "\n".join([*text, *copies]) + "\n")
    together = shop.resolve()
    assert len({together[r] for r in ("c0", "s0", "x0", "y0")}) == 1
    found = shop.resolve(("c0", "s0", "negative"))
    assert found["c0"] != found["s0"]
    # a bridge that a person made moves what hangs on it, not the judgement
    found = shop.resolve(("c0", "s0", "negative"), ("x0", "s0", "positive"), ("y0", "c0", "positive"))
    assert found["x0"] == found["s0"] != found["c0"] == found["y0"]


def test_a_chain_of_positive_judgements_holds_against_the_conflict_rules(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    # three people of other names, birth dates and mails, each with a second record of their own
    found = shop.resolve(("c0", "c2", "positive"), ("c2", "c12", "positive"))
    assert len({found[r] for r in ("c0", "c2", "c12")}) == 1
    assert len({found[r] for r in ("c0", "s0", "c2", "s2", "c12", "s12")}) == 1


def test_judgements_reach_the_pipeline_and_undoing_them_leaves_no_trace(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.run()
    before = company.members()

    def run(day: int, *judgements: Judgement) -> dict[object, object]:
        done = run_pipeline(
            tmp_path / "core", tmp_path / "identity", tmp_path / "identity.duckdb", tmp_path / "model",
            as_of=date(2024, 1, day), run_id=f"run-{day}", base_generation=company.generation, judgements=judgements,
        )  # fmt: skip
        company.generation = done.generation
        return company.members()

    pair = ("crm:people:0", "shop:people:0")
    link = Judgement("crm:people:0", "crm:people:1", "positive", "anna")
    after = run(2, link, Judgement(*pair, "negative", "anna"))
    assert after["crm:people:0"] == after["crm:people:1"]
    assert after[pair[0]] != after[pair[1]]
    assert company.table("judgements", "*") == [
        ("crm:people:0", "crm:people:1", "positive"), (*pair, "negative"),
    ]  # fmt: skip
    steward = [row for row in company.table("edges", "record_id_l, record_id_r, kind") if row[2] == "steward"]
    assert steward == [("crm:people:0", "crm:people:1", "steward")]
    assert run(3) == before
    assert company.table("judgements", "*") == []
