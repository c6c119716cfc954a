"""Walking the landing folders: which files are new, and what no contract covers."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.home import Home, is_unfinished
from cdp_pipeline.ops import LOADED, Ops, Receipt
from cdp_pipeline.sources.contract import ObjectContract, SourceContract


@dataclass(frozen=True)
class Pending:
    """One delivery day of one object with files that no receipt covers; `files` are paths below landing."""

    source: str
    obj: str
    dt: date
    files: tuple[str, ...]


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
                    files = unseen(home, obj, folder, receipts, ops)
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
                    odd = [x for x in _entries(day) if not x.is_file()]
                    lines += [
                        f"{place}/{day.name}/{x.name}: {'a folder inside a day' if x.is_dir() else 'not a file'}"
                        for x in odd
                    ]
    return lines


def unseen(home: Home, obj: ObjectContract, folder: Path, receipts: Mapping[str, Receipt], ops: Ops) -> list[str]:
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
                # whoever touches a file that could not be read has seen to what was in its way
                if receipt.status != "failed" and receipt.sha256 == file_sha256(path):
                    ops.touch(receipt, stat.st_mtime_ns)
                else:
                    files.append(file)
        except OSError:
            continue  # gone or locked since the listing: the next run sees it
    return files


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


def file_sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _near(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f", did you mean '{near[0]}'?" if near else ""


__all__ = ["Pending", "file_sha256", "pending", "unclaimed", "unseen"]
