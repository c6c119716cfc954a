"""One warehouse for all tests of the core tables: built once from the rows of `scenario`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from raw_lake import Query, write_raw_lake
from scenario import ROWS

from cdp_pipeline import warehouse
from cdp_pipeline.home import Home

AS_OF = date(2025, 3, 31)


@pytest.fixture(scope="session")
def core_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the scenario in raw, built by dbt up to the core tables, unit tests included."""
    home = Home(Path(tmp_path_factory.mktemp("core_home")))
    write_raw_lake(home, ROWS)
    warehouse.hash_key(home)
    done = subprocess.run(
        [
            str(warehouse.dbt_executable()),
            *warehouse.dbt_args("build", "tag:core", home, exclude_unit_tests=False),
        ],
        env=warehouse.dbt_env(home, AS_OF),
        cwd=warehouse.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return home


@pytest.fixture(scope="session")
def core(core_home: Home) -> Iterator[Query]:
    """Run a query on the built warehouse: ``core("select …", value, …)`` → rows."""
    with duckdb.connect(str(core_home.warehouse_db), read_only=True) as con:
        yield lambda sql, *values: con.execute(sql, list(values)).fetchall()
