"""The small form of the erasure's proof: twelve people in three source systems. `make erasure-proof` is the whole.

Steps share one home and run in the order they are written.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import small_company
from looking import look, places
from neighbours import keep_snapshot
from planting_elsewhere import late_account, note_in_files
from proof import Proof, expect_nothing, expect_same, named, prepare, redeliver

from cdp_pipeline.home import Home
from cdp_pipeline.privacy.consents import record_consent
from cdp_pipeline.privacy.erase import erase, reapply
from cdp_pipeline.privacy.store import erasures

PEOPLE = 12
BEFORE = datetime(2018, 1, 1, tzinfo=UTC)
PLACES = (
    "landing", "lake/raw", "lake/quarantine", "lake/core/customer_records", "lake/core/record_identifiers",
    "lake/core/ticket_messages", "lake/core/tickets", "lake/core/interactions", "lake/identity/record_identifiers",
    "identity.duckdb", "warehouse.duckdb", "published/pii.duckdb", "exports", "state/ops.sqlite", "dagster", "dbt",
)  # fmt: skip


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    proof = prepare(tmp_path_factory.mktemp("erasure"), PEOPLE, only=small_company.SOURCES, since="2017-12-28")
    small_company.run(Home(proof.home))
    return proof


@pytest.fixture(scope="module")
def profiles(proof: Proof) -> Mapping[str, list[str]]:
    """Profiles of the planted people with their records."""
    profiles, strangers = proof.planted_profiles()
    assert strangers == {}, "planted people are mixed with others"
    return profiles


def test_planted_people_are_found_in_every_kind_of_place(proof: Proof, profiles: Mapping[str, list[str]]) -> None:
    assert len(profiles) >= PEOPLE
    home = Home(proof.home)
    record_consent(home, sorted(profiles)[0], purpose="profiling", state="denied")
    note_in_files(proof.home, proof.people)
    small_company.run(home)  # a second snapshot beside the first
    found = look(proof.home)
    counted = places(found)
    assert [place for place in PLACES if not counted[place]] == []
    assert counted["published/pii.duckdb"] == 2
    everything = {value for values in found.values() for value in values}
    for person in proof.people:
        assert {f"zqxvg{person.letters}", f"zqxvt{person.letters}", f"zqxvx{person.letters}"} <= everything, person
        assert person.main_email.partition("@")[0] in everything
    shutil.copytree(proof.home, proof.work / "backup", symlinks=True)


def test_after_the_erasure_nothing_is_found_and_everybody_else_is_as_before(
    proof: Proof, profiles: Mapping[str, list[str]]
) -> None:
    before = keep_snapshot(proof.home, proof.work / "before")
    (receipt,) = erase(Home(proof.home), named(profiles), before=BEFORE, rerun=small_company.run)
    assert receipt.finished_at and set(receipt.profile_ids) == set(profiles)
    assert receipt.counts["snapshots_removed"] >= 2
    expect_nothing(proof.home, "after the erasure")
    compared = expect_same(before, proof.home, list(profiles), "after the erasure").compared
    assert compared["pii.records"] > 50
    relatives = [p for p in proof.people if p.has_relative]
    with duckdb.connect(str(proof.home / "published" / "current" / "pii.duckdb"), read_only=True) as con:
        left = con.execute("SELECT DISTINCT family_name FROM records WHERE family_name LIKE 'Harrow%'").fetchall()
    assert {name for (name,) in left} == {p.family for p in relatives}, "they have the same address and telephone"


def test_the_original_files_bring_nobody_back(proof: Proof, profiles: Mapping[str, list[str]]) -> None:
    before = keep_snapshot(proof.home, proof.work / "after")
    assert redeliver(proof) > 20
    small_company.run(Home(proof.home))
    expect_nothing(proof.home, "after redelivery")
    expect_same(before, proof.home, list(profiles), "after redelivery")


def test_a_backup_and_an_account_opened_later(proof: Proof, profiles: Mapping[str, list[str]]) -> None:
    later = proof.work / "later.sqlite"
    shutil.copyfile(proof.home / "state" / "ops.sqlite", later)
    shutil.rmtree(proof.home)
    (proof.work / "backup").rename(proof.home)
    assert len(look(proof.home)) > 20
    home = Home(proof.home)
    email = late_account(home.landing, proof.people[1])
    (receipt,) = reapply(home, later, rerun=small_company.run)
    assert receipt.finished_at and len(erasures(home)) == 1
    with duckdb.connect(str(proof.home / "published" / "current" / "pii.duckdb"), read_only=True) as con:
        back = con.execute(
            "SELECT DISTINCT profile_id, record_id FROM identifiers WHERE value = $1", [email]
        ).fetchall()
    assert [record for _, record in back] == ["shopify:customers:7980000000001"]
    assert back[0][0] not in profiles
    expect_nothing(proof.home, "after a restored backup", frozenset({email.partition("@")[0]}))
