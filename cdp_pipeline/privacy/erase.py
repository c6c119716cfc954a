"""Erasing people: a request becomes tombstones first, then every file that held them is written anew.

identified   sheet and tombstones are written, in one transaction: from here on the erasure finishes, whatever dies
landing      landed files, raw and quarantine
identity     registry, and what the matching model froze
run          core, identity, marts and a new snapshot from what is left
published    older snapshots
compacted    database files written anew, the state file emptied of what was deleted
searched     no file of the home holds one of the person's values
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from cdp_pipeline import steps, warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from cdp_pipeline.privacy import store, subject
from cdp_pipeline.privacy.errors import ErasureFailed
from cdp_pipeline.privacy.lake import open_lake
from cdp_pipeline.privacy.landed import apply_tombstones, raw_files
from cdp_pipeline.privacy.purge import purge_file, purge_sqlite
from cdp_pipeline.privacy.search import search
from cdp_pipeline.privacy.store import Erasure, Sheet
from cdp_pipeline.sources.contract import SourceContract
from cdp_pipeline.sources.erasing import key_file
from cdp_pipeline.sources.overlay import contracts_of
from cdp_pipeline.sources.subjects import key_field, key_scopes
from cdp_pipeline.sources.tombstones import Tombstones, write_tombstones
from profiles import snapshots
from profiles.exports.forget import forget
from profiles.snapshots import newest_manifest

STEPS = ("landing", "identity", "run", "published", "compacted", "searched")
# Each round follows the keys of the rows found: account, order, refund of the order …
_ROUNDS = 6

Say = Callable[[str], None]
Hook = Callable[[str], None]
Rerun = Callable[[Home], None]


@dataclass(frozen=True)
class Plan:
    """Whom an erasure would take out, and what: records, devices of visitors that nobody knows, rows of the core
    tables, and rows of landed files."""

    profile_ids: tuple[str, ...]
    records: int
    core: Mapping[str, int]
    landed_rows: int
    landed_files: int
    sources: tuple[str, ...]
    devices: int = 0


@dataclass(frozen=True)
class _Identified:
    plan: Plan
    sheet: Sheet
    tokens: tuple[str, ...]
    kept: tuple[str, ...]


def plan_erasure(home: Home, wanted: Sequence[str], *, kind: str | None = None, before: datetime | None = None) -> Plan:
    """What erasing these people would take out; nothing is written. Raises SubjectError."""
    with open_lake(home) as con:
        return _identify(home, con, wanted, kind, before or datetime.now(UTC)).plan


def erase(
    home: Home,
    wanted: Sequence[str],
    *,
    kind: str | None = None,
    reason: str = "",
    before: datetime | None = None,
    say: Say = lambda line: None,
    at: Hook = lambda point: None,
    rerun: Rerun | None = None,
) -> list[Erasure]:
    """Erase people for good and return the receipts (one for all of them, and those of what was under way).

    Rows dated before `before` (now) go. Holds the run lock. `at` is told each point that is passed. Raises SubjectError
    where it cannot be told who is meant (nothing is written then), RunInProgress, and ErasureFailed or RunFailed where
    a step failed: the erasure is kept, and `finish_erasures` or the next run goes on with it. Raises InputsError in a
    home made by `cdp run --out`.
    """
    store.check_own_landing(home)
    before = before or datetime.now(UTC)
    with run_lock(home.run_lock):
        receipts = finish_erasures(home, say=say, at=at, rerun=rerun)
        say("erasing: looking for the rows")
        warehouse.hash_key(home)
        with open_lake(home) as con:
            found = _identify(home, con, wanted, kind, before)
        at("found")
        store.write_sheet(home, found.sheet)
        at("sheet")
        requested = datetime.now(UTC).isoformat(timespec="microseconds")
        counts = {**found.plan.core, "records": found.plan.records}
        erasure_id = found.sheet.erasure_id
        with store.privacy_db(home) as db:
            db.execute("BEGIN IMMEDIATE")
            store.add_erasure(
                db,
                Erasure(erasure_id, requested, before.isoformat(), reason, found.plan.profile_ids, counts=counts),
            )
            write_tombstones(db, erasure_id, before, found.tokens, found.kept)
            db.execute("COMMIT")
        at("identified")
        return [*receipts, *finish_erasures(home, say=say, at=at, rerun=rerun)]


def finish_erasures(
    home: Home, *, say: Say = lambda line: None, at: Hook = lambda point: None, rerun: Rerun | None = None
) -> list[Erasure]:
    """Finish every erasure under way, from the step it had reached; returns the receipts. Holds the run lock.

    `rerun` makes everything derived again (default: a run that publishes).
    """
    if not store.erasures(home, pending=True):
        _forget_stray_sheets(home)
        return []
    with run_lock(home.run_lock):
        pending = store.erasures(home, pending=True)
        ids = [e.erasure_id for e in pending]
        sheets = [store.read_sheet(home, i) for i in ids]
        passed = set.intersection(*(set(e.steps) for e in pending))
        work = {
            "landing": lambda: _landing(home, ids),
            "identity": lambda: _identity(home, pending, sheets),
            "run": lambda: _rerun(home, rerun or _run),
            "published": lambda: _published(home),
            "compacted": lambda: _compacted(home, sheets),
            "searched": lambda: _searched(home, pending, sheets),
        }
        for step in STEPS:
            if step in passed:
                continue
            say(f"erasing: {step}")
            at(f"before {step}")
            counts = work[step]()
            at(f"after {step}")
            store.note_step(home, ids, step, counts)
        store.finish(home, ids)
        at("finished")
        return [e for e in store.erasures(home) if e.erasure_id in ids]


def reapply(home: Home, state: Path, *, say: Say = lambda line: None, rerun: Rerun | None = None) -> list[Erasure]:
    """Carry out, in a home restored from an older backup, the erasures that a later copy of its state file knows of.

    Tombstones, statements of consent and receipts that this home lacks are taken over. Raises SubjectError where
    `state` is no state file, and what `finish_erasures` raises.
    """
    with run_lock(home.run_lock):
        known = {e.erasure_id for e in store.erasures(home)}
        missing = store.take_over(home, state, known)
        if not missing:
            return finish_erasures(home, say=say, rerun=rerun)
        with open_lake(home) as con:
            for one in missing:
                there = [
                    p
                    for p in one.profile_ids
                    if con.execute("SELECT 1 FROM identity_profile_members WHERE profile_id = $1", [p]).fetchall()
                ]
                records = [r for p in there for r in subject.find_subject(con, p)[1]]
                who = subject.describe(con, there, records)
                needles = sorted(who.values | subject.texts_of(con))
                store.write_sheet(home, Sheet(one.erasure_id, one.profile_ids, who.records, tuple(needles)))
        return finish_erasures(home, say=say, rerun=rerun)


def _identify(
    home: Home, con: duckdb.DuckDBPyConnection, wanted: Sequence[str], kind: str | None, before: datetime
) -> _Identified:
    contracts = contracts_of(home)
    profile_ids: list[str] = []
    records: list[str] = []
    devices: list[str] = []
    for one in dict.fromkeys(wanted):
        if of_nobody := subject.find_devices(con, one, kind):
            devices += of_nobody
            continue
        profile_id, of_one = subject.find_subject(con, one, kind)
        profile_ids += [profile_id] if profile_id else []
        records += of_one
    who = subject.describe(con, sorted(set(profile_ids)), sorted(set(records)), sorted(set(devices)))
    subject.facts_of_others(con)
    shared: set[str] = set()
    while True:
        tombstones, rows, also = _follow(home, con, contracts, who, shared, before)
        if also <= shared:
            break
        # an earlier version of somebody else's record has it, too: then it tells nobody
        shared |= also
    needles = sorted((who.values | subject.texts_of(con)) - shared)
    ids = tuple(dict.fromkeys((*who.profile_ids, *who.aliases)))
    sheet = Sheet(store.new_erasure_id(), ids, who.records, tuple(needles))
    hit = {name: r for name, r in rows.items() if r}
    plan = Plan(
        who.profile_ids,
        len(who.records),
        subject.counts_of(con),
        sum(len(r) for r in hit.values()),
        len({file for r in hit.values() for file, _ in r}),
        tuple(sorted({source for source, _ in hit})),
        len(set(devices)),
    )
    return _Identified(plan, sheet, tuple(tombstones.before), tuple(tombstones.kept))


def _follow(
    home: Home,
    con: duckdb.DuckDBPyConnection,
    contracts: Mapping[str, SourceContract],
    who: subject.Subject,
    shared: set[str],
    before: datetime,
) -> tuple[Tombstones, dict[tuple[str, str], set[tuple[str, int]]], set[str]]:
    """Tombstones of the person's identifiers and of the keys of all rows that hang on them; those rows by object; and
    identifiers that turn out to be another person's as well."""
    tombstones = Tombstones(key_file(home).read_text(encoding="ascii").strip(), ())
    until = before.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    tombstones.before = {
        tombstones.token(*token): until for token in who.tokens if token[1] not in shared or "." in token[0]
    }
    rows: dict[tuple[str, str], set[tuple[str, int]]] = {}
    also: set[str] = set()
    again = set(contracts)
    for _ in range(_ROUNDS):
        todo, again = again, set()
        for source in sorted(todo):
            for obj in contracts[source].objects.values():
                raw, quarantine = raw_files(home, obj)
                if not raw and not quarantine:
                    continue
                found = tombstones.find(con, obj, raw, quarantine)
                keys = {k for one in found.values() for k in one.keys.values()}
                if keys and raw and obj.key != (key_field(obj),):
                    keys -= tombstones.keys_of_others(con, obj, raw, keys)
                others = subject.kept_keys(con, source, obj.name, sorted(keys)) if keys else set()
                kept = {tombstones.token(f"keep|{source}.{obj.name}", k) for k in others}
                if kept - tombstones.kept:
                    tombstones.kept |= kept
                    found = tombstones.find(con, obj, raw, quarantine)
                rows[source, obj.name] = {(file, line) for file, one in found.items() for line in one.actions}
                also |= {value for one in found.values() for value in one.shared}
                new = {tombstones.token(scope, k) for k in keys - others for scope in key_scopes(obj)}
                if new - tombstones.before.keys():
                    again.add(source)
                    tombstones.before |= dict.fromkeys(new, until)
        if not again:
            break
    return tombstones, rows, also


