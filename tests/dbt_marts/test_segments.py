"""Segments as code: what is refused, what is compiled, and that the committed models are current."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_pipeline.segments import (
    PROJECT,
    SegmentError,
    check_segments,
    compile_segments,
    load_segments,
    outdated,
    write_models,
)
from cdp_pipeline.segments.__main__ import main

GOOD = {
    "name": "good",
    "title": "Good",
    "description": "Bought something.",
    "owner": "crm",
    "version": 1,
    "purpose": "marketing",
    "condition": "orders_total > 0",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real columns and one segment."""
    source = PROJECT / "models/marts/features/_features.yml"
    target = tmp_path / source.relative_to(PROJECT)
    target.parent.mkdir(parents=True)
    shutil.copy(source, target)
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    shutil.copy(PROJECT / "seeds/touchpoints.csv", seeds)
    (tmp_path / "models/marts/segments").mkdir()
    (tmp_path / "segments").mkdir()
    _write(tmp_path, "good.yml")
    return tmp_path


def _write(project: Path, file: str, **changes: object) -> None:
    document = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    (project / "segments" / file).write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def test_committed_models_are_compiled_from_the_yaml() -> None:
    assert outdated() == {}


def test_a_marketers_segments_are_declared() -> None:
    names = {segment.name for segment in load_segments()}
    assert len(names) >= 35
    assert {
        "new_customers",
        "loyal_customers",
        "at_risk",
        "lapsed",
        "big_spenders",
        "coupon_lovers",
        "detractors",
    } < names


def test_compile(project: Path) -> None:
    _write(project, "quoted.yml", name="quoted", title="It's", condition="rfm_class = 'new'")
    models = compile_segments(load_segments(project))
    evaluations = models["int_segment_evaluations"]
    assert "coalesce((rfm_class = 'new'), false) as in_quoted" in evaluations
    assert "case when in_quoted then 'quoted' end" in evaluations
    # one scan of the widest table, however many segments there are
    assert evaluations.count("ref('profile_features')") == 1
    assert "'It''s'" in models["seg_definition"]
    assert "'rfm_class = ''new'''" in models["seg_definition"]


def test_write_models_once(project: Path) -> None:
    assert [path.name for path in write_models(project)] == ["int_segment_evaluations.sql", "seg_definition.sql"]
    assert write_models(project) == []
    _write(project, "good.yml", title="Better")
    assert [path.name for path in write_models(project)] == ["seg_definition.sql"]


def _version(project: Path, **changes: object) -> str:
    _write(project, "good.yml", **changes)
    return next(s for s in load_segments(project) if s.name == "good").definition_version


def test_version_of_a_definition_is_its_meaning(project: Path) -> None:
    before = _version(project)
    # a version of before the grammar stays what it was, so that no history breaks
    assert before == hashlib.sha256(b"orders_total > 0").hexdigest()[:12]
    assert _version(project, condition="orders_total\n   > 0", title="Other", owner="me", version=9) == before
    assert _version(project, bounds={"max_share": 0.5}, on_breach="block", refresh="weekly") == before
    assert _version(project, condition="orders_total > 1") != before
    assert _version(project, **{"except": [{"feature": "is_detractor", "is": True}]}) != before


