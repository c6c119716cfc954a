"""One warehouse for all connector tests: native files landed, ingested by the real code, built by dbt up to core."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline import warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import ensure_tables, ingest_partition, pending, reconcile

FOLDER = Path(__file__).parent
AS_OF = date(2025, 3, 31)
Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def connector_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with every file of ``landing/`` and of the ``make_<source>.py`` beside it, ingested and built to core."""
    home = Home(Path(tmp_path_factory.mktemp("connectors")))
    shutil.copytree(FOLDER / "landing", home.landing)
    for script in sorted(FOLDER.glob("make_*.py")):
        _run_script(script, home.landing)
    contracts = load_contracts()
    ensure_tables(home, contracts)
    with Ops(home.ops_db) as ops:
        for partition in pending(home, contracts):
            obj = contracts[partition.source].objects[partition.obj]
            ingest_partition(home, obj, partition.dt, "connectors", ops)
        assert reconcile(home, ops).ok
    warehouse.hash_key(home)
    done = subprocess.run(
        [str(warehouse.dbt_executable()), *warehouse.dbt_args("build", "tag:core", home)],
        env=warehouse.dbt_env(home, AS_OF),
        cwd=warehouse.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return home


@pytest.fixture(scope="session")
def core(connector_home: Home) -> Iterator[Query]:
    """Run a query on the built warehouse: ``core("select … from core.orders", value, …)`` → rows."""
    with duckdb.connect(str(connector_home.warehouse_db), read_only=True) as con:
        yield lambda sql, *values: con.execute(sql, list(values)).fetchall()


@pytest.fixture(scope="session")
def quarantined(connector_home: Home) -> Callable[[str, str], list[str]]:
    """The reasons of an object's refused rows, sorted: ``quarantined("erp", "orders")``."""

    def reasons(source: str, obj: str) -> list[str]:
        files = sorted((connector_home.lake / "quarantine" / source / obj).glob("dt=*/*.parquet"))
        if not files:
            return []
        with duckdb.connect() as con:
            rows = con.execute("select reason from read_parquet(?) order by 1", [[str(f) for f in files]]).fetchall()
        return [str(row[0]) for row in rows]

    return reasons


@pytest.fixture(scope="session")
def file_status(connector_home: Home) -> dict[str, str]:
    """Status of every landed file by its path below landing: ok, over_budget, empty, duplicate, failed."""
    with Ops(connector_home.ops_db) as ops:
        return {receipt.file: receipt.status for receipt in ops.receipts()}


def _run_script(script: Path, landing: Path) -> None:
    """Call ``extra_files(landing)`` of a script that writes what is awkward to keep as a file (encodings, archives)."""
    spec = importlib.util.spec_from_file_location(f"connectors_{script.stem}", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.extra_files(landing)
