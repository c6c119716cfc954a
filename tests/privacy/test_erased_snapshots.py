"""Erasing from a full snapshot whose correction was refused: raw holds one file's rows, landing has another's."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy import retention
from cdp_pipeline.privacy.errors import ErasureFailed
from cdp_pipeline.privacy.landed import apply_tombstones
from cdp_pipeline.privacy.store import privacy_db
from cdp_pipeline.sources.erasing import key_file
from cdp_pipeline.sources.ingest import reconcile
from cdp_pipeline.sources.tombstones import Tombstones, write_tombstones
from tests.sources.conftest import Land, make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  members:
    delivery: full_snapshot
    key: [id]
    formats: [jsonl, json]
    unwrap: [members]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      email: {from: [email], type: string, tag: ID, kind: email, personal: true}
      joined_at: {from: [joined], type: timestamp, tag: EVT}
"""
FIRST, SECOND = date(2025, 3, 5), date(2025, 3, 6)
ERASED = "m7@people.example"


def _deliver(land: Land, day: date, members: list[int], name: str = "all.json") -> Path:
    rows = [{"id": f"k{m}", "email": f"m{m}@people.example", "joined": "2025-01-01T00:00:00Z"} for m in members]
    return land("members", name, json.dumps({"members": rows}), day)


def _emails(land: Land, day: date) -> list[str]:
    return [email for (email,) in land.rows("members", "email", f"_dt = DATE '{day}'")]


def _landed_emails(path: Path) -> list[str]:
    return [member["email"] for member in json.loads(path.read_text(encoding="utf-8"))["members"]]


def _tombstone(land: Land) -> None:
    key_file(land.home).parent.mkdir(parents=True, exist_ok=True)
    key_file(land.home).write_text("key", encoding="ascii")
    with privacy_db(land.home) as db:
        write_tombstones(db, "er1", datetime(2025, 4, 1, tzinfo=UTC), [Tombstones("key", ()).token("email", ERASED)])
        db.commit()


def _refused(land: Land) -> Path:
    """Two days of forty members; a correction of the second that lacks most of them, in another order."""
    _deliver(land, FIRST, list(range(40)))
    land.run("members", FIRST)
    _deliver(land, SECOND, list(range(40)))
    land.run("members", SECOND)
    corrected = _deliver(land, SECOND, [12, 7, 11, 10, 9, 8, 6, 5, 4, 3, 2, 1])
    assert "28 of the 40 keys" in land.run("members", SECOND).message
    assert len(_emails(land, SECOND)) == 40, "the rows it was to replace stay"
    return corrected


def test_only_the_person_goes_from_the_old_rows_and_from_the_refused_file(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    corrected = _refused(land)
    _tombstone(land)
    apply_tombstones(land.home, land.contracts, "erasure")
    others = [f"m{m}@people.example" for m in range(40) if m != 7]
    assert _emails(land, FIRST) == _emails(land, SECOND) == others
    assert _landed_emails(corrected) == [f"m{m}@people.example" for m in (12, 11, 10, 9, 8, 6, 5, 4, 3, 2, 1)]
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).ok
        erased = {r.dt: (r.delivered, r.loaded, r.erased) for r in ops.receipts("demo", "members")}
    assert erased == {FIRST: (40, 39, 1), SECOND: (40, 39, 1)}
    assert land.pending() == [], "the refused file waits for a person as before"
    again = apply_tombstones(land.home, land.contracts, "erasure")
    assert again["rows"] == 0 and _emails(land, SECOND) == others


def test_an_event_rule_leaves_the_rows_while_another_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = make_land(tmp_path, CONTRACT)
    corrected = _refused(land)
    before = corrected.read_bytes()
    (land.home.root / "privacy.yml").write_text("retention: {events: {demo: 28}}\n", encoding="utf-8")
    monkeypatch.setattr(retention, "contracts_of", lambda home: land.contracts)
    told = retention.apply_retention(land.home, now=datetime(2025, 4, 1, tzinfo=UTC))
    assert [(one.what, one.files, one.rows) for one in told] == [("events demo", 1, 40)], "those of the first day"
    assert corrected.read_bytes() == before and len(_emails(land, SECOND)) == 40


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_stops_the_erasure_with_its_reason(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT)
    path = _deliver(land, FIRST, [1, 7])
    land.run("members", FIRST)
    _tombstone(land)
    _deliver(land, FIRST, [1, 2, 7]).chmod(0)
    with pytest.raises(ErasureFailed, match="cannot be read"):
        apply_tombstones(land.home, land.contracts, "erasure")
    path.chmod(0o644)
    apply_tombstones(land.home, land.contracts, "erasure")
    assert _emails(land, FIRST) == ["m1@people.example", "m2@people.example"]
