"""Metrics declared once: what is refused, what is compiled, and who reads what."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from jinja2 import Environment

from cdp_pipeline.metrics import PROJECT, MetricError, compile_metrics, load_metrics, main, outdated

GOOD: dict[str, Any] = {
    "name": "good",
    "title": "Good",
    "description": "Share of the good.",
    "owner": "insights",
    "model": "facts",
    "time": "occurred_at",
    "kind": "share",
    "value": "is_good",
    "dimensions": {"channel": "channel"},
    "unit": "percent",
    "direction": "up",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one model and one metric."""
    (tmp_path / "models/marts/insights").mkdir(parents=True)
    (tmp_path / "models/facts.sql").write_text("select 1", encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    _write(tmp_path)
    return tmp_path


def _write(project: Path, file: str = "good.yml", **changes: object) -> None:
    document = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    (project / "metrics" / file).write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def test_committed_models_are_compiled_from_the_yaml() -> None:
    assert outdated() == {}


def test_what_a_scorecard_needs_is_declared() -> None:
    metrics = {metric.name: metric for metric in load_metrics()}
    assert {
        "first_reply_minutes", "resolution_rate", "csat", "nps", "conversion_rate", "repeat_rate", "touchpoint_cost",
        "cost_per_acquisition", "return_on_ad_spend",
    } < set(metrics)  # fmt: skip
    assert metrics["csat"].formula == "share of (is_satisfied) where score_kind = 'csat'"
    assert metrics["return_on_ad_spend"].formula.startswith("sum(revenue_amount) / sum(cost_amount) where ")


def test_compile(project: Path) -> None:
    _write(project, title="It's", profile="person_id", filter="amount > 0")
    models = compile_metrics(load_metrics(project))
    assert "'It''s'" in models["metrics"]
    assert "coalesce(channel, 'unknown') as channel" in models["metric_values"]
    assert "where amount > 0" in models["metric_values"]
    assert models["metric_values"].count("group by grouping sets") == 1
    assert "on facts.person_id = members.member_id" in models["int_metric_segments"]
    assert models["int_metric_segments"].count("group by grouping sets") == 1
    fingerprint = models["int_metric_quarters_changed"]
    assert '"(amount > 0)"' in fingerprint and "\"coalesce(channel, 'unknown')\"" in fingerprint


def test_metrics_that_know_no_people_have_no_values_by_segment(project: Path) -> None:
    _write(project)
    models = compile_metrics(load_metrics(project))
    assert "grouping sets" not in models["int_metric_segments"]
    assert "cast(0 as bigint) as n" in models["int_metric_segments"]


def test_sums_do_not_depend_on_the_order_of_the_rows(project: Path) -> None:
    """Marts made by change hold the same rows in another order than those made anew."""
    _write(project, kind="mean", value="amount", profile=None)
    model = compile_metrics(load_metrics(project))["metric_values"]
    body = model.partition("with counted as (")[2].partition(")\n\n{{ metric_values_of")[0]
    jinja = Environment()  # noqa: S701  -- SQL, not HTML
    macros: Any = jinja.from_string((PROJECT / "macros/marts/scores.sql").read_text(encoding="utf-8")).module
    said = {"ref": lambda name: name, "by_change": lambda: False, "steady": macros.steady}
    counted = jinja.from_string(body).render(said)
    sums = set()
    for amounts in ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]):
        with duckdb.connect() as con:
            con.execute("create table facts (occurred_at timestamp, channel varchar, amount double)")
            con.executemany("insert into facts values ('2025-03-01', 'store', $1)", [[amount] for amount in amounts])
            sums |= {total for (total,) in con.execute(f"select numerator from ({counted})").fetchall()}
    assert sums == {0.6}


