"""How long data is kept: the rules of ``privacy.yml`` in the home, applied by a command.

    retention:
      quarantine: 90        # days; refused rows go from quarantine and from landing
      landing:              # days by source, or source/object: landed files and what was read from them
        web_events: 1095
      events:               # days since what a row tells of: rows go from landing and raw, whenever they were delivered
        zendesk/ticket_comments: 1095
      audit: 730            # days since somebody looked at a person
      snapshots: 5          # number of published versions
      exports: 30           # days since an export file was written
      logs: 30              # days since a log of a run was written

Days are counted back from the as-of of the newest snapshot, for exports and logs from now: nothing in these says which
day of the data they are of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import yaml

from cdp_pipeline import steps
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.lock import run_lock
from cdp_pipeline.ops import LOADED, Ops, Receipt
from cdp_pipeline.privacy.landed import drop_rows, is_as_read
from cdp_pipeline.privacy.removals import note_removal
from cdp_pipeline.sources.contract import ObjectContract, SourceContract
from cdp_pipeline.sources.feeds import FileFaultError
from cdp_pipeline.sources.landing import file_sha256
from cdp_pipeline.sources.landing_edit import edit_landed
from cdp_pipeline.sources.overlay import contracts_of
from cdp_pipeline.sources.reconcile import output_path
from cdp_pipeline.sources.tombstones import DROP
from cdp_pipeline.sql_text import literal
from profiles import snapshots
from profiles.ops import timestamp

RULES = "privacy.yml"
_DAYS = ("quarantine", "exports", "logs", "audit")
_BY_SOURCE = ("landing", "events")


@dataclass(frozen=True)
class Applied:
    """What one rule took away (or would): files, and rows where it counts them."""

    what: str
    before: date | None
    files: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Rules:
    """Days by rule; `landing` and `events` by source or source/object. None: kept for ever."""

    quarantine: int | None = None
    exports: int | None = None
    logs: int | None = None
    audit: int | None = None
    snapshots: int | None = None
    landing: tuple[tuple[str, int], ...] = ()
    events: tuple[tuple[str, int], ...] = ()


def read_rules(home: Home) -> Rules:
    """The rules of a home; none without ``privacy.yml``. Raises InputsError with one line that says what is wrong."""
    path = home.root / RULES
    if not path.exists():
        return Rules()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError:
        raise InputsError(f"{path}: is no YAML") from None
    rules = document.get("retention", {}) if isinstance(document, dict) else None
    if not isinstance(rules, dict) or set(document) - {"retention"}:
        raise InputsError(f"{path}: expected one key, retention, with rules below it")
    known = {*_DAYS, "snapshots", *_BY_SOURCE}
    for name in rules:
        if name not in known:
            raise InputsError(f"{path}: unknown rule '{name}', one of {', '.join(sorted(known))}")
    contracts = contracts_of(home)
    for rule in _BY_SOURCE:
        _check_names(f"{path}: {rule}", rules.get(rule) or {}, contracts, dated=rule == "events")
    listed = {rule: rules.get(rule) or {} for rule in _BY_SOURCE}
    single = [(name, rules.get(name)) for name in (*_DAYS, "snapshots")]
    for name, days in [*single, *listed["landing"].items(), *listed["events"].items()]:
        if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
            raise InputsError(f"{path}: {name} is a whole number of at least 1, not {days}")
    return Rules(
        **{name: rules.get(name) for name in (*_DAYS, "snapshots")},
        landing=_pairs(listed["landing"]),
        events=_pairs(listed["events"]),
    )


def _pairs(days: Mapping[object, object]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((str(name), int(str(of))) for name, of in days.items()))


def _check_names(place: str, named: object, contracts: Mapping[str, SourceContract], *, dated: bool) -> None:
    """Raise InputsError unless `named` is by source or source/object, for `dated` with rows that tell their time."""
    if not isinstance(named, dict):
        raise InputsError(f"{place} holds days by source, or by source/object")
    for name in named:
        source, _, obj = str(name).partition("/")
        if source not in contracts or (obj and obj not in contracts[source].objects):
            raise InputsError(f"{place} names '{name}', which is no source and no source/object")
        if dated and not any(_event_field(o) for o in contracts[source].objects.values() if obj in ("", o.name)):
            raise InputsError(f"{place} names '{name}', whose rows tell no time: use landing, which goes by delivery")


def _event_field(obj: ObjectContract) -> str | None:
    """The field that says when what a row tells of happened."""
    return next((f.name for f in obj.fields if f.tag == "EVT" and f.type.startswith(("timestamp", "date"))), None)


def apply_retention(home: Home, *, plan: bool = False, now: datetime | None = None) -> list[Applied]:
    """Delete what is older than the rules allow, or with `plan` only tell. Takes the run lock.

    What was taken from landing and raw is missing from the next run's results; run afterwards. Raises InputsError.
    """
    rules = read_rules(home)
    now = now or datetime.now(UTC)
    with run_lock(home.run_lock):
        newest = snapshots.newest_manifest(home.root)
        as_of = newest.as_of if newest else now.date()
        done: list[Applied] = []
        if rules.quarantine:
            done.append(_noted(home, partial(_quarantine, home, as_of - timedelta(days=rules.quarantine)), plan))
        for name, days in rules.landing:
            done.append(_noted(home, partial(_landing, home, name, as_of - timedelta(days=days)), plan))
        for name, days in rules.events:
            done.append(_noted(home, partial(_events, home, name, as_of - timedelta(days=days)), plan))
        if not plan and any(d.rows and d.what.startswith(_BY_SOURCE) for d in done):
            # The next run makes it anew: what was deleted would stay in the bytes of its file.
            steps.drop_warehouse(home)
        if rules.audit:
            done.append(_audit(home, now - timedelta(days=rules.audit), plan))
        if rules.snapshots:
            done.append(_snapshots(home, rules.snapshots, plan))
        for what, days_kept, folders in (
            ("exports", rules.exports, (home.exports,)),
            ("logs", rules.logs, (home.dagster / "storage", home.root / "dbt" / "logs")),
        ):
            if days_kept:
                done.append(_files(what, folders, now - timedelta(days=days_kept), plan))
    return done


def _noted(home: Home, rule: Callable[[bool], Applied], plan: bool) -> Applied:
    """What the rule takes away is noted first: a kill in between must not leave a removal that nobody knows of."""
    planned = rule(True)
    if plan or not planned.files:
        return planned
    note_removal(home, planned.what, planned.files)
    return rule(False)


def _quarantine(home: Home, before: date, plan: bool) -> Applied:
    """Refused rows of old deliveries go from quarantine and from their landed files; receipts keep the sums."""
    contracts = contracts_of(home)
    done = Applied("quarantine", before)
    with Ops(home.ops_db) as ops:
        for receipt in ops.receipts():
            path = output_path(home.quarantine(receipt.source, receipt.object, receipt.dt), receipt.file)
            if receipt.dt >= before or not receipt.quarantined or not path.exists() or _waits(home, receipt):
                continue
            done = replace(done, files=done.files + 1, rows=done.rows + receipt.quarantined)
            if plan:
                continue
            contract = contracts.get(receipt.source)
            landed = home.landing / receipt.file
            changed = receipt
            if contract is not None and receipt.object in contract.objects and landed.is_file():
                with duckdb.connect() as con:
                    lines = con.execute(f"SELECT line FROM read_parquet({literal(path)})").fetchall()
                try:
                    edit_landed(
                        landed,
                        contract.objects[receipt.object],
                        {int(n): DROP for (n,) in lines},
                        lambda kind, value: False,
                    )
                    stat = landed.stat()
                    changed = replace(receipt, size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=file_sha256(landed))
                except FileFaultError:
                    # The file cannot be taken apart by rows: its copy in landing is under the landing rule.
                    pass
            path.unlink()
            ops.save(
                replace(
                    changed,
                    status="ok",
                    message="",
                    quarantined=0,
                    reasons={},
                    erased=receipt.erased + receipt.quarantined,
                )
            )
    return done


def _landing(home: Home, name: str, before: date, plan: bool) -> Applied:
    """Landed files of old deliveries with their raw and quarantine rows and their receipts."""
    source, _, obj = name.partition("/")
    done = Applied(f"landing {name}", before)
    with Ops(home.ops_db) as ops:
        for receipt in ops.receipts(source, obj or None):
            if receipt.dt >= before:
                continue
            done = replace(done, files=done.files + 1, rows=done.rows + receipt.loaded + receipt.quarantined)
            if not plan:
                _remove(home, receipt)
                ops.forget(receipt.file)
    return done


def _events(home: Home, name: str, before: date, plan: bool) -> Applied:
    """Rows that tell of something before the day, in whichever file they came; the file's other rows stay."""
    source, _, obj_name = name.partition("/")
    done = Applied(f"events {name}", before)
    with Ops(home.ops_db) as ops, duckdb.connect() as con:
        for obj in contracts_of(home)[source].objects.values():
            field = _event_field(obj)
            if field is None or obj_name not in ("", obj.name):
                continue
            for receipt in ops.receipts(source, obj.name):
                raw = output_path(home.raw(source, obj.name, receipt.dt), receipt.file)
                if receipt.status not in LOADED or not raw.exists() or _waits(home, receipt):
                    continue
                lines = con.execute(
                    f"""SELECT _line FROM read_parquet({literal(raw)}, hive_partitioning = false)
                    WHERE "{field}" < $before::DATE""",
                    {"before": before},
                ).fetchall()
                if not lines:
                    continue
                done = replace(done, files=done.files + 1, rows=done.rows + len(lines))
                if not plan:
                    drop_rows(home, obj, receipt, [int(n) for (n,) in lines], "retention", ops)
    return done


