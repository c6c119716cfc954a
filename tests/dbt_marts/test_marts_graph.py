"""What the text of a model says about the day: which models are made again because a day passes, and which are not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.marts_graph import Mart, marts_graph

MACROS = {
    "as_of_value": "{% macro as_of_value() %}{{ env_var('CDP_AS_OF') }}{% endmacro %}",
    "as_of_end": "{% macro as_of_end() %}timestamp '{{ as_of_value() }}' + interval 1 day{% endmacro %}",
    "known_by": "{% macro known_by(moment) %}{{ moment }} < {{ as_of_end() }}{% endmacro %}",
    "by_change": "{% macro by_change() %}{{ return(env_var('CDP_MARTS') == 'changes') }}{% endmacro %}",
    "fingerprints": "{% macro fingerprints(query) %}{% if by_change() %}{{ this }}{% endif %}{% endmacro %}",
    "acts": "{% macro acts(relation) %}select * from {{ relation }} where {{ known_by('acts.at') }}{% endmacro %}",
    "recent": "{% macro recent(relation) %}select * from {{ relation }} where at > {{ as_of_end() }}{% endmacro %}",
    "both": "{% macro both(relation, query) %}{{ query(relation) }}{% endmacro %}",
}


@pytest.fixture
def mart_of(tmp_path: Path) -> Any:
    """Reads one model of the marts from its SQL and configuration."""

    def read(sql: str, **config: Any) -> Mart:
        return _read(tmp_path, {"one": (sql, config)})["model.cdp.one"]

    return read


def _read(folder: Path, models: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Mapping[str, Mart]:
    nodes = {
        f"model.cdp.{name}": {
            "unique_id": f"model.cdp.{name}",
            "resource_type": "model",
            "name": name,
            "alias": name,
            "schema": "marts_intermediate",
            "tags": ["marts"],
            "raw_code": sql,
            "depends_on": {"nodes": ["model.cdp.interactions"]},
            "config": {"materialized": "table", "meta": {}, **config},
        }
        for name, (sql, config) in models.items()
    }
    macros = {n: {"name": n, "package_name": "cdp", "macro_sql": sql} for n, sql in MACROS.items()}
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": nodes, "macros": macros, "sources": {}}), encoding="utf-8")
    return marts_graph(path).marts


@pytest.mark.parametrize(
    ("sql", "is_dated", "guards"),
    [
        ("select * from {{ ref('interactions') }}", False, ()),
        ("select * from t where {{ known_by('t.at') }}", False, ("t.at",)),
        ("{{ acts(ref('interactions')) }}", False, ("acts.at",)),
        ("{{ both(ref('interactions'), acts) }}", False, ("acts.at",)),
        ("select at - {{ as_of_end() }} from t where {{ known_by('t.at') }}", True, ("t.at",)),
        ("{{ recent(ref('interactions')) }}", True, ()),
        ("{{ both(ref('interactions'), recent) }}", True, ()),
        ("{% for at in ['a', 'b'] %}{{ known_by(at) }}{% endfor %}", True, ()),
        ("select '{{ var('as_of') }}'", True, ()),
        ("{# not as_of_end() #} select 1", False, ()),
    ],
)
def test_a_day_decides_what_names_it_otherwise_than_by_a_guard(
    mart_of: Any, sql: str, is_dated: bool, guards: tuple[str, ...]
) -> None:
    mart = mart_of(sql)
    assert (mart.is_dated, mart.guards, mart.is_restless) == (is_dated, guards, False)


def test_a_hook_is_read_like_the_model(mart_of: Any) -> None:
    hook = {"pre-hook": [{"sql": "delete from {{ this }} where at < {{ as_of_end() }}"}]}
    assert mart_of("select 1", **hook).is_dated


@pytest.mark.parametrize(
    "sql", ["select '{{ env_var('CDP_X') }}'", "select now()", "select current_date", "select random()"]
)
def test_what_every_build_gives_anew_is_made_in_every_build(mart_of: Any, sql: str) -> None:
    assert mart_of(sql).is_restless


def test_a_table_of_changes_says_how_it_looks_when_nothing_changed(mart_of: Any) -> None:
    sql = "select {{ 'is_changed' if by_change() else 'true' }} from t"
    assert mart_of(sql).is_restless, "a table that nobody has said this of is made in every build"
    assert not mart_of(sql, materialized="incremental").is_restless
    empty = mart_of(sql, meta={"at_rest": "empty"})
    assert (empty.at_rest, empty.is_restless) == ("empty", False)
    assert mart_of("{{ fingerprints('select 1') }}", meta={"at_rest": "empty"}).at_rest == "fingerprints"
    assert mart_of(sql, meta={"at_rest": "before = now"}).at_rest == ("before", "now")
    with pytest.raises(ValueError, match="meta at_rest of one is 'full'"):
        mart_of(sql, meta={"at_rest": "full"})


def test_a_table_that_is_read_as_the_last_build_left_it_counts_as_read(tmp_path: Path) -> None:
    before = "{% set before = this.incorporate(path={'identifier': 'visits'}) %} select * from {{ before }}"
    marts = _read(tmp_path, {"changed": (before, {}), "visits": ("select {{ as_of_end() }} as at", {})})
    assert marts["model.cdp.changed"].before == {"model.cdp.visits"}
