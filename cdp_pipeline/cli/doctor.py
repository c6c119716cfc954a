"""``cdp doctor``: checks the installation, the home and the last run."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cdp_pipeline.cli._common import Subparsers, add_home, add_json, home_of, print_json
from cdp_pipeline.home import Home

if TYPE_CHECKING:
    from cdp_pipeline.diagnosis import Finding

PACKAGES = (
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "splink",
    "great-expectations",
    "lmdb",
    "pandas",
)
ENOUGH_GB = 2.0
# Clocks of two machines may differ a little.
CLOCK_SECONDS = 300


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    doctor = commands.add_parser("doctor", help="check the installation, the home and the last run")
    add_home(doctor)
    add_json(doctor)
    doctor.set_defaults(run=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    from cdp_pipeline import diagnosis

    home = home_of(arguments, must_exist=False)
    findings = list(_installation())
    if home.root.is_dir():
        for check in (
            _home, _rules, _connections, _other_files, _receipts, diagnosis.schema_drift, diagnosis.stores, _published,
            diagnosis.erasures, diagnosis.snapshot_age, diagnosis.gates, _model, diagnosis.last_runs, _lock,
        ):  # fmt: skip
            findings += _guarded(check, home)
    else:
        findings.append(("home", True, f"{home.root} does not exist yet: `cdp demo` or `cdp run` makes one"))
    if arguments.json:
        print_json([{"check": name, "ok": ok, "message": message} for name, ok, message in findings])
    else:
        for name, ok, message in findings:
            print(f"{'ok  ' if ok else 'FAIL'}  {name:<18} {message}")
    return 0 if all(ok for _, ok, _ in findings) else 1


def _installation() -> Iterator[Finding]:
    yield "python", sys.version_info >= (3, 11), sys.version.split()[0]
    for package in PACKAGES:
        try:
            yield package, True, version(package)
        except PackageNotFoundError:
            yield package, False, "not installed: run `make setup`"
    from cdp_pipeline import warehouse
    from cdp_pipeline.settings import Settings, SettingsError
    from cdp_pipeline.sources.contract import ContractError, load_contracts

    dbt = warehouse.dbt_executable()
    yield "dbt", dbt.exists(), str(dbt)
    manifest = warehouse.PROJECT / "target" / "manifest.json"
    yield "dbt manifest", manifest.exists(), str(manifest) if manifest.exists() else "missing: run `make setup`"
    try:
        contracts = load_contracts()
        yield "contracts", True, f"{len(contracts)} sources, {sum(len(c.objects) for c in contracts.values())} objects"
    except ContractError as error:
        yield "contracts", False, str(error)
    try:
        settings = Settings.from_env()
        yield "settings", True, f"time zone {settings.timezone}, daily run at '{settings.schedule}'"
        yield from _spark(settings.engine, settings.spark_master)
    except SettingsError as error:
        yield "settings", False, str(error)


def _spark(engine: str, master: str) -> Iterator[Finding]:
    """Of the extra `spark`, where it is installed or asked for."""
    if engine != "spark" and find_spec("pyspark") is None:
        return
    from cdp_pipeline.settings import SettingsError
    from cdp_pipeline.spark.session import check_installed, java_version

    installed = []
    for package in ("pyspark", "dbt-spark"):
        with suppress(PackageNotFoundError):
            installed.append(f"{package} {version(package)}")
    java = java_version()
    if java:
        installed.append(f"Java {java}")
    used = f"engine of this installation, master {master}" if engine == "spark" else "CDP_ENGINE is duckdb"
    try:
        check_installed()
        yield "spark", True, f"{', '.join(installed)}; {used}"
    except SettingsError as error:
        # what nobody asked for may be half installed
        yield "spark", engine != "spark", str(error)


def _guarded(check: Callable[[Home], Iterator[Finding]], home: Home) -> list[Finding]:
    """A check that itself fails is a finding, so that the others still report."""
    try:
        return list(check(home))
    except Exception as error:
        return [(check.__name__.lstrip("_"), False, f"could not be checked ({type(error).__name__})")]


def _home(home: Home) -> Iterator[Finding]:
    free = shutil.disk_usage(home.root).free / 1e9
    yield "disk", free >= ENOUGH_GB, f"{free:.1f} GB free at {home.root}"
    if home.secrets.exists():
        mode = home.secrets.stat().st_mode & 0o777
        yield "secrets", mode & 0o077 == 0, f"mode {mode:o}" + ("" if mode & 0o077 == 0 else ", expected 700")
    from cdp_pipeline.inputs import landed_days
    from cdp_pipeline.sources.contract import ContractError
    from cdp_pipeline.sources.ingest import pending, unclaimed
    from cdp_pipeline.sources.overlay import contracts_of, overlay_files

    try:
        contracts = contracts_of(home)
    except ContractError as error:
        yield "overlays", False, str(error)
        return
    if overlays := overlay_files(home):
        yield "overlays", True, f"this home changes the contracts of {', '.join(path.stem for path in overlays)}"
    days = landed_days(home)
    yield "landing", bool(days), f"{len(days)} delivery days to {days[-1]}" if days else "nothing has landed"
    waiting = sum(len(p.files) for p in pending(home, contracts))
    yield "unseen", True, f"{waiting} files wait for `cdp run`" if waiting else "every landed file has been taken in"
    for line in unclaimed(home, contracts):
        yield "unclaimed", False, line


def _rules(home: Home) -> Iterator[Finding]:
    from cdp_pipeline.identity_rules import load_identity_rules
    from identity.errors import IdentityInputError

    try:
        rules = load_identity_rules(home)
    except IdentityInputError as error:
        yield "identity.yml", False, str(error)
        return
    if rules is not None:
        yield "identity.yml", True, f"{home.identity_rules} can be used"


def _connections(home: Home) -> Iterator[Finding]:
    from cdp_pipeline.connect import ConnectConfigError, load_connections

    try:
        connections = load_connections(home)
    except ConnectConfigError as error:
        yield "connect.yml", False, str(error)
        return
    if connections and find_spec("dlt") is None:
        yield "connect.yml", False, "live pulls need the extra: pip install 'cdp-platform[connect]'"
        return
    from cdp_pipeline.connect.secrets import load_secrets

    for name, connection in connections.items():
        try:
            load_secrets(connection, home, os.environ)
            yield "connection", True, f"{name}: {connection.host}, {len(connection.objects)} objects, secrets in place"
        except ConnectConfigError as error:
            yield "connection", False, str(error)


def _other_files(home: Home) -> Iterator[Finding]:
    """What people write into the home for alerts, audiences and retention: no run reads it before it is needed."""
    from cdp_pipeline import alerts
    from cdp_pipeline.inputs import InputsError
    from cdp_pipeline.privacy import retention
    from profiles.errors import ProfilesError
    from profiles.exports import destinations

    for name, load in (
        (alerts.FILE, lambda: alerts.load_receivers(home)),
        (destinations.FILE, lambda: destinations.load_destinations(home.root)),
        (retention.RULES, lambda: retention.read_rules(home)),
    ):
        if not (home.root / name).exists():
            continue
        try:
            load()
            yield name, True, f"{home.root / name} can be used"
        except (alerts.AlertsError, ProfilesError, InputsError) as error:
            yield name, False, str(error)


def _receipts(home: Home) -> Iterator[Finding]:
    if not home.ops_db.exists():
        return
    from cdp_pipeline.mend import damaged_raw, damaged_tables
    from cdp_pipeline.ops_export import reconciliation

    damaged = damaged_raw(home)
    for one in damaged[:5]:
        cure = "the next run reads its landed file again" if one.is_landed else "restore it, or its landed file"
        yield "lake", False, f"{one.path}: {one.what}; {cure}"
    tables = damaged_tables(home)
    for path in tables[:5]:
        yield "lake", False, f"{path}: cannot be read; `cdp run --full` writes it anew"
    if len(damaged) > 5 or len(tables) > 5:
        yield "lake", False, f"{len(damaged)} raw files and {len(tables)} tables are damaged in all"
    if damaged:
        return
    if not tables:
        yield "lake", True, "every Parquet file can be read"
    found = reconciliation(home)
    told = f"{found.delivered:,} delivered = {found.loaded:,} raw + {found.quarantined:,} quarantined"
    yield "rows", found.ok, told if found.ok else f"{len(found.mismatches)} files do not add up: {found.mismatches[0]}"
    for line in (*found.failed, *found.over_budget):
        yield "file", False, line


def _published(home: Home) -> Iterator[Finding]:
    from profiles.snapshots import current_manifest, current_version, damaged_files, list_versions

    version = current_version(home.published)
    if version is None:
        yield "published", True, "nothing yet"
        return
    folder = home.published / version
    wrong = damaged_files(folder, checksums=True)
    if wrong:
        cure = "`cdp run --full` publishes it again"
        if others := [v.version for v in list_versions(home.root) if not v.is_current]:
            cure += f"; until then `cdp publish rollback` shows {others[-1]}"
        what = "is gone" if not folder.is_dir() else f"{', '.join(wrong[:3])} missing or not as published"
        yield "published", False, f"{version}: {what}; {cure}"
        return
    manifest = current_manifest(home.root)
    assert manifest is not None  # noqa: S101 - its files were just looked at
    yield "published", True, f"{version}, as of {manifest.as_of}, generation {manifest.generation}"
    ahead = (manifest.created_at - datetime.now(UTC)).total_seconds()
    if ahead > CLOCK_SECONDS:
        yield "clock", False, f"{version} was published {ahead / 3600:.1f} h ahead of this machine's clock: check it"
    pii = folder / "pii.duckdb"
    yield "pii mode", pii.stat().st_mode & 0o077 == 0, f"{pii.stat().st_mode & 0o777:o}"


def _model(home: Home) -> Iterator[Finding]:
    from identity.drift import read_drift

    report = read_drift(home.identity)
    if report is not None:
        yield "model", report.verdict != "retrain", f"{report.model_version}: {report.advice} (cdp model drift)"


def _lock(home: Home) -> Iterator[Finding]:
    from cdp_pipeline.lock import RunInProgress, run_lock

    try:
        with run_lock(home.run_lock):
            yield "lock", True, "no run in progress"
    except RunInProgress as error:
        yield "lock", True, str(error)
