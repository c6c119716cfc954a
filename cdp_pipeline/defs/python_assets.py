"""The assets between and after the two dbt steps: hand-over files, identity, analytics, the published snapshot."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from cdp_pipeline import ops_export, steps, warehouse
from cdp_pipeline.analytics.step import declared_tables
from cdp_pipeline.defs.dbt import WAREHOUSE_POOL, is_handed_on
from cdp_pipeline.defs.guard import guarded
from cdp_pipeline.defs.raw import OPS_POOL
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.memory import peak_memory_gb
from cdp_pipeline.settings import Settings
from profiles.errors import GateFailed

IDENTITY_POOL = "identity.duckdb"
ANALYTICS_POOL = "lake/analytics"
PUBLISH_POOL = "published"
OWNERS = ["team:data-engineering"]

IDENTITY_TABLES = {
    "profile_members": "Each record's profile, and since when.",
    "profile_events": "What happened to profile ids: created, extended, merged, split, reinstated, retired.",
    "profile_aliases": "Retired ids and the living id each resolves to.",
    "edges": "Links between records that hold clusters together, with weight and rule.",
    "dropped_edges": "Links that were found and not used, with the reason.",
    "review_queue": "Doubtful pairs for a steward.",
    "record_identifiers": "Identifiers after normalisation, with trust.",
    "anonymous_links": "Anonymous ids and the profile they belong to, with the time span.",
    "households": "Profiles that share a home.",
    "model_drift": "Whether today's records and links look like those that the matching model was trained on.",
}


# The only memory that the marts build on.
HISTORY_TABLES = {
    "segment_membership": "Segment intervals of the last published snapshot.",
    "segment_events": "Entries into segments and exits as they were published.",
    "segment_versions": "Definitions of segments and the days on which they held.",
    "profile_event_runs": "Runs whose merges and splits the last published snapshot already holds.",
}


def _change_facts(run: steps.IdentityRun) -> dict[str, Any]:
    """What happens to the published profiles, as metadata; nothing before the first publish."""
    change = run.partition_diff()
    if change is None:
        return {}
    return {
        "profiles_merged": change.merged,
        "profiles_split": change.split,
        "profiles_created": change.created,
        "records_moved": change.records_moved,
        "share_of_profiles_changed": change.share_of_profiles_changed,
        "most_affected": [
            {"profile": a.profile_id, "records": a.size, "change": a.change, "moved": a.moved}
            for a in change.most_affected
        ],
    }


def python_assets(raw: list[dg.AssetsDefinition], core: dg.AssetsDefinition, marts: dg.AssetsDefinition) -> list[Any]:
    """Hand-over of ingest and core, identity, analytics, segment history, publish; `core`, `marts`: the dbt steps."""
    raw_keys = [key for step in raw for key in step.keys]
    core_tables = [key for key in core.keys if key.path[0] == "core"]

    @dg.multi_asset(
        name="ingest_ledger",
        specs=[
            dg.AssetSpec(
                ["ops", table],
                deps=raw_keys,
                group_name="ops",
                kinds={"parquet", "sqlite"},
                owners=OWNERS,
                description=text,
            )
            for table, text in {
                "ingest_files": "One row per landed file: rows delivered, loaded, refused, and its status.",
                "quarantine_reasons": "Refused rows by object, day and reason.",
                "ingest_runs": "One row per run and object: files, rows, reasons, new fields, drift, seconds.",
            }.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "reconciled",
                asset=["ops", "ingest_files"],
                blocking=True,
                description="Rows delivered = rows in raw + rows in quarantine, for every file.",
            )
        ],
        pool=OPS_POOL,
    )
    @guarded
    def ingest_ledger(platform: PlatformResource) -> Iterator[Any]:
        rows = ops_export.export_ops(platform.paths)
        for table, count in rows.items():
            yield dg.MaterializeResult(asset_key=["ops", table], metadata={"dagster/row_count": count})
        found = ops_export.reconciliation(platform.paths)
        yield dg.AssetCheckResult(
            asset_key=["ops", "ingest_files"],
            check_name="reconciled",
            passed=found.ok,
            metadata={
                "rows_delivered": found.delivered,
                "rows_raw": found.loaded,
                "rows_quarantined": found.quarantined,
                "mismatches": list(found.mismatches[:20]),
                "no_longer_landed": len(found.disappeared),
            },
        )

    @dg.asset(
        key=["lake", "core"],
        deps=core_tables,
        group_name="core",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        pool=WAREHOUSE_POOL,
        description="The core tables as Parquet, for the identity step and for engines other than DuckDB.",
    )
    @guarded
    def core_export(platform: PlatformResource) -> dg.MaterializeResult[Any]:
        written = steps.export_core(platform.paths)
        return dg.MaterializeResult(
            metadata={"rows": written, "unchanged": sorted(set(warehouse.CORE_TABLES) - set(written))}
        )

    @dg.multi_asset(
        name="identity",
        specs=[
            dg.AssetSpec(
                ["identity", table],
                deps=[["lake", "core"]],
                group_name="identity",
                kinds={"splink", "duckdb", "parquet"},
                owners=OWNERS,
                description=text,
            )
            for table, text in IDENTITY_TABLES.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(name, asset=["identity", "profile_members"], blocking=True, description=text)
            for name, text in {
                "one_record_one_profile": "No record is in two profiles.",
                "cluster_sizes": "No profile has more records than the configured bound.",
                "match_rate": "The share of records in profiles of two and more lies within the configured bounds.",
            }.items()
        ],
        pool=IDENTITY_POOL,
    )
    @guarded
    def identity(platform: PlatformResource) -> Iterator[Any]:
        run = steps.resolve_identity(platform.paths, platform.plan)
        facts: dict[str, Any] = {
            "generation": run.generation,
            "model_version": run.model_version,
            "records": run.records,
            "profiles": run.profiles,
            "records_changed": run.changed,
            "pairs_compared": run.pairs,
            "full": run.is_full,
            "merges": run.merges,
            "splits": run.splits,
            "review_questions": run.review,
            "edges_dropped": dict(run.dropped_by_reason),
            "drift": run.drift,
            "drift_advice": run.drift_advice,
            **_change_facts(run),
            "seconds": dict(run.seconds),
        }
        health, settings = steps.identity_health(platform.paths), Settings.from_env()
        # numbers of their own, so that Dagster draws each over time
        facts |= {
            "match_rate": round(health.match_rate, 4),
            "profile_size_median": health.median_cluster,
            "profile_size_p95": health.p95_cluster,
            "profile_size_p99": health.p99_cluster,
            "profile_size_max": health.largest_cluster,
        }
        for table in IDENTITY_TABLES:
            yield dg.MaterializeResult(
                asset_key=["identity", table], metadata=facts if table == "profile_members" else None
            )
        verdicts: dict[str, tuple[bool, dict[str, Any]]] = {
            "one_record_one_profile": (health.shared_records == 0, {"shared_records": health.shared_records}),
            "cluster_sizes": (
                health.largest_cluster <= settings.max_cluster_size,
                {"largest": health.largest_cluster, "bound": settings.max_cluster_size},
            ),
            "match_rate": (
                not health.records or settings.min_match_rate <= health.match_rate <= settings.max_match_rate,
                {"match_rate": round(health.match_rate, 4)},
            ),
        }
        for name, (passed, metadata) in verdicts.items():
            yield dg.AssetCheckResult(
                asset_key=["identity", "profile_members"], check_name=name, passed=passed, metadata=metadata
            )

    @dg.multi_asset(
        name="analytics",
        specs=[
            dg.AssetSpec(
                ["analytics", table],
                deps=[["lake", "core"], ["identity", "profile_members"], ["identity", "anonymous_links"]],
                group_name="analytics",
                kinds={"duckdb", "parquet", "python"},
                owners=OWNERS,
                description=f"Statistics for the marts: {', '.join(columns)}.",
            )
            for table, columns in declared_tables().items()
        ],
        pool=ANALYTICS_POOL,
    )
    @guarded
    def analytics(platform: PlatformResource) -> Iterator[Any]:
        for table, count in steps.run_analytics(platform.paths, platform.plan).items():
            yield dg.MaterializeResult(asset_key=["analytics", table], metadata={"dagster/row_count": count})

    @dg.multi_asset(
        name="segment_history",
        specs=[
            dg.AssetSpec(
                ["history", table],
                group_name="segments",
                kinds={"duckdb", "parquet"},
                owners=OWNERS,
                description=text,
            )
            for table, text in HISTORY_TABLES.items()
        ],
    )
    @guarded
    def segment_history(platform: PlatformResource) -> Iterator[Any]:
        for table, rows in warehouse.export_history(platform.paths).items():
            yield dg.MaterializeResult(asset_key=["history", table], metadata={"dagster/row_count": rows})

    @dg.multi_asset(
        name="publish",
        specs=[
            dg.AssetSpec(
                ["published", "snapshot"],
                deps=[
                    *sorted(key for key in marts.keys if is_handed_on(key)),
                    ["ops", "ingest_files"],
                    ["identity", "profile_members"],
                ],
                group_name="published",
                kinds={"duckdb", "lmdb"},
                owners=OWNERS,
                description="The immutable snapshot that readers see; one swap of published/current commits it.",
                # a daily run may be late once before somebody has to look
                freshness_policy=dg.FreshnessPolicy.time_window(
                    fail_window=timedelta(hours=48), warn_window=timedelta(hours=30)
                ),
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "gate",
                asset=["published", "snapshot"],
                description="Counts reconcile, no record in two profiles, sizes and match rate within bounds.",
            )
        ],
        pool=PUBLISH_POOL,
    )
    @guarded
    def publish(platform: PlatformResource) -> Iterator[Any]:
        snapshot = dg.AssetKey(["published", "snapshot"])
        try:
            result = steps.publish_snapshot(platform.paths, platform.plan, Settings.from_env())
        except GateFailed as error:
            yield dg.AssetCheckResult(
                asset_key=snapshot, check_name="gate", passed=False, metadata={"reasons": list(error.reasons)}
            )
            raise dg.Failure(str(error), allow_retries=False) from None
        yield dg.MaterializeResult(
            asset_key=snapshot,
            metadata={
                "version": result.version,
                "published": result.published,
                "reason": result.reason,
                "peak_memory_gb": peak_memory_gb(),
            },
        )
        yield dg.AssetCheckResult(asset_key=snapshot, check_name="gate", passed=True)

    return [ingest_ledger, core_export, identity, analytics, segment_history, publish]
