"""Which removals a home knows of: a snapshot made before one of them is not built upon."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.removals import removals_fingerprint
from cdp_pipeline.privacy.retention import apply_retention
from cdp_pipeline.privacy.store import Erasure, add_erasure, finish, privacy_db
from cdp_pipeline.sources.ingest import ingest_partition, pending
from cdp_pipeline.sources.overlay import contracts_of


def test_an_erasure_counts_from_its_request_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert removals_fingerprint(home) == ""
    with Ops(home.ops_db):
        pass
    assert removals_fingerprint(home) == ""
    seen = [""]
    for number in (1, 2):
        with privacy_db(home) as con:
            add_erasure(con, Erasure(f"er{number}", "2025-03-01T00:00:00", "2025-03-01", "asked", ("p1",)))
        seen.append(removals_fingerprint(home))
        finish(home, [f"er{number}"])
        assert removals_fingerprint(home) == seen[-1]
    assert len(set(seen)) == 3


def test_retention_counts_where_it_took_something_away(tmp_path: Path) -> None:
    home = Home(tmp_path)
    place = home.landing / "square_pos" / "refunds" / "dt=2025-01-05" / "day.jsonl"
    place.parent.mkdir(parents=True)
    refund = {"id": "r1", "payment_id": "y1", "order_id": "o1", "created_at": "2025-01-05T10:00:00Z"}
    place.write_text(json.dumps(refund) + "\n", encoding="utf-8")
    contracts = contracts_of(home)
    for unseen in pending(home, contracts):
        with Ops(home.ops_db) as ops:
            ingest_partition(home, contracts[unseen.source].objects[unseen.obj], unseen.dt, "run", ops)
    (tmp_path / "privacy.yml").write_text("retention: {landing: {square_pos: 90}}\n", encoding="utf-8")
    early, late = datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)

    (kept,) = apply_retention(home, now=early)
    assert (kept.files, removals_fingerprint(home)) == (0, "")
    (planned,) = apply_retention(home, now=late, plan=True)
    assert (planned.files, planned.before, removals_fingerprint(home)) == (1, date(2025, 3, 3), "")
    apply_retention(home, now=late)
    after = removals_fingerprint(home)
    assert after and not place.exists()
    apply_retention(home, now=late)
    assert removals_fingerprint(home) == after
