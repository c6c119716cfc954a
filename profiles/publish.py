"""Publishing: from the warehouse that dbt wrote to an immutable snapshot, by one atomic swap.

Here: which tables go into which file, and the order of the steps. Not here: what makes a warehouse publishable
(`gate`), how versions are listed, swapped and retired (`snapshots`), what is taken over from the last snapshot
(`publish_base`), how the tables of a file are brought up to date (`publish_tables`), what the feature file holds
(`feature_rows`, `feature_store`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path

import duckdb

from profiles import layout, snapshots
from profiles.errors import GateFailed, PublishError
from profiles.feature_store import build_feature_store
from profiles.gate import GateBounds, failed_checks
from profiles.identifiers import ensure_key
from profiles.manifest import Build, Manifest, file_entries
from profiles.publish_base import Base, create_file, erased_profiles, usable_base
from profiles.publish_tables import PII_SCHEMA, TableChange, TableSync
from profiles.publish_timeline import TABLE as TIMELINE_TABLE
from profiles.publish_timeline import write_timeline
from profiles.rows import literal, quoted

# DuckDB 1.4 and 1.5 cannot open a file of 2.0's default format.
STORAGE_VERSION = "v1.4.0"

MART_SCHEMAS = ("profiles", "segments", "features", "insights", "quality")
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
    removals: str = "",
    full: bool = False,
    is_damaged: bool = False,
    on_step: Callable[[str], None] | None = None,
) -> PublishResult:
    """Publish the warehouse as a new snapshot under `home`/published and let readers see it.

    Nothing is published (`reason` 'unchanged') where the current snapshot has the same fingerprint and as-of. The last
    `keep` versions stay. `extra` goes into the manifest as it is and must be JSON. `on_step` is told the name of each
    finished step: gated, marts, pii, timeline, features, written, renamed, published. With `is_damaged`, the current
    snapshot is not as it was written: nothing of it is used, and it is published again whatever it was made from.

    The files are those of the newest snapshot with what differs applied to copies of them, or linked where they are
    equal; with `full` everything is written from nothing. So it is, too, where `removals`, a name for all erasures up
    to now, is another than then: erased values would live on in the free space of a copy. Either way holds the same.

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
            files = _Files(con, building, warehouse)
            reasons = failed_checks(con, files.source, gate, before)
            if reasons:
                raise GateFailed(reasons)
            base = None if full or is_damaged else usable_base(con, files.source, published, newest, removals)
            step("gated")
            changes = files.write_marts(base)
            step("marts")
            changes |= files.write_pii(base)
            step("pii")
            # Beside each other: rows are packed by one thread of Python, and DuckDB writes by threads of its own.
            with ThreadPoolExecutor(1) as pool, con.cursor() as beside:
                beside.execute("SET enable_progress_bar = false")
                writing = pool.submit(write_timeline, beside, files.source, building, base)
                counts = build_feature_store(
                    con,
                    building / layout.FEATURES,
                    marts=files.marts,
                    pii=files.pii,
                    key=key,
                    meta={"version": version, "as_of": as_of.isoformat(), "created_at": created_at.isoformat()},
                    base=base,
                    changes=changes,
                )
                timeline = writing.result()
            step("timeline")
            tables = {name: change.rows for name, change in changes.items()}
            tables[f"{PII_SCHEMA}.{TIMELINE_TABLE}"] = timeline.rows
            if counts.profiles != tables["profiles.customer_profile"]:
                raise PublishError(f"{layout.FEATURES} has {counts.profiles} rows for another number of profiles")
            schema_hash = files.schema_hash()
            erased = erased_profiles(con, files.source)
        step("features")
        shutil.rmtree(building / _WORK)
        entries = file_entries(building)
        if newest and not is_damaged:
            snapshots.share_unchanged(building, entries, published / newest.version, newest.files)
        patched = {name: change.patched for name, change in changes.items() if change.patched}
        build = Build(
            base=base.version if base else "",
            removals=removals,
            erased=erased,
            patched=patched | ({layout.FEATURES: counts.edited} if counts.edited else {}),
            fingerprints=timeline.fingerprints,
        )
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
            files=entries,
            extra=dict(extra or {}),
            build=build,
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


class _Files:
    """The warehouse attached read-only and the files of a snapshot being built, in one connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection, building: Path, warehouse: Path) -> None:
        self._con = con
        self._building = building
        work = building / _WORK
        work.mkdir()
        con.execute(f"SET temp_directory = {literal(work)}")
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")  # it would draw over the progress of the run
        # dbt writes views with the catalog's name in them, and that is the file's stem.
        catalog = warehouse.stem
        self.source = quoted(catalog)
        self.marts, self.pii = "snapshot_marts", "snapshot_pii"
        con.execute(f"ATTACH {literal(warehouse)} AS {self.source} (READ_ONLY)")
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

    def write_marts(self, base: Base | None) -> dict[str, TableChange]:
        """All tables of the mart schemas."""
        names = [name for name in self._tables if name[0] in MART_SCHEMAS]
        return self._write(layout.MARTS, 0o644, self.marts, names, base)

    def write_pii(self, base: Base | None) -> dict[str, TableChange]:
        """All tables of the pii schema but the timeline."""
        names = [name for name in self._tables if name[0] == PII_SCHEMA and name[1] != TIMELINE_TABLE]
        return self._write(layout.PII, 0o600, self.pii, names, base)

    def _write(
        self, file: str, mode: int, target: str, names: list[tuple[str, str]], base: Base | None
    ) -> dict[str, TableChange]:
        path = self._building / file
        if base is not None and base.copy(file, path, mode):
            self._attach(path, target)
            sync = TableSync(self._con, self.source, target, names, base.build.patched)
            changes = sync.run()
            if not sync.is_bloated():
                return changes
            self._con.execute(f"DETACH {target}")
            path.unlink()
        else:
            changes = {}
        empty = self._building / _WORK / file
        self._attach(empty, target)
        for schema in MART_SCHEMAS if target == self.marts else ():
            self._con.execute(f"CREATE SCHEMA {target}.{schema}")
        self._con.execute(f"DETACH {target}")
        # DuckDB makes files by the umask and takes no empty one; its empty database is copied into ours.
        create_file(path, mode, empty.read_bytes())
        self._attach(path, target)
        written = TableSync(self._con, self.source, target, names, {}).run()
        # what differs from the last snapshot is known from before
        return {
            name: replace(change, keys=changes[name].keys, is_dated=changes[name].is_dated)
            if name in changes
            else change
            for name, change in written.items()
        }

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
        self._con.execute(f"ATTACH {literal(path)} AS {alias} (STORAGE_VERSION '{STORAGE_VERSION}')")