def test_version_ignores_the_order_of_terms_and_follows_references(project: Path) -> None:
    one: dict[str, Any] = {"feature": "orders_total", "at_least": 2}
    two: dict[str, Any] = {"orders": {"within_days": 90, "channel": ["store", "website"]}}
    where: dict[str, Any] = {"condition": None, "where": {"all": [one, two]}}
    before = _version(project, **where)
    turned = {"orders": {"channel": ["website", "store"], "within_days": 90}}
    assert _version(project, **{**where, "where": {"all": [turned, one]}}) == before
    assert _version(project, **{**where, "where": {"any": [one, two]}}) != before

    _write(project, "other.yml", name="other")
    named: dict[str, Any] = {"condition": None, "where": {"segment": "other"}}
    before = _version(project, **named)
    _write(project, "other.yml", name="other", title="Renamed only")
    assert _version(project, **named) == before
    _write(project, "other.yml", name="other", condition="orders_total > 5")
    assert _version(project, **named) != before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"condition": "orders_totl > 0"},
            r"^good.yml: condition: unknown column 'orders_totl', did you mean 'orders_total'\?$",
        ),
        ({"condition": "true"}, r"^good.yml: condition names no column: it selects everyone or no one$"),
        ({"condition": "1 = 2"}, r"^good.yml: condition names no column: it selects everyone or no one$"),
        ({"condition": "orders_total >"}, r"^good.yml: condition is no SQL expression"),
        ({"condition": "orders_total"}, r"^good.yml: condition is BIGINT, not BOOLEAN"),
        ({"condition": "true) or (true"}, r"^good.yml: condition is no SQL expression"),
        ({"condition": "true from profile_features"}, r"^good.yml: condition must be one expression"),
        ({"condition": "true, true"}, r"^good.yml: condition must be one expression"),
        ({"condition": "true; drop table x"}, r"^good.yml: condition must be one expression"),
        ({"condition": "orders_total in (select 1)"}, r"^good.yml: condition holds a subquery"),
        ({"condition": "rank() over () > 1"}, r"^good.yml: condition holds a window function"),
        ({"condition": "sum(orders_total) > 1"}, r"^good.yml: .*aggregate"),
        ({"condition": "orders_total > {{ 1 }}"}, r"^good.yml: condition must be one expression without braces"),
        ({"condition": "last_order_at > orders_total"}, r"^good.yml: "),
        ({"name": "other"}, r"^good.yml: holds segment other"),
        ({"owner": None}, r"^good.yml: owner must be a text"),
        ({"version": "one"}, r"^good.yml: version must be a whole number"),
        ({"purpose": "spam"}, r"^good.yml: purpose must be one of"),
        ({"sql": "x"}, r"^good.yml: unknown field 'sql'"),
        ({"refresh": "hourly"}, r"^good.yml: refresh must be one of daily, weekly$"),
        ({"on_breach": "stop"}, r"^good.yml: on_breach must be one of warn, block$"),
        ({"bounds": {"max_share": 2}}, r"^good.yml: bounds.max_share: expected a share"),
        ({"bounds": {"max_shar": 0.2}}, r"^good.yml: bounds: unknown key 'max_shar', did you mean 'max_share'\?$"),
        ({"bounds": {"min_share": 0.5, "max_share": 0.2}}, r"^good.yml: bounds: min_share is greater"),
        ({"where": {"segment": "x"}}, r"^good.yml: needs either condition .* or where .*, and not both$"),
        ({"condition": None}, r"^good.yml: needs either condition"),
        ({"except": "open_ticket"}, r"^good.yml: except: expected a list"),
        ({"except": ["goood"]}, r"^good.yml: unknown segment 'goood', did you mean 'good'\?$"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(project: Path, changes: dict[str, object], message: str) -> None:
    _write(project, "good.yml", **changes)
    with pytest.raises(SegmentError, match=message) as caught:
        load_segments(project)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"featur": "orders_total"}, "where: unknown term 'featur', did you mean 'feature'?"),
        (
            {"feature": "orders_totl", "at_least": 1},
            "feature: unknown column 'orders_totl', did you mean 'orders_total'?",
        ),
        ({"feature": "orders_total", "atleast": 1}, "where.feature orders_total: unknown key 'atleast', did you mean"),
        ({"feature": "orders_total"}, "where.feature orders_total: needs a comparison, one of at_least"),
        (
            {"feature": "orders_total", "at_least": "many"},
            "feature orders_total: at_least 'many' does not fit",
        ),
        ({"feature": "is_detractor", "is": "yes"}, "feature is_detractor: is 'yes' does not fit its type boolean"),
        ({"feature": "orders_total", "at_least": 3, "at_most": 2}, "nobody can be at least 3 and at most 2"),
        ({"event": {"tpye": "x"}}, "where.event: unknown key 'tpye', did you mean 'type'?"),
        ({"event": {"channel": "web_site"}}, "unknown channel 'web_site', did you mean 'website'?"),
        ({"event": {"touchpoint": "web_carts"}}, "unknown touchpoint 'web_carts', did you mean 'web_cart'?"),
        ({"event": {"at_least": 0}}, "where.event: at_least: at least 0 is everyone"),
        ({"event": {"within_days": 0}}, "where.event.within_days: expected a whole number of 1 or more, found 0"),
        ({"event": {"within_days": 5, "older_than_days": 9}}, "nothing is within 5 days and older than 9"),
        ({"event": {"amount_at_least": 5}}, "where.event: unknown key 'amount_at_least'"),
        (
            {"orders": {"count_at_least": 5, "count_at_most": 2}},
            "where.orders: nobody can have at least 5 and at most 2",
        ),
        ({"orders": {"at_least": 5, "count_at_least": 2}}, "where.orders: count_at_least says the same"),
        ({"orders": {"category": "{{ x }}"}}, "where.orders.category: braces are dbt's"),
        ({"consent": {"channel": "email", "within_days": 3}}, "where.consent: unknown key 'within_days'"),
        ({"all": []}, "where.all: expected a list of terms, found a list"),
        ({"all": ["x"]}, "where.all[1]: expected a term such as"),
        ({"any": [{"none": [{"event": 3}]}]}, "where.any[1].none[1].event: expected a mapping of filters and bounds"),
        ({"event": {}, "feature": "x"}, "where: event and feature are two terms; put them below 'all:'"),
        ({"sql": "orders_totl > 1"}, "sql: unknown column 'orders_totl', did you mean 'orders_total'?"),
        ({"segment": "god"}, "unknown segment 'god', did you mean 'good'?"),
        ({"sequence": {"first": {"event": {}}, "within_days": 3}}, "where.sequence: needs first, and one of then"),
        ({"sequence": {"first": {"event": {}}, "then": {"orders": {}}}}, "where.sequence: needs within_days"),
        ({"sequence": [1]}, "where.sequence: expected first, then or then_not, and within_days"),
        (
            {"sequence": {"first": {"event": {}}, "thn": {"orders": {}}, "within_days": 3}},
            "where.sequence: unknown key 'thn', did you mean 'then'?",
        ),
        (
            {"sequence": {"first": {"consent": {}}, "then": {"orders": {}}, "within_days": 3}},
            "where.sequence.first: expected one of event, orders, campaign, feedback, ticket",
        ),
        (
            {"sequence": {"first": {"event": {"at_least": 2}}, "then": {"orders": {}}, "within_days": 3}},
            "where.sequence.first.event: at_least does not belong into a sequence",
        ),
        (
            {"sequence": {"first": {"event": {}}, "then": {"orders": {"within_days": 9}}, "within_days": 3}},
            "where.sequence.then: has no window of its own",
        ),
        (
            {"sequence": {"first": {"event": {"within_days": 7}}, "then_not": {"orders": {}}, "within_days": 7}},
            "where.sequence: nothing within 7 days was waited for 7 days; first needs a longer within_days",
        ),
        (
            {"sequence": {"first": {"event": {}}, "then": {"orders": {"channel": "stor"}}, "within_days": 3}},
            "unknown channel 'stor', did you mean 'store'?",
        ),
        ({"segment": "good"}, "segments name each other in a circle: good → good"),
    ],
)
def test_a_wrong_term_is_named_with_its_place(project: Path, where: dict[str, Any], message: str) -> None:
    _write(project, "good.yml", condition=None, where=where)
    with pytest.raises(SegmentError) as caught:
        load_segments(project)
    assert str(caught.value).startswith("good.yml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cycle_is_named(project: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")):
        _write(project, f"{name}.yml", name=name, condition=None, where={"not_segment": other})
    with pytest.raises(SegmentError, match=r"^a.yml: segments name each other in a circle: a → b → c → a$"):
        load_segments(project)


