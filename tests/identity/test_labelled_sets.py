"""The default model on public labelled sets, where they lie beside the checkout: floors, not targets."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from identity import evaluate_files, load_roles, resolve_files

DATA = Path(__file__).parents[3] / "shared" / "data"
SETS = {
    "fake_1000": (
        "fake_1000/fake_1000.csv",
        "record_id: unique_id\ndefault_region: GB\nroles: {given_name: first_name, family_name: surname, "
        "birth_date: dob, locality: city, email: email}",
        "unique_id as record_id, cluster as entity_id",
        0.95,
    ),
    "febrl_3": (
        "febrl/dataset3.csv",
        "record_id: rec_id\ndefault_region: AU\nroles: {given_name: given_name, family_name: surname, "
        "birth_date: date_of_birth, street: [street_number, address_1], unit: address_2, locality: suburb, "
        "postcode: postcode, region: state}",
        "rec_id as record_id, split_part(rec_id, '-', 2) as entity_id",
        0.99,
    ),
}


@pytest.mark.parametrize("name", sorted(SETS))
def test_default_model_on(name: str, tmp_path: Path) -> None:
    file, roles, truth, floor = SETS[name]
    if not (DATA / file).exists():
        pytest.skip("the labelled sets are not beside this checkout")
    (tmp_path / "roles.yml").write_text(roles)
    resolve_files([DATA / file], load_roles(tmp_path / "roles.yml"), tmp_path / "out.parquet")
    duckdb.execute(
        f"copy (select {truth} from read_csv('{DATA / file}', all_varchar=true)) to '{tmp_path / 'truth.csv'}' (header)"
    )
    measured = evaluate_files(tmp_path / "out.parquet", tmp_path / "truth.csv")
    assert measured.pairwise_precision >= 0.995
    assert measured.pairwise_f1 >= floor


SENZING = """
record_id: RECORD_ID
source: DATA_SOURCE
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
  identifiers: {passport: PASSPORT_NUMBER, drivers_licence: DRIVERS_LICENSE_NUMBER, ssn: SSN_NUMBER,
    national_id: NATIONAL_ID_NUMBER}
"""


def test_people_and_organisations_in_staged_loads(tmp_path: Path) -> None:
    """The Senzing truth set: the watchlist of load 2 takes record 1005 away from the profile of 1001."""
    folder = DATA / "senzing_truthset"
    if not folder.exists():
        pytest.skip("the labelled sets are not beside this checkout")
    (tmp_path / "roles.yml").write_text(SENZING)
    roles, store = load_roles(tmp_path / "roles.yml"), tmp_path / "store.duckdb"
    together = []
    inputs = [folder / f"{name}.csv" for name in ("customers", "watchlist", "reference")]
    for number in (1, 2, 3):
        resolve_files(inputs[:number], roles, tmp_path / "out.parquet", store=store)
        duckdb.execute(
            "copy (select DATA_SOURCE as source, RECORD_ID as record_id, CLUSTER_ID as entity_id from "
            f"read_csv('{folder}/truthset-load{number}-key.csv', all_varchar=true)) to '{tmp_path}/truth.csv' (header)"
        )
        assert evaluate_files(tmp_path / "out.parquet", tmp_path / "truth.csv").pairwise_f1 >= 0.92
        [(profiles,)] = duckdb.execute(
            f"select count(distinct profile_id) from '{tmp_path}/out.parquet' where record_id in ('1001', '1005')"
        ).fetchall()
        together.append(profiles == 1)
    assert together == [True, False, False]
