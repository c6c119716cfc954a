"""Landing to raw: one delivery day of one object into typed Parquet plus quarantine, with a receipt for each file.

Belongs here: bookkeeping, the order of writing, locks. Not here: which files are new (``landing.py``), bytes to records
(``feeds.py``), records to typed columns (``extract.py``), the contract (``contract.py``).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from cdp_pipeline.home import Home
from cdp_pipeline.ops import LOADED, Ops, Receipt
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.drift import Drift, comparable, drift_of_delivery, of_file, with_drift
from cdp_pipeline.sources.erasing import Eraser, eraser
from cdp_pipeline.sources.feeds import FileFaultError, file_format
from cdp_pipeline.sources.landing import Pending, file_sha256, pending, unclaimed, unseen
from cdp_pipeline.sources.load import FileLoad, inflight, load_file
from cdp_pipeline.sources.outcomes import FileResult, IngestResult, Reconciliation
from cdp_pipeline.sources.raw_tables import ensure_tables
from cdp_pipeline.sources.reconcile import output_path, reconcile
from cdp_pipeline.sources.redelivery import DayFile, superseded
from cdp_pipeline.sources.snapshots import lost_keys

# A small file may hold this many bad rows before its share counts: one bad row of ten is not a broken export.
BUDGET_FLOOR_ROWS = 5
_CHANGED = "changed while it was read; the next run takes it"


def ingest_partition(home: Home, obj: ObjectContract, dt: date, run_id: str, ops: Ops) -> IngestResult:
    """Load the unseen files of one delivery day: raw and quarantine Parquet, then the receipt, file by file.

    A bad file never stops the others. Output names come from the landing names, so a repeated or changed file
    overwrites its own output and nothing else. Waits while another process reads files of the same object.
    """
    with _object_lock(home, obj):
        receipts = {r.file: r for r in ops.receipts(obj.source, obj.name)}
        todo = unseen(home, obj, home.landed(obj.source, obj.name, dt), receipts, ops)
        if todo and obj.delivery == "replace_partition":
            return _redeliver(home, obj, dt, todo, receipts, run_id, ops)
        if todo and obj.delivery == "full_snapshot":
            return _snapshot(home, obj, dt, todo, receipts, run_id, ops)
        return _read(home, obj, dt, todo, receipts, run_id, ops)


def ingest_files(
    home: Home, obj: ObjectContract, dt: date, files: Sequence[str], run_id: str, ops: Ops
) -> IngestResult:
    """Read these landed files of one delivery day (paths below landing), whatever their receipts say."""
    with _object_lock(home, obj):
        receipts = {r.file: r for r in ops.receipts(obj.source, obj.name)}
        read = _snapshot if obj.delivery == "full_snapshot" else _read
        return read(home, obj, dt, files, receipts, run_id, ops)


@contextmanager
def _object_lock(home: Home, obj: ObjectContract) -> Iterator[None]:
    """One reader of an object at a time: a duplicate is told by the receipts of all its days. The operating system
    drops the lock when its process dies."""
    path = home.ops_db.parent / "locks" / f"{obj.source}.{obj.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _read(
    home: Home,
    obj: ObjectContract,
    dt: date,
    files: Sequence[str],
    receipts: dict[str, Receipt],
    run_id: str,
    ops: Ops,
) -> IngestResult:
    """Read files one by one; each is placed and recorded before the next begins."""
    _remove_unfinished(home, obj, dt)
    earlier = [r for r in receipts.values() if r.file not in files]
    erasing = eraser(home)
    done: list[Receipt] = []
    for file in files:
        started = time.monotonic()
        receipt, load = _load(home, obj, dt, file, run_id, receipts, earlier, erasing)
        if receipt.status != "deferred":
            _place(home, receipt, load)
            ops.record_files([(receipt, time.monotonic() - started)])
            receipts[file] = receipt
            if receipt.status in LOADED:
                _drop_copies(home, obj, receipt, receipts, ops)
        done.append(receipt)
    for changed in drift_of_delivery(obj, done, earlier):
        ops.amend_file(changed)
        done = [changed if r.file == changed.file else r for r in done]
    return IngestResult(obj.source, obj.name, dt, tuple(map(_result, done)))


def _redeliver(
    home: Home,
    obj: ObjectContract,
    dt: date,
    files: Sequence[str],
    receipts: dict[str, Receipt],
    run_id: str,
    ops: Ops,
) -> IngestResult:
    """Read the new files of a day that may be delivered again: all or none, and nothing is replaced by files that fail.

    What they replace (see ``redelivery.py``) goes only when they are placed, and their receipts are written together:
    after a crash in between, the new files are still unseen and replace what is left.
    """
    _remove_unfinished(home, obj, dt)
    earlier = [r for r in receipts.values() if r.file not in files]
    erasing = eraser(home)
    done: dict[str, tuple[Receipt, FileLoad | None, float]] = {}
    for file in files:
        started = time.monotonic()
        receipt, load = _load(home, obj, dt, file, run_id, {}, earlier, erasing)
        done[file] = (receipt, load, time.monotonic() - started)
    if any(receipt.status == "deferred" for receipt, _, _ in done.values()):
        for load in [load for _, load, _ in done.values() if load]:
            load.discard()
        waiting = "waits for the other files of its day"
        told = [
            r if r.status == "deferred" else replace(r, status="deferred", message=waiting) for r, _, _ in done.values()
        ]
        return IngestResult(
            obj.source, obj.name, dt, tuple(FileResult(r.file, r.status, message=r.message) for r in told)
        )
    for changed in drift_of_delivery(obj, [receipt for receipt, _, _ in done.values()], earlier):
        done[changed.file] = (changed, *done[changed.file][1:])
    for receipt, load, _ in done.values():
        _place(home, receipt, load)
    results = {file: receipt for file, (receipt, _, _) in done.items()}
    _replace_superseded(home, obj, dt, receipts, results, ops)
    ops.record_files([(results[file], seconds) for file, (_, _, seconds) in done.items()])
    return IngestResult(obj.source, obj.name, dt, tuple(map(_result, results.values())))


def _snapshot(
    home: Home,
    obj: ObjectContract,
    dt: date,
    files: Sequence[str],
    receipts: dict[str, Receipt],
    run_id: str,
    ops: Ops,
) -> IngestResult:
    """Read the new files of a day that is a full snapshot: all or none, see ``snapshots.py``.

    Files of the day that were refused before are read again with them: together they may be whole. What is read again
    with the same content was believed already.
    """
    _remove_unfinished(home, obj, dt)
    refused = [r.file for r in receipts.values() if r.dt == dt and r.status == "failed" and r.file not in files]
    todo = sorted({*files, *(f for f in refused if (home.landing / f).is_file())})
    earlier = [r for r in receipts.values() if r.file not in todo]
    done: list[tuple[Receipt, FileLoad | None, float]] = []
    known = dict(receipts)
    erasing = eraser(home)
    for file in todo:
        started = time.monotonic()
        receipt, load = _load(home, obj, dt, file, run_id, known, earlier, erasing)
        known[file] = receipt
        done.append((receipt, load, time.monotonic() - started))
    days = sorted({r.dt for r in receipts.values() if r.status in LOADED and r.dt < dt})
    before = [r for r in receipts.values() if days and r.dt == days[-1] and r.status in LOADED]
    day = [r for r in earlier if r.dt == dt and r.status in LOADED]
    now = [inflight(load.raw) for _, load, _ in done if load] + [
        _outputs(home, obj.source, obj.name, dt, r.file)[0] for r in day
    ]
    news = [r for r, load, _ in done if load and not _is_loaded(receipts.get(r.file), r)]
    told = lost_keys(obj, [_outputs(home, r.source, r.object, r.dt, r.file)[0] for r in before], now) if news else ""
    results = []
    for receipt, load, seconds in done:
        old = receipts.get(receipt.file)
        if told and load is not None:
            load.discard()
            if old is not None and old.status in LOADED:  # a correction: the rows that it was to replace stay
                receipt = replace(old, size=receipt.size, mtime_ns=receipt.mtime_ns, message=told)
            else:
                receipt = _nothing(receipt, "failed", told)
            ops.record_files([(receipt, seconds)])
            receipts[receipt.file] = receipt
        elif receipt.status != "deferred":
            _place(home, receipt, load)
            ops.record_files([(receipt, seconds)])
            receipts[receipt.file] = receipt
            if receipt.status in LOADED:
                _drop_copies(home, obj, receipt, receipts, ops)
        results.append(receipt)
    for changed in drift_of_delivery(obj, results, earlier):
        ops.amend_file(changed)
        results = [changed if r.file == changed.file else r for r in results]
    return IngestResult(obj.source, obj.name, dt, tuple(map(_result, results)))


def _is_loaded(before: Receipt | None, now: Receipt) -> bool:
    return before is not None and before.status in LOADED and before.sha256 == now.sha256


def _nothing(receipt: Receipt, status: str, message: str) -> Receipt:
    """The receipt of a file of which nothing stands in the lake."""
    return replace(
        receipt, status=status, message=message,
        delivered=0, loaded=0, quarantined=0, erased=0, reasons={}, filled={}, drift=(),
    )  # fmt: skip


def _remove_unfinished(home: Home, obj: ObjectContract, dt: date) -> None:
    for folder in (home.raw(obj.source, obj.name, dt), home.quarantine(obj.source, obj.name, dt)):
        for stale in folder.glob(".*"):
            stale.unlink(missing_ok=True)


def _load(
    home: Home,
    obj: ObjectContract,
    dt: date,
    file: str,
    run_id: str,
    seen: Mapping[str, Receipt],
    earlier: Sequence[Receipt],
    erasing: Eraser | None = None,
) -> tuple[Receipt, FileLoad | None]:
    """Read one file; nothing is placed or saved. There is a load when it holds records; status deferred has none.

    `seen` are the receipts that may hold the same content, `earlier` those of earlier deliveries.
    """
    path = home.landing / file
    raw, quarantine = _outputs(home, obj.source, obj.name, dt, file)
    erased = 0
    receipt = Receipt(file, obj.source, obj.name, dt, 0, 0, "", obj.fingerprint, "failed", run_id=run_id)
    try:
        before = path.stat()
        receipt = replace(receipt, size=before.st_size, mtime_ns=before.st_mtime_ns)
        if before.st_size == 0:
            return replace(receipt, status="empty", sha256=hashlib.sha256().hexdigest(), message="empty file"), None
        twins = [
            r for r in seen.values() if r.size == before.st_size and r.status in LOADED and _stands_for(obj, r, receipt)
        ]
        if twins:
            sha = file_sha256(path)
            original = next((r for r in sorted(twins, key=lambda r: r.file) if r.sha256 == sha), None)
            if original is not None:
                return _duplicate(receipt, original), None
        fmt = file_format(path.name)
        if fmt not in obj.formats:
            raise FileFaultError(f"{'unknown format' if fmt is None else fmt} is not among {', '.join(obj.formats)}")
        load = load_file(path, obj, dt, run_id, file, raw, quarantine)
        if erasing is not None and not _changed(path, before) and (found := erasing.found(obj, load)):
            load.discard()
            with erasing.edited(path, obj, found) as (kept, erased):
                before = path.stat()
                receipt = replace(receipt, size=before.st_size, mtime_ns=before.st_mtime_ns)
                load = load_file(kept, obj, dt, run_id, file, raw, quarantine)
    except FileNotFoundError:
        return replace(receipt, status="deferred", message="disappeared while it was read; nothing loaded"), None
    except FileFaultError as fault:
        if _changed(path, before):
            return replace(receipt, status="deferred", message=_CHANGED), None
        try:
            return replace(receipt, sha256=file_sha256(path), message=str(fault)), None
        except OSError as error:
            return replace(receipt, status="deferred", message=f"cannot be read ({type(error).__name__})"), None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # not the file's fault: a run must not go on without it
            raise
        return replace(receipt, status="deferred", message=f"cannot be read ({type(error).__name__})"), None
    if _changed(path, before):
        load.discard()
        return replace(receipt, status="deferred", message=_CHANGED), None
    if not load.delivered:
        load.discard()
    receipt = judged(receipt, obj, load)
    receipt = replace(receipt, delivered=receipt.delivered + erased, erased=erased)
    receipt = with_drift(receipt, of_file(obj, receipt, load.counts, comparable(receipt, earlier)))
    return receipt, load if load.delivered else None


def _place(home: Home, receipt: Receipt, load: FileLoad | None) -> None:
    """Make what a file gave visible; where it gave nothing, what it gave earlier goes."""
    if load is not None:
        load.place()
    else:
        _clear(*_outputs(home, receipt.source, receipt.object, receipt.dt, receipt.file))


def judged(receipt: Receipt, obj: ObjectContract, load: FileLoad) -> Receipt:
    """The receipt of a loaded file, with its error budget applied."""
    status, message = ("ok", "") if load.delivered else ("empty", "no records")
    if load.quarantined > max(obj.error_budget * load.delivered, BUDGET_FLOOR_ROWS):
        worst = max(load.reasons.items(), key=lambda item: item[1])
        status = "over_budget"
        message = (
            f"{load.quarantined} of {load.delivered} rows refused, budget {obj.error_budget:.0%};"
            f" most often: {worst[0]} ({worst[1]})"
        )
    return replace(
        receipt,
        status=status,
        message=message,
        sha256=load.sha256,
        delivered=load.delivered,
        loaded=load.loaded,
        quarantined=load.quarantined,
        reasons=load.reasons,
        extra_fields=load.extra_fields,
        filled=load.counts.filled,
    )


def _stands_for(obj: ObjectContract, kept: Receipt, skipped: Receipt) -> bool:
    """May the first file stand for the second, if their content is the same, whatever the order they came in?

    Of equal rows the first delivery counts of events and the last of states, by day and name (see ``delivery.sql``).
    Only of events may the file be of another day: a state that returns is news, and results as of an earlier day need
    the rows of that day.
    """
    first, second = (kept.dt, kept.file), (skipped.dt, skipped.file)
    return first < second if obj.delivery == "append" else kept.dt == skipped.dt and first > second


def _drop_copies(home: Home, obj: ObjectContract, receipt: Receipt, receipts: dict[str, Receipt], ops: Ops) -> None:
    """Take out the loaded files of the same content that a file just recorded stands for."""
    for copy in [r for r in receipts.values() if r.sha256 == receipt.sha256 and r.status in LOADED]:
        if _stands_for(obj, receipt, copy):
            _clear(*_outputs(home, obj.source, obj.name, copy.dt, copy.file))
            receipts[copy.file] = _duplicate(copy, receipt)
            ops.save(receipts[copy.file])


def _duplicate(receipt: Receipt, original: Receipt) -> Receipt:
    return replace(_nothing(receipt, "duplicate", f"same content as {original.file}"), sha256=original.sha256)


def _replace_superseded(
    home: Home, obj: ObjectContract, dt: date, receipts: Mapping[str, Receipt], done: dict[str, Receipt], ops: Ops
) -> None:
    """Take out the files of a day that later ones replace; `done` are those of this run, not yet recorded."""
    day = {r.file: r for r in (*receipts.values(), *done.values()) if r.dt == dt and r.status in LOADED}
    for file in superseded(
        obj, [DayFile(r.file, r.mtime_ns, _outputs(home, obj.source, obj.name, dt, r.file)[0]) for r in day.values()]
    ):
        _clear(*_outputs(home, obj.source, obj.name, dt, file))
        gone = _nothing(day[file], "replaced", "replaced by a later delivery")
        if file in done:
            done[file] = gone
        else:
            ops.save(gone)


def _result(r: Receipt) -> FileResult:
    counts = (r.delivered, r.loaded, r.quarantined, r.reasons, r.extra_fields)
    return FileResult(r.file, r.status, *counts, r.message, tuple(Drift(**d) for d in r.drift))


def _clear(*outputs: Path) -> None:
    for output in outputs:
        output.unlink(missing_ok=True)


def _outputs(home: Home, source: str, obj: str, dt: date, file: str) -> tuple[Path, Path]:
    return output_path(home.raw(source, obj, dt), file), output_path(home.quarantine(source, obj, dt), file)


def _changed(path: Path, before: os.stat_result) -> bool:
    """Was a file written to or replaced since `before`? A replacement may have its size and time."""
    try:
        now = path.stat()
    except OSError:
        return True
    kept = ("st_size", "st_mtime_ns", "st_ino", "st_ctime_ns")
    return any(getattr(now, name) != getattr(before, name) for name in kept)


__all__ = [
    "FileResult",
    "IngestResult",
    "Pending",
    "Reconciliation",
    "ensure_tables",
    "ingest_files",
    "ingest_partition",
    "judged",
    "output_path",
    "pending",
    "reconcile",
    "unclaimed",
]
