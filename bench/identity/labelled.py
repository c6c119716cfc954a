"""Accuracy of the default model on labelled sets: nothing but a roles file each, no rules, no tuning."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import europe
import families

from identity import Evaluation, evaluate_files, load_roles, resolve_files

FLAT = (
    "record_id: record_id\ndefault_region: US\nroles: {given_name: first_name, family_name: last_name, "
    "birth_date: dob, postcode: zip, street: street, phone: phone, email: email}"
)
FEBRL = (
    "record_id: rec_id\ndefault_region: AU\nroles: {given_name: given_name, family_name: surname, "
    "birth_date: date_of_birth, street: [street_number, address_1], unit: address_2, locality: suburb, "
    "postcode: postcode, region: state}"
)
SENZING = """
record_id: RECORD_ID
source: DATA_SOURCE
default_region: US
roles:
  entity_type: RECORD_TYPE
  given_name: PRIMARY_NAME_FIRST
  middle_name: PRIMARY_NAME_MIDDLE
  family_name: PRIMARY_NAME_LAST
  full_name: PRIMARY_NAME_FULL
  native_name: NATIVE_NAME_FULL
  organisation: [PRIMARY_NAME_ORG, SECONDARY_NAME_ORG]
  birth_date: DATE_OF_BIRTH
  gender: GENDER
  email: EMAIL_ADDRESS
  phone: PHONE_NUMBER
  address: ADDR_FULL
  street: ADDR_LINE1
  locality: ADDR_CITY
  region: ADDR_STATE
  postcode: ADDR_POSTAL_CODE
  country: ADDR_COUNTRY
  identifiers:
    passport: PASSPORT_NUMBER
    drivers_licence: DRIVERS_LICENSE_NUMBER
    ssn: SSN_NUMBER
    national_id: NATIONAL_ID_NUMBER
