"""Which files of a delivery day a later one replaces, where an object's day may be delivered again.

A day may come in several files, of which any may arrive late, and be delivered again under the same names or under new
ones. The same name is clear: the file's rows are replaced. Under a new name only the content tells a correction from
another part of the day: a correction brings the records again, a part brings others. So a file is replaced once later
files of its day hold nearly all of its keys, and until then it stays. Nothing is lost when a correction arrives in
pieces; records that a correction leaves out go with the file that held them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_pipeline.sources.contract import RESERVED_KEYS, ObjectContract
from cdp_pipeline.sql_text import literal

# Not all: a correction may leave out records (of bots, of people who objected). Not half: one part of a correction
# would take the rest of the day away until the other parts come.
COVERED = 0.9


@dataclass(frozen=True)
class DayFile:
    """A loaded file of one delivery day: its name, when it was landed and its raw Parquet."""

    file: str
    mtime_ns: int
    raw: Path


def superseded(obj: ObjectContract, files: Sequence[DayFile]) -> list[str]:
    """Names of the files that later ones (by time of landing, then name) replace.

    Keys are compared without the parts that name the line or file; an object with no other key has nothing to tell
    versions by, and the latest file alone counts.
    """
    ordered = sorted((f for f in files if f.raw.exists()), key=lambda f: (f.mtime_ns, f.file))
    key = [f'"{k}"' for k in obj.key if k not in RESERVED_KEYS]
    if not key:
        return [f.file for f in ordered[:-1]]
    gone: list[str] = []
    with duckdb.connect() as con:
        for at, one in enumerate(ordered[:-1]):
            later = ", ".join(literal(f.raw) for f in ordered[at + 1 :])
            keys = f"SELECT DISTINCT {', '.join(key)} FROM read_parquet"
            ((total, covered),) = con.execute(f"""
              SELECT (SELECT count(*) FROM ({keys}({literal(one.raw)}))),
                (SELECT count(*) FROM ({keys}({literal(one.raw)})
                   INTERSECT {keys}([{later}], union_by_name = true)))""").fetchall()
            if total and covered >= COVERED * total:
                gone.append(one.file)
    return gone


__all__ = ["DayFile", "superseded"]
