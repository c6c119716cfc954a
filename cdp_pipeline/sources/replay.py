"""Refused rows judged again, after their contract was mended.

A file that is still landed is read again whole, so that what comes out is what a first reading by the present contract
gives. Of a file that is gone only the refused rows are left as text: they are judged again and join the rows that were
loaded then. Here: which files, and the second way. The caller holds the run lock.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops, Receipt
from cdp_pipeline.sources.contract import ObjectContract, SourceContract, raw_schema
from cdp_pipeline.sources.csv_feed import CSV_SCHEMA
from cdp_pipeline.sources.drift import count_fields
from cdp_pipeline.sources.extract import csv_paths, csv_select, json_select
from cdp_pipeline.sources.feeds import FileFaultError, file_format
from cdp_pipeline.sources.ingest import ingest_files, judged, output_path
from cdp_pipeline.sources.load import FileLoad, extra_fields, load_file
from cdp_pipeline.sql_text import literal

# Reasons that a contract gives; all others are faults of the text itself and stay, whatever the contract says.
_BY_CONTRACT = re.compile(
    r"missing (key|required) .+|field .+: not an? .+|.+ not one of the allowed values|.+ (below minimum|above maximum)"
)
LANDING, QUARANTINE = "landing", "quarantine"
LOST = "its landed file is gone: rows loaded before keep the values and columns of the contract that loaded them"
LOST_GROUPS = "its landed file is gone: rows that take cells from other lines (carry_forward) stay refused"
LOST_BESIDE = "its landed file is gone: what stood beside the records (@envelope) is empty"


@dataclass(frozen=True)
class Replayed:
    """One file judged again: rows raw and in quarantine before (`loaded_before`, `refused`) and after (`loaded`,
    `remaining`, by `reasons`). `origin` is landing or quarantine; `lost` says what cannot be had back, empty where
    nothing is lost; `changed` is false where everything stays as it was."""

    source: str
    object: str
    dt: date
    file: str
    origin: str
    loaded_before: int
    refused: int
    loaded: int
    remaining: int
    reasons: Mapping[str, int]
    changed: bool
    lost: str = ""
    message: str = ""

    @property
    def released(self) -> int:
        """Rows that are good now and were not; negative where the present contract refuses more."""
        return self.loaded - self.loaded_before


@dataclass(frozen=True)
class _Target:
    receipt: Receipt
    obj: ObjectContract
    is_landed: bool


def replay(
    home: Home,
    contracts: Mapping[str, SourceContract],
    ops: Ops,
    run_id: str,
    *,
    source: str | None = None,
    obj: str | None = None,
    dt: date | None = None,
    reason: str | None = None,
    plan: bool = False,
) -> list[Replayed]:
    """Judge the files with refused rows again, by the contracts as they are now, narrowed by what is given.

    `reason` narrows to files that refused rows for a reason holding this text (case aside); a file is judged whole.
    Without `reason`, other files of the same objects that an older contract has read are read again as well, so that
    an object is never half by one contract and half by another. `plan` only tells; nothing is written.

    Killed at any point, the next run or replay ends as if nothing had happened: a landed file stays unseen until its
    receipt is written, a gone one is finished by `recover`.
    """
    if not plan:
        for left in home.ops_db.parent.glob(".replay-*"):
            shutil.rmtree(left, ignore_errors=True)
        recover(home, contracts, ops, run_id)
    done = []
    for target in _targets(home, contracts, ops, source, obj, dt, reason):
        started = time.monotonic()
        with _workplace(home) as work:
            told = _look(home, target, work, run_id, plan=plan)
            if told.changed and not plan:
                told = _apply(home, target, told, work, run_id, ops, started)
        done.append(told)
    return done


def recover(home: Home, contracts: Mapping[str, SourceContract], ops: Ops, run_id: str) -> int:
    """Finish the replays of gone files that were killed half-way; returns their number."""
    unfinished = [
        _Target(r, contracts[r.source].objects[r.object], False)
        for r in ops.receipts()
        if not r.contract and _has(contracts, r) and not (home.landing / r.file).exists()
    ]
    for target in unfinished:
        started = time.monotonic()
        with _workplace(home) as work:
            _apply(home, target, _look(home, target, work, run_id, plan=False), work, run_id, ops, started)
    return len(unfinished)


def _targets(
    home: Home,
    contracts: Mapping[str, SourceContract],
    ops: Ops,
    source: str | None,
    obj: str | None,
    dt: date | None,
    reason: str | None,
) -> list[_Target]:
    receipts = [r for r in ops.receipts(source, obj, dt) if _has(contracts, r)]
    faulty = [r for r in receipts if r.quarantined or r.status == "failed"]
    if reason is not None:
        faulty = [r for r in faulty if any(reason.lower() in text.lower() for text in (*r.reasons, r.message))]
    objects = {(r.source, r.object) for r in faulty}
    files = {r.file for r in faulty}
    chosen = []
    for receipt in receipts:
        own = contracts[receipt.source].objects[receipt.object]
        is_landed = (home.landing / receipt.file).is_file()
        follows = (
            reason is None
            and (receipt.source, receipt.object) in objects
            and receipt.status != "replaced"
            and receipt.contract != own.fingerprint
            and is_landed
        )
        if follows or (receipt.file in files and (is_landed or receipt.quarantined)):
            chosen.append(_Target(receipt, own, is_landed))
    return sorted(chosen, key=lambda t: (t.receipt.source, t.receipt.object, t.receipt.dt, t.receipt.file))


def _look(home: Home, target: _Target, work: Path, run_id: str, *, plan: bool) -> Replayed:
    """What judging a file again gives; the Parquet of a gone one lies below `work` afterwards."""
    receipt, obj = target.receipt, target.obj
    told = Replayed(
        source=receipt.source,
        object=receipt.object,
        dt=receipt.dt,
        file=receipt.file,
        origin=LANDING if target.is_landed else QUARANTINE,
        loaded_before=receipt.loaded,
        refused=receipt.quarantined,
        loaded=receipt.loaded,
        remaining=receipt.quarantined,
        reasons=receipt.reasons,
        changed=False,
        lost="" if target.is_landed else LOST,
    )
    if not target.is_landed:
        return _judge_refused(home, target, work, run_id, told)
    if receipt.contract != obj.fingerprint and not plan:
        return replace(told, changed=True)
    try:
        raw, quarantine = work / "raw.parquet", work / "quarantine.parquet"
        load = load_file(home.landing / receipt.file, obj, receipt.dt, run_id, receipt.file, raw, quarantine)
    except FileFaultError as fault:
        return replace(
            told, message=str(fault), changed=str(fault) != receipt.message, loaded=0, remaining=0, reasons={}
        )
    changed = receipt.contract != obj.fingerprint or (load.loaded, load.reasons) != (receipt.loaded, receipt.reasons)
    return replace(told, loaded=load.loaded, remaining=load.quarantined, reasons=load.reasons, changed=changed)


def _apply(home: Home, target: _Target, told: Replayed, work: Path, run_id: str, ops: Ops, started: float) -> Replayed:
    receipt, obj = target.receipt, target.obj
    # From here on the file counts as unread until its receipt is written.
    ops.save(replace(receipt, contract=""))
    if target.is_landed:
        results = ingest_files(home, obj, receipt.dt, [receipt.file], run_id, ops).files
        result = next(r for r in results if r.file == receipt.file)
        after = next(r for r in ops.receipts(receipt.source, receipt.object, receipt.dt) if r.file == receipt.file)
        if result.status == "deferred":
            return replace(told, message=result.message, loaded=receipt.loaded, remaining=receipt.quarantined)
        ops.record_replay(after, LANDING, receipt.quarantined, 0.0)
        return replace(
            told,
            loaded=result.loaded,
            remaining=result.quarantined,
            reasons=result.reasons or {},
            message=result.message,
        )
    raw, quarantine = _outputs(home, receipt)
    raw.parent.mkdir(parents=True, exist_ok=True)
    # Raw first: a row that is killed in between stands in both, and being in quarantine leaves raw when this is redone.
    (work / "raw.parquet").replace(raw)
    if told.remaining:
        (work / "quarantine.parquet").replace(quarantine)
    else:
        quarantine.unlink(missing_ok=True)
    with duckdb.connect() as con:
        extras = extra_fields(con, raw)
        counts = count_fields(con, obj, raw, quarantine if told.remaining else None, _present(receipt, obj))
    load = FileLoad(
        raw=raw,
        quarantine=quarantine,
        sha256=receipt.sha256,
        delivered=receipt.delivered - receipt.erased,
        loaded=told.loaded,
        quarantined=told.remaining,
        reasons=dict(told.reasons),
        extra_fields=extras,
        counts=counts,
    )
    after = judged(replace(receipt, contract=obj.fingerprint, run_id=run_id, status="ok", message=""), obj, load)
    # as for a file that is read: what was erased counts as delivered, and not towards the error budget
    after = replace(after, delivered=receipt.delivered)
    ops.record_replay(after, QUARANTINE, receipt.quarantined, time.monotonic() - started)
    return replace(told, message=after.message)


def _present(receipt: Receipt, obj: ObjectContract) -> set[str] | None:
    """The paths that a gone file with columns had, as far as its receipt tells; None for formats without columns."""
    if file_format(receipt.file) in ("json", "jsonl"):
        return None
    return {p for f in obj.fields if f.name in receipt.filled for p in f.paths}


def _judge_refused(home: Home, target: _Target, work: Path, run_id: str, told: Replayed) -> Replayed:
    """Judge the refused rows of a gone file by the present contract and join the good ones to those loaded before."""
    receipt, obj = target.receipt, target.obj
    raw, quarantine = _outputs(home, receipt)
    if not quarantine.exists():
        if receipt.contract:
            return replace(told, message="its refused rows are gone from quarantine as well: deliver the file again")
        # Killed after the last row had been released: what stands in raw is the result.
        shutil.copyfile(raw, work / "raw.parquet")
        return replace(told, loaded=receipt.delivered - receipt.erased, remaining=0, reasons={}, changed=True)
    judged_rows, new_raw, new_quarantine = (work / f"{name}.parquet" for name in ("judged", "raw", "quarantine"))
    names = [name for name, _ in raw_schema(obj)]
    columns = ", ".join(f'"{name}"' for name in names)
    with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(work)}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE VIEW refused AS SELECT * FROM read_parquet({literal(quarantine)})")
        if obj.carry_forward is not None:
            con.execute(
                "CREATE TABLE feed AS SELECT line, raw, reason AS problem, []::VARCHAR[] AS v, []::VARCHAR[] AS u"
                " FROM refused"
            )
            select = csv_select(obj, "feed", [], receipt.file, receipt.dt, run_id)
            told = replace(told, lost=LOST_GROUPS)
        else:
            select = _judging(con, obj, receipt, run_id)
            told = replace(told, lost=LOST_BESIDE) if obj.envelope_paths else told
        con.execute(f"COPY ({select}) TO {literal(judged_rows)} (FORMAT parquet)")
        good = f"SELECT {columns} FROM read_parquet({literal(judged_rows)}) WHERE _line > 0"
        if raw.exists():
            con.execute(f"CREATE VIEW loaded AS SELECT * FROM read_parquet({literal(raw)}, hive_partitioning = false)")
            there = {str(row[0]) for row in con.execute("DESCRIBE loaded").fetchall()}
            kept = ", ".join(
                f'TRY_CAST("{name}" AS {kind}) AS "{name}"' if name in there else f'NULL::{kind} AS "{name}"'
                for name, kind in raw_schema(obj)
            )
            good += f" UNION ALL SELECT {kept} FROM loaded WHERE _line NOT IN (SELECT line FROM refused)"
        con.execute(f"COPY ({good} ORDER BY _line) TO {literal(new_raw)} (FORMAT parquet)")
        con.execute(f"""
          COPY (SELECT refused.* REPLACE (
                  string_split(j._batch_id, chr(10))[1] AS reason, replace(j._batch_id, chr(10), '; ') AS reasons)
                FROM refused JOIN read_parquet({literal(judged_rows)}) AS j ON j._line = -refused.line
                ORDER BY refused.line)
          TO {literal(new_quarantine)} (FORMAT parquet)""")
        rows = con.execute(
            f"SELECT reason, count(*) FROM read_parquet({literal(new_quarantine)}) GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    reasons = {str(text): int(count) for text, count in rows}
    remaining = sum(reasons.values())
    changed = not receipt.contract or (remaining, reasons) != (receipt.quarantined, dict(receipt.reasons))
    loaded = receipt.delivered - receipt.erased - remaining
    return replace(told, loaded=loaded, remaining=remaining, reasons=reasons, changed=changed)


def _judging(con: duckdb.DuckDBPyConnection, obj: ObjectContract, receipt: Receipt, run_id: str) -> str:
    """The SELECT over the refused rows, whose feed is made as table ``feed``."""
    rows = con.sql("SELECT * FROM refused ORDER BY line").to_arrow_table().to_pylist()
    problems = [None if _BY_CONTRACT.fullmatch(row["reason"]) else row["reason"] for row in rows]
    layouts = [row.get("layout") for row in rows]
    if not any(layouts):
        feed = pa.table(
            {
                "line": pa.array([row["line"] for row in rows], pa.int64()),
                "raw": pa.array([row["raw"] for row in rows], pa.string()),
                "problem": pa.array(problems, pa.string()),
            }
        )
        con.register("feed", feed)
        return json_select(obj, "feed", receipt.file, receipt.dt, run_id)
    paths = csv_paths(obj)
    layout = json.loads(next(text for text in layouts if text))
    header: list[str] = layout["header"]
    unknown = list(dict.fromkeys(h for h in header if h and h not in set(paths)))
    cells = [_cells(row["raw"], layout["delimiter"]) for row in rows]
    columns = [
        [row["line"] for row in rows],
        [row["raw"] for row in rows],
        problems,
        [[_cell(header, one, path) for path in paths] for one in cells],
        [[_cell(header, one, name) for name in unknown] for one in cells],
    ]
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, CSV_SCHEMA, strict=True)]
    con.register("feed", pa.table(arrays, schema=CSV_SCHEMA))
    return csv_select(obj, "feed", unknown, receipt.file, receipt.dt, run_id)


def _cells(text: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return []


def _cell(header: Sequence[str], cells: Sequence[str], name: str) -> str | None:
    at = header.index(name) if name in header else len(cells)
    return cells[at] if at < len(cells) else None


def _outputs(home: Home, receipt: Receipt) -> tuple[Path, Path]:
    raw = output_path(home.raw(receipt.source, receipt.object, receipt.dt), receipt.file)
    return raw, output_path(home.quarantine(receipt.source, receipt.object, receipt.dt), receipt.file)


def _has(contracts: Mapping[str, SourceContract], receipt: Receipt) -> bool:
    return receipt.source in contracts and receipt.object in contracts[receipt.source].objects


@contextmanager
def _workplace(home: Home) -> Iterator[Path]:
    """A folder on the home's own file system for half-made results, closed to others and gone afterwards."""
    parent = home.ops_db.parent
    parent.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=".replay-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


__all__ = ["Replayed", "recover", "replay"]
