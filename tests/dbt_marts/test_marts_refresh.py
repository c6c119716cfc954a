"""When marts are made by change and when everything is made again."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.home import Home
from cdp_pipeline.marts_graph import MartsGraph
from cdp_pipeline.marts_plan import MartsPlan, facts_of
from cdp_pipeline.marts_refresh import BUILD_TABLE, Refresh, building, plan_refresh

DAY = date(2026, 1, 31)
MARTS = ["tag:marts"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def make(home: Home, day: date = DAY, *, full: bool = False) -> Refresh:
    """One build of all marts, as far as the mark and the warehouse are concerned."""
    refresh = plan_refresh(home, day, "run", MARTS, full=full)
    with building(home, day, refresh):
        _write(home, refresh.build_id)
    return refresh


def _write(home: Home, build_id: str) -> None:
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute("create schema if not exists marts_intermediate")
        con.execute(f"create or replace table {BUILD_TABLE} as select $1 as build_id", [build_id])


def test_the_second_build_is_by_change(home: Home) -> None:
    first, second = make(home), make(home)
    assert (first.mode, first.reason) == ("everything", "no complete build before")
    assert (second.mode, second.full_refresh) == ("changes", False)
    assert second.environment() == {"CDP_MARTS": "changes", "CDP_MARTS_BUILD": second.build_id}
    assert first.environment() == {"CDP_MARTS": "all", "CDP_MARTS_BUILD": first.build_id}


def test_a_later_day_is_by_change_and_an_earlier_one_is_not(home: Home) -> None:
    make(home)
    assert make(home, date(2026, 2, 10)).mode == "changes"
    assert make(home, DAY).reason == "the last build is of a later day"


def test_all_is_made_again_when_asked_for(home: Home) -> None:
    make(home)
    assert make(home, full=True).reason == "asked for"


def test_a_broken_off_build_is_not_built_upon(home: Home) -> None:
    make(home)
    refresh = plan_refresh(home, DAY, "run", MARTS, full=False)
    assert refresh.mode == "changes"
    with pytest.raises(KeyboardInterrupt), building(home, DAY, refresh):
        raise KeyboardInterrupt
    assert make(home).reason == "no complete build before"
    assert make(home).mode == "changes"


def test_some_marts_by_themselves_leave_no_complete_build(home: Home) -> None:
    make(home)
    some = plan_refresh(home, DAY, "run", ["int_sessions"], full=False)
    assert (some.mode, some.reason) == ("everything", "some marts by themselves")
    with building(home, DAY, some):
        pass
    assert make(home).reason == "no complete build before"


@pytest.mark.parametrize(
    ("command", "selectors"),
    [
        ("seed", ["path:seeds/marts"]),
        ("compile", None),
        ("test", MARTS),
        ("build", ["tag:core"]),
        ("build", ["interactions"]),
    ],
)
def test_calls_that_make_no_mart_change_nothing(home: Home, command: str, selectors: list[str] | None) -> None:
    make(home)
    refresh = plan_refresh(home, DAY, command, selectors, full=False)
    assert refresh.mode == "none"
    with building(home, DAY, refresh):
        pass
    assert make(home).mode == "changes"


def test_another_warehouse_is_not_built_upon(home: Home) -> None:
    make(home)
    _write(home, "restored from a backup")
    assert make(home).reason == "the warehouse is not that of the last build"
    home.warehouse_db.unlink()
    assert make(home).reason == "no complete build before"


def test_a_home_at_another_place_is_not_built_upon(tmp_path: Path) -> None:
    """The views of its warehouse name the files of the place where they were made."""
    home = Home(tmp_path / "here")
    home.root.mkdir()
    make(home)
    copy = Home(tmp_path / "copy")
    shutil.copytree(home.root, copy.root)
    assert make(copy).reason == "the home is at another place"
    assert make(copy).mode == "changes"
    assert make(home).mode == "changes"


def test_a_model_made_by_hand_is_not_built_upon(home: Home) -> None:
    make(home)
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute("create table marts_intermediate.int_by_hand as select 1 as profile_id")
    assert make(home).reason == "the warehouse is not that of the last build"
    assert make(home).mode == "changes"


def test_models_are_left_out_of_no_other_build(home: Home) -> None:
    """Nothing is known of what a project that no dbt call has parsed here reads; Spark's tables have no versions."""
    make(home)
    assert plan_refresh(home, DAY, "run", MARTS, full=False).plan is None
    spark = plan_refresh(home, DAY, "run", MARTS, full=False, engine="spark")
    assert (spark.mode, spark.plan, spark.facts) == ("changes", None, {})


def test_the_mark_goes_before_tables_of_changes_are_brought_to_rest(home: Home) -> None:
    """Else a build that is killed then would leave the mark of the last one beside tables that are not its own."""
    make(home)
    plan = MartsPlan(MartsGraph({}, {}, {}), frozenset(), (), ("delete from marts_intermediate.int_missing",))
    with pytest.raises(duckdb.CatalogException), building(home, DAY, Refresh("changes", "", "next", plan)):
        pass
    assert make(home).reason == "no complete build before"


def test_handed_over_files_are_told_by_their_content(home: Home) -> None:
    """Also where the same content was written again; a file of the same size and time is not read again."""
    path = home.history / "segment_events" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one")
    first = facts_of(home, {})
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    again = facts_of(home, first)
    path.write_bytes(b"two")
    os.utime(path, (1, 1))
    name = "history/segment_events/part-0.parquet"
    assert first["files"][name][2] == again["files"][name][2] != facts_of(home, {})["files"][name][2]
    assert facts_of(home, again) == again


def test_another_setting_of_the_models_is_not_built_upon(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make(home)
    monkeypatch.setenv("CDP_TIMEZONE", "Asia/Shanghai")
    assert make(home).reason == "the project or a setting changed"


def test_changed_code_is_not_built_upon(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make(home)
    monkeypatch.setattr("cdp_pipeline.warehouse.PROJECT", Path(__file__).parent)
    assert make(home).reason == "the project or a setting changed"
