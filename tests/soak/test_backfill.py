"""A month taken in late, in pieces and corrected ends where a clean load of it does."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from soak_checks import table
from soak_company import DESK, SHOP, START, Company
from soak_engines import KEEP, Steps
from whole_runs import differences, snapshot

from cdp_pipeline.backfill import Gap, gaps, read_again
from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.lock import run_lock
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import pending

DAYS = [START + timedelta(days=n) for n in range(30)]
MISSING, CORRECTED = (DAYS[11], DAYS[19]), DAYS[6]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Thirty days of deliveries, nothing run."""
    home, company = Home(tmp_path_factory.mktemp("month")), Company(seed=5)
    for number in range(len(DAYS)):
        company.deliver(home, number)
    home.ops_db.unlink(missing_ok=True)  # the steward's judgements are not part of this
    return home


@pytest.fixture(scope="module")
def clean(month: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """All of it in one load."""
    home = Home(tmp_path_factory.mktemp("clean"))
    shutil.copytree(month.landing, home.landing)
    Steps().run(home)
    return home


def _result(home: Home) -> dict[str, Any]:
    """What ingest, core and identity hold, batches and the names of profiles aside."""
    result: dict[str, Any] = {}
    with duckdb.connect() as con:
        for name in (SHOP, DESK):
            result[name] = con.execute(
                f"select * exclude (_batch_id) from read_parquet('{home.lake}/raw/{name}/*/*.parquet',"
                " hive_partitioning = false) order by all"
            ).fetchall()
        for name in ("customer_records", "record_identifiers"):
            result[name] = con.execute(f"from read_parquet('{home.core / name}/*.parquet') order by all").fetchall()
    people: dict[str, set[str]] = {}
    for record, profile in table(home, "profile_members", "record_id, profile_id"):
        people.setdefault(profile, set()).add(record)
    result["people"] = {frozenset(records) for records in people.values()}
    result["edges"] = {
        (*sorted(pair), *rest) for *pair, rest in ((left, right, (kind,)) for left, right, kind in _edges(home))
    }
    return result


def _edges(home: Home) -> list[tuple[Any, ...]]:
    return table(home, "edges", "record_id_l, record_id_r, kind")


def _land_with_faults(month: Home, home: Home) -> Path:
    """All days but two; one came with somebody else's e-mail in every row, and a row too many. Returns its file."""
    late = shutil.ignore_patterns(*(f"dt={day}" for day in MISSING))
    shutil.copytree(month.landing, home.landing, ignore=late)
    file = home.landing / SHOP / f"dt={CORRECTED}" / f"{CORRECTED}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    wrong = [{**row, "email": "wrong.export@mail.example"} for row in [*rows, {**rows[0], "id": 99_999}]]
    file.write_text("".join(json.dumps(row) + "\n" for row in wrong), encoding="utf-8")
    return file


def _land_the_rest(month: Home, home: Home, wrong: Path) -> None:
    """The missing days, and the wrong file as it ought to have been."""
    for name in (SHOP, DESK):
        for day in MISSING:
            shutil.copytree(month.landing / name / f"dt={day}", home.landing / name / f"dt={day}")
    shutil.copyfile(month.landing / wrong.relative_to(home.landing), wrong)


def test_two_days_late_and_one_corrected(month: Home, clean: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    file = _land_with_faults(month, home)
    Steps().run(home)
    before = _result(home)
    assert before["people"] != _result(clean)["people"]

    _land_the_rest(month, home, file)
    Steps().run(home)
    expected, found = _result(clean), _result(home)
    assert [name for name in expected if found[name] != expected[name]] == []


# What tells of the runs that were made, and of ids that they gave and took back; all other tables are compared.
OF_RUNS = ("profile_events", "profile_aliases", "segments.events", "quality.")


def _cdp(home: Home, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "cdp_pipeline", *arguments, "--json", "--home", str(home.root)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **KEEP},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _published(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Published tables with each profile named by its first record."""
    named: dict[str, str] = {}
    for record, profile in table(home, "profile_members", "record_id, profile_id"):
        named.setdefault(profile, record)
    found = {name: rows for name, rows in snapshot(home).items() if not any(word in name for word in OF_RUNS)}
    return {
        name: sorted((tuple(named.get(v, v) if isinstance(v, str) else v for v in row) for row in rows), key=repr)
        for name, rows in found.items()
    }


@pytest.mark.skipif(os.environ.get("CDP_TEST_LONG") != "1", reason="three full runs; make test-long runs it")
def test_a_month_through_the_command_ends_in_the_tables_of_a_clean_load(month: Home, tmp_path: Path) -> None:
    """Two days missing and one wrong at first, published so; then delivered and corrected, and `cdp backfill`."""
    clean, home = Home(tmp_path / "clean"), Home(tmp_path / "home")
    shutil.copytree(month.landing, clean.landing)
    _cdp(clean, "run")
    expected = _published(clean)

    file = _land_with_faults(month, home)
    assert _cdp(home, "run")["published"]
    assert differences(expected, _published(home)) != []
    span = ("--from", str(DAYS[0]), "--to", str(DAYS[-1]))
    listed = _cdp(home, "backfill", "--list", *span)["missing"]
    assert listed == [{"source": "shopify", "obj": "customers", "days": [str(day) for day in MISSING]}]

    _land_the_rest(month, home, file)
    told = _cdp(home, "backfill", "--accept-changes", *span)
    assert told["published"] and told["missing"] == [] and told["read_again"] == 0
    assert told["ingest"]["files"] == sum(len(list(home.landing.glob(f"*/*/dt={day}/*"))) for day in MISSING) + 1
    assert differences(expected, _published(home)) == []
    assert {k: v for k, v in _result(home).items() if k != "edges"} == {
        k: v for k, v in _result(clean).items() if k != "edges"
    }
    # nothing is left to do, and reading a day again changes nothing
    assert _cdp(home, "backfill", *span)["changed"] is False
    again = _cdp(home, "backfill", "--again", "--from", str(CORRECTED), "--to", str(CORRECTED))
    assert again["read_again"] >= 1
    assert differences(expected, _published(home)) == []


def test_days_in_any_order_end_as_days_in_order(month: Home, clean: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shuffled = DAYS.copy()
    random.Random(3).shuffle(shuffled)
    for at in (0, 15):
        for day in shuffled[at : at + 15]:
            for name in (SHOP, DESK):
                folder = month.landing / name / f"dt={day}"
                if folder.is_dir():
                    shutil.copytree(folder, home.landing / name / folder.name)
        Steps().run(home)
    expected, found = _result(clean), _result(home)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_days_that_were_never_delivered_are_named(month: Home, tmp_path: Path, capsys: Any) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(month.landing / SHOP, home.landing / SHOP, ignore=shutil.ignore_patterns(f"dt={MISSING[0]}"))
    # came twice in the month: not a daily delivery
    for day in DAYS[:2]:
        shutil.copytree(month.landing / DESK / f"dt={day}", home.landing / DESK / f"dt={day}")
    assert gaps(home, load_contracts(), DAYS[0], DAYS[-1]) == [Gap("shopify", "customers", MISSING[:1])]
    span = ["--from", str(DAYS[0]), "--to", str(DAYS[-1]), "--home", str(home.root)]
    assert main(["backfill", "--list", *span]) == 0
    assert capsys.readouterr().out == f"missing: shopify/customers on {MISSING[0]}\n"
    assert main(["backfill", "--list", "--from", "2025-03-02", "--to", "2025-03-01", "--home", str(home.root)]) == 2
    assert capsys.readouterr().err == "cdp: --to 2025-03-01 lies before --from 2025-03-02\n"


def test_days_are_read_again_on_demand(clean: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(clean.root, home.root)
    contracts = load_contracts()
    assert pending(home, contracts) == []
    expected = _result(home)
    with run_lock(home.run_lock):
        # two objects a day, copies and files that came late
        assert read_again(home, DAYS[3], DAYS[5]) >= 6
    assert {p.dt for p in pending(home, contracts)} == set(DAYS[3:6])
    Steps().run(home)
    assert _result(home) == expected
    with Ops(home.ops_db) as ops:
        assert len(ops.receipts()) == sum(path.is_file() for path in home.landing.rglob("*"))
    with pytest.raises(InputsError):
        read_again(home, date(2025, 3, 2), date(2025, 3, 1))
