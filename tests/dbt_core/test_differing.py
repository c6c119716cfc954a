"""The incremental strategy `differing` leaves a table as its query makes it, and writes only rows that differ."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest

from cdp_pipeline import steps, warehouse
from cdp_pipeline.core_graph import core_graph

MACROS = warehouse.PROJECT / "macros"
STANDS = [("a", 1, None, "shop"), ("b", 2, "x", "shop"), ("c", None, None, "till"), ("d", 4, "x", "till")]


class Relation(SimpleNamespace):
    """What of dbt's relations the macro asks for."""

    def incorporate(self, path: dict[str, str]) -> Relation:
        return Relation(identifier=path["identifier"])

    def __str__(self) -> str:
        return str(self.identifier)


def statements(told: dict[str, Any] | None) -> list[str]:
    """What a build runs that is told of its sources (`told_parts`)."""
    text = (MACROS / "differing.sql").read_text(encoding="utf-8")
    by_source = (MACROS / "by_source.sql").read_text(encoding="utf-8")
    text += by_source[by_source.index("{% macro quoted_names") :] + "{{ get_incremental_differing_sql(arguments) }}"
    template = jinja2.Environment(autoescape=False).from_string(text)  # noqa: S701 (SQL, no page)
    columns = [SimpleNamespace(quoted=f'"{name}"') for name in ("key", "amount", "note", "source")]
    arguments = {
        "target_relation": Relation(identifier="stands"),
        "temp_relation": Relation(identifier="made"),
        "dest_columns": columns,
    }
    return str(template.render(told_parts=lambda: told, arguments=arguments)).split(";")


def run(made: list[tuple[Any, ...]], told: dict[str, Any] | None = None) -> tuple[list[tuple[Any, ...]], int, int]:
    """The table afterwards, and how many rows left and came."""
    with duckdb.connect() as con:
        for name in ("stands", "made"):
            con.execute(f"create table {name} (key varchar, amount integer, note varchar, source varchar)")
        for name, rows in (("stands", STANDS), ("made", made)):
            if rows:
                con.executemany(f"insert into {name} values (?, ?, ?, ?)", rows)
        counts = [con.execute(statement).fetchall() for statement in statements(told)]
        assert con.execute("select table_name from duckdb_tables()").fetchall() == [("stands",)]
        return con.execute("from stands order by all").fetchall(), counts[1][0][0], counts[2][0][0]


@pytest.mark.parametrize(
    ("made", "left", "came"),
    [
        (STANDS, 0, 0),
        (STANDS[::-1], 0, 0),
        ([], 4, 0),
        # one changed, one gone, one new; a missing value is no zero and no empty text
        ([STANDS[0], ("b", 3, "x", "shop"), STANDS[2], ("e", 5, None, "till")], 2, 2),
        ([STANDS[0], STANDS[1], ("c", 0, None, "till"), STANDS[3]], 1, 1),
        ([("a", 1, "", "shop"), *STANDS[1:]], 1, 1),
    ],
)
def test_only_rows_that_differ_are_written(made: list[tuple[Any, ...]], left: int, came: int) -> None:
    rows, gone, new = run(made)
    assert rows == sorted(made)
    assert (gone, new) == (left, came)


def test_rows_of_sources_that_stand_stay() -> None:
    made = [STANDS[0], ("e", 5, None, "web")]
    assert run(made, {"remade": ["shop"], "grown": {"web": "2025-01-01"}}) == (
        [*(STANDS[:1]), *STANDS[2:], made[1]],
        1,
        1,
    )
    # where none is made again, rows are added
    assert run(made[1:], {"remade": [], "grown": {"web": "2025-01-01"}}) == ([*STANDS, made[1]], 0, 1)


def test_rows_of_such_tables_are_told_apart_and_their_types_are_enforced() -> None:
    """By a test of a key, as two rows alike have one hash, and by a contract, as types are not compared."""
    steps.ensure_manifest()
    manifest = warehouse.PROJECT / "target" / "manifest.json"
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    differing = core_graph(manifest).differing
    assert "model.cdp.customer_records" in differing and "model.cdp.interactions" in differing
    for node in differing:
        assert nodes[node]["config"]["contract"]["enforced"]
        tests = [n for n in nodes.values() if n["resource_type"] == "test" and n.get("attached_node") == node]
        assert {"unique", "unique_together"} & {n["test_metadata"]["name"] for n in tests if n.get("test_metadata")}
