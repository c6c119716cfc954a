"""What `cdp doctor` finds out about a home beside its files: runs, stores, the age of what readers see, gates, drift.

Each function yields findings: name, whether it is well, and one line with what to do. Nothing is changed.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb

from cdp_pipeline.home import Home

Finding = tuple[str, bool, str]

# As the freshness policy of the published snapshot fails (``defs/python_assets.py``).
SNAPSHOT_MAX_AGE = timedelta(hours=48)
# A run builds the next snapshot, its warehouse and its Parquet before it drops the oldest one.
SNAPSHOTS_OF_ROOM = 3


def last_runs(home: Home) -> Iterator[Finding]:
    """The last run that Dagster knows, and runs that are shown as going on although their process is gone."""
    if not (home.dagster / "dagster.yaml").exists():
        return
    from cdp_pipeline.defs.dead_runs import START_SECONDS
    from cdp_pipeline.defs.launch import InstanceError, known_runs
    from cdp_pipeline.lock import RunInProgress, run_lock

    try:
        newest, going = known_runs(home)
    except InstanceError as error:
        yield "dagster", False, str(error)
        return
    if newest is not None:
        told = f"{newest.run_id[:8]} of {newest.started_at:%Y-%m-%d %H:%M} UTC: {newest.status}"
        failed = newest.status == "failure"
        where = home.dagster / "last_run.log" if newest.by_command else "Dagster's log of the run (`cdp dev`)"
        yield "last run", not failed, told + (f"; why is in {where}" if failed else "")
    of_command = [run for run in going if run.by_command]
    try:
        with run_lock(home.run_lock):
            starting = timedelta(seconds=START_SECONDS)
            others = [run for run in going if not run.by_command and datetime.now(UTC) - run.started_at > starting]
            dead = [*of_command, *others]
    except RunInProgress:
        # one of `cdp run` may hold the lock, and those that Dagster started wait for it
        dead = of_command[1:]
    if dead:
        yield (
            "stale runs",
            False,
            f"{len(dead)} runs are shown as going on, their process is gone: "
            "`cdp run` or Dagster's daemon will end them",
        )


def erasures(home: Home) -> Iterator[Finding]:
    """Erasures that were begun and not finished, while nobody works on them."""
    from cdp_pipeline.lock import RunInProgress, run_lock
    from cdp_pipeline.privacy import store

    under_way = store.erasures(home, pending=True)
    if not under_way:
        return
    told = f"{len(under_way)} under way since {under_way[0].requested_at[:16].replace('T', ' ')} UTC"
    try:
        with run_lock(home.run_lock):
            yield "erasures", False, f"{told}: `cdp privacy resume`, or the next run, finishes them"
    except RunInProgress:
        yield "erasures", True, told


def stores(home: Home) -> Iterator[Finding]:
    """Versions of the state file and the identity store, and who holds dbt's file."""
    from identity.store import STORE_VERSION
    from profiles.ops import STATE_VERSION, state_version

    if home.ops_db.exists():
        con = sqlite3.connect(f"{home.ops_db.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            version = state_version(con, home.ops_db)
            ((broken,),) = con.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            con.close()
        older = f", {STATE_VERSION} after the next run" if version < STATE_VERSION else ""
        yield (
            "state",
            broken == "ok",
            f"version {version}{older}" if broken == "ok" else f"{home.ops_db} is damaged: restore a backup",
        )
    for name, path in (("identity store", home.identity_db), ("warehouse", home.warehouse_db)):
        if not path.exists():
            continue
        try:
            with duckdb.connect(str(path), read_only=True) as store:
                if name == "warehouse":
                    continue
                ((kept,),) = store.execute("SELECT version FROM store_version").fetchall()
        except duckdb.Error as error:
            text = str(error)
            if "lock" in text.lower():
                yield name, True, "in use by another process"
            else:
                yield name, False, f"{path} cannot be read ({type(error).__name__}): restore a backup"
            continue
        told = f"version {kept}" + (f", {STORE_VERSION} after the next run" if kept < STORE_VERSION else "")
        yield name, kept <= STORE_VERSION, told


def snapshot_age(home: Home) -> Iterator[Finding]:
    """Whether what readers see is older than it may be although files wait, and whether the next snapshot has room."""
    from cdp_pipeline.sources.ingest import pending
    from cdp_pipeline.sources.overlay import contracts_of
    from profiles.snapshots import current_manifest, newest_version

    manifest = current_manifest(home.root)
    if manifest is None:
        return
    newest = newest_version(home.published)
    if newest != manifest.version:
        yield (
            "rolled back",
            True,
            f"readers see {manifest.version}, the newest is {newest}: `cdp publish rollback {newest}` shows it",
        )
    age = datetime.now(UTC) - manifest.created_at
    waiting = any(p.files for p in pending(home, contracts_of(home)))
    hours = int(age.total_seconds() // 3600)
    if waiting:
        yield "freshness", age <= SNAPSHOT_MAX_AGE, f"published {hours} hours ago, and files wait"
    room = SNAPSHOTS_OF_ROOM * sum(entry.size_bytes for entry in manifest.files.values())
    free = shutil.disk_usage(home.root).free
    if free < room:
        yield (
            "room",
            False,
            f"{free / 1e9:.1f} GB free, the next run may need {room / 1e9:.1f}: lower CDP_KEEP_VERSIONS",
        )


def gates(home: Home) -> Iterator[Finding]:
    """Checks of the current snapshot that failed and are errors; warnings are counted."""
    marts = home.published / "current" / "marts.duckdb"
    if not marts.exists():
        return
    with duckdb.connect(str(marts), read_only=True) as con:
        rows = con.execute(
            "SELECT check_name, severity FROM quality.checks WHERE NOT is_passed ORDER BY severity, check_name"
        ).fetchall()
    errors = [name for name, severity in rows if severity == "error"]
    warned = len(rows) - len(errors)
    if errors:
        yield "checks", False, f"{len(errors)} failed: {', '.join(errors[:5])} (table quality.checks)"
    else:
        yield "checks", True, f"no error in the published snapshot, {warned} warnings"


def schema_drift(home: Home) -> Iterator[Finding]:
    """Fields that the newest delivery of an object lacks although they came before."""
    if not home.ops_db.exists():
        return
    from cdp_pipeline.ops import LOADED, Ops

    with Ops(home.ops_db) as ops:
        receipts = [r for r in ops.receipts() if r.status in LOADED]
    newest = {(r.source, r.object): r.dt for r in sorted(receipts, key=lambda r: r.dt)}
    for receipt in receipts:
        if receipt.dt == newest[receipt.source, receipt.object] and receipt.missing:
            fields = ", ".join(sorted(receipt.missing))
            yield "drift", False, f"{receipt.file}: no record has {fields}, earlier deliveries had"