def test_write_and_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "--project", str(project)]) == 1
    assert main(["--project", str(project)]) == 0
    assert main(["--check", "--project", str(project)]) == 0
    _write(project, kind="guess")
    capsys.readouterr()
    assert main(["--project", str(project)]) == 2
    assert capsys.readouterr().err == "good.yml: kind must be one of share, mean, median, sum, ratio\n"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "fact"}, "good.yml: no dbt model 'fact', did you mean 'facts'?"),
        ({"owner": None}, "good.yml: owner is missing"),
        ({"kind": "ratio"}, "good.yml: numerator is missing"),
        ({"unit": "euro"}, "good.yml: unit must be one of"),
        ({"direction": "left"}, "good.yml: direction must be one of up, down"),
        ({"colour": "red"}, "good.yml: unknown field 'colour'"),
        ({"scale": "100"}, "good.yml: scale must be a whole number"),
        ({"value": "is_good; drop table x"}, "good.yml: value must be one expression without semicolons or comments"),
        ({"value": "is_good from other"}, "good.yml: value must be one expression and nothing else"),
        ({"value": "is_good +"}, "good.yml: value is no SQL expression"),
        ({"filter": "{{ x }}"}, "good.yml: braces are dbt's"),
        ({"dimensions": {"colour": "colour"}}, "good.yml: dimensions must be of channel, touchpoint"),
        ({"name": "other"}, "good.yml: holds metric other; file and name must agree"),
    ],
)
def test_a_wrong_file_is_refused_with_one_line(project: Path, changes: dict[str, object], message: str) -> None:
    _write(project, **changes)
    with pytest.raises(MetricError) as refused:
        load_metrics(project)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_broken_yaml_and_an_empty_folder(project: Path) -> None:
    (project / "metrics/good.yml").write_text("name: [", encoding="utf-8")
    with pytest.raises(MetricError, match=r"good.yml: line \d+ not valid YAML"):
        load_metrics(project)
    (project / "metrics/good.yml").unlink()
    with pytest.raises(MetricError, match="no metric file"):
        load_metrics(project)


def _documents() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in (PROJECT / "models").rglob("*.yml")]


def test_every_published_column_is_described() -> None:
    """Models of the published schemas: each declared column has a type and a text; contracts hold them to the SQL."""
    published = {
        path.stem
        for folder in ("profiles", "segments", "features", "insights", "quality")
        for path in (PROJECT / "models/marts" / folder).glob("*.sql")
    }
    described = {}
    for document in _documents():
        for model in document.get("models", []):
            if model["name"] in published:
                described[model["name"]] = model
    assert set(described) == published
    for name, model in described.items():
        assert model.get("description", "").strip(), name
        assert model["columns"], name
        for column in model["columns"]:
            assert column.get("data_type"), f"{name}.{column['name']}"
            assert len(column.get("description", "").strip()) >= 5, f"{name}.{column['name']}"


def test_each_consumer_declares_what_it_reads() -> None:
    exposures = {item["name"]: item for document in _documents() for item in document.get("exposures", [])}
    assert {"web_console", "http_api", "audience_exports", "feature_reads", "scorecard_dashboards"} <= set(exposures)
    models = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    for name, exposure in exposures.items():
        assert exposure["owner"]["name"], name
        refs = [ref.removeprefix("ref('").removesuffix("')") for ref in exposure["depends_on"]]
        assert refs and set(refs) <= models, name


def test_each_metric_has_values_by_hand() -> None:
    """A dbt unit test of `metric_values` expects a value of every metric over all, by channel and by touchpoint."""
    expected = {
        (row["metric"], row["dimension"])
        for document in _documents()
        for test in document.get("unit_tests", [])
        if test["model"] == "metric_values"
        for row in test["expect"]["rows"]
        if row["value"] is not None
    }
    wanted = {(metric.name, dimension) for metric in load_metrics() for dimension in ("all", *metric.dimensions)}
    assert wanted - expected == set()


def test_targets_are_of_declared_metrics() -> None:
    """Not a test of dbt: the seed is built long before the table of metrics."""
    with (PROJECT / "seeds" / "marts" / "kpi_targets.csv").open(encoding="utf-8", newline="") as handle:
        targeted = {row["metric"] for row in csv.DictReader(handle)}
    assert targeted <= {metric.name for metric in load_metrics()}
