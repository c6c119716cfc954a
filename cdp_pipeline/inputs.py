"""What a run starts from: the landed files, the as-of, and one fingerprint over everything that decides the result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from cdp_pipeline.home import Home, is_unfinished
from cdp_pipeline.judgements import fingerprint, live_judgements
from cdp_pipeline.ops import Ops

ROOT = Path(__file__).parents[1]
CODE = ("cdp_pipeline", "identity", "profiles", "dbt_project")
CODE_ENDINGS = (".py", ".sql", ".yml", ".csv", ".json", ".txt")
_DAY = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")


class InputsError(ValueError):
    """A run cannot start from what is there; the text is one line that says what and where."""


def landed_days(home: Home) -> list[date]:
    """Delivery days that have a folder with at least one entry that is complete, oldest first."""
    days: set[date] = set()
    for folder in home.landing.glob("*/*/dt=*"):
        day = _day_of(folder.name)
        if day is not None and folder.is_dir() and any(not is_unfinished(entry.name) for entry in folder.iterdir()):
            days.add(day)
    return sorted(days)


def resolve_as_of(home: Home, requested: date | None, published: date | None, until: date | None = None) -> date:
    """The run's as-of: `requested`, else the greatest landed ``dt``, which never goes back behind `published`.

    A run that takes in days `until` one only does not stand for later ones that have landed.

    Raises InputsError where nothing has landed, and where the request lies before the published as-of or the first
    delivery.
    """
    if requested is not None and published is not None:
        if requested < published:
            raise InputsError(
                f"--as-of {requested} lies before the published {published} of {home.root}:"
                " give --out with another folder"
            )
        return requested
    days = landed_days(home)
    if requested is not None:
        if days and requested < days[0]:
            raise InputsError(f"--as-of {requested} lies before the first delivery under {home.landing}: {days[0]}")
        return requested
    if not days:
        raise InputsError(f"nothing has landed: no <source>/<object>/dt=YYYY-MM-DD with files under {home.landing}")
    last = max((day for day in days if until is None or day <= until), default=days[0])
    return max(last, published) if published else last


def landing_fingerprint(home: Home, as_of: date | None = None) -> str:
    """Hash over path, size and modification time of every file landed by `as_of`.

    No content is read; unfinished files do not count.
    """

    def facts() -> Iterator[str]:
        for path in _files(home.landing):
            relative = path.relative_to(home.landing)
            if any(is_unfinished(part) for part in relative.parts):
                continue
            day = next((d for part in relative.parts[:-1] if (d := _day_of(part))), None)
            if as_of is None or day is None or day <= as_of:
                status = path.stat()
                yield f"{relative.as_posix()}\t{status.st_size}\t{status.st_mtime_ns}"

    return _digest(facts())


def code_fingerprint() -> str:
    """Hash over the content of the platform's code, contracts and dbt project (under 5 MB, 50 ms)."""

    def facts() -> Iterator[str]:
        for package in CODE:
            for path in code_files(ROOT / package):
                name = path.relative_to(ROOT).as_posix()
                yield f"{name}\t{hashlib.sha256(path.read_bytes()).hexdigest()}"

    return _digest(facts())


def overlay_fingerprint(home: Home) -> str:
    """Hash over the content of the home's own changes to contracts; empty without any."""
    files = sorted(home.contracts.glob("*.yml")) if home.contracts.is_dir() else []
    return _digest(f"{p.name}\t{hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files) if files else ""


def code_files(folder: Path) -> list[Path]:
    """Source files below a package or the dbt project, sorted; nothing that a tool generated."""
    return [
        path
        for path in _files(folder)
        if path.suffix in CODE_ENDINGS and not {"target", "logs", "__pycache__"} & set(path.relative_to(folder).parts)
    ]


def model_fingerprint(home: Home) -> str:
    """Version of the accepted linkage model of this home; empty before the first training."""
    current = home.models / "current"
    return current.read_text(encoding="utf-8").strip() if current.exists() else ""


def judgements_fingerprint(home: Home) -> str:
    """What people's live judgements say; empty without any."""
    return fingerprint(live_judgements(home.ops_db))


def replays_fingerprint(home: Home) -> str:
    """Hash over the replays of refused rows, which change raw without a change in landing; empty without any."""
    if not home.ops_db.exists():
        return ""
    with Ops(home.ops_db) as ops:
        replays = ops.replays()
    return _digest(f"{file}\t{contract}\t{rows}" for file, contract, rows in replays) if replays else ""


def combine(*parts: str) -> str:
    """One fingerprint out of several."""
    return _digest(parts)


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()


def _day_of(name: str) -> date | None:
    match = _DAY.fullmatch(name)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()[:32]
