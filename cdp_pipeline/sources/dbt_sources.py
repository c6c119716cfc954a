"""dbt's view of the contracts: one sources YAML per source system and the seed of their defaults.

The committed files are generated; ``python -m cdp_pipeline.sources.dbt_sources`` writes them again after a
contract changed, and a test holds them equal.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import yaml

CONTRACTS = Path(__file__).parent / "contracts"
PROJECT = Path(__file__).parents[2] / "dbt_project"

RAW_LOCATION = (
    "read_parquet('{{{{ var(\"lake\") }}}}/raw/{source}/{{name}}/*/*.parquet', "
    "union_by_name = true, hive_partitioning = false)"
)
DATA_TYPES = {
    "string": "varchar",
    "text": "varchar",
    "json": "varchar",
    "integer": "bigint",
    "decimal": "decimal(18,4)",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_us": "timestamp",
}
INGEST_COLUMNS = [
    ("_file", "varchar", "Path of the delivered file below landing/."),
    ("_line", "bigint", "1-based line or record number in the file."),
    ("_batch_id", "varchar", "The ingest batch that read the row."),
    ("_extra", "varchar", "JSON text of fields that the contract does not know."),
    ("_dt", "date", "Day of delivery."),
]


def load_raw_contracts(folder: Path = CONTRACTS) -> list[dict[str, Any]]:
    """The contract files as plain mappings, ordered by source name."""
    contracts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml"))]
    return sorted(contracts, key=lambda contract: str(contract["source"]))


def sources_yaml(contract: dict[str, Any]) -> str:
    """Text of ``_<source>__sources.yml`` for one contract: a dbt source with one table per object."""
    tables = [
        {
            "name": name,
            "description": spec["description"],
            "config": {"meta": {"delivery": spec["delivery"], "key": spec["key"]}},
            "columns": [_column(field, rule) for field, rule in spec["fields"].items()]
            + [{"name": name, "data_type": kind, "description": text} for name, kind, text in INGEST_COLUMNS],
        }
        for name, spec in contract["objects"].items()
    ]
    source = {
        "name": contract["source"],
        "description": f"{contract['title']}: raw rows as the contract types them.",
        "config": {
            "meta": {
                "owner": contract["owner"],
                "external_location": RAW_LOCATION.format(source=contract["source"]),
            }
        },
        "tables": tables,
    }
    body = yaml.safe_dump(
        {"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=False
    )
    head = "# Generated from the contract by cdp_pipeline.sources.dbt_sources; change the contract instead.\n"
    return head + body


def source_systems_csv(contracts: list[dict[str, Any]]) -> str:
    """Text of the seed ``source_systems.csv``: source, title, owner, default_region, timezone."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ["source", "title", "owner", "default_region", "timezone"]
    writer.writerow(columns)
    writer.writerows([contract[column] for column in columns] for contract in contracts)
    return out.getvalue()


def generated_files(project: Path = PROJECT, contracts_folder: Path = CONTRACTS) -> dict[Path, str]:
    """Every generated file of the dbt project with the text it must hold."""
    contracts = load_raw_contracts(contracts_folder)
    files = {
        project / "models" / "staging" / contract["source"] / f"_{contract['source']}__sources.yml": sources_yaml(
            contract
        )
        for contract in contracts
    }
    files[project / "seeds" / "source_systems.csv"] = source_systems_csv(contracts)
    return files


def write_sources(project: Path = PROJECT, contracts_folder: Path = CONTRACTS) -> list[Path]:
    """Write every generated file; returns the paths whose text changed."""
    changed = []
    for path, text in generated_files(project, contracts_folder).items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        changed.append(path)
    return changed


def _column(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    meta = {key: rule[key] for key in ("tag", "kind", "namespace", "personal") if key in rule}
    column: dict[str, Any] = {"name": name, "data_type": DATA_TYPES[rule["type"]]}
    return {**column, "config": {"meta": meta}} if meta else column


if __name__ == "__main__":
    write_sources()
