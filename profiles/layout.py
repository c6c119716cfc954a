"""Names of files inside one home's `published/` folder, and of the lookup key. Paths only: nothing is opened here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

MARTS = "marts.duckdb"
PII = "pii.duckdb"
FEATURES = "features.lmdb"
TIMELINE = "timeline"
MANIFEST = "manifest.json"
CURRENT = "current"
NEWEST = ".newest"
BUILDING = ".building-"
REMOVING = ".removing-"

# Eight files keep a bucket of 10M interactions near 1.2M rows: large enough row groups to compress well, and a lookup
# of one profile opens one file.
TIMELINE_BUCKETS = 8

_VERSION = re.compile(r"\d{8}-(\d{6,})")


def published_dir(home: Path) -> Path:
    """Folder of all snapshots of the installation at `home`."""
    return home / "published"


def lookup_key_path(home: Path) -> Path:
    """File with the key of the identifier hashes (mode 0600)."""
    return home / "secrets" / "lookup.key"


def kept_manifest(published: Path, version: str) -> Path:
    """The copy of a version's manifest that is kept apart from the snapshots."""
    return published.parent / "state" / "snapshots" / f"{version}.json"


def sequence_of(version: str) -> int | None:
    """Growing number in a version name ``YYYYMMDD-NNNNNN``; None where `version` is no version name."""
    match = _VERSION.fullmatch(version)
    return int(match[1]) if match else None


def timeline_bucket(profile_id: str) -> int:
    """Number of the timeline file that holds the profile: first byte of the id's MD5 modulo the number of files.

    MD5 because DuckDB's own hash may change between versions, and readers are not always DuckDB.
    """
    return hashlib.md5(profile_id.encode(), usedforsecurity=False).digest()[0] % TIMELINE_BUCKETS


def timeline_file(snapshot: Path, bucket: int) -> Path:
    """Parquet file of one timeline bucket."""
    return snapshot / TIMELINE / f"bucket-{bucket}.parquet"