def _waits(home: Home, receipt: Receipt) -> bool:
    """Will the next run read the file anew? Its lines are others until then, and its turn comes after that run."""
    return (home.landing / receipt.file).is_file() and not is_as_read(home, receipt)


def _audit(home: Home, before: datetime, plan: bool) -> Applied:
    """Looks at people, in the log of who looked at whom."""
    done = Applied("audit", before.date())
    if not home.ops_db.exists():
        return done
    stamp = timestamp(before)
    con = sqlite3.connect(home.ops_db, timeout=30)
    try:
        if con.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit_log'").fetchone():
            ((rows,),) = con.execute("SELECT count(*) FROM audit_log WHERE at < ?", (stamp,)).fetchall()
            done = replace(done, rows=int(rows))
            if rows and not plan:
                with con:
                    con.execute("DELETE FROM audit_log WHERE at < ?", (stamp,))
                con.execute("VACUUM")
    finally:
        con.close()
    return done


def _remove(home: Home, receipt: Receipt) -> None:
    """Landing first: what is left without a landed file is removed by the next call, for its receipt still stands."""
    (home.landing / receipt.file).unlink(missing_ok=True)
    for folder in (home.raw, home.quarantine):
        output_path(folder(receipt.source, receipt.object, receipt.dt), receipt.file).unlink(missing_ok=True)


def _snapshots(home: Home, keep: int, plan: bool) -> Applied:
    versions = snapshots.committed_versions(home.published)
    if plan:
        return Applied("snapshots", None, files=max(0, len(versions) - keep))
    return Applied("snapshots", None, files=len(snapshots.retire_versions(home.published, keep)))


def _files(what: str, folders: Iterable[Path], before: datetime, plan: bool) -> Applied:
    done = Applied(what, before.date())
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                done = replace(done, files=done.files + 1)
                if not plan:
                    path.unlink()
        if not plan and folder.is_dir():
            for empty in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
                if not any(empty.iterdir()):
                    empty.rmdir()
    return done
