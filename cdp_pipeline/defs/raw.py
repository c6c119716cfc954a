"""One asset per source object: landing → typed Parquet, partitioned by delivery day.

A run over a range of days writes Dagster events for every object and day of it, at 14 ms each (a year of 25 objects:
two minutes), whatever was delivered. A run without a partition takes every day with unseen files and reports exactly
those days, so `cdp run` starts that kind; the schedule, the sensor and backfills use ranges.
"""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import dagster as dg

from cdp_pipeline import steps
from cdp_pipeline.core_versions import raw_version
from cdp_pipeline.defs.guard import guarded
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.quality import check_object, record_checks, record_metrics
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.contract import ObjectContract, SourceContract, raw_schema
from cdp_pipeline.sources.drift import MISSING, NEW, RETYPED, shown_name
from cdp_pipeline.sources.ingest import IngestResult

OPS_POOL = "ops.sqlite"


def raw_key(obj: ObjectContract) -> dg.AssetKey:
    """Asset key of one source object."""
    return dg.AssetKey(["raw", obj.source, obj.name])


class DeliveryDays(dg.DailyPartitionsDefinition):
    """Days whose keys are listed once until there is a new one.

    Dagster asks for the whole list for each object that a step depends on: at ten years of days that was a fifth of
    what a run of all sources takes when nothing was delivered.
    """

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: Any = None
    ) -> Sequence[str]:
        """All keys up to `current_time`, as the class above gives them."""
        with dg.partition_loading_context(current_time, dynamic_partitions_store):
            return list(_listed(self, self.get_last_partition_key()))


@lru_cache(maxsize=8)
def _listed(days: DeliveryDays, last: str | None) -> Sequence[str]:
    return dg.DailyPartitionsDefinition.get_partition_keys(days)


def delivery_days(settings: Settings) -> DeliveryDays:
    """Delivery days from the configured start to today, which counts as soon as it has begun."""
    return DeliveryDays(settings.start_date.isoformat(), timezone=settings.timezone, end_offset=1)


def raw_assets(contracts: Mapping[str, SourceContract], settings: Settings) -> list[dg.AssetsDefinition]:
    """One subsettable step per source with an asset for each of its objects."""
    return [_source_assets(source, settings) for source in contracts.values()]


def _source_assets(source: SourceContract, settings: Settings) -> dg.AssetsDefinition:
    by_key = {raw_key(obj): obj for obj in source.objects.values()}

    @dg.multi_asset(
        name=f"raw_{source.source}",
        specs=[_spec(source, obj) for obj in by_key.values()],
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=text) for key in by_key for name, text in CHECKS.items()
        ],
        partitions_def=delivery_days(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=OPS_POOL,
        can_subset=True,
    )
    @guarded
    def assets(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        start, end = _range(context)
        plan = platform.plan
        for key in sorted(context.selected_asset_keys):
            obj = by_key[key]
            days = plan.days_of(obj.source, obj.name, start, end)
            results = []
            for result in steps.ingest(platform.paths, obj, days, plan.run_id):
                results.append(result)
                if start is None:
                    context.log_event(
                        dg.AssetMaterialization(key, partition=result.dt.isoformat(), metadata=_metadata([result]))
                    )
                if result.message:
                    context.log.warning(result.message)
            told = raw_version(platform.paths, obj.source, obj.name, plan.as_of, obj.fingerprint)
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(results), data_version=dg.DataVersion(told))
            yield from _checks(platform, obj, results)

    return assets


CHECKS = {
    "files_readable": "Every delivered file could be read; an unreadable one is named and nothing of it is loaded.",
    "schema": "No declared field went missing or changed its type; fields that nobody declared are named.",
    "error_budget": "No file refused more rows than the contract's error budget.",
    "expectations": "Great Expectations suite of the contract over the delivered batch.",
}