def _landing(home: Home, ids: Sequence[str]) -> Mapping[str, int]:
    """Files are counted as they are done, so that a receipt after a crash has them all."""
    return apply_tombstones(home, contracts_of(home), f"erasure-{ids[0]}")


def _identity(home: Home, pending: Sequence[Erasure], sheets: Sequence[Sheet]) -> Mapping[str, int]:
    from identity.erasure import erase_from_store
    from identity.model import hold_model

    published = newest_manifest(home.root)
    as_of = published.as_of if published else datetime.now(UTC).date()
    erased = 0
    for one in sheets:
        done = erase_from_store(
            home.identity_db, one.records, one.profile_ids, as_of=as_of, run_id=f"erasure-{one.erasure_id}"
        )
        erased += len(done.profile_ids)
    hold_model(home.models)
    return {"profile_ids": erased}


def _rerun(home: Home, rerun: Rerun) -> Mapping[str, int]:
    """Everything that is derived, made again from what is left. The warehouse starts from nothing: its file would keep
    the bytes."""
    steps.drop_warehouse(home)
    rerun(home)
    return {}


def _run(home: Home) -> None:
    from cdp_pipeline.run import run

    run(home, accept_changes=True, finishing=True)
    if not home.warehouse_db.exists():
        raise ErasureFailed("the run made no warehouse: run `cdp run --full`, then `cdp privacy resume`")


