"""Records without a profile: what an erasure could not take out of the core tables is somebody new at the next run."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_pipeline import Company

from identity.erasure import erase_from_store


@pytest.fixture
def erased(tmp_path: Path) -> tuple[Company, object]:
    """A company whose first person was taken out of the registry although both records are still delivered."""
    company = Company(tmp_path)
    company.run()
    profile_id = company.members()["crm:people:0"]
    erase_from_store(
        tmp_path / "identity.duckdb", ["crm:people:0", "shop:people:0"], [str(profile_id)],
        as_of=company.table("profile_members", "max(since)")[0][0], run_id="erasure-1",
    )  # fmt: skip
    return company, profile_id


def test_every_live_record_has_a_profile_again(erased: tuple[Company, object]) -> None:
    company, gone = erased
    before = {record: profile for record, profile in company.members().items() if profile != gone}
    done = company.run(day=2)
    members = company.members()
    assert len(members) == done.records == 60
    assert members["crm:people:0"] == members["shop:people:0"] != gone, "one person, and not the erased one"
    assert {record: members[record] for record in before} == before, "nobody else's id moved"
    assert (gone, None) in company.table("profile_aliases", "alias_profile_id, profile_id")
    assert company.run(day=3).generation == done.generation, "a further run has nothing to do"


def test_also_beside_a_change_and_once_it_is_gone(erased: tuple[Company, object]) -> None:
    company, _ = erased
    company.add("shop", 1)
    company.con.execute("delete from customer_records where record_id = 'shop:people:0'")
    company.con.execute("delete from record_identifiers where record_id = 'shop:people:0'")
    company.run(day=2)
    members = company.members()
    assert members["shop:people:1"] == members["crm:people:1"]
    assert "crm:people:0" in members and "shop:people:0" not in members
