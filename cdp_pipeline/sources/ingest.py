"""Landing to raw: which files are new, and one delivery day of one object into typed Parquet plus quarantine.

Belongs here: bookkeeping, file outcomes, placing results. Not here: bytes to records (``feeds.py``), records to typed
columns (``extract.py``), the contract (``contract.py``).
"""

from __future__ import annotations

import difflib
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home, is_unfinished
from cdp_pipeline.ops import LOADED, Ops, Receipt
from cdp_pipeline.sources.casts import literal
from cdp_pipeline.sources.contract import ObjectContract, SourceContract, raw_schema
from cdp_pipeline.sources.feeds import FileFaultError, file_format
from cdp_pipeline.sources.load import FileLoad, load_file

EMPTY_PARTITION = date(1970, 1, 1)
# A small file may hold this many bad rows before its share counts: one bad row of ten is not a broken export.
BUDGET_FLOOR_ROWS = 5


@dataclass(frozen=True)
class Pending:
    """One delivery day of one object with files that no receipt covers; `files` are paths below landing."""

    source: str
    obj: str
    dt: date
    files: tuple[str, ...]


@dataclass(frozen=True)
class FileResult:
    """What became of one file. delivered = loaded + quarantined (rows, after unwrapping envelopes).

    `status` is ok, over_budget (loaded, but more rows refused than the contract's error budget), empty, duplicate,
    failed (nothing loaded, `message` says why) or deferred (changed while it was read; the next run takes it).
    """

    file: str
    status: str
    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] | None = None
    extra_fields: Mapping[str, int] | None = None
    message: str = ""


@dataclass(frozen=True)
class IngestResult:
    """Outcome of one delivery day of one object."""

    source: str
    obj: str
    dt: date
    files: tuple[FileResult, ...]

    @property
    def delivered(self) -> int:
        return sum(f.delivered for f in self.files)

    @property
    def loaded(self) -> int:
        return sum(f.loaded for f in self.files)

    @property
    def quarantined(self) -> int:
        return sum(f.quarantined for f in self.files)

    @property
    def reasons(self) -> dict[str, int]:
        """Rows refused by their first reason, most frequent first."""
        return _add_up(f.reasons or {} for f in self.files)

    @property
    def extra_fields(self) -> dict[str, int]:
        """Rows by unknown top-level field, most frequent first."""
        return _add_up(f.extra_fields or {} for f in self.files)

    @property
    def failed_budget(self) -> bool:
        """A file refused more rows than its error budget allows; its good rows are in raw all the same."""
        return any(f.status == "over_budget" for f in self.files)

    @property
    def failed_files(self) -> tuple[FileResult, ...]:
        return tuple(f for f in self.files if f.status == "failed")

    @property
    def message(self) -> str:
        """One line per file that needs attention; empty when all is well."""
        return "\n".join(f"{f.file}: {f.message}" for f in self.files if f.message and f.status != "duplicate")


