"""Publishing: what a snapshot holds, when it appears, and what happens when something goes wrong."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from profiles import (
    FeatureReader,
    GateBounds,
    GateFailed,
    NoSnapshot,
    PublishError,
    PublishResult,
    current_manifest,
    layout,
    list_versions,
    newest_manifest,
    publish,
    rollback,
)
from profiles.manifest import Manifest, file_entries

Warehouse = Callable[..., Path]
Put = Callable[..., PublishResult]

DROP_P3 = (
    "DELETE FROM profiles.customer_profile WHERE profile_id = 'p3'",
    "DELETE FROM profiles.profile_members WHERE profile_id = 'p3'",
)


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as con:
        return con.execute(sql).fetchall()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_snapshot_holds_the_marts_and_nothing_else_of_the_warehouse(snapshot: Path) -> None:
    marts = snapshot / "current" / "marts.duckdb"
    assert query(marts, "SELECT DISTINCT schema_name FROM duckdb_tables() ORDER BY 1") == [
        ("features",), ("insights",), ("profiles",), ("quality",), ("segments",),
    ]  # fmt: skip
    assert query(marts, "SELECT record_id, since FROM profiles.profile_members WHERE profile_id = 'p1' ORDER BY 1") == [
        ("crm:contacts:1", date(2025, 1, 2)),
        ("pos:customers:1", date(2025, 3, 1)),
        ("shop:customers:1", date(2025, 1, 2)),
    ]
    assert query(marts, "FROM segments.current") == [("p1", "loyal", date(2025, 3, 1))]
    assert query(marts, "SELECT typeof(touchpoint) FROM (FROM insights.touchpoints UNION ALL SELECT NULL, 0)") == [
        ("VARCHAR",)
    ]
    assert query(marts, "SELECT comment FROM duckdb_columns() WHERE comment IS NOT NULL") == [
        ("Completed orders, it's a count",)
    ]


def test_marts_are_written_for_older_clients(snapshot: Path) -> None:
    for name in ("marts.duckdb", "pii.duckdb"):
        with duckdb.connect() as con:
            con.execute(f"ATTACH '{snapshot / 'current' / name}' AS db (READ_ONLY)")
            tags = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'db'").fetchall()
        assert "v1.4.0" in str(tags[0][0]), name


def test_personal_values_are_only_in_files_of_mode_0600(snapshot: Path) -> None:
    current = snapshot / "current"
    files = {path for path in current.rglob("*") if path.is_file()}
    private = {path for path in files if path.stat().st_mode & 0o777 == 0o600}
    assert private == {current / "pii.duckdb", *(current / "timeline").iterdir()}
    assert query(current / "pii.duckdb", "SELECT email FROM pii.golden_record WHERE profile_id = 'p1'") == [
        ("xm@example.com",)
    ]
    for path in files - private:
        content = path.read_bytes()
        assert b"xm@example.com" not in content and b"13912345678" not in content and "小明".encode() not in content, (
            path
        )
    assert (snapshot.parent / "secrets").stat().st_mode & 0o777 == 0o700
    assert (snapshot.parent / "secrets" / "lookup.key").stat().st_mode & 0o777 == 0o600


def test_pii_is_private_from_its_first_byte(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    """Whatever another user could open while the snapshot is being built is closed to them."""
    seen: dict[str, tuple[int, int]] = {}

    def look(step: str) -> None:
        for folder in (home / "published").glob(".building-*"):
            pii = folder / "pii.duckdb"
            if pii.exists():
                seen[step] = (folder.stat().st_mode & 0o777, pii.stat().st_mode & 0o777)

    old = os.umask(0o000)
    try:
        put(make_warehouse(), on_step=look)
    finally:
        os.umask(old)
    assert seen["pii"] == (0o700, 0o600)
    assert seen["features"] == (0o700, 0o600)
    assert (home / "published" / "current" / "pii.duckdb").stat().st_mode & 0o777 == 0o600


def test_timeline_lies_in_the_bucket_of_its_profile_sorted(snapshot: Path) -> None:
    current = (snapshot / "current").resolve()
    assert len(names(current / "timeline")) == layout.TIMELINE_BUCKETS
    with duckdb.connect() as con:
        for profile_id in ("p1", "p2", "p3"):
            path = layout.timeline_file(current, layout.timeline_bucket(profile_id))
            times = con.execute(
                "SELECT occurred_at FROM read_parquet(?) WHERE profile_id = ?", [str(path), profile_id]
            ).fetchall()
            assert len(times) == 10
            assert times == sorted(times)
        total = con.execute(
            "SELECT count(*) FROM read_parquet(?)", [str(current / "timeline" / "*.parquet")]
        ).fetchall()
    assert total == [(30,)]


def test_manifest_names_the_inputs_the_rows_and_the_bytes(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    assert current_manifest(home) is None
    result = put(make_warehouse(), extra={"files_seen": ["a", "b"]})
    assert result == PublishResult("20250301-000001", published=True, reason="")
    manifest = current_manifest(home)
    assert manifest is not None
    assert (manifest.version, manifest.as_of, manifest.run_id) == ("20250301-000001", date(2025, 3, 1), "run-1")
    assert (manifest.generation, manifest.model_version, manifest.inputs_fingerprint) == (1, "m1", "f1")
    assert manifest.extra == {"files_seen": ["a", "b"]}
    assert manifest.tables["profiles.profile_members"] == 5
    assert manifest.tables["insights.touchpoints"] == 0
    assert manifest.tables["pii.identifiers"] == 8
    assert manifest.tables["pii.timeline"] == 30
    assert "core.secret" not in manifest.tables
    folder = home / "published" / manifest.version
    assert sorted(manifest.files) == sorted(
        ["marts.duckdb", "pii.duckdb", "features.lmdb", *(f"timeline/bucket-{number}.parquet" for number in range(8))]
    )
    for name, entry in manifest.files.items():
        content = (folder / name).read_bytes()
        assert (entry.size_bytes, entry.sha256) == (len(content), hashlib.sha256(content).hexdigest()), name
    assert names(folder) == ["features.lmdb", "manifest.json", "marts.duckdb", "pii.duckdb", "timeline"]
    assert names(home / "published") == ["20250301-000001", "current"]


def test_schema_hash_moves_with_the_columns_only(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    hashes = []
    for number, change in enumerate(
        ["SELECT 1", "UPDATE segments.summary SET members = 7", "ALTER TABLE pii.timeline ADD COLUMN store_id VARCHAR"]
    ):
        put(make_warehouse(change), f"f{number}")
        manifest = current_manifest(home)
        assert manifest is not None
        hashes.append(manifest.schema_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_same_inputs_publish_nothing(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    warehouse = make_warehouse()
    put(warehouse)
    before = (home / "published" / "current" / "manifest.json").read_bytes()
    assert put(warehouse, run_id="run-2") == PublishResult("20250301-000001", published=False, reason="unchanged")
    assert (home / "published" / "current" / "manifest.json").read_bytes() == before
    assert put(warehouse, as_of=date(2025, 3, 2)).version == "20250302-000002"


def test_an_earlier_as_of_is_refused_unless_allowed(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    warehouse = make_warehouse()
    put(warehouse)
    with pytest.raises(PublishError, match="as-of 2025-02-28 lies before the published 2025-03-01"):
        put(warehouse, "f2", as_of=date(2025, 2, 28))
    assert put(warehouse, "f2", as_of=date(2025, 2, 28), allow_earlier=True).version == "20250228-000002"
    assert [version.version for version in list_versions(home)] == ["20250301-000001", "20250228-000002"]


def test_missing_tables_are_named(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    warehouse = make_warehouse("DROP TABLE segments.summary", "DROP TABLE pii.timeline")
    with pytest.raises(PublishError, match=r"^warehouse\.duckdb lacks pii\.timeline, segments\.summary$"):
        put(warehouse)
    assert names(home / "published") == []


@pytest.mark.parametrize(
    ("changes", "bounds", "reason"),
    [
        ((), {"expected_records": 6}, "profile_members has 5 rows for 6 live customer records"),
        ((), {"ingest_reconciled": False}, "delivered rows do not reconcile with raw and quarantine"),
        ((), {"max_cluster_size": 2}, "the largest profile has 3 records, the bound is 2"),
        ((), {"min_match_rate": 0.7}, "the match rate is 0.6000, the bounds are 0.7 to 1.0"),
        ((), {"max_match_rate": 0.5}, "the match rate is 0.6000, the bounds are 0.0 to 0.5"),
        (
            ("UPDATE profiles.profile_members SET record_id = 'crm:contacts:1' WHERE record_id = 'crm:contacts:2'",),
            {},
            "1 records are in more than one profile",
        ),
        (
            ("UPDATE profiles.profile_members SET record_id = 'crm:contacts:1' WHERE record_id = 'pos:customers:1'",),
            {},
            "profile_members repeats 1 rows",
        ),
        (
            ("DELETE FROM profiles.customer_profile WHERE profile_id = 'p3'",),
            {},
            "1 members belong to profiles that are not in customer_profile",
        ),
        (
            ("INSERT INTO profiles.customer_profile VALUES ('p4', 'C*', NULL)",),
            {},
            "1 profiles in customer_profile have no members",
        ),
        (
            ("INSERT INTO profiles.customer_profile VALUES ('p3', 'B*', NULL)",),
            {},
            "customer_profile has 1 rows too many for its profiles",
        ),
        (
            ("INSERT INTO features.profile_features SELECT * FROM features.profile_features WHERE profile_id = 'p1'",),
            {},
            "profile_features has 1 rows too many for its profiles",
        ),
        (
            ("UPDATE features.profile_features SET profile_id = 'p7' WHERE profile_id = 'p2'",),
            {},
            "1 rows of profile_features have no profile",
        ),
        (
            ("UPDATE segments.summary SET breach = 'loyal has 9 members after 1'",),
            {},
            "segment loyal has 9 members after 1 (--accept-changes publishes it)",
        ),
    ],
)
def test_gate_says_why_and_changes_nothing(
    make_warehouse: Warehouse, put: Put, home: Path, changes: tuple[str, ...], bounds: dict[str, object], reason: str
) -> None:
    put(make_warehouse())
    limits = GateBounds(**({"expected_records": 5, "ingest_reconciled": True, "max_profile_drop": 0.5} | bounds))  # type: ignore[arg-type]
    with pytest.raises(GateFailed) as failure:
        put(make_warehouse(*changes), "f2", gate=limits)
    assert failure.value.reasons == (reason,)
    assert names(home / "published") == ["20250301-000001", "current"]
    manifest = current_manifest(home)
    assert manifest is not None and manifest.inputs_fingerprint == "f1"


@pytest.mark.parametrize(("on_breach", "bounds"), [("warn", {}), ("block", {"check_segments": False})])
def test_a_segment_beyond_its_bound_is_let_through(
    make_warehouse: Warehouse, put: Put, on_breach: str, bounds: dict[str, bool]
) -> None:
    """A bound that only warns, and one that somebody accepted."""
    warehouse = make_warehouse(
        "UPDATE segments.summary SET breach = 'too many'", f"UPDATE segments.definition SET on_breach = '{on_breach}'"
    )
    assert put(warehouse, gate=GateBounds(expected_records=5, ingest_reconciled=True, **bounds)).published


def test_gate_bounds_the_loss_of_profiles_and_gives_all_reasons_at_once(make_warehouse: Warehouse, put: Put) -> None:
    put(make_warehouse())
    with pytest.raises(GateFailed, match=r"has 4 rows for 5 .*; 1 rows .*; 2 profiles after 3: a drop"):
        put(
            make_warehouse(*DROP_P3, "UPDATE features.profile_features SET profile_id = 'p3' WHERE profile_id = 'p2'"),
            "f2",
        )
    loose = GateBounds(expected_records=4, ingest_reconciled=True, max_profile_drop=0.4)
    assert put(make_warehouse(*DROP_P3), "f2", gate=loose).published


def test_a_failure_in_any_step_leaves_the_current_snapshot(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    put(make_warehouse())
    for step in ("gated", "marts", "pii", "timeline", "features", "written"):

        def fail(finished: str, at: str = step) -> None:
            if finished == at:
                raise RuntimeError(at)

        with pytest.raises(RuntimeError, match=step):
            put(make_warehouse(), "f2", on_step=fail)
        assert names(home / "published") == ["20250301-000001", "current"], step


KILLED = """
import os, sys
from datetime import date
from pathlib import Path
from profiles import GateBounds, publish

