"""The snapshot that a new one is built upon: its files, copied or linked once their checksums were seen to hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from profiles.manifest import Build, Manifest
from profiles.snapshots import is_as_written


class Base:
    """A committed snapshot whose files a new one takes over. It is only read: its readers notice nothing."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._files = manifest.files
        self._sound: dict[str, bool] = {}
        self.version = manifest.version
        self.build: Build = manifest.build

    def copy(self, name: str, target: Path, mode: int) -> bool:
        """Copy a file to `target`, made with `mode` from its first byte; False where it is gone or damaged."""
        if not self._holds(name):
            return False
        create_file(target, mode)
        with (self._folder / name).open("rb") as source, target.open("r+b") as copy:
            try:
                # in the kernel, which shares the blocks instead where the file system can (Btrfs, XFS)
                while os.copy_file_range(source.fileno(), copy.fileno(), 1 << 30):
                    pass
            except OSError:  # a file system that does not know how
                source.seek(0)
                copy.seek(0)
                shutil.copyfileobj(source, copy, 1 << 20)
        return True

    def link(self, name: str, target: Path) -> bool:
        """Make `target` the same file by a hard link; False where that cannot be, or the file is gone or damaged."""
        if not self._holds(name):
            return False
        try:
            os.link(self._folder / name, target)
        except OSError:  # a file system without hard links
            return False
        return True

    def path(self, name: str) -> Path | None:
        """A file, to be read while building; None where it is gone or damaged."""
        return self._folder / name if self._holds(name) else None

    def _holds(self, name: str) -> bool:
        """A damaged file must not be handed on under a new checksum."""
        if name not in self._sound:
            entry = self._files.get(name)
            self._sound[name] = entry is not None and is_as_written(self._folder / name, entry)
        return self._sound[name]


def usable_base(
    con: duckdb.DuckDBPyConnection, source: str, published: Path, newest: Manifest | None, removals: str
) -> Base | None:
    """The newest snapshot, where nobody was erased since it was made; else None, and all is written from nothing.

    Deleted values stay in the bytes of a database file. `removals` names all erasures up to now; the erasures that the
    warehouse's own history tells of (catalog `source`) count, too.
    """
    if newest is None or newest.build.removals != removals or newest.build.erased != erased_profiles(con, source):
        return None
    return Base(published / newest.version, newest)


def erased_profiles(con: duckdb.DuckDBPyConnection, source: str) -> int:
    """Number of erased profiles in the history of catalog `source`."""
    return int(
        con.execute(
            f"SELECT count(DISTINCT profile_id) FROM {source}.profiles.profile_events WHERE event = 'erased'"
        ).fetchall()[0][0]
    )


def create_file(path: Path, mode: int, content: bytes = b"") -> None:
    """A new file that has its mode from its first byte on; DuckDB itself makes files by the umask."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
