"""Runs in Feast's environment: a feature store over SQLite, and its Python SDK's reads, measured.

    python feast_store.py build REPOSITORY FEATURES.parquet
    python feast_store.py measure REPOSITORY FEATURES.parquet

FEATURES.parquet has profile_id, event_timestamp and one column for each feature. `build` applies an entity, a feature
view and two feature services (`all` features, and `ten` of them) and materialises the view into SQLite with Feast's own
`materialize`. `measure` prints JSON: milliseconds of CPU time of one call of get_online_features(…).to_dict(), by
service and number of ids. The registry is a local file that is read once.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Bool, Float64, Int64, String, UnixTimestamp

STORE = """project: bench
provider: local
registry:
  registry_type: file
  path: registry.db
  cache_ttl_seconds: 0
online_store:
  type: sqlite
  path: online.db
entity_key_serialization_version: 3
"""
ROUNDS = 5


def type_of(stored: pa.DataType) -> Any:
    """Feast's type of a column."""
    if pa.types.is_boolean(stored):
        return Bool
    if pa.types.is_integer(stored):
        return Int64
    if pa.types.is_floating(stored):
        return Float64
    return UnixTimestamp if pa.types.is_temporal(stored) else String


def build(repository: Path, parquet: Path) -> None:
    """Make the repository and fill its online store."""
    repository.mkdir(parents=True)
    (repository / "feature_store.yaml").write_text(STORE, encoding="utf-8")
    fields = [
        Field(name=column.name, dtype=type_of(column.type))
        for column in pq.read_schema(parquet)
        if column.name not in ("profile_id", "event_timestamp")
    ]
    profile = Entity(name="profile", join_keys=["profile_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name="profile_features",
        entities=[profile],
        ttl=timedelta(0),
        schema=fields,
        source=FileSource(path=str(parquet), timestamp_field="event_timestamp"),
        online=True,
    )
    ten = [field.name for field in fields[:10]]
    store = FeatureStore(repo_path=str(repository))
    services = [FeatureService(name="all", features=[view]), FeatureService(name="ten", features=[view[ten]])]
    store.apply([profile, view, *services])
    first = datetime(2000, 1, 1, tzinfo=UTC)
    store.materialize(start_date=first, end_date=datetime.now(UTC) + timedelta(days=1))


def measure(repository: Path, parquet: Path) -> dict[str, dict[str, float]]:
    """CPU milliseconds of one call, the best of some rounds, by service and number of ids."""
    ids: list[str] = pq.read_table(parquet, columns=["profile_id"])[0].to_pylist()
    store = FeatureStore(repo_path=str(repository))
    choose = random.Random(7)  # noqa: S311
    costs: dict[str, dict[str, float]] = {}
    for name in ("ten", "all"):
        service = store.get_feature_service(name)
        for count, calls in ((1, 100), (100, 4)):
            best = float("inf")
            for _ in range(ROUNDS):
                batches = [[{"profile_id": one} for one in choose.sample(ids, count)] for _ in range(calls)]
                started = time.process_time()
                for rows in batches:
                    answer = store.get_online_features(features=service, entity_rows=rows).to_dict()
                best = min(best, (time.process_time() - started) / calls)
            missing = sum(
                value is None for name, values in answer.items() if name.startswith("count") for value in values
            )
            if missing:
                raise SystemExit(f"{missing} values are missing in Feast's online store")
            costs.setdefault(name, {})[str(count)] = best * 1000
    return costs


def main() -> None:
    """Build or measure."""
    command, repository, parquet = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if command == "build":
        build(repository, parquet)
    else:
        json.dump(measure(repository, parquet), sys.stdout)


if __name__ == "__main__":
    main()