"""


@dataclass(frozen=True)
class LabelledSet:
    """`truth`: query for record_id, entity_id [, source]; `target`: pairwise F1 to reach; `targets_precision` too."""

    name: str
    files: tuple[Path, ...]
    roles: str
    truth: str
    target: float
    target_precision: float = 0.0


def sets(labelled: Path, sample: Path) -> Iterator[LabelledSet]:
    """The sets that are there: those under `labelled`, and the committed `sample` (truth/records.parquet)."""
    febrl = labelled / "febrl" / "dataset3.csv"
    fake = labelled / "fake_1000" / "fake_1000.csv"
    senzing = labelled / "senzing_truthset"
    if febrl.exists():
        truth = f"select rec_id as record_id, split_part(rec_id, '-', 2) as entity_id from {_csv(febrl)}"
        yield LabelledSet("FEBRL 3, without its id number", (febrl,), FEBRL, truth, 0.99)
    if fake.exists():
        roles = (
            "record_id: unique_id\ndefault_region: GB\nroles: {given_name: first_name, family_name: surname, "
            "birth_date: dob, locality: city, email: email}"
        )
        truth = f"select unique_id as record_id, cluster as entity_id from {_csv(fake)}"
        yield LabelledSet("fake_1000", (fake,), roles, truth, 0.94)
    if senzing.exists():
        yield LabelledSet(
            "Senzing truth set, people and organisations",
            tuple(senzing / f"{name}.csv" for name in ("customers", "reference", "watchlist")),
            SENZING, senzing_truth(senzing, 3), 0.95,
        )  # fmt: skip
    truth = f"select record_id, person_id as entity_id from read_parquet('{sample}')"
    yield LabelledSet("the committed sample, flat columns", (sample,), FLAT, truth, 0.9252, 0.995)


def made_up(folder: Path, people: int = 4000) -> Iterator[LabelledSet]:
    """Customers as `families` and `europe` make them; the files go into `folder`."""
    for name, columns, made, target, target_precision in (
        ("families in China, made up", families.COLUMNS, families.make(people, chinese=True), 0.87, 0.955),
        ("families in America, made up", families.COLUMNS, families.make(people, chinese=False), 0.87, 0.955),
        ("five countries of Europe, made up", europe.COLUMNS, europe.make(people), 0.88, 0.92),
    ):
        rows, truth = (folder / f"{name}, {what}.csv" for what in ("records", "truth"))
        for path, header, lines in (
            (rows, columns, made.rows),
            (truth, ("record_id", "entity_id"), made.truth.items()),
        ):
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([header, *lines])
        yield LabelledSet(name, (rows,), made.roles, f"select * from {_csv(truth)}", target, target_precision)


def senzing_truth(folder: Path, stage: int) -> str:
    """Query for the truth of one load."""
    return (
        "select DATA_SOURCE as source, RECORD_ID as record_id, CLUSTER_ID as entity_id from "
        f"{_csv(folder / f'truthset-load{stage}-key.csv')}"
    )


def measure(one: LabelledSet, scratch: Path) -> Evaluation:
    """Resolve one set with nothing but its roles, and compare with its truth."""
    return _resolve(one.files, one.roles, one.truth, scratch)


@dataclass(frozen=True)
class Stage:
    """One load into a store that holds the earlier ones. Events as (merges, splits): made, and those of the truth."""

    added: str
    evaluation: Evaluation
    events: tuple[int, int]
    true_events: tuple[int, int]


def _resolve(
    files: Sequence[Path], roles: str, truth: str, scratch: Path, store: Path | None = None, events: Path | None = None
) -> Evaluation:
    (scratch / "roles.yml").write_text(roles)
    resolve_files(list(files), load_roles(scratch / "roles.yml"), scratch / "out.parquet", store=store, events=events)
    duckdb.execute(f"copy ({truth}) to '{scratch / 'truth.csv'}' (header)")
    return evaluate_files(scratch / "out.parquet", scratch / "truth.csv")


def senzing_stages(folder: Path, scratch: Path) -> list[Stage]:
    """The truth set's three loads into one store, each measured against its own key."""
    done: list[Stage] = []
    # a role's column must be in one of the files of the call
    for stage, name in enumerate(("customers", "watchlist", "reference"), start=1):
        file, events = folder / f"{name}.csv", scratch / f"events-{stage}.parquet"
        with file.open(encoding="utf-8-sig") as handle:
            have = set(next(csv.reader(handle)))
        measured = _resolve(
            [file], _only(SENZING, have), senzing_truth(folder, stage), scratch, scratch / "senzing.duckdb", events
        )
        [made] = duckdb.execute(
            f"""select count(*) filter (event = 'merged'), count(*) filter (event = 'split')
            from read_parquet('{events}')"""
        ).fetchall()
        true = _truth_events(folder, stage) if stage > 1 else (0, 0)
        done.append(Stage(name, measured, (made[0], made[1]), true))
    return done


def _truth_events(folder: Path, stage: int) -> tuple[int, int]:
    """Merges and splits between the key of the load before and that of `stage`, over the records in both."""
    [(merges, splits)] = duckdb.execute(
        f"""with kept as (
            select a.entity_id as before, b.entity_id as after
            from ({senzing_truth(folder, stage - 1)}) a
            join ({senzing_truth(folder, stage)}) b using (source, record_id))
        select (select sum(n - 1) from (select count(distinct before) as n from kept group by after)),
            (select sum(n - 1) from (select count(distinct after) as n from kept group by before))"""
    ).fetchall()
    return int(merges), int(splits)


def _only(roles: str, columns: set[str]) -> str:
    """The roles without the lines that name a column these files do not have."""
    kept = []
    for line in roles.splitlines():
        value = line.partition(": ")[2]
        named = [c.strip() for c in value.strip("[]").split(",")] if value.isupper() else []
        if not named:
            kept.append(line)
        elif present := [c for c in named if c in columns]:
            kept.append(f"{line.partition(': ')[0]}: [{', '.join(present)}]" if "[" in value else line)
    return "\n".join(kept)


def _csv(path: Path) -> str:
    return f"read_csv('{path}', all_varchar=true)"
