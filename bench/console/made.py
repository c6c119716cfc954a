"""A made-up warehouse of any size with every published table, for measuring pages: set-based, from a seed of hashes.

The shapes are those of the marts of a real run: three records and eight identifiers for a profile, ten interactions,
twenty segments, a month of membership moves, one doubtful pair for four profiles.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from profiles import GateBounds, publish

AS_OF = date(2026, 6, 30)

_SQL = Path(__file__).with_name("made.sql")
_GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas", "wei", "fang"]
_FAMILY = [
    "abelard",
    "brandt",
    "castellan",
    "dorfmann",
    "wang",
    "zhang",
    "li",
    "ortiz",
    "silva",
    "novak",
    "haas",
    "kim",
]


def make_home(home: Path, profiles: int, *, features: int = 90, interactions: int = 10, memory: str = "6GB") -> None:
    """Write ``warehouse.duckdb`` below `home` and publish it as a first snapshot."""
    home.mkdir(parents=True, exist_ok=True)
    warehouse = home / "warehouse.duckdb"
    columns = ", ".join(f"(hash(i, {100 + n}) % 1000)::DOUBLE / 10 AS feature_{n}" for n in range(features))
    values: dict[str, object] = {
        "given": _GIVEN,
        "family": _FAMILY,
        "profiles": profiles,
        "interactions": interactions,
        "as_of": AS_OF,
    }
    with duckdb.connect(str(warehouse)) as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute("SET memory_limit = $memory", {"memory": memory})
        for statement in _SQL.read_text(encoding="utf-8").replace("{features}", columns).split(";\n"):
            if statement.strip():
                con.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})
    publish(
        home,
        warehouse=warehouse,
        as_of=AS_OF,
        run_id="made",
        generation=1,
        model_version="m1",
        inputs_fingerprint="made",
        gate=GateBounds(expected_records=3 * profiles, ingest_reconciled=True),
    )