@dataclass(frozen=True)
class Reconciliation:
    """Receipts held against the lake. Every list holds one-line messages; all empty means that all is well."""

    delivered: int
    loaded: int
    quarantined: int
    mismatches: tuple[str, ...]
    disappeared: tuple[str, ...]
    over_budget: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Rows add up: nothing lost and nothing doubled. Failed files and gone files do not count against it."""
        return not self.mismatches


def pending(home: Home, contracts: Mapping[str, SourceContract]) -> list[Pending]:
    """Delivery days with unseen files, by source, object and day.

    A file is seen when its receipt has the same size, modification time and contract; a file that was only touched is
    recognised by its content. A duplicate whose original changed or went is pending again. Reads only (touched files
    get their new time noted).
    """
    found: list[Pending] = []
    with Ops(home.ops_db) as ops:
        for source in contracts.values():
            for obj in source.objects.values():
                receipts = {r.file: r for r in ops.receipts(source.source, obj.name)}
                for dt, folder in _days(home.landed(source.source, obj.name)):
                    files = _unseen(home, obj, folder, receipts, ops)
                    if files:
                        found.append(Pending(source.source, obj.name, dt, tuple(files)))
    return sorted(found, key=lambda p: (p.source, p.obj, p.dt))


def unclaimed(home: Home, contracts: Mapping[str, SourceContract]) -> list[str]:
    """One line for everything under landing that no contract covers, so that nothing is ignored in silence."""
    lines: list[str] = []
    for entry in _entries(home.landing):
        source = contracts.get(entry.name)
        if source is None or not entry.is_dir():
            lines.append(f"landing/{entry.name}: no contract for this source{_near(entry.name, list(contracts))}")
            continue
        for sub in _entries(entry):
            place = f"landing/{entry.name}/{sub.name}"
            if sub.name not in source.objects or not sub.is_dir():
                lines.append(f"{place}: no contract for this object{_near(sub.name, list(source.objects))}")
                continue
            for day in _entries(sub):
                if _day(day) is None:
                    lines.append(f"{place}/{day.name}: not a delivery day, expected a folder dt=YYYY-MM-DD")
                else:
                    lines += [
                        f"{place}/{day.name}/{x.name}: a folder inside a day" for x in _entries(day) if x.is_dir()
                    ]
    return lines


def ingest_partition(home: Home, obj: ObjectContract, dt: date, run_id: str, ops: Ops) -> IngestResult:
    """Load the unseen files of one delivery day: raw and quarantine Parquet, then the receipt, file by file.

    A bad file never stops the others. Output names come from the landing names, so a repeated or changed file
    overwrites its own output and nothing else.
    """
    folder = home.landed(obj.source, obj.name, dt)
    receipts = {r.file: r for r in ops.receipts(obj.source, obj.name)}
    todo = _unseen(home, obj, folder, receipts, ops)
    if obj.delivery == "replace_partition":
        todo = _redelivered(home, obj, dt, todo, receipts, ops)
    return ingest_files(home, obj, dt, todo, run_id, ops)


def ingest_files(
    home: Home, obj: ObjectContract, dt: date, files: Sequence[str], run_id: str, ops: Ops
) -> IngestResult:
    """Read these landed files of one delivery day (paths below landing), whatever their receipts say."""
    receipts = {r.file: r for r in ops.receipts(obj.source, obj.name)}
    for stale in (
        *home.raw(obj.source, obj.name, dt).glob(".*"),
        *home.quarantine(obj.source, obj.name, dt).glob(".*"),
    ):
        stale.unlink(missing_ok=True)
    results = []
    for file in files:
        started = time.monotonic()
        receipt = _ingest_file(home, obj, dt, file, run_id, receipts)
        if receipt.status != "deferred":
            ops.record_file(receipt, time.monotonic() - started)
            receipts[file] = receipt
        results.append(_result(receipt))
    return IngestResult(obj.source, obj.name, dt, tuple(results))


def ensure_tables(home: Home, contracts: Mapping[str, SourceContract]) -> None:
    """Write the typed empty file of every object whose file is absent or has other columns than its contract."""
    with duckdb.connect() as con:
        for source in contracts.values():
            for obj in source.objects.values():
                target = home.raw(source.source, obj.name, EMPTY_PARTITION) / "_empty.parquet"
                schema = raw_schema(obj)
                if target.exists() and parquet_columns(con, target) == schema:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in schema)
                part = target.with_name(f".{target.name}.inflight")
                con.execute(f"COPY (SELECT {columns} LIMIT 0) TO {literal(part)} (FORMAT parquet)")
                part.replace(target)


def reconcile(home: Home, ops: Ops) -> Reconciliation:
    """Hold every receipt against the rows that stand in raw and quarantine, and against landing."""
    mismatches: list[str] = []
    gone: list[str] = []
    receipts = ops.receipts()
    expected: dict[Path, int] = {}
    for r in receipts:
        if r.delivered != r.loaded + r.quarantined:
            mismatches.append(f"{r.file}: {r.delivered} rows delivered, {r.loaded} loaded + {r.quarantined} refused")
        if r.status in LOADED:
            expected[output_path(home.raw(r.source, r.object, r.dt), r.file)] = r.loaded
            if r.quarantined:
                expected[output_path(home.quarantine(r.source, r.object, r.dt), r.file)] = r.quarantined
        if not (home.landing / r.file).exists():
            what = f"its {r.loaded} rows stay in raw" if r.status in LOADED else "nothing of it was loaded"
            gone.append(f"{r.file}: no longer in landing; {what}")
    for tree in (home.lake / "raw", home.lake / "quarantine"):
        actual = _row_counts(tree)
        wanted = {p: n for p, n in expected.items() if p.is_relative_to(tree)}
        for path in sorted(actual.keys() | wanted.keys()):
            name = path.relative_to(home.lake).as_posix()
            if path not in actual:
                mismatches.append(f"lake/{name}: missing, {wanted[path]} rows expected")
            elif path not in wanted:
                mismatches.append(f"lake/{name}: {actual[path]} rows that no receipt covers")
            elif actual[path] != wanted[path]:
                mismatches.append(f"lake/{name}: {actual[path]} rows, {wanted[path]} expected")
    return Reconciliation(
        delivered=sum(r.delivered for r in receipts),
        loaded=sum(r.loaded for r in receipts),
        quarantined=sum(r.quarantined for r in receipts),
        mismatches=tuple(mismatches),
        disappeared=tuple(gone),
        over_budget=tuple(f"{r.file}: {r.message}" for r in receipts if r.status == "over_budget"),
        failed=tuple(f"{r.file}: {r.message}" for r in receipts if r.status == "failed"),
    )


def parquet_columns(con: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    """Columns of a Parquet file as ``(name, DuckDB type)``."""
    return [(r[0], r[1]) for r in con.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(path)})").fetchall()]


def _ingest_file(
    home: Home, obj: ObjectContract, dt: date, file: str, run_id: str, seen: Mapping[str, Receipt]
) -> Receipt:
    """Load one file and place its output; the receipt is returned, not saved. Status deferred has no output."""
    path = home.landing / file
    raw = output_path(home.raw(obj.source, obj.name, dt), file)
    quarantine = output_path(home.quarantine(obj.source, obj.name, dt), file)
    receipt = Receipt(file, obj.source, obj.name, dt, 0, 0, "", obj.fingerprint, "failed", run_id=run_id)
    try:
        before = path.stat()
        receipt = replace(receipt, size=before.st_size, mtime_ns=before.st_mtime_ns)
        if before.st_size == 0:
            _clear(raw, quarantine)
            return replace(receipt, status="empty", sha256=hashlib.sha256().hexdigest(), message="empty file")
        twins = [
            r
            for r in seen.values()
            if r.file != file and r.size == before.st_size and r.status in LOADED and (r.dt == dt or _across_days(obj))
        ]
        if twins:
            sha = _sha256(path)
            original = next((r for r in sorted(twins, key=lambda r: r.file) if r.sha256 == sha), None)
            if original is not None:
                _clear(raw, quarantine)
                return replace(receipt, status="duplicate", sha256=sha, message=f"same content as {original.file}")
        fmt = file_format(path.name)
        if fmt not in obj.formats:
            raise FileFaultError(f"{'unknown format' if fmt is None else fmt} is not among {', '.join(obj.formats)}")
        load = load_file(path, obj, dt, run_id, file, raw, quarantine)
        after = path.stat()
    except FileNotFoundError:
        return replace(receipt, status="deferred", message="disappeared while it was read; nothing loaded")
    except FileFaultError as fault:
        if _changed(path, receipt):
            return replace(receipt, status="deferred", message="changed while it was read; the next run takes it")
        _clear(raw, quarantine)
        return replace(receipt, sha256=_sha256(path), message=str(fault))
    except OSError as error:
        return replace(receipt, status="deferred", message=f"cannot be read ({type(error).__name__})")
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        load.discard()
        return replace(receipt, status="deferred", message="changed while it was read; the next run takes it")
    if load.delivered:
        load.place()
    else:
        load.discard()
        _clear(raw, quarantine)
    return judged(receipt, obj, load)


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
    )


def _across_days(obj: ObjectContract) -> bool:
    """May equal content of another day be skipped? Not where the delivery day itself carries meaning: a snapshot or a
    record without update time that returns to an earlier state is news."""
    return obj.delivery == "append" or (obj.delivery == "upsert" and obj.updated_at is not None)


def _unseen(home: Home, obj: ObjectContract, folder: Path, receipts: Mapping[str, Receipt], ops: Ops) -> list[str]:
    """Files of one delivery day that need loading, as paths below landing, sorted."""
    loaded = {r.sha256 for r in receipts.values() if r.status in LOADED}
    files: list[str] = []
    for path in _entries(folder):
        if not path.is_file():
            continue
        file = path.relative_to(home.landing).as_posix()
        receipt = receipts.get(file)
        try:
            stat = path.stat()
            orphan = receipt is not None and receipt.status == "duplicate" and receipt.sha256 not in loaded
            outdated = receipt is not None and receipt.status != "replaced" and receipt.contract != obj.fingerprint
            if receipt is None or orphan or outdated or receipt.size != stat.st_size:
                files.append(file)
            elif receipt.mtime_ns != stat.st_mtime_ns:
                if receipt.sha256 == _sha256(path):
                    ops.save(replace(receipt, mtime_ns=stat.st_mtime_ns))
                else:
                    files.append(file)
        except OSError:
            continue  # gone or locked since the listing: the next run sees it
    return files


def _redelivered(
    home: Home, obj: ObjectContract, dt: date, todo: list[str], receipts: dict[str, Receipt], ops: Ops
) -> list[str]:
    """Of the unseen files of a day that a redelivery replaces, those to read; what they replace is cleared.

    Only new content is a redelivery. Where nothing but the contract changed, the files that count are read again.
    """

    def is_new(file: str) -> bool:
        receipt = receipts.get(file)
        return receipt is None or receipt.status == "duplicate" or receipt.sha256 != _sha256(home.landing / file)

    try:
        new = {file for file in todo if is_new(file)}
    except OSError:  # gone or locked since the listing: the next run sees it
        return []
    if new:
        _replace_earlier(home, obj, dt, new, receipts, ops)
        return sorted(new)
    return todo


def _replace_earlier(
    home: Home, obj: ObjectContract, dt: date, new: set[str], receipts: dict[str, Receipt], ops: Ops
) -> None:
    """A redelivered day replaces what earlier runs loaded for it."""
    for receipt in [r for r in receipts.values() if r.dt == dt and r.file not in new and r.status in LOADED]:
        _clear(
            output_path(home.raw(obj.source, obj.name, dt), receipt.file),
            output_path(home.quarantine(obj.source, obj.name, dt), receipt.file),
        )
        receipts[receipt.file] = replace(
            receipt, status="replaced", delivered=0, loaded=0, quarantined=0, message="replaced by a later delivery"
        )
        ops.save(receipts[receipt.file])


def _result(r: Receipt) -> FileResult:
    return FileResult(r.file, r.status, r.delivered, r.loaded, r.quarantined, r.reasons, r.extra_fields, r.message)


def _entries(folder: Path) -> list[Path]:
    """Sorted content of a folder without hidden, temporary and unfinished names; nothing when it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if not is_unfinished(p.name))


