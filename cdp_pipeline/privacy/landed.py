"""Taking tombstoned rows out of everything that was read so far: landing, raw and quarantine, file by file.

A landed file is rewritten and read again, so that its raw rows are what the file now says. Files that were never
loaded (copies, replaced ones, unreadable ones) are rewritten as well; of files that are gone from landing the raw and
quarantine rows are.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import LOADED, Ops, Receipt
from cdp_pipeline.privacy.errors import ErasureFailed
from cdp_pipeline.sources.contract import ObjectContract, SourceContract
from cdp_pipeline.sources.erasing import Eraser, eraser
from cdp_pipeline.sources.feeds import FileFaultError
from cdp_pipeline.sources.ingest import ingest_files, output_path
from cdp_pipeline.sources.landing import file_sha256
from cdp_pipeline.sources.landing_edit import remove_unfinished, scrub_landed
from cdp_pipeline.sources.load import load_file
from cdp_pipeline.sources.subjects import redact
from cdp_pipeline.sources.tombstones import DROP, REDACT, Found, Tombstones
from cdp_pipeline.sql_text import literal


def raw_files(home: Home, obj: ObjectContract) -> tuple[list[Path], list[Path]]:
    """Raw and quarantine Parquet of an object that hold rows of landed files."""
    raw = [p for p in sorted(home.raw(obj.source, obj.name).glob("dt=*/*.parquet")) if p.name != "_empty.parquet"]
    return raw, sorted(home.quarantine(obj.source, obj.name).glob("dt=*/*.parquet"))


def is_as_read(home: Home, receipt: Receipt) -> bool:
    """Is the landed file the one that the receipt, and so the line numbers in raw and quarantine, stand for?

    Not after a correction that waits to be read, and not where a process was killed between rewriting the file and
    reading it again: records behind a removed one have moved up in it, and a number names another person's.
    """
    stat = (home.landing / receipt.file).stat()
    return (stat.st_size, stat.st_mtime_ns) == (receipt.size, receipt.mtime_ns)


def apply_tombstones(home: Home, contracts: Mapping[str, SourceContract], run_id: str) -> Counter[str]:
    """Rewrite whatever holds a tombstoned row; returns rows and files by area. Does nothing where none does.

    Killed at any point it is called again: each file is done when its receipt is written.
    """
    done: Counter[str] = Counter()
    erasing = eraser(home)
    if erasing is None:
        return done
    if erasing.copies is None:
        remove_unfinished(home.landing)
    with Ops(home.ops_db) as ops:
        for source in contracts.values():
            for obj in source.objects.values():
                done += _object(home, obj, erasing, run_id, ops)
    return done


def _object(home: Home, obj: ObjectContract, erasing: Eraser, run_id: str, ops: Ops) -> Counter[str]:
    done: Counter[str] = Counter()
    receipts = {r.file: r for r in ops.receipts(obj.source, obj.name)}
    if not receipts:
        return done
    raw, quarantine = raw_files(home, obj)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = erasing.tombstones.find(con, obj, raw, quarantine)
    for file, one in sorted(found.items()):
        receipt = receipts.get(file)
        if not one.actions or receipt is None or receipt.status not in LOADED:
            continue
        if (home.landing / file).is_file() and not is_as_read(home, receipt):
            done += _read_again(home, obj, receipt, run_id, ops)
        elif (home.landing / file).is_file():
            done += _landed(home, obj, receipt, one, erasing, run_id, ops)
        else:
            done += _gone(home, obj, receipt, one, erasing, ops)
    for receipt in ops.receipts(obj.source, obj.name):
        if receipt.status not in LOADED and receipt.status != "empty" and (home.landing / receipt.file).is_file():
            done += _not_loaded(home, obj, receipt, erasing, ops)
    return done


def drop_rows(home: Home, obj: ObjectContract, receipt: Receipt, lines: Iterable[int], run_id: str, ops: Ops) -> int:
    """Take these rows of a loaded file out of landing and raw for good; returns their number.

    The landed file must be as it was read (`is_as_read`). The receipt counts the rows as erased. Raises FileFaultError
    where the file cannot be taken apart by rows.
    """
    nobody = Eraser(Tombstones("", ()))
    found = Found(dict.fromkeys(lines, DROP))
    remove = _landed if (home.landing / receipt.file).is_file() else _gone_too
    return remove(home, obj, receipt, found, nobody, run_id, ops)["rows"]


def _gone_too(
    home: Home, obj: ObjectContract, receipt: Receipt, found: Found, erasing: Eraser, run_id: str, ops: Ops
) -> Counter[str]:
    return _gone(home, obj, receipt, found, erasing, ops)


def _read_again(home: Home, obj: ObjectContract, receipt: Receipt, run_id: str, ops: Ops) -> Counter[str]:
    """A landed file that is another one than raw holds: reading it leaves out what is under a tombstone."""
    ingest_files(home, obj, receipt.dt, [receipt.file], run_id, ops)
    after = next(r for r in ops.receipts(obj.source, obj.name, receipt.dt) if r.file == receipt.file)
    if not is_as_read(home, after):
        raise ErasureFailed(f"{receipt.file}: is being written to; wait until it is whole, then resume")
    rows = receipt.loaded + receipt.quarantined - after.loaded - after.quarantined
    return Counter({"landing_files": 1, "rows": max(0, rows, after.erased)})


def _landed(
    home: Home, obj: ObjectContract, receipt: Receipt, found: Found, erasing: Eraser, run_id: str, ops: Ops
) -> Counter[str]:
    path = home.landing / receipt.file
    try:
        gone = erasing.edit(path, obj, found)
    except FileFaultError as fault:
        raise ErasureFailed(f"{receipt.file}: {fault}; take it out of landing or mend it, then resume") from None
    if gone < 0:
        return Counter()
    # Counted before the file is read again: a crash in between leaves it unseen, and the next run reads it.
    ingest_files(home, obj, receipt.dt, [receipt.file], run_id, ops)
    after = next(r for r in ops.receipts(obj.source, obj.name, receipt.dt) if r.file == receipt.file)
    ops.save(
        replace(after, erased=receipt.erased + gone, delivered=after.loaded + after.quarantined + receipt.erased + gone)
    )
    return Counter({"landing_files": 1, "rows": gone, "rows_redacted": list(found.actions.values()).count(REDACT)})


def _gone(home: Home, obj: ObjectContract, receipt: Receipt, found: Found, erasing: Eraser, ops: Ops) -> Counter[str]:
    """The rows of a file that is no longer landed: they go from raw and quarantine, mentions are replaced in raw."""
    is_erased = erasing.of_source(obj.source)
    raw = output_path(home.raw(obj.source, obj.name, receipt.dt), receipt.file)
    quarantine = output_path(home.quarantine(obj.source, obj.name, receipt.dt), receipt.file)
    dropped = [line for line, action in found.actions.items() if action != REDACT]
    changed = [line for line, action in found.actions.items() if action == REDACT]
    loaded = refused = 0
    with duckdb.connect() as con:
        con.create_function("clean", lambda text: redact(text, is_erased), ["VARCHAR"], "VARCHAR")
        con.execute("CREATE TEMP TABLE dropped AS SELECT unnest($l::BIGINT[]) AS line", {"l": dropped})
        con.execute("CREATE TEMP TABLE changed AS SELECT unnest($l::BIGINT[]) AS line", {"l": changed})
        if raw.exists():
            relation = f"read_parquet({literal(raw)}, hive_partitioning = false)"
            columns = ", ".join(
                f'CASE WHEN _line IN (SELECT line FROM changed) THEN clean("{name}") ELSE "{name}" END AS "{name}"'
                if (kind == "VARCHAR" and not name.startswith("_")) or name == "_extra"
                else f'"{name}"'
                for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
            )
            loaded = _rewritten(
                con, f"SELECT {columns} FROM {relation} WHERE _line NOT IN (SELECT line FROM dropped)", raw
            )
        if quarantine.exists():
            relation = f"read_parquet({literal(quarantine)}, hive_partitioning = false)"
            refused = _rewritten(con, f"FROM {relation} WHERE line NOT IN (SELECT line FROM dropped)", quarantine)
            if not refused:
                quarantine.unlink()
    erased = receipt.loaded + receipt.quarantined - loaded - refused
    ops.save(replace(receipt, loaded=loaded, quarantined=refused, erased=receipt.erased + erased))
    return Counter({"rows": erased, "rows_redacted": len(changed)})


def _rewritten(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    part = target.with_name(f".{target.name}.inflight")
    ((rows,),) = con.execute(f"COPY ({query}) TO {literal(part)} (FORMAT parquet)").fetchall()
    part.replace(target)
    return int(rows)


def _not_loaded(home: Home, obj: ObjectContract, receipt: Receipt, erasing: Eraser, ops: Ops) -> Counter[str]:
    """A copy of another file, one that a later delivery replaced, or one that could not be read."""
    path = home.landing / receipt.file
    is_erased = erasing.of_source(obj.source)
    done: Counter[str] = Counter()
    try:
        found = look(home, obj, receipt, erasing)
        if found is None:
            return done
        gone = erasing.edit(path, obj, found)
        if gone < 0:
            return done
        done["rows"] = gone
    except FileFaultError:
        if not scrub_landed(path, is_erased):
            return done
    stat = path.stat()
    ops.save(replace(receipt, size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=file_sha256(path)))
    done["landing_files"] = 1
    return done


def look(home: Home, obj: ObjectContract, receipt: Receipt, erasing: Eraser) -> Found | None:
    """What a landed file holds that falls under a tombstone, without loading it. Raises FileFaultError."""
    work = Path(tempfile.mkdtemp(prefix=".erasing-", dir=home.ops_db.parent))
    try:
        load = load_file(
            home.landing / receipt.file,
            obj,
            receipt.dt,
            "",
            receipt.file,
            work / "raw.parquet",
            work / "refused.parquet",
        )
        return erasing.found(obj, load)
    finally:
        shutil.rmtree(work, ignore_errors=True)


__all__ = ["apply_tombstones", "drop_rows", "is_as_read", "look", "raw_files"]
