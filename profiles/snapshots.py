"""Snapshot folders: which there are, which one readers see, and how that changes.

The swap of `published/current` is the only commit. A version folder with a higher number than the newest committed one
was renamed by a run that died before its swap: no reader ever saw it, and the next publish removes it. After a
rollback `current` is older than the newest committed version, so a second link, written before that swap, names it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from profiles import layout
from profiles.errors import NoSnapshot, PublishError
from profiles.manifest import FileEntry, Manifest, sha256


@dataclass(frozen=True)
class SnapshotVersion:
    """One published version; `is_current` marks the one that readers see."""

    version: str
    as_of: date
    created_at: datetime
    generation: int
    run_id: str
    is_current: bool


def list_versions(home: Path) -> list[SnapshotVersion]:
    """All committed versions, oldest first."""
    published = layout.published_dir(home)
    current = current_version(published)
    listed = []
    for version in committed_versions(published):
        try:
            manifest = Manifest.read(published / version)
        except NoSnapshot:  # damaged: nobody can be sent there
            continue
        listed.append(
            SnapshotVersion(
                version,
                manifest.as_of,
                manifest.created_at,
                manifest.generation,
                manifest.run_id,
                is_current=version == current,
            )
        )
    return listed


def current_manifest(home: Path) -> Manifest | None:
    """Manifest of the snapshot that readers see; None before the first publish.

    Raises NoSnapshot where `current` names a version that is gone.
    """
    published = layout.published_dir(home)
    version = current_version(published)
    return None if version is None else Manifest.read(published / version)


def newest_manifest(home: Path) -> Manifest | None:
    """Manifest of the last committed snapshot, whatever was rolled back since: the history that a run builds on.

    Of a snapshot that is damaged or gone, the copy that was kept: without the identity generation it names, a
    run would begin with new profile ids. Raises NoSnapshot where there is neither.
    """
    published = layout.published_dir(home)
    version = newest_version(published)
    if version is None:
        return None
    try:
        return Manifest.read(published / version)
    except NoSnapshot:
        kept = layout.kept_manifest(published, version)
        if not kept.is_file():
            raise NoSnapshot(
                f"published/{version} was the last snapshot and is gone, with the record of it: restore a backup"
            ) from None
        return Manifest.parse(kept.read_text(encoding="utf-8"))


def rollback(home: Path, version: str) -> Manifest:
    """Let readers see `version` again; history and other versions stay. Raises NoSnapshot where it is not there."""
    published = layout.published_dir(home)
    if version not in committed_versions(published):
        raise NoSnapshot(f"no published version {version}")
    if damaged := damaged_files(published / version):
        raise NoSnapshot(f"version {version} is damaged: {', '.join(damaged[:3])}")
    manifest = Manifest.read(published / version)
    newest = newest_version(published)
    if newest is not None:
        point(published, layout.NEWEST, newest)
    point(published, layout.CURRENT, version)
    return manifest


def current_version(published: Path) -> str | None:
    """Name of the version that `current` points at; None before the first publish."""
    return _link_target(published / layout.CURRENT)


def newest_version(published: Path) -> str | None:
    """Name of the committed version with the greatest number; None before the first publish.

    Its folder may be gone: what was committed stays the last, or older versions would pass for leftovers.
    """
    linked = (_link_target(published / name) for name in (layout.CURRENT, layout.NEWEST))
    return max((version for version in linked if version is not None), key=_sequence, default=None)


def newest_whole_version(published: Path) -> str | None:
    """The last committed version of which no file is missing or cut short; None where there is none."""
    whole = (v for v in reversed(committed_versions(published)) if not damaged_files(published / v))
    return next(whole, None)


def damaged_files(snapshot: Path, *, checksums: bool = False) -> list[str]:
    """Files of a snapshot folder that are not as its manifest says, by their relative names; by length alone, which
    finds what was removed or cut short, or by `checksums`, which reads every byte."""
    try:
        manifest = Manifest.read(snapshot)
    except NoSnapshot:
        return [layout.MANIFEST]
    damaged = []
    for name, entry in manifest.files.items():
        path = snapshot / name
        if (
            not path.is_file()
            or path.stat().st_size != entry.size_bytes
            or (checksums and sha256(path) != entry.sha256)
        ):
            damaged.append(name)
    return damaged


def committed_versions(published: Path) -> list[str]:
    """Names of the versions up to the newest committed one, by number."""
    newest = newest_version(published)
    if newest is None:
        return []
    return sorted((name for name in _version_folders(published) if _sequence(name) <= _sequence(newest)), key=_sequence)


def next_version(published: Path, as_of: date) -> str:
    """Name for a new snapshot: the as-of day and the next number."""
    newest = newest_version(published)
    return f"{as_of:%Y%m%d}-{(_sequence(newest) if newest else 0) + 1:06d}"


def discard_leftovers(published: Path) -> int:
    """Remove what a killed run left: half-built, half-removed and never-committed folders. Returns their number."""
    committed = set(committed_versions(published))
    leftovers = [
        path
        for path in published.iterdir()
        if path.name.startswith((layout.BUILDING, layout.REMOVING))
        or (layout.sequence_of(path.name) is not None and path.name not in committed)
    ]
    for path in leftovers:
        shutil.rmtree(path)
    for name in (layout.CURRENT, layout.NEWEST):
        _temporary_link(published, name).unlink(missing_ok=True)
    newest = newest_version(published)
    for kept in layout.kept_manifest(published, "").parent.glob("*"):
        if kept.name.removesuffix(".json") not in (*committed, newest):
            kept.unlink()
    return len(leftovers)


def keep_manifest(snapshot: Path) -> None:
    """Keep a copy of a snapshot's manifest for the day on which its folder is damaged."""
    kept = layout.kept_manifest(snapshot.parent, snapshot.name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(f"{kept.name}.part")
    part.write_bytes((snapshot / layout.MANIFEST).read_bytes())
    part.replace(kept)


def remove_version(published: Path, version: str) -> None:
    """Take a version away that nobody may be sent to any more."""
    _remove(published, version)


def retire_versions(published: Path, keep: int) -> list[str]:
    """Remove all but the last `keep` versions, never the current or the newest one. Returns the removed names."""
    if keep < 1:
        raise PublishError(f"at least one version must be kept, not {keep}")
    held = {current_version(published), newest_version(published)}
    removed = [version for version in committed_versions(published)[:-keep] if version not in held]
    for version in removed:
        _remove(published, version)
    return removed


def share_unchanged(
    building: Path, files: Mapping[str, FileEntry], earlier: Path, earlier_files: Mapping[str, FileEntry]
) -> int:
    """Replace files that the `earlier` snapshot has byte for byte by hard links to them; returns their number.

    Snapshots are never written again, so a shared file costs its space once; it goes with the last version that has it.
    A file that no longer has the checksum of its manifest is not shared: its damage would be published again.
    """
    shared = 0
    for name, entry in files.items():
        if earlier_files.get(name) != entry or _is_same(building / name, earlier / name):
            continue
        if not is_as_written(earlier / name, entry):
            continue
        linked = building / f"{name}.link"
        try:
            os.link(earlier / name, linked)
        except OSError:  # gone, or a file system without hard links: the copy stays
            continue
        linked.replace(building / name)
        shared += 1
    return shared


def _is_same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)


