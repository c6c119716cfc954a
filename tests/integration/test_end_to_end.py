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

pytestmark = pytest.mark.xdist_group("end_to_end")


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
def second(home: Home, first: dict[str, Any]) -> dict[str, Any]:
    """The first home after the last day has landed and a further run."""
    for day in sorted(SAMPLE.glob(f"*/*/dt={LAST_DAY}")):
        shutil.copytree(day, home.landing / day.relative_to(SAMPLE))
    return dict(answer(cdp(home, "run", "--json")))


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