def _checks(
    platform: PlatformResource, obj: ObjectContract, results: Sequence[IngestResult]
) -> Iterator[dg.AssetCheckResult]:
    """Verdicts on this run's batches. None blocks: a bad file never stops the others, and what was refused is kept."""
    key = raw_key(obj)
    failed = [f.file for r in results for f in r.failed_files]
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="files_readable",
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(f"{f.file}: {f.message}" for r in results for f in r.failed_files) or None,
        metadata={"files": failed},
    )
    drift = [d for r in results for d in r.drift]
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="schema",
        passed=not any(d.is_error for d in drift),
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(dict.fromkeys(d.message for d in drift if d.is_error)) or None,
        metadata={
            "missing": sorted({d.field for d in drift if d.kind == MISSING}),
            "retyped": sorted({d.field for d in drift if d.kind == RETYPED}),
            "new": sorted({d.field for d in drift if d.kind == NEW}),
            "messages": list(dict.fromkeys(d.message for d in drift)),
        },
    )
    beyond = [f for r in results for f in r.files if f.status == "over_budget"]
    over = [f.file for f in beyond]
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="error_budget",
        passed=not over,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(f"{f.file}: {f.message}" for f in beyond) or None,
        metadata={"files": over, "budget": obj.error_budget},
    )
    days = sorted({r.dt for r in results})
    verdicts = []
    if days:
        record_metrics(platform.paths, obj, days)
        verdicts = check_object(platform.paths, obj, days)
        record_checks(platform.paths, obj, days, platform.plan.run_id, verdicts)
    broken = [v for v in verdicts if not v.passed]
    errors = any(v.severity == "error" for v in broken)
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="expectations",
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        metadata={
            "evaluated": len(verdicts),
            "days": len(days),
            "failed_expectations": len(broken),
            "unexpected_rows": sum(v.unexpected for v in broken),
            "failed": {v.name: v.message for v in broken},
        },
    )


def _spec(source: SourceContract, obj: ObjectContract) -> dg.AssetSpec:
    fields = {f.name: f for f in obj.fields}
    columns = []
    for name, kind in raw_schema(obj):
        field = fields.get(name)
        tags = {"tag": field.tag, "personal": "true" if field.personal else None, "kind": field.kind} if field else {}
        columns.append(
            dg.TableColumn(
                name,
                kind,
                description=field.description or None if field else None,
                constraints=dg.TableColumnConstraints(nullable=not (field and field.required)),
                tags={k: v for k, v in tags.items() if v},
            )
        )
    return dg.AssetSpec(
        raw_key(obj),
        group_name=source.source,
        description=obj.description or source.title,
        owners=[f"team:{source.owner}"],
        kinds={"duckdb", "parquet"},
        code_version=obj.fingerprint,
        metadata={
            "dagster/column_schema": dg.TableSchema(columns=columns),
            "delivery": obj.delivery,
            "key": ", ".join(obj.key),
            "contract": obj.fingerprint,
        },
    )


def _range(context: dg.AssetExecutionContext) -> tuple[date | None, date | None]:
    if context.has_partition_key_range:
        chosen = context.partition_key_range
        return date.fromisoformat(chosen.start), date.fromisoformat(chosen.end)
    if context.has_partition_key:
        only = date.fromisoformat(context.partition_key)
        return only, only
    return None, None


def _metadata(results: Sequence[IngestResult]) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    for result in results:
        for reason, rows in result.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + rows
    return {
        "days": len(results),
        "files": sum(len(r.files) for r in results),
        "rows_delivered": sum(r.delivered for r in results),
        "dagster/row_count": sum(r.loaded for r in results),
        "rows_quarantined": sum(r.quarantined for r in results),
        "quarantined_by_reason": reasons,
        "undeclared_fields": _undeclared(results),
    }


def _undeclared(results: Sequence[IngestResult]) -> dict[str, int]:
    """Records by field that the contract does not know, whose values are kept in ``_extra``."""
    fields: dict[str, int] = {}
    for result in results:
        for name, rows in result.extra_fields.items():
            fields[shown_name(name)] = fields.get(shown_name(name), 0) + rows
    return fields