def point(published: Path, name: str, version: str) -> None:
    """Atomically make the link `name` point at `version`, durably."""
    temporary = _temporary_link(published, name)
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version)
    temporary.replace(published / name)
    sync_paths([published])


def sync_paths(paths: Iterable[Path]) -> None:
    """Flush files and folders to disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _version_folders(published: Path) -> list[str]:
    if not published.is_dir():
        return []
    return [path.name for path in published.iterdir() if layout.sequence_of(path.name) is not None and path.is_dir()]


def _sequence(version: str) -> int:
    number = layout.sequence_of(version)
    if number is None:
        raise PublishError(f"{version} is not the name of a version")
    return number


def is_as_written(path: Path, entry: FileEntry) -> bool:
    """Whether a file still has the length and the checksum of its manifest."""
    return path.is_file() and path.stat().st_size == entry.size_bytes and sha256(path) == entry.sha256


def _link_target(link: Path) -> str | None:
    try:
        return link.readlink().name
    except FileNotFoundError:
        return None


def _remove(published: Path, version: str) -> None:
    layout.kept_manifest(published, version).unlink(missing_ok=True)
    # Renamed first, so that a kill in the middle leaves no version with half its files.
    doomed = published / f"{layout.REMOVING}{version}"
    (published / version).rename(doomed)
    shutil.rmtree(doomed)


def _temporary_link(published: Path, name: str) -> Path:
    return published / f".{name.lstrip('.')}.new"


def no_snapshot(published: Path) -> NoSnapshot:
    """Why a reader finds nothing: before the first publish, or because `current` leads nowhere."""
    version = current_version(published)
    if version is None:
        return NoSnapshot("nothing has been published")
    return NoSnapshot(f"published/current names {version}, of which files are missing: the next run mends it")
