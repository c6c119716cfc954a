"""The dbt models as assets: one Dagster step up to the core tables, one for the marts."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from cdp_pipeline import core_build, made_from, steps, warehouse
from cdp_pipeline.defs.guard import guarded
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.marts_graph import marts_graph
from cdp_pipeline.marts_refresh import MARTS, plan_refresh
from cdp_pipeline.settings import Settings

WAREHOUSE_POOL = "warehouse.duckdb"
# Run tag that tells how the marts were made and why.
REFRESH_TAG = "cdp/marts"
# Under which dagster-dbt keeps the id of a node in the metadata of its asset or check.
UNIQUE_ID = "dagster_dbt/unique_id"
# dbt sources that Python assets write, table by table under the same name; every other source is a raw asset.
HANDED_OVER = ("identity", "analytics", "history", "ops")


class Translator(DagsterDbtTranslator):
    """Names dbt nodes as the rest of the graph does.

    A source table of a contract is the raw asset of that object; models are ``<schema>/<name>``, grouped by schema.
    """

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        props = dbt_resource_props
        if props["resource_type"] == "source":
            path = [props["source_name"], props["name"]]
            return dg.AssetKey(path if path[0] in HANDED_OVER else ["raw", *path])
        return dg.AssetKey([props.get("config", {}).get("schema") or "main", props.get("alias") or props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props.get("config", {}).get("schema") or "main")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return ["team:data-engineering"]


def manifest_path() -> Path:
    """The parsed dbt project. Raises FileNotFoundError with the command that builds it."""
    path = warehouse.PROJECT / "target" / "manifest.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `make setup`")
    return path


def dbt_steps(manifest: Path) -> tuple[dg.AssetsDefinition, dg.AssetsDefinition]:
    """Core and marts; both write ``warehouse.duckdb``, so they share its pool."""
    translator = Translator()

    @dbt_assets(
        manifest=manifest,
        select="tag:core",
        name="dbt_core",
        pool=WAREHOUSE_POOL,
        dagster_dbt_translator=translator,
    )
    @guarded
    def core(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        try:
            build, run = steps.build_core(platform.paths, platform.plan)
        except warehouse.DbtError as error:
            _print(error)
            if error.run is not None:
                yield from _verdicts(context, error.run)
            raise dg.Failure(str(error), allow_retries=False) from None
        yield from _built(context, build, run)

    @dbt_assets(
        manifest=manifest,
        select=MARTS,
        name="dbt_marts",
        pool=WAREHOUSE_POOL,
        dagster_dbt_translator=translator,
    )
    @guarded
    def marts(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        yield from _build(context, platform)

    return core, marts


def _built(
    context: dg.AssetExecutionContext, build: core_build.CoreBuild, run: warehouse.DbtRun | None
) -> Iterator[Any]:
    """What was built, and of what stands only the tables that other steps read: an event takes as long as a model.

    All that changed is built, also in a run of some assets only: of these alone it is reported.
    """
    context.log.info(build.reason or f"{len(build.nodes)} of {len(build.graph.tables)} nodes had changed inputs")
    for node, spec in _parents_first(context, build.graph.depths()):
        if spec.key in context.selected_asset_keys and (node in build.nodes or node in build.graph.handed_on):
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata={"unchanged": node not in build.nodes, "appended": node in build.appended},
                data_version=dg.DataVersion(build.versions[node]) if node in build.versions else None,
            )
    if run is not None:
        yield from _verdicts(context, run)
    yield from _standing_verdicts(context, run)


def _parents_first(context: dg.AssetExecutionContext, depths: Mapping[str, int]) -> list[tuple[str, dg.AssetSpec]]:
    """Ids of dbt nodes with their assets, in the order that Dagster wants them in."""
    specs = ((str(spec.metadata[UNIQUE_ID]), spec) for spec in context.assets_def.specs)
    return sorted(specs, key=lambda found: depths[found[0]])


def _standing_verdicts(
    context: dg.AssetExecutionContext, run: warehouse.DbtRun | None
) -> Iterator[dg.AssetCheckResult]:
    """Results of the blocking tests that did not run."""
    # Of a table that stands they hold as before: without them there would be no record of it.
    for check in context.assets_def.check_specs:
        ran = run is not None and (check.metadata or {})[UNIQUE_ID] in run.statuses
        if check.blocking and not ran and check.key in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(
                asset_key=check.asset_key, check_name=check.name, passed=True, metadata={"status": "unchanged"}
            )


def _verdicts(context: dg.AssetExecutionContext, run: warehouse.DbtRun) -> Iterator[dg.AssetCheckResult]:
    """Results of the dbt tests that ran."""
    for check in context.assets_def.check_specs:
        status = run.statuses.get((check.metadata or {})[UNIQUE_ID])
        if status in ("pass", "warn", "fail", "error") and check.key in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=status == "pass",
                severity=dg.AssetCheckSeverity.WARN if status == "warn" else dg.AssetCheckSeverity.ERROR,
                metadata={"status": status},
            )


def _build(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
    """Make the marts that have to be made. Of those that stand only the ones that other steps read are told.

    What dbt did is read from its artifact and not from its output, between whose lines others may stand (Java's).
    """
    home, plan, engine = platform.paths, platform.plan, Settings.from_env().engine
    selectors = _names(context) if context.is_subset else [MARTS]
    refresh = plan_refresh(home, plan.as_of, "build", selectors, full=plan.full, engine=engine)
    context.log.info(f"the marts are made by {refresh.mode}: {refresh.reason}")
    context.instance.add_run_tags(context.run_id, {REFRESH_TAG: f"{refresh.mode}: {refresh.reason}"})
    graph = refresh.plan.graph if refresh.plan else marts_graph(manifest_path())
    if refresh.plan is not None:
        context.log.info(f"{len(refresh.plan.nodes)} of {len(graph.marts)} marts had changed inputs")
    try:
        run = warehouse.run_dbt("build", selectors, home, plan.as_of, refresh=refresh, engine=engine)
    except warehouse.DbtError as error:
        _print(error)
        if error.run is not None:
            yield from _verdicts(context, error.run)
        raise dg.Failure(str(error), allow_retries=False) from None
    made_from.note(home, "marts", "" if context.is_subset else plan.inputs)
    for node, spec in _parents_first(context, graph.depths()):
        is_made = node in run.statuses
        if spec.key in context.selected_asset_keys and (is_made or is_handed_on(spec.key)):
            seconds = {"Execution Duration": run.seconds[node]} if node in run.seconds else {}
            yield dg.MaterializeResult(asset_key=spec.key, metadata={"unchanged": not is_made, **seconds})
    yield from _verdicts(context, run)
    yield from _standing_verdicts(context, run)


def _print(error: warehouse.DbtError) -> None:
    """A line for each failed node into the output of the step, where there is room for some hundred of them."""
    print("\n".join(error.faults), flush=True)


def _names(context: dg.AssetExecutionContext) -> list[str]:
    """Names of the models and tests that a run of some assets or checks asks for."""
    asked = [spec.metadata[UNIQUE_ID] for spec in context.assets_def.specs if spec.key in context.selected_asset_keys]
    asked += [
        (check.metadata or {})[UNIQUE_ID]
        for check in context.assets_def.check_specs
        if check.key in context.selected_asset_check_keys
    ]
    return sorted({str(unique_id).split(".")[2] for unique_id in asked})


def is_handed_on(mart: dg.AssetKey) -> bool:
    """Do other steps read a mart? Those of the marts' own working schemas nobody else does."""
    return not mart.path[0].startswith("marts_")
