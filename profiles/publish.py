"""Publishing: from the warehouse that dbt wrote to an immutable snapshot, by one atomic swap.

Here: which tables go into which file, and the order of the steps. Not here: what makes a warehouse publishable
(`gate`), how versions are listed, swapped and retired (`snapshots`), what the feature file holds (`feature_store`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path

import duckdb

from profiles import layout, snapshots
from profiles.errors import GateFailed, PublishError
from profiles.feature_store import build_feature_store
from profiles.gate import GateBounds, failed_checks
from profiles.identifiers import ensure_key
from profiles.manifest import Manifest, file_entries
from profiles.rows import quoted

# DuckDB 1.4 and 1.5 cannot open a file of 2.0's default format.
STORAGE_VERSION = "v1.4.0"

MART_SCHEMAS = ("profiles", "segments", "features", "insights", "quality")
PII_SCHEMA = "pii"
TIMELINE_TABLE = "timeline"

REQUIRED_TABLES = frozenset(
    {
        *(
            f"profiles.{name}"
            for name in (
                "customer_profile",
                "profile_members",
                "profile_events",
                "profile_aliases",
                "consent",
                "households",
                "attribute_provenance",
            )
        ),
        *(
            f"segments.{name}"
            for name in ("definition", "definition_versions", "membership", "current", "events", "overlap", "summary")
        ),
        *(f"features.{name}" for name in ("profile_features", "product_affinity", "product_neighbours")),
        *(f"{PII_SCHEMA}.{name}" for name in ("golden_record", "identifiers", TIMELINE_TABLE)),
    }
)

# Blocks of a table are skipped by their least and greatest value, so a table lies in the order that readers ask for.
# Profile ids are random: without an order every block would hold some of each range.
READING_ORDER = {
    "pii.review_queue": ("place",),
    "pii.search_index": ("term", "profile_id"),
    "profiles.households": ("household_id",),
    "segments.current": ("segment", "profile_id"),
    "segments.membership": ("segment", "profile_id"),
}
_DEFAULT_ORDER = ("profile_id",)

_WORK = ".work"


@dataclass(frozen=True)
class PublishResult:
    """What a publish did; `version` is the current one afterwards. `reason` says why nothing was published."""

    version: str
    published: bool
    reason: str
    removed_versions: tuple[str, ...] = ()


def publish(
    home: Path,
    *,
    warehouse: Path,
    as_of: date,
    run_id: str,
    generation: int,
    model_version: str,
    inputs_fingerprint: str,
    gate: GateBounds,
    extra: Mapping[str, object] | None = None,
    keep: int = 5,
    allow_earlier: bool = False,
    is_damaged: bool = False,
    on_step: Callable[[str], None] | None = None,
) -> PublishResult:
    """Publish the warehouse as a new snapshot under `home`/published and let readers see it.

    Nothing is published (`reason` 'unchanged') where the current snapshot has the same fingerprint and as-of. The last
    `keep` versions stay. `extra` goes into the manifest as it is and must be JSON. `on_step` is told the name of each
    finished step: gated, marts, pii, timeline, features, written, renamed, published. With `is_damaged`, the current
    snapshot is not as it was written: nothing of it is used, and it is published again whatever it was made from.

    The caller holds the run lock: two publishes at once are not supported. Killed at any point, it leaves `current`
    as it was, and what it left behind is removed by the next publish.

    Raises PublishError where tables are missing or `as_of` lies before the newest snapshot's (unless `allow_earlier`),
    GateFailed where a check fails; both leave nothing behind.
    """
    step = on_step or (lambda _: None)
    published = layout.published_dir(home)
    published.mkdir(parents=True, exist_ok=True)
    snapshots.discard_leftovers(published)
    shown = snapshots.current_version(published)
    whole = shown is not None and not is_damaged and not snapshots.damaged_files(published / shown)
    current = snapshots.current_manifest(home) if whole else None
    newest = snapshots.newest_manifest(home)
    if current and current.inputs_fingerprint == inputs_fingerprint and current.as_of == as_of:
        return PublishResult(current.version, published=False, reason="unchanged")
    if newest and as_of < newest.as_of and not allow_earlier:
        raise PublishError(f"as-of {as_of} lies before the published {newest.as_of}")
    if not warehouse.is_file():
        raise PublishError(f"no warehouse at {warehouse.name}")
    key = ensure_key(layout.lookup_key_path(home))
    version = snapshots.next_version(published, as_of)
    building = published / f"{layout.BUILDING}{version}"
    # Closed to others until it is complete: DuckDB's write-ahead and spill files hold personal values too.
    building.mkdir(mode=0o700)
    try:
        created_at = datetime.now(UTC)
        before = current.tables.get("profiles.customer_profile") if current else None
        with duckdb.connect() as con:
            schemas = _Copy(con, building, warehouse)
            reasons = failed_checks(con, schemas.source, gate, before)
            if reasons:
                raise GateFailed(reasons)
            step("gated")
            tables = schemas.copy_marts()
            step("marts")
            tables |= schemas.copy_pii()
            step("pii")
            tables |= schemas.write_timeline()
            step("timeline")
            meta = {"version": version, "as_of": as_of.isoformat(), "created_at": created_at.isoformat()}
            counts = build_feature_store(
                con, building / layout.FEATURES, marts=schemas.marts, pii=schemas.pii, key=key, meta=meta
            )
            if counts.profiles != tables["profiles.customer_profile"]:
                raise PublishError(f"{layout.FEATURES} has {counts.profiles} rows for another number of profiles")
            schema_hash = schemas.schema_hash()
        step("features")
        shutil.rmtree(building / _WORK)
        files = file_entries(building)
        if current:
            snapshots.share_unchanged(building, files, published / current.version, current.files)
        manifest = Manifest(
            version=version,
            as_of=as_of,
            run_id=run_id,
            generation=generation,
            model_version=model_version,
            inputs_fingerprint=inputs_fingerprint,
            created_at=created_at,
            platform_version=distribution_version("cdp-platform"),
            schema_hash=schema_hash,
            tables=tables,
            files=files,
            extra=dict(extra or {}),
        )
        (building / layout.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        building.chmod(0o755)
        snapshots.sync_paths([*sorted(building.rglob("*")), building])
        step("written")
        building.rename(published / version)
        snapshots.keep_manifest(published / version)
        snapshots.sync_paths([published])
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    step("renamed")
    snapshots.point(published, layout.CURRENT, version)
    step("published")
    removed = snapshots.retire_versions(published, keep)
    return PublishResult(version, published=True, reason="", removed_versions=tuple(removed))


class _Copy:
    """The warehouse attached read-only and the two database files of a snapshot being built, in one connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection, building: Path, warehouse: Path) -> None:
        self._con = con
        self._building = building
        work = building / _WORK
        work.mkdir()
        con.execute(f"SET temp_directory = {_text(work)}")
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")  # it would draw over the progress of the run
        # dbt writes views with the catalog's name in them, and that is the file's stem.
        catalog = warehouse.stem
        self.source = quoted(catalog)
        self.marts, self.pii = "snapshot_marts", "snapshot_pii"
        con.execute(f"ATTACH {_text(warehouse)} AS {self.source} (READ_ONLY)")
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $catalog"
            " UNION ALL SELECT schema_name, view_name FROM duckdb_views()"
            " WHERE database_name = $catalog AND NOT internal ORDER BY ALL",
            {"catalog": catalog},
        ).fetchall()
        self._tables = [(str(schema), str(table)) for schema, table in tables]
        missing = sorted(REQUIRED_TABLES - {f"{schema}.{table}" for schema, table in self._tables})
        if missing:
            raise PublishError(f"{warehouse.name} lacks {', '.join(missing)}")

    def copy_marts(self) -> dict[str, int]:
        """All tables of the mart schemas. Returns rows by ``schema.table``."""
        self._attach(self._building / layout.MARTS, self.marts)
        return self._copy(self.marts, [name for name in self._tables if name[0] in MART_SCHEMAS], MART_SCHEMAS)

    def copy_pii(self) -> dict[str, int]:
        """All tables of the pii schema but the timeline, into a file that was made with mode 0600."""
        path = self._building / layout.PII
        empty = self._building / _WORK / layout.PII
        self._attach(empty, self.pii)
        self._con.execute(f"DETACH {self.pii}")
        # DuckDB makes files by the umask and takes no empty one; its empty database is copied into ours.
        _create_private(path, empty.read_bytes())
        self._attach(path, self.pii)
        names = [name for name in self._tables if name[0] == PII_SCHEMA and name[1] != TIMELINE_TABLE]
        return self._copy(self.pii, names, (PII_SCHEMA,))

    def write_timeline(self) -> dict[str, int]:
        """Interactions by profile: Parquet files (mode 0600) by hash bucket, sorted by profile and time."""
        (self._building / layout.TIMELINE).mkdir()
        table = f"{self.source}.{PII_SCHEMA}.{TIMELINE_TABLE}"
        columns = {str(row[0]) for row in self._con.execute(f"DESCRIBE {table}").fetchall()}
        order = ", ".join(["profile_id", *(name for name in ("occurred_at", "interaction_id") if name in columns)])
        bucket = f"('0x' || substr(md5(profile_id), 1, 2))::INTEGER % {layout.TIMELINE_BUCKETS}"
        rows = 0
        for number in range(layout.TIMELINE_BUCKETS):
            path = layout.timeline_file(self._building, number)
            _create_private(path)
            (written,) = self._con.execute(
                f"COPY (SELECT * FROM {table} WHERE {bucket} = {number} ORDER BY {order}) TO {_text(path)}"
                " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            ).fetchall()[0]
            rows += int(written)
        return {f"{PII_SCHEMA}.{TIMELINE_TABLE}": rows}

    def schema_hash(self) -> str:
        """SHA-256 over every published column's table, name and type: readers can tell whether anything moved."""
        columns = self._con.execute(
            "SELECT concat_ws('.', schema_name, table_name, column_name, data_type) FROM duckdb_columns()"
            " WHERE database_name IN ($marts, $pii)"
            " OR (database_name = $source AND schema_name = $pii_schema AND table_name = $timeline) ORDER BY 1",
            {
                "marts": self.marts,
                "pii": self.pii,
                "source": self.source.strip('"'),
                "pii_schema": PII_SCHEMA,
                "timeline": TIMELINE_TABLE,
            },
        ).fetchall()
        return hashlib.sha256("\n".join(str(row[0]) for row in columns).encode()).hexdigest()

    def _attach(self, path: Path, alias: str) -> None:
        self._con.execute(f"ATTACH {_text(path)} AS {alias} (STORAGE_VERSION '{STORAGE_VERSION}')")

    def _copy(self, target: str, names: list[tuple[str, str]], schemas: tuple[str, ...]) -> dict[str, int]:
        for schema in schemas:
            self._con.execute(f"CREATE SCHEMA IF NOT EXISTS {target}.{_target_schema(schema)}")
        rows = {}
        for schema, table in names:
            copy = f"{target}.{_target_schema(schema)}.{quoted(table)}"
            (copied,) = self._con.execute(
                f"CREATE TABLE {copy} AS FROM {self.source}.{quoted(schema)}.{quoted(table)}"
                f"{self._order(schema, table)}"
            ).fetchall()[0]
            rows[f"{schema}.{table}"] = int(copied)
        self._copy_comments(target, schemas)
        self._con.execute(f"CHECKPOINT {target}")
        return rows

    def _order(self, schema: str, table: str) -> str:
        columns = {
            str(row[0])
            for row in self._con.execute(
                "SELECT column_name FROM duckdb_columns()"
                " WHERE database_name = $source AND schema_name = $schema AND table_name = $table",
                {"source": self.source.strip('"'), "schema": schema, "table": table},
            ).fetchall()
        }
        order = [name for name in READING_ORDER.get(f"{schema}.{table}", _DEFAULT_ORDER) if name in columns]
        return f" ORDER BY {', '.join(map(quoted, order))}" if order else ""

    def _copy_comments(self, target: str, schemas: tuple[str, ...]) -> None:
        """Column descriptions (dbt's persist_docs) travel with the tables."""
        comments = self._con.execute(
            "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()"
            " WHERE database_name = $source AND list_contains($schemas, schema_name) AND comment IS NOT NULL",
            {"source": self.source.strip('"'), "schemas": list(schemas)},
        ).fetchall()
        for schema, table, column, comment in comments:
            if schema == PII_SCHEMA and table == TIMELINE_TABLE:
                continue
            name = f"{target}.{_target_schema(schema)}.{quoted(table)}.{quoted(column)}"
            self._con.execute(f"COMMENT ON COLUMN {name} IS {_text(comment)}")


def _target_schema(schema: str) -> str:
    """Schema in the snapshot. In ``pii.duckdb`` the tables lie in main: to one who opens the file, ``pii.edges`` would
    be ambiguous between a catalog and a schema of that name."""
    return "main" if schema == PII_SCHEMA else schema


def _create_private(path: Path, content: bytes = b"") -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)


def _text(value: object) -> str:
    """SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
