"""Segments as code: what is refused, what is compiled, and that the committed models are current."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from cdp_pipeline.segments import PROJECT, SegmentError, compile_segments, load_segments, main, outdated, write_models

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
    (tmp_path / "models/marts/segments").mkdir()
    (tmp_path / "segments").mkdir()
    _write(tmp_path, "good.yml")
    return tmp_path


def _write(project: Path, file: str, **changes: object) -> None:
    (project / "segments" / file).write_text(yaml.safe_dump({**GOOD, **changes}, allow_unicode=True), encoding="utf-8")


def test_committed_models_are_compiled_from_the_yaml() -> None:
    assert outdated() == {}


def test_a_marketers_segments_are_declared() -> None:
    names = {segment.name for segment in load_segments()}
    assert len(names) >= 14
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
    assert "'quoted' as segment\nfrom {{ ref('profile_features') }}\nwhere (rfm_class = 'new')" in models["seg_current"]
    assert "'It''s'" in models["seg_definition"]
    assert "'rfm_class = ''new'''" in models["seg_definition"]


def test_write_models_once(project: Path) -> None:
    assert [path.name for path in write_models(project)] == ["seg_current.sql", "seg_definition.sql"]
    assert write_models(project) == []
    _write(project, "good.yml", title="Better")
    assert [path.name for path in write_models(project)] == ["seg_definition.sql"]


def test_version_of_a_definition_ignores_layout(project: Path) -> None:
    (before,) = load_segments(project)
    _write(project, "good.yml", condition="orders_total\n   > 0", title="Other")
    (laid_out,) = load_segments(project)
    _write(project, "good.yml", condition="orders_total > 1")
    (changed,) = load_segments(project)
    assert before.definition_version == laid_out.definition_version != changed.definition_version


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"condition": "orders_totl > 0"}, r"^good.yml: .*orders_totl"),
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
    ],
)
def test_a_wrong_file_is_named_in_one_line(project: Path, changes: dict[str, object], message: str) -> None:
    _write(project, "good.yml", **changes)
    with pytest.raises(SegmentError, match=message) as caught:
        load_segments(project)
    assert "\n" not in str(caught.value)


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
        "out of date: models/marts/segments/seg_current.sql",
        "out of date: models/marts/segments/seg_definition.sql",
    ]
    assert main(check[1:]) == 0
    assert main(check) == 0
    _write(project, "good.yml", condition="nothing > 0")
    capsys.readouterr()
    assert main(check) == 2
    assert capsys.readouterr().err.startswith("good.yml: ")
