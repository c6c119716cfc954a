"""How long data is kept: what is past its time goes from every place, what a rule keeps stays."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import small_home

from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.retention import apply_retention
from cdp_pipeline.privacy.search import search
from cdp_pipeline.sources.ingest import reconcile
from profiles.audit import AuditLog

# No snapshot is published here, so days count back from now.
NOW = datetime(2025, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("kept") / "home")
    small_home.land(home)
    small_home.run(home)
    return home


@pytest.fixture
def home(ran: Home, tmp_path: Path) -> Home:
    shutil.copytree(ran.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def rules(home: Home, text: str) -> None:
    (home.root / "privacy.yml").write_text(f"retention: {text}\n", encoding="utf-8")


def told(home: Home, **options: Any) -> dict[str, tuple[int, int]]:
    return {one.what: (one.files, one.rows) for one in apply_retention(home, now=NOW, **options)}


def tickets(home: Home) -> list[str]:
    with duckdb.connect() as con:
        return [
            t for (t,) in con.execute(f"SELECT ticket_id FROM '{home.core}/tickets/*.parquet' ORDER BY 1").fetchall()
        ]


def test_what_happened_long_ago_goes_whenever_it_was_delivered(home: Home) -> None:
    # Tickets 41 and 42 are of 1 February, 43 of the next day; one file delivered all three on 1 March.
    rules(home, "{events: {zendesk/tickets: 28}}")
    assert told(home, plan=True) == {"events zendesk/tickets": (1, 2)}
    assert tickets(home) == ["zendesk:41", "zendesk:42", "zendesk:43"] and home.warehouse_db.exists()
    of_spark = [home.lake / "spark" / "staging" / "part-0.parquet", home.root / "spark" / "pairs" / "part-0.parquet"]
    for path in of_spark:
        path.parent.mkdir(parents=True)
        path.write_text("canaryfreetextalpha")
    assert told(home) == {"events zendesk/tickets": (1, 2)}
    assert not any(path.exists() for path in of_spark), "built from the same rows"
    assert search(home.landing, ["canaryfreetextalpha"]) == search(home.lake / "raw", ["canaryfreetextalpha"]) == {}
    assert not home.warehouse_db.exists(), "its file would keep the bytes"
    assert told(home) == {"events zendesk/tickets": (0, 0)}
    with Ops(home.ops_db) as ops:
        assert reconcile(home, ops).ok
        (receipt,) = ops.receipts("zendesk", "tickets")
    assert (receipt.delivered, receipt.loaded, receipt.erased) == (3, 1, 2)
    small_home.run(home)
    assert tickets(home) == ["zendesk:43"]
    # the person stays known by what no rule names
    assert search(home.core, ["zyx.canary@quill.example"])


def test_old_deliveries_go_with_all_that_was_made_of_them(home: Home) -> None:
    rules(home, "{landing: {zendesk/ticket_comments: 1, shopify: 90}}")
    assert told(home) == {"landing shopify": (0, 0), "landing zendesk/ticket_comments": (0, 0)}
    later = datetime(2025, 4, 1, tzinfo=UTC)
    done = {one.what: (one.files, one.rows) for one in apply_retention(home, now=later)}
    assert done == {"landing shopify": (0, 0), "landing zendesk/ticket_comments": (1, 2)}
    assert search(home.root, ["canaryfreetextbeta"]).keys() <= {home.core / "ticket_messages" / "part-0.parquet"}
    small_home.run(home)
    assert search(home.root, ["canaryfreetextbeta"]) == {}
    assert search(home.core, ["canaryfreetextalpha", "77 Xanthic Alley"])


def test_refused_rows_go_when_their_time_is_over(home: Home) -> None:
    rules(home, "{quarantine: 30}")
    now = datetime(2025, 6, 1, tzinfo=UTC)
    (planned,) = apply_retention(home, plan=True, now=now)
    assert (planned.files, planned.rows) == (2, 2)
    assert search(home.lake / "quarantine", small_home.CANARIES)
    assert apply_retention(home, now=now) == [planned]
    assert apply_retention(home, now=now)[0].rows == 0
    assert search(home.lake / "quarantine", small_home.CANARIES) == {}
    assert search(home.landing, ["refusedcanarytext"]) == {}
    with Ops(home.ops_db) as ops:
        assert reconcile(home, ops).ok


def test_looks_exports_and_logs_go_by_their_age(home: Home) -> None:
    with AuditLog(home.ops_db) as log:
        log.record("key:a", "profile", profile_id="p1")
        log.record("key:a", "profile", profile_id="p2")
    with sqlite3.connect(home.ops_db) as con:
        con.execute("UPDATE audit_log SET at = '2024-01-01T00:00:00.000000Z' WHERE profile_id = 'p1'")
    con.close()
    old, new = home.exports / "old" / "a.csv", home.exports / "new.csv"
    for path in (old, new):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("profile_id\n", encoding="utf-8")
    _age(old, datetime(2025, 1, 1, tzinfo=UTC))
    _age(new, datetime(2025, 3, 1, tzinfo=UTC))
    rules(home, "{audit: 365, exports: 30, logs: 1}")
    assert told(home) == {"audit": (0, 1), "exports": (1, 0), "logs": (0, 0)}
    assert new.exists() and not old.parent.exists()
    with sqlite3.connect(home.ops_db) as con:
        assert con.execute("SELECT profile_id FROM audit_log").fetchall() == [("p2",)]
    con.close()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{quarantene: 30}", "unknown rule 'quarantene'"),
        ("{events: {zendesk/nothing: 3}}", "no source and no source/object"),
        ("{events: {shopify/customers: 3}}", "whose rows tell no time"),
        ("{landing: 30}", "by source, or by source/object"),
        ("{events: {zendesk: 0}}", "whole number of at least 1"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_with_one_line(ran: Home, text: str, line: str) -> None:
    rules(ran, text)
    with pytest.raises(InputsError, match=line) as error:
        apply_retention(ran, now=NOW)
    assert len(str(error.value).splitlines()) == 1
    (ran.root / "privacy.yml").unlink()


def _age(path: Path, at: datetime) -> None:
    os.utime(path, (at.timestamp(), at.timestamp()))
