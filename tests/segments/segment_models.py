"""The segment models of the dbt project as plain SQL on a DuckDB in memory: their Jinja and macros, without dbt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import duckdb
from jinja2 import Environment

from cdp_pipeline.segments import PROJECT, Segment, compile_segments
from cdp_pipeline.warehouse import HISTORY_TABLES

MACROS = ("marts/as_of.sql", "marts/segments.sql")
ANY_DAY = date(1999, 9, 9)
FOLDERS = ("segments", "intermediate/segments", "staging")
# In the order in which they build on each other.
MODELS = (
    "seg_definition",
    "stg_history__segment_membership",
    "stg_history__segment_events",
    "stg_history__segment_versions",
    "stg_history__profile_event_runs",
    "int_segment_schedule",
    "int_segment_profiles_touched",
    "int_segment_evaluations",
    "seg_current",
    "seg_membership",
    "seg_events",
    "seg_versions",
)
PUBLISHED = {"segment_membership": "seg_membership", "segment_events": "seg_events", "segment_versions": "seg_versions"}


def render_model(text: str, as_of: date) -> str:
    """A model's SQL over tables named as the models are."""
    variables = {"segment_event_days": 400, "segment_erased_days": 30}
    environment = Environment()  # noqa: S701 — renders SQL, as dbt does
    environment.globals |= {
        "var": lambda name: variables[name],
        "ref": lambda name: name,
        "source": lambda schema, table: f"{schema}_{table}",
        "config": lambda **_: "",
        "return": lambda value: value,
    }
    macros = "\n".join((PROJECT / "macros" / name).read_text(encoding="utf-8") for name in MACROS)
    # dbt's return() ends a macro, which plain Jinja cannot: the last definition of a name holds
    macros += f"{{% macro as_of_value() %}}{as_of.isoformat()}{{% endmacro %}}"
    module = environment.from_string(macros).module
    names = [name for name in dir(module) if not name.startswith("_")]
    environment.globals |= {name: getattr(module, name) for name in names}
    return environment.from_string(text).render()


def model_text(name: str, segments: Sequence[Segment]) -> str:
    """A model as it stands in the project, or as `segments` compile to it."""
    compiled = compile_segments(segments)
    if name in compiled:
        return compiled[name]
    (path,) = [path for folder in FOLDERS for path in (PROJECT / "models/marts" / folder).glob(f"{name}.sql")]
    return path.read_text(encoding="utf-8")


def create_history(con: duckdb.DuckDBPyConnection) -> None:
    """The hand-over files of a home without a snapshot, as tables."""
    for table, (_, columns) in HISTORY_TABLES.items():
        con.execute(f"create table history_{table} ({', '.join(f'{n} {kind}' for n, kind in columns.items())})")


@lru_cache(maxsize=32)
def models_sql(segments: tuple[Segment, ...]) -> str:
    """Statements that build all segment models as tables, as of the day ANY_DAY; rendering them takes a while."""
    return ";\n".join(
        f"create or replace table {name} as {render_model(model_text(name, segments), ANY_DAY)}" for name in MODELS
    )


def build(con: duckdb.DuckDBPyConnection, segments: Sequence[Segment], as_of: date) -> None:
    """Build all segment models as tables."""
    con.execute(models_sql(tuple(segments)).replace(ANY_DAY.isoformat(), as_of.isoformat()))


def publish(con: duckdb.DuckDBPyConnection) -> None:
    """What `export_history` would carry over from a snapshot of what was built."""
    for table, model in PUBLISHED.items():
        columns = ", ".join(HISTORY_TABLES[table][1])
        con.execute(f"create or replace table history_{table} as select {columns} from {model}")
    con.execute(
        "create or replace table history_profile_event_runs as select distinct run_id from stg_identity__profile_events"
    )
