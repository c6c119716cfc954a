"""Erased records leave; who stays keeps his profile, now and in every later pass, until there is news of him."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_pipeline import Company

from identity import IdentityResult, Judgement, run_pipeline, train_model
from identity.erasure import erase_from_store
from identity.model import GROWN, hold_model, load_model
from identity.model_diff import model_diff

ANNAS = [f"crm:people:{i}" for i in (1, 3, 5, 7)]
GONE = (ANNAS[3], "crm:people:13")
DAY = date(2024, 1, 9)


class Erasing(Company):
    """A company of forty with two snares for an erasure.

    Four of one given name, each of another family, have a card number in common, which under four names proves nothing
    and under three joins. The two records of number 10 have one customer number, but other birth dates, e-mails and
    phones; that one of the phones is also the phone of number 13 is all that speaks for a slip.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for record, family in zip(ANNAS, ("abelard", "brandt", "castellan", "dorfmann"), strict=True):
            self.con.execute(
                "update customer_records set given_name = 'anna', family_name = ? where record_id = ?", [family, record]
            )
            self.identify(record, "loyalty_id", "K900")
        self.con.execute("update customer_records set birth_date = '1963-04-27' where record_id = 'shop:people:10'")
        self.con.execute(
            "update record_identifiers set value_raw = 'c.castellan@post.example', value = 'c.castellan@post.example' "
            "where record_id = 'shop:people:10' and kind = 'email'"
        )
        for record, phone in (("crm:people:10", "2025550110"), ("crm:people:13", "2025550110"),
                              ("shop:people:10", "2025550199")):  # fmt: skip
            self.identify(record, "phone", phone)

    def copy(self, root: Path) -> Erasing:
        shutil.copytree(self.root, root)
        other = Erasing(root)
        other.generation = self.generation
        for table in ("customer_records", "record_identifiers"):
            other.con.execute(f"create or replace table {table} as from '{root / 'core' / table / 'part-0.parquet'}'")
        return other

    def identify(self, record: str, kind: str, value: str) -> None:
        self.con.execute(
            "insert into record_identifiers values (?, ?, '', ?, ?, true, null, null, null)",
            [record, kind, value, value],
        )

    def erase(self, *records: str) -> None:
        """Take the records out of everything delivered, and out of the store as a request does."""
        members = self.members()
        for table in ("customer_records", "record_identifiers"):
            self.con.execute(f"delete from {table} where list_contains($r, record_id)", {"r": list(records)})
        ids = sorted({str(members[record]) for record in records})
        erase_from_store(self.root / "identity.duckdb", records, ids, as_of=DAY, run_id="request")
        hold_model(self.root / "model")

    def pass_(self, **options: Any) -> IdentityResult:
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            self.con.execute(f"copy {table} to '{self.root / 'core' / table / 'part-0.parquet'}'")
        done = run_pipeline(
            self.root / "core", self.root / "identity", self.root / "identity.duckdb", self.root / "model", as_of=DAY,
            run_id="later", base_generation=self.generation, **options,
        )  # fmt: skip
        self.generation = done.generation
        return done

    def links(self) -> dict[str, list[tuple[object, ...]]]:
        with duckdb.connect(str(self.root / "identity.duckdb"), read_only=True) as con:
            return {
                table: con.execute(f"select * from {table} order by all").fetchall()
                for table in ("accepted", "refused", "left_out", "clusters", "settled")
            }


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Erasing:
    company = Erasing(tmp_path_factory.mktemp("company"))
    company.run()
    return company


@pytest.fixture
def company(trained: Erasing, tmp_path: Path) -> Erasing:
    return trained.copy(tmp_path / "company")


@pytest.fixture(scope="module")
def settled(trained: Erasing, tmp_path_factory: pytest.TempPathFactory) -> Erasing:
    company = trained.copy(tmp_path_factory.mktemp("settled") / "company")
    company.erase(*GONE)
    company.pass_(is_erasure=True)
    return company


@pytest.fixture
def later(settled: Erasing, tmp_path: Path) -> Erasing:
    """The company after the erasure."""
    return settled.copy(tmp_path / "company")


def test_an_erasure_joins_and_parts_nobody_else(company: Erasing) -> None:
    before = company.members()
    assert len({before[a] for a in ANNAS}) == 4
    assert before["crm:people:10"] == before["shop:people:10"] != before["crm:people:13"]
    events = company.table("profile_events", "event, profile_id")
    company.erase(*GONE)
    done = company.pass_(is_erasure=True)
    assert company.members() == {record: profile for record, profile in before.items() if record not in GONE}
    assert (done.merges, done.splits, done.trained) == (0, 0, False)
    new = [event for event in company.table("profile_events", "event, profile_id") if event not in events]
    assert new == sorted(("erased", before[record]) for record in GONE)
    dropped = company.table("dropped_edges", "record_id_l, record_id_r, kind, reason")
    assert {frozenset(row[:2]) for row in dropped if row[3] == "settled"} == {
        frozenset(pair) for pair in ((ANNAS[0], ANNAS[1]), (ANNAS[0], ANNAS[2]), (ANNAS[1], ANNAS[2]))
    }


