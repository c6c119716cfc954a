"""The asset graph as a reviewed snapshot; ``python tests/defs/test_graph.py`` writes it anew for a person to read."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

SNAPSHOT = Path(__file__).parent / "asset_graph.txt"
# Models inside dbt are dbt's own matter; the snapshot holds what crosses a boundary.
INNER = ("staging", "intermediate", "marts_staging", "marts_intermediate")


def graph_lines(definitions: dg.Definitions) -> list[str]:
    """One line per asset: key, group, kinds, partitions, pool, blocking and other checks, upstream outside dbt."""
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.executable_asset_keys):
        if key.path[0] in INNER:
            continue
        node = graph.get(key)
        definition = node.assets_def
        is_dbt = definition.op.name.startswith("dbt_")
        checks = [] if is_dbt else sorted(definition.check_specs_by_output_name.values(), key=lambda spec: spec.name)
        own = [f"{spec.name}{'!' if spec.blocking else ''}" for spec in checks if spec.asset_key == key]
        upstream = sorted(parent.to_user_string() for parent in node.parent_keys if parent.path[0] not in INNER)
        if len(upstream) > 6:
            upstream = [f"{len(upstream)} of {', '.join(sorted({name.split('/')[0] for name in upstream}))}"]
        parts = {
            "group": node.group_name,
            "kinds": ",".join(sorted(node.kinds)),
            "by": "day" if node.partitions_def else "",
            "pool": ",".join(sorted(node.pools or ())),
            "checks": ",".join(own),
            "from": ", ".join(upstream) if not is_dbt or key.path[0] != "core" else "",
        }
        lines.append(" | ".join([key.to_user_string(), *(f"{name}={value}" for name, value in parts.items() if value)]))
    return lines


def test_graph_is_the_reviewed_one(definitions: dg.Definitions) -> None:
    assert graph_lines(definitions) == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_every_asset_is_described_and_owned(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    bare = [
        key.to_user_string()
        for key in graph.executable_asset_keys
        if key.path[0] not in INNER and not (graph.get(key).description and graph.get(key).owners)
    ]
    assert bare == []


def test_a_range_is_one_run(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    partitioned = [graph.get(key) for key in graph.executable_asset_keys if graph.get(key).partitions_def]
    assert {node.key.path[0] for node in partitioned} == {"raw"}
    assert all(node.backfill_policy == dg.BackfillPolicy.single_run() for node in partitioned)


def test_contract_columns_are_metadata(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(dg.AssetKey(["raw", "shopify", "customers"]))
    columns = {column.name: column for column in node.metadata["dagster/column_schema"].columns}
    assert columns["customer_id"].tags == {"tag": "PK"}
    assert not columns["customer_id"].constraints.nullable
    assert columns["email"].tags == {"tag": "ID", "kind": "email", "personal": "true"}
    assert columns["_line"].type == "BIGINT"


if __name__ == "__main__":
    from cdp_pipeline import steps
    from cdp_pipeline.defs.build import build_defs
    from cdp_pipeline.settings import Settings

    steps.ensure_manifest()
    SNAPSHOT.write_text("\n".join(graph_lines(build_defs(settings=Settings()))) + "\n", encoding="utf-8")
