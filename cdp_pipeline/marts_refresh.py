"""Whether the marts are made again whole or by change, and the mark that tells a finished build from a broken-off one.

What changed is found by the models themselves, from content (``macros/marts/by_change.sql``). They compare with what
the last complete build left in the warehouse, so this module only has to know that there was one, of this very
warehouse, by the same code and not of a later day; in any other case everything is made again. The mark also tells what
that build was made from: models under which nothing changed since are left out (`marts_plan`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.marts_plan import MartsPlan, bring_to_rest, facts_of, plan_marts

MARTS = "tag:marts"
# Selections that hold no mart.
BESIDE_MARTS = ("tag:core", "path:seeds")
BUILD_TABLE = "marts_intermediate.int_marts_build"


@dataclass(frozen=True)
class Refresh:
    """How one dbt call makes the marts: `mode` is ``changes``, ``everything`` or ``none``, and why. `plan` tells which
    models a build of changes makes, None for all; `facts` what the marts are made from."""

    mode: str
    reason: str
    build_id: str = ""
    plan: MartsPlan | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_refresh(self) -> bool:
        """Does dbt get ``--full-refresh``?"""
        return self.mode == "everything"

    def environment(self) -> dict[str, str]:
        """What the models read of it (macro `by_change`, model `int_marts_build`)."""
        return {"CDP_MARTS": "changes" if self.mode == "changes" else "all", "CDP_MARTS_BUILD": self.build_id}


def plan_refresh(
    home: Home, as_of: date, command: str, selectors: Sequence[str] | None, *, full: bool, engine: str = "duckdb"
) -> Refresh:
    """Decide for one dbt call; `selectors` as dbt gets them, None for all. Reads the warehouse, writes nothing.

    Models are left out where DuckDB makes the marts and nothing else.
    """
    if command not in ("build", "run"):
        return Refresh("none", f"dbt {command} makes no mart")
    if selectors and _are_beside_marts(selectors):
        return Refresh("none", "no mart is selected")
    build_id = uuid4().hex
    if selectors and MARTS not in selectors:
        return Refresh("everything", "some marts by themselves")
    before = _read(home)
    reason = "asked for" if full else _why_everything(home, as_of, before)
    # Spark's tables have no versions
    facts = facts_of(home, before.get("facts", {})) if engine == "duckdb" else {}
    if reason:
        return Refresh("everything", reason, build_id, facts=facts)
    plan = None
    if facts and list(selectors or ()) == [MARTS]:
        last_as_of = date.fromisoformat(before["as_of"])
        plan = plan_marts(home, as_of, last_as_of, before.get("facts", {}), facts, before.get("at_rest", ()))
    return Refresh("changes", "the last build is complete", build_id, plan, facts)


@contextmanager
def building(home: Home, as_of: date, refresh: Refresh) -> Iterator[None]:
    """Around the dbt call: the mark of the last complete build goes before it and comes back after success.

    An error, a kill or a build of some marts leaves none, and the next build makes everything again.
    """
    if refresh.mode == "none":
        yield
        return
    path = _state_file(home)
    path.unlink(missing_ok=True)
    if refresh.plan is not None:
        bring_to_rest(home, refresh.plan)
    yield
    if not refresh.build_id:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    state = {
        "build_id": refresh.build_id,
        "as_of": as_of.isoformat(),
        "code": _code(home),
        "lake": str(home.lake),
        "facts": refresh.facts,
        "at_rest": refresh.plan.at_rest if refresh.plan else (),
        "rows": _rows(home),
    }
    part.write_text(json.dumps(state), encoding="utf-8")
    part.replace(path)


def _are_beside_marts(selectors: Sequence[str]) -> bool:
    """True for selectors of other parts, and for plain names of nodes that are no marts."""
    from cdp_pipeline.warehouse import PROJECT

    names = [s.rsplit(".", 1)[-1] for s in selectors if not s.startswith(BESIDE_MARTS)]
    marts = {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
    return all(name.isidentifier() and name not in marts for name in names)


def _why_everything(home: Home, as_of: date, state: Mapping[str, Any]) -> str:
    """Empty when the last build, which left `state`, can be built upon."""
    if not home.warehouse_db.exists() or not state:
        return "no complete build before"
    if state["code"] != _code(home):
        return "the project or a setting changed"
    # Views name the files of the lake by their full path: in a copy, one that is left out would go on reading the
    # original.
    if state.get("lake", str(home.lake)) != str(home.lake):
        return "the home is at another place"
    if date.fromisoformat(state["as_of"]) > as_of:
        return "the last build is of a later day"
    if _build_id(home) != state["build_id"] or _rows(home) != state.get("rows"):
        return "the warehouse is not that of the last build"
    return ""


def _build_id(home: Home) -> str | None:
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        try:
            rows = con.execute(f"SELECT build_id FROM {BUILD_TABLE}").fetchall()
        except duckdb.CatalogException:
            return None
    return str(rows[0][0]) if rows else None


def _rows(home: Home) -> dict[str, int]:
    """Rows by table of the marts: another number tells of a model that was made by hand."""
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        tables = con.execute(
            """select schema_name, table_name from duckdb_tables()
            where schema_name not in ('staging', 'intermediate', 'core') order by all"""
        ).fetchall()
        counts = " union all ".join(
            f"""select '{schema}.{table}', count(*) from "{schema}"."{table}\"""" for schema, table in tables
        )
        return {str(name): int(rows) for name, rows in con.execute(counts).fetchall()} if tables else {}


def _read(home: Home) -> dict[str, Any]:
    path = _state_file(home)
    if not path.exists():
        return {}
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return state


def _state_file(home: Home) -> Path:
    return home.root / "dbt" / "marts_build.json"


def _code(home: Home) -> str:
    """Models, macros, seeds and settings, and DuckDB, whose row hashes may differ from version to version."""
    from cdp_pipeline.inputs import code_files
    from cdp_pipeline.warehouse import PROJECT, dbt_vars

    # A home that moved has a reason of its own.
    settings = {name: value for name, value in dbt_vars(home).items() if not Path(value).is_absolute()}
    digest = hashlib.sha256(f"{duckdb.__version__}\n{json.dumps(settings, sort_keys=True)}".encode())
    for path in code_files(PROJECT):
        digest.update(f"\n{path.relative_to(PROJECT).as_posix()}\t".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
