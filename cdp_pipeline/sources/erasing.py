"""Taking erased people out of what lands and what has landed, file by file.

Belongs here: which files, and in which order things are written. Not here: what a row says (``subjects.py``), which
rows are under a tombstone (``tombstones.py``), how a file is rewritten (``landing_edit.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.landing_edit import IsErased, edit_landed
from cdp_pipeline.sources.load import FileLoad, inflight
from cdp_pipeline.sources.tombstones import Found, Tombstones, read_tombstones


@dataclass(frozen=True)
class Eraser:
    """What a reader of landed files needs to keep erased people out."""

    tombstones: Tombstones
    # Another home's files (`cdp run --out`) are edited as copies below this folder; None: in their place.
    copies: Path | None = None

    def found(self, obj: ObjectContract, load: FileLoad) -> Found | None:
        """Lines of a file that was just read, and not yet placed, that fall under a tombstone."""
        quarantine = [inflight(load.quarantine)] if load.quarantined else []
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            found = self.tombstones.find(con, obj, [inflight(load.raw)] if load.delivered else [], quarantine)
        return next((one for one in found.values() if one.actions), None)

    def edit(self, path: Path, obj: ObjectContract, found: Found) -> int:
        """Rewrite a landed file without what was found; returns the rows that went, or -1 where the file stays as it
        was. Raises FileFaultError."""
        return edit_landed(path, obj, found.actions, self.of_source(obj.source))

    @contextmanager
    def edited(self, path: Path, obj: ObjectContract, found: Found) -> Iterator[tuple[Path, int]]:
        """The landed file without what was found, for reading, and the rows that went: the file itself, rewritten, or
        a copy where the landing is another home's. Raises FileFaultError."""
        if self.copies is None:
            yield path, max(0, self.edit(path, obj, found))
            return
        for left in self.copies.glob(".erasing-*"):  # by a killed run
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=".erasing-", dir=self.copies) as folder:
            copy = Path(folder, path.name)
            shutil.copyfile(path, copy)
            yield copy, max(0, self.edit(copy, obj, found))

    def of_source(self, source: str) -> IsErased:
        return lambda kind, value: self.tombstones.is_erased(source, kind, value)


def eraser(home: Home) -> Eraser | None:
    """None where nobody was erased, so that reading costs nothing more."""
    tombstones = read_tombstones(home.ops_db, key_file(home))
    # `cdp run --out` links both; a landing alone may just lie on another disk.
    is_borrowed = home.landing.is_symlink() and home.secrets.is_symlink()
    copies = home.ops_db.parent if is_borrowed else None
    return Eraser(tombstones, copies) if tombstones else None


def key_file(home: Home) -> Path:
    """The key of the hashes; dbt hashes native ids with the same one."""
    return home.secrets / "hash.key"


__all__ = ["Eraser", "eraser", "key_file"]