def die(step):
    if step == sys.argv[3]:
        os._exit(9)

publish(Path(sys.argv[1]), warehouse=Path(sys.argv[2]), as_of=date(2025, 3, 1), run_id="r", generation=2,
        model_version="m1", inputs_fingerprint="f2", gate=GateBounds(5, True), on_step=die)
"""


@pytest.mark.parametrize("step", ["pii", "features", "renamed"])
def test_a_killed_publish_is_as_if_it_had_never_been(
    make_warehouse: Warehouse, put: Put, home: Path, step: str
) -> None:
    warehouse = make_warehouse()
    put(warehouse)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(home), str(warehouse), step], check=False)
    assert killed.returncode == 9
    assert len(names(home / "published")) == 3  # the leftover is there …
    newest = newest_manifest(home)
    assert newest is not None and newest.generation == 1  # … and counts for nothing
    assert [version.version for version in list_versions(home)] == ["20250301-000001"]
    with pytest.raises(NoSnapshot):
        rollback(home, "20250301-000002")
    reader = FeatureReader(home / "published")
    assert reader.snapshot().version == "20250301-000001"
    assert put(warehouse, "f2", generation=2).version == "20250301-000002"
    assert names(home / "published") == ["20250301-000001", "20250301-000002", "current"]
    assert reader.snapshot().version == "20250301-000002"


def test_rollback_changes_what_readers_see_but_not_the_history(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    warehouse = make_warehouse()
    for generation in (1, 2, 3):
        put(warehouse, f"f{generation}", generation=generation)
    assert rollback(home, "20250301-000001").generation == 1
    assert [(version.version, version.is_current) for version in list_versions(home)] == [
        ("20250301-000001", True),
        ("20250301-000002", False),
        ("20250301-000003", False),
    ]
    current, newest = current_manifest(home), newest_manifest(home)
    assert current is not None and newest is not None
    assert (current.generation, newest.generation) == (1, 3)
    rollback(home, "20250301-000002")
    newest = newest_manifest(home)
    assert newest is not None and newest.generation == 3
    assert put(warehouse, "f4", generation=4).version == "20250301-000004"
    newest = newest_manifest(home)
    assert newest is not None and newest.generation == 4
    with pytest.raises(NoSnapshot, match="no published version 20250301-000009"):
        rollback(home, "20250301-000009")


def test_retention_keeps_the_last_versions_and_always_the_current_one(
    make_warehouse: Warehouse, put: Put, home: Path
) -> None:
    warehouse = make_warehouse()
    for number in range(1, 5):
        put(warehouse, f"f{number}", keep=2)
    assert [version.version[-1] for version in list_versions(home)] == ["3", "4"]
    rollback(home, "20250301-000003")
    assert put(warehouse, "f5", keep=1).removed_versions == ("20250301-000003", "20250301-000004")
    assert names(home / "published") == [".newest", "20250301-000005", "current"]
    with pytest.raises(PublishError, match="at least one version"):
        put(warehouse, "f6", keep=0)


def test_publish_needs_a_warehouse(home: Path, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"no warehouse at gone\.duckdb"):
        publish(
            home,
            warehouse=tmp_path / "gone.duckdb",
            as_of=date(2025, 3, 1),
            run_id="r",
            generation=1,
            model_version="m",
            inputs_fingerprint="f",
            gate=GateBounds(0, True),
        )


def test_unchanged_timeline_files_are_shared_by_versions(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    def inodes() -> dict[str, int]:
        folder = home / "published" / "current" / "timeline"
        return {path.name: path.stat().st_ino for path in folder.iterdir()}

    put(make_warehouse(), "f1")
    first = inodes()
    # p2 has another purchase: of the buckets only hers is new
    put(make_warehouse("INSERT INTO pii.timeline VALUES ('p2', 'i99', TIMESTAMP '2025-02-01', 'web')"), "f2")
    second = inodes()
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {f"bucket-{layout.timeline_bucket('p2')}.parquet"}
    current = home / "published" / "current"
    assert Manifest.read(current).files == file_entries(current), "checksums hold for shared files"
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (current / "timeline").iterdir())
    put(make_warehouse(), "f3", keep=1)
    assert query(home / "published" / "current" / "marts.duckdb", "SELECT count(*) FROM profiles.customer_profile") == [
        (3,)
    ]
    assert len(list((home / "published").glob("2025*"))) == 1
    assert len(inodes()) == layout.TIMELINE_BUCKETS, "removing the older version removed none of the newer one's"


def test_tables_lie_in_the_order_of_their_profiles(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    """A look at one person then reads one row group of a table and not all."""
    put(make_warehouse("INSERT INTO pii.identifiers VALUES ('p0', 'email', '', 'first@example.com', false)"))
    current = home / "published" / "current"
    for name, table in (("pii", "identifiers"), ("marts", "profiles.profile_members"), ("pii", "golden_record")):
        rows = query(current / f"{name}.duckdb", f"SELECT profile_id FROM {table}")
        assert rows == sorted(rows)