def test_all_problems_are_told_at_once(project: Path) -> None:
    _write(project, "one.yml", name="one", condition="nothing > 1")
    _write(project, "two.yml", name="two", owner=None)
    _write(project, "three.yml", name="three", condition=None, where={"segment": "one"})
    segments, problems = check_segments(project)
    assert [s.name for s in segments] == ["good"]
    assert [p.split(":")[0] for p in problems] == ["two.yml", "one.yml"]


def test_duplicate_and_broken_yaml(project: Path) -> None:
    _write(project, "good.yaml")
    with pytest.raises(SegmentError, match="declared twice"):
        load_segments(project)
    (project / "segments/good.yaml").write_text("name: x\n  title: [", encoding="utf-8")
    with pytest.raises(SegmentError, match=r"^good.yaml: line 2 not valid YAML"):
        load_segments(project)


def test_command_names_what_is_out_of_date(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check = ["--check", "--project", str(project)]
    assert main(check) == 1
    assert capsys.readouterr().out.splitlines() == [
        "out of date: models/marts/intermediate/segments/int_segment_evaluations.sql",
        "out of date: models/marts/segments/seg_definition.sql",
    ]
    assert main(check[1:]) == 0
    assert main(check) == 0
    _write(project, "good.yml", condition="nothing > 0")
    capsys.readouterr()
    assert main(check) == 2
    assert capsys.readouterr().err.startswith("good.yml: ")
