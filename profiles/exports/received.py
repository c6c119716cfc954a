"""Who has received a person's data: the audiences that the files of each export show the person in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from profiles.exports import log

_EXPORT = re.compile(r"\d+-(\w+)")


@dataclass(frozen=True)
class Received:
    """One receiver of one audience. `columns` is what it was told of each member besides the profile id; `is_member`
    whether it holds the person still. `kind`, `purpose` and `channel` are '' where the log has lost the export."""

    destination: str
    kind: str
    segment: str
    purpose: str
    channel: str
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    columns: tuple[str, ...]
    is_member: bool


def received(home: Path, profile_ids: Sequence[str]) -> list[Received]:
    """Receivers of `profile_ids`, as far as the exports that are kept tell; sorted by destination and segment."""
    known = {export.export_id: export for export in log.history(home)}
    found = []
    for folder in sorted(path for path in (home / "exports").glob("*/*") if path.is_dir()):
        exports = sorted(path for path in folder.glob("*-*/members.parquet") if _EXPORT.fullmatch(path.parent.name))
        having = [path for path in exports if _holds(path, profile_ids)]
        if not having:
            continue
        ids = [path.parent.name.partition("-")[2] for path in having]
        logged = [known[one] for one in ids if one in known]
        last = logged[-1] if logged else None
        found.append(
            Received(
                folder.parent.name,
                last.kind if last else "",
                folder.name,
                last.purpose if last else "",
                last.channel if last else "",
                min((one.exported_at for one in logged), default=None),
                max((one.exported_at for one in logged), default=None),
                _columns(having[-1]),
                having[-1] == exports[-1],
            )
        )
    return found


def _holds(path: Path, profile_ids: Sequence[str]) -> bool:
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT 1 FROM read_parquet($path) WHERE list_contains($ids, profile_id) LIMIT 1",
            {"path": str(path), "ids": list(profile_ids)},
        ).fetchall()
    return bool(rows)


def _columns(path: Path) -> tuple[str, ...]:
    with duckdb.connect() as con:
        described = con.execute("DESCRIBE SELECT * FROM read_parquet($path)", {"path": str(path)}).fetchall()
    return tuple(str(row[0]) for row in described if row[0] not in ("profile_id", "op"))
