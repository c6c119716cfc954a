"""From the sample's files to published SQL, by the command line alone, and what a second and a further run do.

Steps share one home on purpose and run in the order they are written: that is what an installation lives through.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import zstandard

from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "landing"
LAST_DAY = "2017-12-31"
LINKED = ("profile_members", "edges", "dropped_edges", "review_queue")

# Several full runs each, which do not fit the half hour of all checks: on request.
long = pytest.mark.skipif(os.environ.get("CDP_TEST_LONG") != "1", reason="takes minutes; make test-long runs it")


def cdp(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, with Python's own warnings as errors."""
    return subprocess.run(
        [sys.executable, "-m", "cdp_pipeline", *arguments, "--home", str(home.root)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CDP_HOME": ""},
    )


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def published(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str((home.published / "current" / "marts.duckdb").resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def identity_rows(home: Home, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """All rows of a table that the identity step left, sorted."""
    with duckdb.connect() as con:
        return con.execute(
            f"select {columns} from read_parquet(?) order by all", [str(home.identity / table / "*.parquet")]
        ).fetchall()


def delivered(*path: str) -> Iterator[dict[str, Any]]:
    """Every readable JSON line of a sample object."""
    for file in sorted(SAMPLE.joinpath(*path).glob("dt=*/*.jsonl*")):
        raw = file.read_bytes()
        if file.suffix == ".zst":
            raw = zstandard.ZstdDecompressor().stream_reader(raw).read()
        for line in raw.decode("utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(row, dict):
                yield row


def store_revenue() -> Decimal:
    """What the tills took: newest version of each completed order without tips, less the money given back."""
    orders = pd.DataFrame(
        {
            "id": row["id"],
            "updated_at": row["updated_at"],
            "state": row["state"],
            "cents": row["total_money"]["amount"] - (row.get("total_tip_money") or {}).get("amount", 0),
        }
        for row in delivered("square_pos", "orders")
        if row.get("id") and row.get("state") in ("OPEN", "COMPLETED", "CANCELED", "DRAFT")
    )
    newest = orders.sort_values("updated_at", kind="stable").drop_duplicates("id", keep="last")
    sold = newest[newest["state"] == "COMPLETED"]
    refunds = pd.DataFrame(
        {"id": row["id"], "order_id": row["order_id"], "cents": row["amount_money"]["amount"]}
        for row in delivered("square_pos", "refunds")
        if row["status"] in ("COMPLETED", "APPROVED")
    ).drop_duplicates("id")
    back = refunds[refunds["order_id"].isin(sold["id"])]["cents"].sum()
    return Decimal(int(sold["cents"].sum() - back)) / 100


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the sample's files but those of the last day."""
    home = Home(tmp_path_factory.mktemp("end_to_end"))
    shutil.copytree(SAMPLE, home.landing, ignore=shutil.ignore_patterns(f"dt={LAST_DAY}"))
    return home


@pytest.fixture(scope="module")
def first(home: Home) -> dict[str, Any]:
    """Summary of the first run, and the ids it gave."""
    summary = answer(cdp(home, "run", "--json"))
    ids = dict(published(home, "select record_id, profile_id from profiles.profile_members"))
    return {**summary, "ids": ids, "manifest": (home.published / "current" / "manifest.json").read_text()}


@pytest.fixture(scope="module")
def planned(home: Home, first: dict[str, Any]) -> dict[str, Any]:
    """What a plan says after the last day has landed, with the profiles it would make and what readers then see."""
    for day in sorted(SAMPLE.glob(f"*/*/dt={LAST_DAY}")):
        shutil.copytree(day, home.landing / day.relative_to(SAMPLE))
    said = answer(cdp(home, "run", "--plan", "--json"))
    manifest = (home.published / "current" / "manifest.json").read_text()
    return {**said, "members": identity_rows(home, "profile_members"), "manifest": manifest}


@pytest.fixture(scope="module")
def second(home: Home, first: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """The first home after the further day has been run (by `cdp backfill`: its run is the ordinary one), with what the
    identity step left."""
    done = answer(cdp(home, "backfill", "--from", LAST_DAY, "--to", LAST_DAY, "--json"))
    assert done["read_again"] == 0
    return {**done, "tables": {name: identity_rows(home, name) for name in LINKED}}


def test_first_run_publishes(first: dict[str, Any]) -> None:
    assert first["changed"] and first["published"]
    assert first["as_of"] == "2017-12-30"
    taken = first["ingest"]
    assert taken["delivered"] == taken["loaded"] + taken["quarantined"]
    assert sum(taken["reasons"].values()) == taken["quarantined"] > 0


def test_published_tables_agree_with_one_another(home: Home, first: dict[str, Any]) -> None:
    ((records, profiles, golden, features),) = published(
        home,
        """
        select
            (select count(*) from profiles.profile_members),
            (select count(distinct profile_id) from profiles.profile_members),
            (select count(*) from profiles.customer_profile),
            (select count(*) from features.profile_features)
        """,
    )
    assert records == first["identity"]["records"] == len(first["ids"])
    assert profiles == golden == features == first["identity"]["profiles"]
    sizes = dict(
        published(home, "select segment, count(*) from segments.membership where exited_at is null group by all")
    )
    assert {name: size for name, size in first["segments"].items() if size} == sizes


def test_an_unchanged_home_is_left_alone(home: Home, first: dict[str, Any]) -> None:
    again = answer(cdp(home, "run", "--json"))
    assert again["changed"] is False
    assert (home.published / "current" / "manifest.json").read_text() == first["manifest"]
    said = cdp(home, "run")
    assert said.returncode == 0
    assert said.stdout.startswith(f"nothing changed since {first['version']}")


def test_a_second_run_at_once_refuses_with_one_line(home: Home, first: dict[str, Any]) -> None:
    with run_lock(home.run_lock):
        done = cdp(home, "run")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"process {os.getpid()}" in done.stderr


def test_an_as_of_before_the_published_one_is_refused(home: Home, first: dict[str, Any]) -> None:
    done = cdp(home, "run", "--as-of", "2017-12-28")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "--out" in done.stderr


def test_ids_hold_when_a_further_day_lands(home: Home, first: dict[str, Any], second: dict[str, Any]) -> None:
    assert second["as_of"] == LAST_DAY
    after = dict(published(home, "select record_id, profile_id from profiles.profile_members"))
    aliases = dict(published(home, "select alias_profile_id, profile_id from profiles.profile_aliases"))
    moved = {
        record
        for record, before in first["ids"].items()
        if record in after and after[record] != before and aliases.get(before) != after[record]
    }
    split = second["identity"]["splits"] > 0
    assert split or not moved
    assert len(moved) <= 0.01 * len(after)
    history = published(home, "select count(*) from profiles.profile_events where as_of = date '2017-12-30'")
    assert history[0][0] >= first["identity"]["profiles"]


def test_store_revenue_is_what_the_tills_say(home: Home, second: dict[str, Any]) -> None:
    [(revenue,)] = published(home, "select sum(revenue_amount) from insights.touchpoint_kpis where channel = 'store'")
    assert revenue == store_revenue()


def test_features_are_readable_by_identifier(home: Home, second: dict[str, Any]) -> None:
    from profiles.features import FeatureReader

    [(record, profile)] = published(
        home,
        "select record_id, profile_id from profiles.profile_members where record_id like 'web_events:users:%'"
        " order by 1 limit 1",
    )
    with closing(FeatureReader(home.published)) as reader:
        found = reader.get_by_identifier("customer_no", record.rsplit(":", 1)[1], "company")
        same = reader.get(profile)
    assert found is not None
    assert same is not None
    assert dict(found) == dict(same)
    [(orders,)] = published(home, f"select orders_total from features.profile_features where profile_id = '{profile}'")
    assert found["orders_total"] == orders
    shown = answer(cdp(home, "profile", "show", record, "--json"))
    assert shown["profile_id"] == profile


def test_a_plan_publishes_nothing_and_the_run_does_what_it_showed(
    first: dict[str, Any], planned: dict[str, Any], second: dict[str, Any]
) -> None:
    assert planned["changed"] and not planned["published"]
    assert planned["manifest"] == first["manifest"]
    change = planned["identity"]["change"]
    assert change["old_profiles"] == first["identity"]["profiles"]
    assert change["new_profiles"] == planned["identity"]["profiles"]
    assert second["identity"]["change"] == change
    assert second["tables"]["profile_members"] == planned["members"]
    assert second["identity"]["model_version"] == planned["identity"]["model_version"]
    assert second["ingest"]["files"] == 0, "the plan has taken them in"


@long
def test_day_by_day_ends_where_one_run_at_once_does(
    home: Home, second: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The sample is small: its model is trained again when records change, so that both homes have the same."""
    other = Home(tmp_path_factory.mktemp("at_once"))
    at_once = answer(cdp(home, "run", "--out", str(other.root), "--json"))
    assert at_once["identity"]["model_version"] == second["identity"]["model_version"]
    assert (at_once["identity"]["is_full"], at_once["identity"]["change"]) == (True, None)
    grouped = "select list(record_id order by record_id) from profiles.profile_members group by profile_id order by 1"
    assert published(other, grouped) == published(home, grouped)
    for table in ("edges", "dropped_edges"):
        assert identity_rows(other, table) == second["tables"][table]


def test_a_full_run_after_a_further_day_changes_no_id_and_no_link(home: Home, second: dict[str, Any]) -> None:
    full = answer(cdp(home, "run", "--full", "--json"))
    assert full["identity"]["is_full"]
    assert full["identity"]["change"]["changed"] == 0
    assert full["identity"]["generation"] == second["identity"]["generation"]
    assert {name: identity_rows(home, name) for name in LINKED} == second["tables"]


def test_a_restored_backup_goes_on_where_it_was_taken(
    home: Home, second: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("backups")
    made = answer(cdp(home, "backup", "create", str(folder), "--json"))
    other = Home(folder / "home")
    done = cdp(other, "backup", "restore", made["backup"])
    assert done.returncode == 0, done.stderr
    assert answer(cdp(other, "run", "--json"))["changed"] is False
    assert published(other, "from profiles.profile_members order by all") == published(
        home, "from profiles.profile_members order by all"
    )


@long
def test_a_rule_that_changes_too_much_waits_for_a_person(home: Home, second: dict[str, Any]) -> None:
    before = (home.published / "current" / "manifest.json").read_text()
    home.identity_rules.write_text("threshold: 0.999999\n", encoding="utf-8")
    done = cdp(home, "run", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "identity: this run would split " in done.stderr and "--accept-changes" in done.stderr
    assert (home.published / "current" / "manifest.json").read_text() == before
    accepted = answer(cdp(home, "run", "--accept-changes", "--json"))
    assert accepted["published"]
    assert accepted["identity"]["held_back"] in done.stderr
    # records that leave a profile open one of their own
    [(profiles,)] = published(home, "select count(*) from profiles.customer_profile")
    assert profiles == accepted["identity"]["profiles"] > second["identity"]["profiles"]
    assert answer(cdp(home, "run", "--json"))["changed"] is False


@long
def test_a_segment_that_jumps_holds_back_the_snapshot(home: Home, second: dict[str, Any]) -> None:
    """A file of objections more than doubles `do_not_contact`, whose bound blocks: readers keep what they had."""
    before = (home.published / "current" / "manifest.json").read_text()
    records = published(
        home,
        """select min(record_id) from profiles.profile_members join segments.current using (profile_id)
        where segment = 'consent_missing' group by profile_id order by 1""",
    )
    [(had,)] = published(home, "select members from segments.summary where segment = 'do_not_contact'")
    assert had >= 100 and len(records) > had / 2, "enough to be beyond the bound of one half"
    folder = home.landed("consent_desk", "changes", date(2018, 1, 1))
    folder.mkdir(parents=True)
    said = [
        {"change_id": str(n), "record_id": record, "purpose": "marketing", "channel": "email", "state": "denied",
         "occurred_at": "2018-01-01T09:00:00Z"}
        for n, (record,) in enumerate(records)
    ]  # fmt: skip
    (folder / "desk.jsonl").write_text("".join(json.dumps(one) + "\n" for one in said), encoding="utf-8")

    done = cdp(home, "run", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    told = f"segment do_not_contact has {had + len(records)} members after {had}: a change of "
    assert told in done.stderr and "its bound is 50 % (--accept-changes publishes it)" in done.stderr
    assert (home.published / "current" / "manifest.json").read_text() == before
    assert published(home, "select members from segments.summary where segment = 'do_not_contact'") == [(had,)]

    accepted = answer(cdp(home, "run", "--accept-changes", "--json"))
    assert accepted["published"] and accepted["segments"]["do_not_contact"] == had + len(records)
    # the new size is what the next run is held against
    assert answer(cdp(home, "run", "--json"))["changed"] is False