def test_the_rules_alone_would_have_moved_them(company: Erasing) -> None:
    """What the test above shows is not for want of a cause."""
    company.erase(*GONE)
    company.pass_()
    members = company.members()
    assert len({members[a] for a in ANNAS[:3]}) == 1
    assert members["crm:people:10"] != members["shop:people:10"]


def test_later_passes_full_or_not_keep_it(later: Erasing) -> None:
    members, links, generation = later.members(), later.links(), later.generation
    assert len(links["settled"]) >= 4
    later.pass_(full=True)
    assert (later.members(), later.links(), later.generation) == (members, links, generation)
    later.con.execute("update customer_records set street = '77 Oak Street' where record_id = 'crm:people:20'")
    later.pass_()
    changed = later.members(), later.links()
    assert changed[0] == members
    later.pass_(full=True)
    assert (later.members(), later.links()) == changed


def test_a_repeated_pass_of_a_killed_erasure_settles_the_same(company: Erasing) -> None:
    generation = company.generation
    company.erase(*GONE)
    company.pass_(is_erasure=True)
    members, links = company.members(), company.links()
    company.generation = generation  # it was not published
    company.pass_(is_erasure=True)
    assert (company.members(), company.links()) == (members, links)


def test_news_of_a_record_lets_it_lapse_for_that_record(later: Erasing) -> None:
    later.con.execute("delete from record_identifiers where record_id = ? and kind = 'loyalty_id'", [ANNAS[2]])
    later.pass_()
    assert len({later.members()[a] for a in ANNAS[:3]}) == 3
    later.con.execute("update customer_records set street = '78 Oak Street' where record_id = ?", [ANNAS[0]])
    later.pass_()
    members = later.members()
    assert members[ANNAS[0]] == members[ANNAS[1]] != members[ANNAS[2]]
    assert not [row for row in later.links()["settled"] if ANNAS[0] in row]
    links = later.links()
    later.pass_(full=True)
    assert (later.members(), later.links()) == (members, links)


def test_a_judgement_goes_before_it(later: Erasing) -> None:
    judged = [
        Judgement(ANNAS[0], ANNAS[1], "positive"), Judgement("crm:people:10", "shop:people:10", "negative"),
    ]  # fmt: skip
    later.pass_(judgements=judged)
    members = later.members()
    assert members[ANNAS[0]] == members[ANNAS[1]] != members[ANNAS[2]]
    assert members["crm:people:10"] != members["shop:people:10"]


def test_a_settled_pair_goes_with_an_erased_record(later: Erasing) -> None:
    later.erase(ANNAS[0])
    later.pass_(is_erasure=True)
    assert not [row for row in later.links()["settled"] if ANNAS[0] in row]
    assert len({later.members()[a] for a in ANNAS[1:3]}) == 2


def test_after_an_erasure_a_provisional_model_is_kept_until_there_is_twice_as_much(company: Erasing) -> None:
    model = load_model(company.root / "model")
    assert model is not None and model.is_provisional and model.trained_records == 60
    company.erase(ANNAS[3])
    company.pass_(is_erasure=True)
    for i in range(5):
        company.add("till", i)
    done = company.pass_(allow_changes=True)
    assert (done.trained, done.model_version, done.changed) == (False, model.version, 5)
    for i in range(40):
        company.add("desk", i)
    for i in range(16):
        company.add("fair", i)
    done = company.pass_(allow_changes=True)
    assert done.records == 60 * GROWN and done.trained
    content = json.loads((company.root / "model" / done.model_version / "model.json").read_text(encoding="utf-8"))
    assert content["is_provisional"] and content["kept_below"] == 0


def test_what_another_model_would_do_leaves_settled_pairs_as_they_are(later: Erasing) -> None:
    models = later.root / "model"
    model = load_model(models)
    assert model is not None
    other = train_model(later.root / "core", models, seed=2).version
    assert other != model.version
    edges = len(later.table("edges", "record_id_l, record_id_r"))
    bound = model_diff(later.root / "core", models, store=later.root / "identity.duckdb").effect
    assert bound is not None
    assert (bound.links_old, bound.links_new, bound.links_lost) == (edges, edges, 0)
    free = model_diff(later.root / "core", models).effect
    assert free is not None and free.links_old != edges, "two links of an erasure's making, one that it kept"
