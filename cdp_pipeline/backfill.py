"""A stretch of delivery days: what is missing of it, and reading it again. The run itself is the ordinary one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from cdp_pipeline.home import Home, is_unfinished
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import SourceContract

# An object that came on fewer of the days is not delivered daily, so no day of it is missing.
DAILY = 0.5


@dataclass(frozen=True)
class Gap:
    """Days on which an object that is delivered daily was not."""

    source: str
    obj: str
    days: tuple[date, ...]


def days_between(start: date, end: date) -> list[date]:
    """Both included. Raises InputsError where the end lies before the start."""
    if end < start:
        raise InputsError(f"--to {end} lies before --from {start}")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def gaps(home: Home, contracts: Mapping[str, SourceContract], start: date, end: date) -> list[Gap]:
    """Objects that came on at least half of the days, with the days on which they did not, by source and object."""
    wanted = days_between(start, end)
    found = []
    for source in contracts.values():
        for obj in source.objects.values():
            missing = tuple(day for day in wanted if not _is_delivered(home, source.source, obj.name, day))
            if missing and len(missing) <= (1 - DAILY) * len(wanted):
                found.append(Gap(source.source, obj.name, missing))
    return found


def read_again(home: Home, start: date, end: date) -> int:
    """Drop the receipts of the landed files of these days, so that the next run reads them anew. Returns their number.

    Rows of a file that is no longer landed stay. The caller holds the run lock.
    """
    days = days_between(start, end)
    with Ops(home.ops_db) as ops:
        files = [r.file for r in ops.receipts() if days[0] <= r.dt <= days[-1] and (home.landing / r.file).is_file()]
        with ops.transaction():
            for file in files:
                ops.forget(file)
    return len(files)


def _is_delivered(home: Home, source: str, obj: str, day: date) -> bool:
    folder = home.landed(source, obj, day)
    return folder.is_dir() and any(p.is_file() and not is_unfinished(p.name) for p in folder.iterdir())
