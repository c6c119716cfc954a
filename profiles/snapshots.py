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
from profiles.manifest import FileEntry, Manifest, digest


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
        manifest = Manifest.read(published / version)
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
    """Manifest of the snapshot that readers see; None before the first publish."""
    published = layout.published_dir(home)
    version = current_version(published)
    return None if version is None else Manifest.read(published / version)


def newest_manifest(home: Path) -> Manifest | None:
    """Manifest of the last committed snapshot, whatever was rolled back since: the history that a run builds on."""
    published = layout.published_dir(home)
    version = newest_version(published)
    return None if version is None else Manifest.read(published / version)


def rollback(home: Path, version: str) -> Manifest:
    """Let readers see `version` again; history and other versions stay. Raises NoSnapshot where it is not there."""
    published = layout.published_dir(home)
    if version not in committed_versions(published):
        raise NoSnapshot(f"no published version {version}")
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
    """Name of the committed version with the greatest number; None before the first publish."""
    linked = (_link_target(published / name) for name in (layout.CURRENT, layout.NEWEST))
    present = [version for version in linked if version is not None and (published / version).is_dir()]
    return max(present, key=_sequence, default=None)


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
    return len(leftovers)


def retire_versions(published: Path, keep: int) -> list[str]:
    """Remove all but the last `keep` versions, never the current or the newest one. Returns the removed names."""
    if keep < 1:
        raise PublishError(f"at least one version must be kept, not {keep}")
    held = {current_version(published), newest_version(published)}
    removed = [version for version in committed_versions(published)[:-keep] if version not in held]
    for version in removed:
        # Renamed first, so that a kill in the middle leaves no version with half its files.
        doomed = published / f"{layout.REMOVING}{version}"
        (published / version).rename(doomed)
        shutil.rmtree(doomed)
    return removed


def share_unchanged(
    building: Path, files: Mapping[str, FileEntry], earlier: Path, earlier_files: Mapping[str, FileEntry]
) -> int:
    """Replace files that the `earlier` snapshot has byte for byte by hard links to them; returns their number.

    Snapshots are never written again, so a shared file costs its space once; it goes with the last version that has it.
    """
    shared = 0
    for name, entry in files.items():
        if earlier_files.get(name) != entry or _is_same(building / name, earlier / name):
            continue
        if not (earlier / name).is_file() or digest(earlier / name) != entry.sha256:
            continue  # gone or damaged: the good file must not give way to it
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


def _link_target(link: Path) -> str | None:
    try:
        return link.readlink().name
    except FileNotFoundError:
        return None


def _temporary_link(published: Path, name: str) -> Path:
    return published / f".{name.lstrip('.')}.new"