def _days(folder: Path) -> Iterator[tuple[date, Path]]:
    for entry in _entries(folder):
        day = _day(entry)
        if day is not None:
            yield day, entry


def _day(folder: Path) -> date | None:
    """The day of a folder ``dt=YYYY-MM-DD``, None for anything else."""
    text = folder.name.removeprefix("dt=")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if folder.is_dir() and folder.name == f"dt={day.isoformat()}" else None


def output_path(folder: Path, file: str) -> Path:
    """Where the rows of one landed file stand in a folder of raw or of quarantine."""
    return folder / f"{Path(file).name}.parquet"


def _clear(*outputs: Path) -> None:
    for output in outputs:
        output.unlink(missing_ok=True)


def _changed(path: Path, receipt: Receipt) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return True
    return (stat.st_size, stat.st_mtime_ns) != (receipt.size, receipt.mtime_ns)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _row_counts(tree: Path) -> dict[Path, int]:
    """Rows of every Parquet file below a folder, from the footers."""
    files = [p for p in sorted(tree.glob("*/*/dt=*/*.parquet")) if p.name != "_empty.parquet"]
    if not files:
        return {}
    with duckdb.connect() as con:
        listed = ", ".join(literal(p) for p in files)
        rows = con.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])").fetchall()
    return {Path(name): int(count) for name, count in rows}


def _add_up(counts: Iterator[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, number in one.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _near(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f", did you mean '{near[0]}'?" if near else ""


__all__ = [
    "FileResult",
    "IngestResult",
    "Pending",
    "Reconciliation",
    "ensure_tables",
    "ingest_files",
    "ingest_partition",
    "pending",
    "reconcile",
    "unclaimed",
]
