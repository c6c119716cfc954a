"""The default model on public labelled sets, where they lie beside the checkout: floors, not targets."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from identity import load_roles, resolve_files

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
FLOORS = {"fake_1000": (0.95, 0.995), "FEBRL 3, without its id number": (0.99, 0.995)}


@pytest.fixture(scope="module")
def labelled() -> ModuleType:
    """The benchmark's description of the sets: their files, roles and truth stand in one place."""
    import sys

    for name in ("families", "europe", "labelled"):  # each imports those before it
        spec = importlib.util.spec_from_file_location(name, ROOT / "bench" / "identity" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_default_model_on(name: str, labelled: ModuleType, tmp_path: Path) -> None:
    found = [one for one in labelled.sets(DATA, ROOT / "no-sample.parquet") if one.name == name]
    if not found:
        pytest.skip("the labelled sets are not beside this checkout")
    measured = labelled.measure(found[0], tmp_path)
    f1, precision = FLOORS[name]
    assert measured.pairwise_precision >= precision
    assert measured.pairwise_f1 >= f1


def test_relatives_who_share_a_phone_are_not_one_person(labelled: ModuleType, tmp_path: Path) -> None:
    """Floors. When two names told a phone's users apart no better than a nickname, precision here was .90 and .72 in
    the first two; when how usual a name is was asked of all countries at once, .84 in the third."""
    for one in labelled.made_up(tmp_path, people=2000):
        measured = labelled.measure(one, tmp_path)
        assert measured.pairwise_precision >= one.target_precision, one.name
        assert measured.pairwise_f1 >= one.target, one.name


def test_people_and_organisations_in_staged_loads(labelled: ModuleType, tmp_path: Path) -> None:
    """The Senzing truth set: the watchlist of load 2 takes record 1005 away from the profile of 1001, and shows that
    Ed Knight, who shares a first name and a birthday with Edward Kusha, is the same man."""
    folder = DATA / "senzing_truthset"
    if not folder.exists():
        pytest.skip("the labelled sets are not beside this checkout")
    stages = labelled.senzing_stages(folder, tmp_path)
    assert [stage.evaluation.pairwise_f1 >= floor for stage, floor in zip(stages, (0.99, 0.95, 0.95), strict=True)] == (
        [True, True, True]
    )
    assert stages[1].true_events == stages[1].events == (1, 1)


def test_a_first_name_and_a_birthday_do_not_make_one_person(tmp_path: Path) -> None:
    """Among few records chance is rare and the score is just enough; other name and other town send it to review."""
    rows = [
        ("a1", "Edward", "Kusha", "1970-03-01", "1304 Poppy Hills Dr", "Blacklick"),
        ("a2", "Ed", "Knight", "1970-03-01", "1602 Brenville Pl", "San Francisco"),
    ]
    rows += [
        (f"{who}{i}", given, family, day, street, town)
        for i in (1, 2)
        for who, given, family, day, street, town in (
            ("b", "Maria", "Lopez", "1981-07-12", "12 Elm St", "Dayton"),
            ("c", "Peter", "Novak", "1965-11-30", "7 Hill Rd", "Toledo"),
            ("d", "Aisha", "Rahman", "1990-02-17", "98 Lake Ave", "Akron"),
        )
    ]
    duckdb.execute("create or replace table t (id text, given text, family text, dob text, street text, town text)")
    duckdb.executemany("insert into t values (?, ?, ?, ?, ?, ?)", rows)
    duckdb.execute(f"copy t to '{tmp_path}/people.csv' (header)")
    (tmp_path / "roles.yml").write_text(
        "record_id: id\nroles: {given_name: given, family_name: family, birth_date: dob, street: street, "
        "locality: town}"
    )
    out = tmp_path / "out.parquet"
    resolve_files([tmp_path / "people.csv"], load_roles(tmp_path / "roles.yml"), out)
    profiles = dict(duckdb.execute(f"select record_id, profile_id from '{out}'").fetchall())
    assert profiles["b1"] == profiles["b2"] and profiles["c1"] == profiles["c2"]
    assert profiles["a1"] != profiles["a2"]
