"""The manifest of one snapshot: what it holds, what it was made from, and the checksum of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from profiles import layout
from profiles.errors import NoSnapshot


@dataclass(frozen=True)
class FileEntry:
    """One file of a snapshot: length in bytes and SHA-256 in hex."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Build:
    """How the files came about, which the next publish must know to build upon them.

    `base` is the version that this one was built upon ('' where all was written from nothing). `removals` and `erased`
    (profiles) tell who had been erased by then. `patched` counts, by ``schema.table`` and for the feature file, the
    rows changed in place since it was last written whole. `fingerprints` tells equal rows of a timeline file.
    """

    base: str = ""
    removals: str = ""
    erased: int = -1
    patched: Mapping[str, int] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """Contents of ``manifest.json``; `tables` maps ``schema.table`` to its number of rows."""

    version: str
    as_of: date
    run_id: str
    generation: int
    model_version: str
    inputs_fingerprint: str
    created_at: datetime
    platform_version: str
    schema_hash: str
    tables: Mapping[str, int]
    files: Mapping[str, FileEntry]
    extra: Mapping[str, object] = field(default_factory=dict)
    build: Build = field(default_factory=Build)

    def to_json(self) -> str:
        """Readable JSON; dates and times in ISO 8601."""
        document = asdict(self) | {"as_of": self.as_of.isoformat(), "created_at": self.created_at.isoformat()}
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, snapshot: Path) -> Manifest:
        """Manifest of the snapshot folder. Raises NoSnapshot where there is none."""
        try:
            text = (snapshot / layout.MANIFEST).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NoSnapshot(f"no snapshot at {snapshot.name}") from None
        try:
            return cls.parse(text)
        except (ValueError, KeyError, TypeError):
            raise NoSnapshot(f"{snapshot.name}/{layout.MANIFEST} is damaged") from None

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """A manifest from its JSON. Raises ValueError, KeyError or TypeError for anything else."""
        document = json.loads(text)
        document["as_of"] = date.fromisoformat(document["as_of"])
        document["created_at"] = datetime.fromisoformat(document["created_at"]).astimezone(UTC)
        document["files"] = {name: FileEntry(**entry) for name, entry in document["files"].items()}
        # Snapshots of earlier releases do not have it: none is built upon.
        document["build"] = Build(**document.get("build", {}))
        return cls(**document)


def file_entries(snapshot: Path) -> dict[str, FileEntry]:
    """Checksum of every file below `snapshot`, keyed by its relative path, the manifest itself excepted."""
    paths = [path for path in sorted(snapshot.rglob("*")) if path.is_file() and path.name != layout.MANIFEST]
    with ThreadPoolExecutor() as pool:  # hashing lets go of the interpreter
        sums = list(pool.map(sha256, paths))
    return {
        path.relative_to(snapshot).as_posix(): FileEntry(path.stat().st_size, checksum)
        for path, checksum in zip(paths, sums, strict=True)
    }


def sha256(path: Path) -> str:
    """Checksum of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
