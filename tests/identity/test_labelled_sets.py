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
        0.92,
    ),
    "febrl_3": (
        "febrl/dataset3.csv",
        "record_id: rec_id\ndefault_region: AU\nroles: {given_name: given_name, family_name: surname, "
        "birth_date: date_of_birth, street: [street_number, address_1], unit: address_2, locality: suburb, "
        "postcode: postcode, region: state}",
        "rec_id as record_id, split_part(rec_id, '-', 2) as entity_id",
        0.97,
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
