"""Open snapshots for a server: the current one resolved once per request, all its files together, any number at once.

A request takes one `OpenSnapshot` and reads everything from it, so no answer mixes versions. The provider keeps the
current one; an older one stays open for as long as a request holds it, and closes with the last reference.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from profiles import layout
from profiles.errors import NoSnapshot
from profiles.features import FeatureFile, SnapshotInfo
from profiles.identifiers import identifier_hash, read_key
from profiles.manifest import Manifest
from profiles.rows import literal
from profiles.snapshots import no_snapshot

Row = dict[str, object]

# Between resolving `current` and opening its files the version may be retired; another look at the link finds the next.
_ATTEMPTS = 10


class OpenSnapshot:
    """One version with its feature file, marts, personal values and timeline; safe for any number of threads.

    `info` names it. In `query` the catalogs are ``marts`` and ``pii``; other files than the snapshot's own cannot be
    reached from SQL.
    """

    def __init__(self, path: Path, *, threads: int, memory_limit: str) -> None:
        self.path = path
        self.name = path.name
        self.manifest = Manifest.read(path)
        self.features = FeatureFile(path)
        self.info: SnapshotInfo = self.features.info
        self._con = duckdb.connect()
        try:
            self._con.execute(f"SET threads = {int(threads)}")
            self._con.execute("SET memory_limit = $limit", {"limit": memory_limit})
            self._con.execute("SET TimeZone = 'UTC'")
            self._con.execute("SET temp_directory = ''")  # nothing personal is spilled to disk
            for alias, name in (("marts", layout.MARTS), ("pii", layout.PII)):
                self._con.execute(f"ATTACH {literal(path / name)} AS {alias} (READ_ONLY)")
            self._con.execute(f"SET allowed_directories = [{literal(path / layout.TIMELINE)}]")
            self._con.execute("SET enable_external_access = false")
            self._con.execute("SET lock_configuration = true")
        except duckdb.IOException:
            self._con.close()
            if not path.exists():
                raise FileNotFoundError(f"{path.name} is gone") from None
            raise
        self._local = threading.local()

    def __del__(self) -> None:
        if hasattr(self, "_con"):
            self._con.close()

    @property
    def version(self) -> str:
        """Name of the version."""
        return self.info.version

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Rows of a query as dictionaries. Values are bound (``$name``), never written into the SQL."""
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            # One cursor for each thread: a DuckDB connection runs one query at a time.
            cursor = self._local.cursor = self._con.cursor()
        cursor.execute(sql, dict(parameters or {}))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def timeline_path(self, profile_id: str) -> str:
        """The Parquet file that holds the profile's interactions, for ``read_parquet($path)``."""
        return str(layout.timeline_file(self.path, layout.timeline_bucket(profile_id)))

    def has_table(self, schema: str, table: str) -> bool:
        """Whether the snapshot holds a table; ``pii`` names the personal tables. Earlier versions may lack new ones."""
        return f"{schema}.{table}" in self.manifest.tables

    def columns(self, schema: str, table: str) -> Sequence[str]:
        """Column names of a table of the marts, in order."""
        return [
            str(row["column_name"])
            for row in self.query(
                "SELECT column_name FROM duckdb_columns() WHERE database_name = 'marts' AND schema_name = $schema"
                " AND table_name = $table ORDER BY column_index",
                {"schema": schema, "table": table},
            )
        ]


class SnapshotProvider:
    """The snapshots under `published/`, opened when they are asked for.

    `key_path` is the key of identifier lookups, by default ``secrets/lookup.key`` beside `published/`. `threads` and
    `memory_limit` bound DuckDB in each open version.
    """

    def __init__(
        self, published: Path, *, key_path: Path | None = None, threads: int = 2, memory_limit: str = "1GB"
    ) -> None:
        self._published = published.absolute()
        self._current = str(self._published / layout.CURRENT)
        self._key_path = key_path or layout.lookup_key_path(self._published.parent)
        self._key: bytes | None = None
        self._limits = (threads, memory_limit)
        self._now: OpenSnapshot | None = None
        self._held: weakref.WeakValueDictionary[str, OpenSnapshot] = weakref.WeakValueDictionary()
        self._opening = threading.Lock()

    def current(self) -> OpenSnapshot:
        """The snapshot that readers see now: ask once per request. Raises NoSnapshot before the first publish."""
        return self.opened() or self._open_current()

    def opened(self) -> OpenSnapshot | None:
        """`current` where that takes no work, else None: an event loop opens a new version in another thread."""
        now = self._now
        try:
            target = os.readlink(self._current)  # noqa: PTH115 - Path.readlink costs 3 µs more, on every read
        except FileNotFoundError:
            return None
        return now if now is not None and now.name == target else None

    def at(self, version: str) -> OpenSnapshot:
        """A version by name, for a listing that goes on in the version it began in. Raises NoSnapshot."""
        current = self.current()
        if version == current.version:
            return current
        if layout.sequence_of(version) is None:
            raise NoSnapshot("not the name of a version")
        with self._opening:
            held = self._held.get(version)
            if held is not None and held.path.exists():
                return held
            try:
                return self._open(version)
            except FileNotFoundError:
                raise NoSnapshot(f"version {version} is gone") from None

    def lookup(self, snapshot: OpenSnapshot, kind: str, value: str, namespace: str = "") -> str | None:
        """Profile id that a trusted identifier belongs to in `snapshot`. Raises LookupKeyMissing."""
        if self._key is None:
            self._key = read_key(self._key_path)
        return snapshot.features.profile_of(identifier_hash(self._key, kind, namespace, value))

    def close(self) -> None:
        """Let go of the current snapshot; requests that hold one finish on it."""
        with self._opening:
            self._now = None

    def _open_current(self) -> OpenSnapshot:
        with self._opening:
            for _ in range(_ATTEMPTS):
                try:
                    target = os.readlink(self._current)  # noqa: PTH115
                except FileNotFoundError:
                    break
                try:
                    now = self._held.get(target) or self._open(target)
                except FileNotFoundError:
                    continue
                self._now = now
                return now
        raise no_snapshot(self._published)

    def _open(self, version: str) -> OpenSnapshot:
        threads, memory_limit = self._limits
        try:
            opened = OpenSnapshot(self._published / version, threads=threads, memory_limit=memory_limit)
        except NoSnapshot:  # no manifest: the folder is gone
            raise FileNotFoundError(f"{version} is gone") from None
        self._held[version] = opened
        return opened
