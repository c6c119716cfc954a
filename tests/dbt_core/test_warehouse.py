"""Calls of dbt and what crosses the boundary of the warehouse."""

from __future__ import annotations

import json
import re
import stat
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline import warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.marts_refresh import Refresh
from cdp_pipeline.settings import SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def value_after(args: list[str], flag: str) -> str:
    return args[args.index(flag) + 1]


def test_dbt_args_name_data_target_and_selection(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_TIMEZONE", "Asia/Shanghai")
    args = warehouse.dbt_args("build", ["tag:core", "tag:marts"], home)
    assert json.loads(value_after(args, "--vars")) == {
        "lake": str(home.lake),
        "hash_key_file": str(home.secrets / "hash.key"),
        "company_time_zone": "Asia/Shanghai",
    }
    assert value_after(args, "--target-path") == str(home.root / "dbt")
    assert args[args.index("--select") + 1 :][:2] == ["tag:core", "tag:marts"]
    assert value_after(args, "--exclude-resource-type") == "unit_test"


def test_a_home_with_a_quote_in_its_path_is_a_text_of_sql(tmp_path: Path) -> None:
    home = Home(tmp_path / "Ann's 家")
    variables = warehouse.dbt_vars(home)
    with duckdb.connect() as con:
        for name, path in (("lake", home.lake), ("hash_key_file", home.secrets / "hash.key")):
            assert con.execute(f"select '{variables[name]}'").fetchall() == [(str(path),)]


def test_people_without_an_address_live_by_the_companys_clock(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDP_TIMEZONE", raising=False)
    assert warehouse.dbt_vars(home)["company_time_zone"] == "UTC"
    monkeypatch.setenv("CDP_TIMEZONE", "Shanghai")
    with pytest.raises(SettingsError, match=r"^CDP_TIMEZONE: cannot use 'Shanghai'"):
        warehouse.dbt_vars(home)


def test_dbt_args_of_other_commands(home: Home) -> None:
    with_units = warehouse.dbt_args("build", "tag:core", home, exclude_unit_tests=False)
    assert "--exclude-resource-type" not in with_units
    assert "--select" not in warehouse.dbt_args("run", None, home)
    with pytest.raises(ValueError, match="'docs' is not one of"):
        warehouse.dbt_args("docs", None, home)


def test_hash_key_is_made_once_and_private(home: Home) -> None:
    key = warehouse.hash_key(home)
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert warehouse.hash_key(home) == key
    assert stat.S_IMODE(warehouse.hash_key_file(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o700
    assert [path.name for path in home.secrets.iterdir()] == ["hash.key"]
    assert warehouse.hash_key(Home(home.root / "other")) != key


def read(home: Home, columns: str) -> list[tuple[object, ...]]:
    path = home.history / "segment_membership" / "part-0.parquet"
    with duckdb.connect() as con:
        return con.execute(f"select {columns} from read_parquet('{path}') order by all").fetchall()


def test_history_without_a_snapshot_is_empty_and_typed(home: Home) -> None:
    assert warehouse.export_history(home) == dict.fromkeys(warehouse.HISTORY_TABLES, 0)
    for table, (_, columns) in warehouse.HISTORY_TABLES.items():
        path = home.history / table / "part-0.parquet"
        with duckdb.connect() as con:
            described = con.execute(f"describe select * from read_parquet('{path}')").fetchall()
        assert {row[0]: row[1] for row in described} == columns


def test_history_is_the_published_membership(home: Home) -> None:
    """A snapshot of an earlier version lacks tables; a run is named once, however many events it has."""
    version = home.published / "20250331-000001"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "marts.duckdb")) as con:
        con.execute("create schema segments; create schema profiles")
        con.execute("create table profiles.profile_events as from (values ('r1'), ('r1'), ('r2')) events (run_id)")
        con.execute(
            "create table segments.membership as select 'p1' as profile_id, 'vip' as segment,"
            " date '2025-03-01' as entered_at, null::date as exited_at, 'd1' as definition_version, 1 as other"
        )
    manifest = {
        "version": version.name, "as_of": "2025-03-31", "run_id": "r", "generation": 1, "model_version": "m",
        "inputs_fingerprint": "", "created_at": "2025-03-31T00:00:00+00:00", "platform_version": "0",
        "schema_hash": "", "tables": {},
        "files": {"marts.duckdb": {"size_bytes": (version / "marts.duckdb").stat().st_size, "sha256": ""}},
    }  # fmt: skip
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (home.published / "current").symlink_to(version.name)
    assert warehouse.export_history(home) == {
        "segment_membership": 1,
        "segment_events": 0,
        "segment_versions": 0,
        "profile_event_runs": 2,
    }
    assert read(home, "*") == [("p1", "vip", date(2025, 3, 1), None, "d1")]


def test_a_failed_call_names_nodes_and_no_rows(home: Home) -> None:
    with pytest.raises(
        warehouse.DbtError, match=r"dbt build: \d+ failed: .*model\.cdp\.stg_zendesk__tickets"
    ) as failure:
        warehouse.run_dbt("build", "stg_zendesk__tickets", home, date(2025, 3, 31))
    assert "parquet" not in str(failure.value)
    assert any("parquet" in line for line in failure.value.faults)  # the run's own log tells which files


def test_many_failed_nodes_are_counted(home: Home) -> None:
    run = warehouse.DbtRun({f"m{n:03}": "error" for n in range(144)}, home.root, Refresh("all", "asked for"))
    said = warehouse._failure("build", run, {}, "")
    assert said == f"dbt build: 144 failed: {', '.join(f'm00{n}' for n in range(10))} and 134 more"
