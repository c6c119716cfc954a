"""Backups of one home: whole copies that share the files that did not change, checked byte for byte, and restored.

A backup is a folder ``<backups>/<YYYYMMDDTHHMMSSZ>/`` with the files of the home under their own paths and
``backup.json``, which is written last and holds size, time and SHA-256 of each. A file that is as the backup before
last saw it (size and time of change) becomes a second name of that backup's copy, so a daily backup costs what changed.
Never a second name of the home's own file: those are written in place. What the home keeps elsewhere by a link (landing
on another disk) is copied, too, and is a plain part of the restored home.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from profiles.snapshots import newest_manifest

FORMAT = 1
INDEX = "backup.json"
_BUILDING = ".building-"
_BLOCK = 1 << 20
# What the next run makes again from the rest, or what only this machine's processes mean.
LEFT_OUT = ("warehouse.duckdb", "warehouse.duckdb.wal", "dbt", "dagster", "run.lock", "state/locks")


class BackupError(RuntimeError):
    """A backup cannot be made, read or restored; the text is one line."""


@dataclass(frozen=True)
class Entry:
    """One file of a backup. `target` is where a symbolic link points; such an entry has no content."""

    size: int
    mtime_ns: int
    mode: int
    sha256: str
    target: str | None = None


@dataclass(frozen=True)
class Backup:
    """One finished backup. `as_of` and `version` are those of the newest snapshot in it, None before the first."""

    name: str
    created_at: datetime
    as_of: str | None
    version: str | None
    files: dict[str, Entry]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files, shared ones included."""
        return sum(entry.size for entry in self.files.values())


@dataclass(frozen=True)
class Made:
    """What `create_backup` did: the backup, and how much of it had to be copied."""

    backup: Backup
    copied_files: int
    copied_bytes: int
    removed: Sequence[str]


def list_backups(folder: Path) -> list[Backup]:
    """All finished backups in `folder`, the oldest first."""
    if not folder.is_dir():
        return []
    found = [read_backup(path.parent) for path in folder.glob(f"*/{INDEX}") if not path.parent.name.startswith(".")]
    return sorted(found, key=lambda backup: backup.name)


def read_backup(path: Path) -> Backup:
    """The backup in folder `path`. Raises BackupError where that is none, or of a newer format."""
    try:
        document = json.loads((path / INDEX).read_text(encoding="utf-8"))
    except OSError:
        raise BackupError(f"{path} is no finished backup: it holds no {INDEX}") from None
    except ValueError:
        raise BackupError(f"{path / INDEX} cannot be read: the backup is damaged") from None
    if document.get("format") != FORMAT:
        raise BackupError(f"{path}: backup format {document.get('format')}, this version reads {FORMAT}")
    return Backup(
        path.name,
        datetime.fromisoformat(document["created_at"]),
        document["as_of"],
        document["version"],
        {name: Entry(**entry) for name, entry in document["files"].items()},
    )


def create_backup(home: Home, folder: Path, *, keep: int | None = None, wait_seconds: float = 0.0) -> Made:
    """Back up `home` into a new folder below `folder`, while no run is going on; keep the newest `keep` backups.

    Raises RunInProgress when a run still holds the lock after `wait_seconds`, BackupError where `folder` cannot hold a
    backup of this home.
    """
    folder = folder.expanduser().resolve()
    parts = [home.root, *(path.resolve() for path in home.root.iterdir() if path.is_symlink())]
    if any(folder.is_relative_to(part) for part in parts):
        raise BackupError(f"{folder} lies within the home: a backup belongs on another disk, or at least beside it")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with run_lock(home.run_lock, wait_seconds=wait_seconds):
        for leftover in folder.glob(f"{_BUILDING}*"):
            shutil.rmtree(leftover)
        before = list_backups(folder)
        created_at, name = _unused(folder)
        building = folder / f"{_BUILDING}{name}"
        building.mkdir(mode=0o700)
        last = before[-1] if before else None
        files: dict[str, Entry] = {}
        copied = [0, 0]
        for path in _paths(home):
            relative = path.relative_to(home.root).as_posix()
            entry = _take(home, path, building / relative, last, folder, relative, copied)
            if entry is not None:
                files[relative] = entry
        manifest = newest_manifest(home.root)
        backup = Backup(
            name, created_at, manifest.as_of.isoformat() if manifest else None, manifest.version if manifest else None,
            files,
        )  # fmt: skip
        _write_index(building, backup)
        building.rename(folder / name)
        _sync(folder)
    removed = [old.name for old in [*before, backup][:-keep]] if keep else []
    for old in removed:
        # its index goes first: what is left of it if this is interrupted is no backup
        (folder / old / INDEX).unlink()
        shutil.rmtree(folder / old)
    return Made(backup, copied[0], copied[1], removed)


def verify_backup(path: Path) -> list[str]:
    """What is wrong with the backup in folder `path`, a line per file; nothing where every byte is as it was taken."""
    backup = read_backup(path)
    wrong = []
    for name, entry in backup.files.items():
        file = path / name
        if entry.target is not None:
            if not file.is_symlink() or os.readlink(file) != entry.target:  # noqa: PTH115
                wrong.append(f"{name}: missing, or points elsewhere")
        elif not file.is_file():
            wrong.append(f"{name}: missing")
        elif file.stat().st_size != entry.size:
            wrong.append(f"{name}: {file.stat().st_size} bytes, expected {entry.size}")
        elif _digest(file) != entry.sha256:
            wrong.append(f"{name}: content changed")
    known = {*backup.files, INDEX}
    for file in _walk(path):
        if file.relative_to(path).as_posix() not in known:
            wrong.append(f"{file.relative_to(path).as_posix()}: not part of the backup")
    return wrong


