"""The identity step on hand-made core tables: outputs, permanent ids, frozen model, households, devices,
explanation."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from identity import IdentityInputError, accept_model, explain_folder, list_models, run_pipeline, train_model

RECORD = """record_id varchar, source varchar, object varchar, native_id varchar, entity_type varchar,
    given_name varchar,
    middle_name varchar, family_name varchar, full_name varchar, native_name varchar, organisation varchar,
    birth_date varchar, gender varchar, street varchar, unit varchar, locality varchar, region varchar,

    postcode varchar, country varchar, language varchar, default_region varchar, is_guest boolean, created_at timestamp,
    updated_at timestamp, delivered_date date, is_deleted boolean"""
IDENTIFIER = """record_id varchar, kind varchar, namespace varchar, value_raw varchar, value varchar,

    is_trusted boolean, reason varchar, first_seen_at timestamp, last_seen_at timestamp"""
GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo"]
FAMILY = ["abelard", "brandt", "castellan", "dorfmann", "eriksson"]


class Company:
    """Forty couples' halves in a CRM and half of them in a shop; core tables as the warehouse exports them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.con = duckdb.connect()
        self.con.execute(f"create table customer_records ({RECORD})")
        self.con.execute(f"create table record_identifiers ({IDENTIFIER})")
        self.con.execute(
            "create table anonymous_sightings (anonymous_id varchar, record_id varchar, kind varchar, "
            "occurred_at timestamp)"
        )
        for i in range(40):
            self.add("crm", i)
            if i % 2 == 0:
                self.add("shop", i)
        self.generation = 0

    def add(self, source: str, i: int, **changes: str) -> str:
        record = f"{source}:people:{i}"
        row = {"given": GIVEN[i % 8], "family": FAMILY[i // 8], "street": f"{100 + i} Elm Street"} | changes
        self.con.execute(
            """insert into customer_records (record_id, source, object, native_id, entity_type, given_name, family_name,
            birth_date, street, postcode, default_region, created_at, is_deleted)
            values (?, ?, 'people', ?, 'person', ?, ?, ?, ?, '62701', 'US', ?, false)""",
            [record, source, str(i), row["given"], row["family"], f"19{50 + i}-{i % 12 + 1:02d}-{i % 27 + 1:02d}",
             row["street"], datetime(2020, 1, 1 + i % 28)],
        )  # fmt: skip
        for kind, value in (("email", f"{row['given']}.{row['family']}@mail.example"), ("customer_no", f"C{1000 + i}")):
            self.con.execute(
                "insert into record_identifiers values (?, ?, ?, ?, ?, true, null, null, null)",
                [record, kind, "company" if kind == "customer_no" else "", value, value],
            )
        return record

    def run(self, day: int = 1, publish: bool = True):  # type: ignore[no-untyped-def]
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            (self.root / "core" / table).mkdir(parents=True, exist_ok=True)
            self.con.execute(f"copy {table} to '{self.root / 'core' / table / 'part-0.parquet'}'")
        done = run_pipeline(
            self.root / "core", self.root / "identity", self.root / "identity.duckdb", self.root / "model",
            as_of=date(2024, 1, day), run_id=f"run-{day}", base_generation=self.generation,
        )  # fmt: skip
        if publish:
            self.generation = done.generation
        return done

    def table(self, name: str, columns: str) -> list[tuple[object, ...]]:
        return self.con.execute(
            f"select {columns} from '{self.root / 'identity' / name}/*.parquet' order by all"
        ).fetchall()

    def members(self) -> dict[object, object]:
        return dict(self.table("profile_members", "record_id, profile_id"))  # type: ignore[arg-type]


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_every_record_is_in_one_profile_and_every_table_is_written(company: Company) -> None:
    done = company.run()
    assert (done.records, done.profiles, done.generation, done.trained) == (60, 40, 1, True)
    members = company.members()
    assert len(members) == 60
    assert all(members[f"shop:people:{i}"] == members[f"crm:people:{i}"] for i in range(0, 40, 2))
    columns = {
        "edges": ["record_id_l", "record_id_r", "match_weight", "match_probability", "kind", "rule", "model_version"],
        "profile_aliases": ["alias_profile_id", "profile_id"],
        "anonymous_links": ["anonymous_id", "profile_id", "valid_from", "valid_to"],
        "households": ["household_id", "profile_id"],
        "review_queue": ["record_id_l", "record_id_r", "match_weight", "match_probability", "reason", "worth"],
    }
    for name, expected in columns.items():
        path = company.root / "identity" / name / "part-0.parquet"
        assert [c[0] for c in company.con.execute(f"describe select * from '{path}'").fetchall()] == expected


def test_a_second_run_changes_nothing_and_uses_the_saved_model(company: Company) -> None:
    first = company.run()
    members, events = company.members(), company.table("profile_events", "*")
    again = company.run(day=2)
    assert (again.generation, again.trained, again.model_version) == (first.generation, False, first.model_version)
    assert company.members() == members
    assert company.table("profile_events", "*") == events


def test_the_run_that_trains_scores_like_every_later_one(company: Company) -> None:
    company.con.execute("delete from record_identifiers where kind = 'customer_no'")
    company.run()
    first = company.table("edges", "*")
    assert {row[4] for row in first} == {"probabilistic"}
    company.run(day=2)
    assert company.table("edges", "*") == first


def test_an_unpublished_run_leaves_no_trace(company: Company) -> None:
    company.run()
    members = company.members()
    company.con.execute("update customer_records set is_deleted = true where record_id = 'crm:people:1'")
    company.run(day=2, publish=False)
    company.con.execute("update customer_records set is_deleted = false")
    company.run(day=3)
    assert company.members() == members
    assert {row[0] for row in company.table("profile_events", "event")} == {"created"}


def test_a_deleted_record_leaves_and_its_profile_retires(company: Company) -> None:
    company.run()
    gone = company.members()["crm:people:1"]
    company.con.execute("update customer_records set is_deleted = true where record_id = 'crm:people:1'")
    done = company.run(day=2)
    assert done.retired == 1
    assert "crm:people:1" not in company.members()
    assert company.table("profile_events", "event, profile_id, as_of")[-1] == ("retired", gone, date(2024, 1, 2))


def test_a_customer_number_typed_for_the_wrong_person_goes_to_review_not_into_a_profile(company: Company) -> None:
    company.con.execute(
        "update record_identifiers set value_raw = 'C1003', value = 'C1003' where record_id = "
        "'crm:people:5' and kind = 'customer_no'"
    )
    company.run()
    members = company.members()
    assert members["crm:people:3"] != members["crm:people:5"]
    dropped = company.table("dropped_edges", "record_id_l, record_id_r, rule, reason")
    assert dropped == [("crm:people:3", "crm:people:5", "customer_no", "identifier_of_another_person")]


def test_a_couple_behind_one_door_is_one_household_and_two_profiles(company: Company) -> None:
    company.con.execute("update customer_records set street = '9 Oak Street' where native_id in ('1', '2')")
    company.run()
    members = company.members()
    houses: dict[object, list[object]] = {}
    for house, profile in company.table("households", "household_id, profile_id"):
        houses.setdefault(house, []).append(profile)
    shared = sorted(str(p) for p in {members["crm:people:1"], members["crm:people:2"]})
    assert [sorted(map(str, p)) for p in houses.values() if len(p) > 1] == [shared]


def test_a_shared_tablet_belongs_to_whoever_logged_in_last(company: Company) -> None:
    for record, hour in (("crm:people:1", 8), ("crm:people:1", 9), ("crm:people:3", 10)):
        company.con.execute(
            "insert into anonymous_sightings values ('tablet', ?, 'login', ?)", [record, datetime(2024, 1, 1, hour)]
        )
    company.run()
    members = company.members()
    assert company.table("anonymous_links", "valid_from, valid_to, profile_id") == [
        (datetime(2023, 12, 2, 8), datetime(2024, 1, 1, 10), members["crm:people:1"]),
        (datetime(2024, 1, 1, 10), None, members["crm:people:3"]),
    ]


def test_an_explanation_names_the_path_and_never_the_values(company: Company) -> None:
    company.run()
    linked = explain_folder(company.root / "identity", company.root / "model", "crm:people:4", "shop:people:4")
    assert linked.linked
    assert [step.kind for step in linked.steps] == ["identifier"]
    outcomes = {c.comparison: c.outcome for c in linked.steps[0].contributions}
    assert outcomes["given"] == "exact"
    assert outcomes["birth_date"] == "exact"
    apart = explain_folder(company.root / "identity", company.root / "model", "crm:people:4", "crm:people:5")
    assert not apart.linked
    assert apart.reasons
    assert apart.steps[0].weight < apart.threshold_bits
    for text in (linked.as_text(), linked.as_json(), apart.as_text()):
        assert "elena" not in text
        assert "mail.example" not in text
    with pytest.raises(IdentityInputError, match="record nobody is unknown"):
        explain_folder(company.root / "identity", company.root / "model", "crm:people:4", "nobody")


def test_training_is_its_own_act(company: Company) -> None:
    first = company.run().model_version
    company.con.execute("update customer_records set birth_date = null where source = 'shop'")
    accept_model(company.root / "model", first)  # no longer provisional: it is kept whatever the records become
    again = company.run(day=2)
    assert (again.model_version, again.trained) == (first, False)
    trained = train_model(company.root / "core", company.root / "model")
    assert trained.version != first
    assert company.run(day=3).model_version == first
    accept_model(company.root / "model", trained.version)
    assert company.run(day=4).model_version == trained.version
    assert [m["version"] for m in list_models(company.root / "model") if m["is_current"]] == [trained.version]
    with pytest.raises(IdentityInputError, match="there is no model m0"):
        accept_model(company.root / "model", "m0")


def test_rare_values_are_not_kept_with_the_model(company: Company) -> None:
    version = company.run().model_version
    path = company.root / "model" / version / "term_frequencies.parquet"
    kept = company.con.execute(f"select distinct column_name, value from '{path}'").fetchall()
    assert ("family", "abelard") in kept
    assert [value for column, value in kept if column == "name_key"] == [None]


def test_missing_core_tables_are_named(tmp_path: Path) -> None:
    with pytest.raises(IdentityInputError, match="customer_records: core table is missing"):
        run_pipeline(
            tmp_path / "core", tmp_path / "o", tmp_path / "s.duckdb", tmp_path / "m",
            as_of=date(2024, 1, 1), run_id="r", base_generation=0,
        )  # fmt: skip