def _published(home: Home) -> Mapping[str, int]:
    newest = snapshots.newest_version(home.published)
    if newest is None:
        return {}
    if snapshots.current_version(home.published) != newest:
        # readers were sent back to a version that holds the person
        snapshots.rollback(home.root, newest)
    removed = snapshots.retire_versions(home.published, 1)
    snapshots.discard_leftovers(home.published)
    return {"snapshots_removed": len(removed)}


def _compacted(home: Home, sheets: Sequence[Sheet]) -> Mapping[str, int]:
    from identity.erasure import rewrite_store

    rewrite_store(home.identity_db)
    for path in home.root.glob("*.duckdb.wal"):
        path.unlink()
    for left in (*home.ops_db.parent.glob(".replay-*"), *home.ops_db.parent.glob(".erasing-*")):
        shutil.rmtree(left, ignore_errors=True)
    counts: Counter[str] = Counter()
    for recipient in forget(home.root, sorted({p for s in sheets for p in s.profile_ids})):
        what = "told_by_next_sync" if recipient.told_by_sync else "pass_on"
        counts[f"{what}:{recipient.destination}/{recipient.segment}"] = 1
    for copy in store.copies_of(home):
        counts[f"copy:{copy}"] = 1
    needles = sorted({n for s in sheets for n in s.needles})
    counts["state_rows"] = purge_sqlite(home.ops_db, needles, delete_from=("judgements", "consent_changes"))
    hits = search(home.root, needles, skip=_made_again(home))
    for path in hits:
        gone = purge_file(path, needles)
        if gone:
            counts["other_files"] += 1
            counts["other_rows"] += gone
    return counts


def _searched(home: Home, pending: Sequence[Erasure], sheets: Sequence[Sheet]) -> Mapping[str, int]:
    with open_lake(home) as con:
        before = min(datetime.fromisoformat(e.before) for e in pending).astimezone(UTC).replace(tzinfo=None)
        lives_on = subject.values_since(con, before, [r for s in sheets for r in s.records])
    needles = sorted({n for s in sheets for n in s.needles if n.strip().lower() not in lives_on})
    hits = search(home.root, needles, skip=(store.sheets_folder(home),))
    if hits:
        names = ", ".join(sorted(p.relative_to(home.root).as_posix() for p in hits)[:5])
        raise ErasureFailed(f"{len(hits)} files still hold a value of the person: {names}; see docs/privacy.md")
    return {"values_searched": len(needles)}


def _made_again(home: Home) -> list[Path]:
    """What has its own way of being rid of a person; a hit there is a fault, which the last search reports."""
    return [
        home.landing, home.lake / "raw", home.lake / "quarantine", home.core, home.identity, home.published,
        home.identity_db, home.warehouse_db, home.ops_db.parent, home.secrets,
    ]  # fmt: skip


def _forget_stray_sheets(home: Home) -> None:
    """Sheets of requests that died before they were taken in."""
    folder = store.sheets_folder(home)
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