def restore_backup(path: Path, home: Home) -> Backup:
    """Make `home`, which must not exist or be empty, from the backup in folder `path`, after checking all of it.

    The home appears whole or not at all. Raises BackupError with the first thing that is wrong.
    """
    path = path.expanduser().resolve()
    backup = read_backup(path)
    if home.root.is_dir() and any(home.root.iterdir()):
        raise BackupError(f"{home.root} is not empty: move it away first, or restore into another folder with --home")
    if wrong := verify_backup(path):
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise BackupError(f"{path}: {wrong[0]}{more}")
    home.root.parent.mkdir(parents=True, exist_ok=True)
    building = home.root.parent / f".restoring-{home.root.name}"
    if building.exists():
        shutil.rmtree(building)
    building.mkdir(mode=0o700)
    for name, entry in backup.files.items():
        target = building / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.target is not None:
            target.symlink_to(entry.target)
            continue
        shutil.copyfile(path / name, target)
        target.chmod(entry.mode)
        os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))
    for private in (building / "secrets",):
        if private.is_dir():
            private.chmod(0o700)
    if home.root.is_dir():
        home.root.rmdir()
    building.rename(home.root)
    return backup


def _unused(folder: Path) -> tuple[datetime, str]:
    """Now, and the name that a backup of now gets; waits where a backup was made within the same second."""
    while True:
        now = datetime.now(UTC).replace(microsecond=0)
        name = f"{now:%Y%m%dT%H%M%SZ}"
        if not (folder / name).exists():
            return now, name
        time.sleep(0.1)


def _paths(home: Home) -> Iterator[Path]:
    """Every file and link of the home that a backup holds; unfinished files of a step are left to that step."""
    for path in _walk(home.root, home):
        relative = path.relative_to(home.root)
        names = [relative.as_posix(), *(parent.as_posix() for parent in relative.parents)]
        if not any(name in LEFT_OUT for name in names) and not _is_leftover(relative):
            yield path


def _is_leftover(relative: PurePosixPath | Path) -> bool:
    """A half-made file or folder of a step that was killed; outside of landing, where every name is the source's."""
    return relative.parts[0] != "landing" and any(part.startswith(".") for part in relative.parts)


def _walk(root: Path, home: Home | None = None, within: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Files and links below `root`; of a `home`, what lies in folders elsewhere that it links to as well. `within`: the
    folders elsewhere that are being walked, as links may go in circles."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(folder) / name
            if name in links and home is not None and _is_elsewhere(path, home) and path.resolve() not in within:
                yield from _walk(path, home, within | {path.resolve()})
            else:
                yield path


def _is_elsewhere(path: Path, home: Home) -> bool:
    """Does a link lead to something of the home's own, elsewhere? A home of ``cdp run --out`` links to another's."""
    return not home.is_borrower and path.exists() and not path.resolve().is_relative_to(home.root)


def _take(
    home: Home, path: Path, target: Path, last: Backup | None, folder: Path, relative: str, copied: list[int]
) -> Entry | None:
    """Put one file of the home into the backup; None for a landed file that went away meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and (path.is_dir() or not _is_elsewhere(path, home)):
        pointed = os.readlink(path)  # noqa: PTH115
        target.symlink_to(pointed)
        return Entry(0, 0, 0, "", pointed)
    if relative == "state/ops.sqlite":
        return _take_ops(path, target, copied)
    if relative.startswith("state/ops.sqlite-"):
        return None
    try:
        stat = path.stat()
        seen = last.files.get(relative) if last else None
        if last and seen and (seen.size, seen.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            earlier = folder / last.name / relative
            if earlier.is_file():
                os.link(earlier, target)
                return Entry(seen.size, seen.mtime_ns, stat.st_mode & 0o777, seen.sha256)
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as source, target.open("wb") as sink:
            while block := source.read(_BLOCK):
                digest.update(block)
                sink.write(block)
                size += len(block)
            sink.flush()
            os.fsync(sink.fileno())
    except FileNotFoundError:
        # dropped files may be taken back by their source at any time; nothing else vanishes under the run lock
        if relative.startswith("landing/"):
            return None
        raise BackupError(f"{relative} vanished while it was copied; try again") from None
    os.utime(target, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    copied[0] += 1
    copied[1] += size
    return Entry(size, stat.st_mtime_ns, stat.st_mode & 0o777, digest.hexdigest())


def _take_ops(path: Path, target: Path, copied: list[int]) -> Entry:
    """People and services write this database at any time, so SQLite itself makes the copy: one consistent state."""
    source, sink = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(sink)
        sink.execute("pragma journal_mode = delete")
    finally:
        sink.close()
        source.close()
    stat = target.stat()
    copied[0] += 1
    copied[1] += stat.st_size
    return Entry(stat.st_size, stat.st_mtime_ns, path.stat().st_mode & 0o777, _digest(target))


def _write_index(folder: Path, backup: Backup) -> None:
    document = {
        "format": FORMAT,
        "created_at": backup.created_at.isoformat(),
        "as_of": backup.as_of,
        "version": backup.version,
        "files": {name: asdict(entry) for name, entry in backup.files.items()},
    }
    with (folder / INDEX).open("w", encoding="utf-8") as handle:
        json.dump(document, handle, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
