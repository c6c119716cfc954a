"""The console's own arithmetic and words: charts, differences, languages, texts, search readings, kept answers."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from identity.erasure import REASON as ERASED
from profiles.console.charts import Series, bar_chart, line_chart, short_number
from profiles.console.graph import MOST_RECORDS, identity_graph
from profiles.console.queries.kept import Kept
from profiles.console.queries.review import answered_pairs
from profiles.console.queries.search import folded
from profiles.console.queries.segments import by_day
from profiles.console.shown import age, differences, fact, measured, minutes, money, num, pct
from profiles.console.texts import choose_language, load_texts
from profiles.console.waterfall import HOUSEHOLD, STRANGERS, bars

CONSOLE = Path(__file__).parents[2] / "profiles" / "console"
PROJECT = Path(__file__).parents[2] / "dbt_project"


def test_every_text_that_pages_use_is_in_the_catalogue_and_the_other_way_round() -> None:
    texts = load_texts()["en"].entries
    sources = [path.read_text(encoding="utf-8") for ending in ("html", "py") for path in CONSOLE.rglob(f"*.{ending}")]
    used = {key for text in sources for key in re.findall(r"""["']([a-z]+\.[a-z0-9_]+)["']""", text)}
    called = {key for text in sources for key in re.findall(r"""\bt\(["']([a-z]+\.[a-z0-9_]+)["']""", text)}
    assert len(called) > 200
    assert called - texts.keys() == set()
    built = {"nav", "outcome", "compare", "verdict", "why", "direction", "edge", "profile", "age", "happened"}
    codes = set(re.findall(r"""\.code\(["']([a-z_]+)["']""", " ".join(sources)))
    unused = [k for k in texts if k not in used and k.split(".")[0] not in built | codes]
    assert unused == []


def test_both_languages_fill_in_the_same_values() -> None:
    english, chinese = (load_texts()[language].entries for language in ("en", "zh"))
    fields = re.compile(r"{(\w+)}")
    assert [key for key in english if set(fields.findall(english[key])) != set(fields.findall(chinese[key]))] == []


def test_what_happened_to_a_profile_is_told_in_the_language_of_the_page() -> None:
    english, chinese = load_texts()["en"], load_texts()["zh"]
    assert chinese.happened("new cluster") == "新的聚类"
    assert chinese.happened("12 records came from another profile") == "12 条记录来自另一档案"
    assert [chinese.happened("as a steward said"), chinese.happened(None)] == ["as a steward said", "–"]
    for reason in (
        "new cluster", "3 records joined", "1 records came from another profile", "records no longer belong together",
        "its records are apart again", "records found to be one person", "no records left", ERASED,
    ):  # fmt: skip
        assert english.happened(reason) == reason
        assert re.search(r"[\u4e00-\u9fff]", chinese.happened(reason)), reason


def test_all_that_the_platform_brings_has_a_chinese_name() -> None:
    """Touchpoints, features, segments, KPIs and topics as declared; and no name of something that is gone."""
    with (PROJECT / "seeds/touchpoints.csv").open(encoding="utf-8") as handle:
        touchpoints = {row["touchpoint"] for row in csv.DictReader(handle)}
    with (PROJECT / "seeds/marts/feedback_topics.csv").open(encoding="utf-8") as handle:
        topics = {row["topic"] for row in csv.DictReader(handle)}
    models = yaml.safe_load((PROJECT / "models/marts/features/_features.yml").read_text(encoding="utf-8"))["models"]
    [wide] = [model for model in models if model["name"] == "profile_features"]
    declared = {
        "touchpoint": touchpoints,
        "feature": {column["name"] for column in wide["columns"]} - {"profile_id"},
        "segment": {path.stem for path in (PROJECT / "segments").glob("*.yml")},
        "kpi": {path.stem for path in (PROJECT / "metrics").glob("*.yml")},
        "topic": topics,
    }
    chinese = load_texts()["zh"]
    for kind, names in declared.items():
        lacking = {name for name in names if not re.search(r"[\u4e00-\u9fff]", chinese.code(kind, name))}
        assert lacking - {"has_wechat"} == set(), kind
    named = yaml.safe_load((CONSOLE / "names_zh.yml").read_text(encoding="utf-8"))
    assert {kind: set(of) - declared[kind] for kind, of in named.items()} == {kind: set() for kind in declared}


def test_all_that_the_platform_describes_is_described_in_chinese() -> None:
    """Segments and checks as declared; and no description of something that is gone."""
    segments = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (PROJECT / "segments").glob("*.yml")]
    models = ("quality/quality_checks.sql", "intermediate/int_input_checks.sql")
    checks = "".join((PROJECT / "models/marts" / model).read_text(encoding="utf-8") for model in models)
    described = set(re.findall(r"^ {4,8}'([A-Z].*)'", checks, re.MULTILINE))
    declared = {segment["description"] for segment in segments} | described
    assert len(declared) > 75
    chinese = yaml.safe_load((CONSOLE / "descriptions_zh.yml").read_text(encoding="utf-8"))
    assert set(chinese) == declared
    assert {english for english, text in chinese.items() if not re.search(r"[\u4e00-\u9fff]", text)} == set()

    english, texts = load_texts()["en"], load_texts()["zh"]
    assert texts.described("First purchase in the last 30 days.") == "近 30 天内首次购买。"
    assert english.described("First purchase in the last 30 days.") == "First purchase in the last 30 days."
    assert texts.described("First purchase in the last 14 days.") == "First purchase in the last 14 days."
    assert texts.described(None) == ""


def test_a_title_of_the_installations_own_stays() -> None:
    english, chinese = load_texts()["en"], load_texts()["zh"]
    assert chinese.titled("segment", "vip", "VIP") == "VIP 客户"
    assert english.titled("segment", "vip", "Very important") == "Very important"
    assert chinese.titled("segment", "spring_fans", "Spring fans") == "Spring fans"
    assert chinese.titled("segment", "spring_fans", None) == "spring_fans"


@pytest.mark.parametrize(
    ("wanted", "accept", "expected"),
    [
        ("zh", "en", "zh"),
        (None, "de-DE,zh-CN;q=0.8,en;q=0.5", "zh"),
        (None, "zh;q=0.1,en;q=0.9", "en"),
        (None, "zh;q=0", "en"),
        ("xx", "zh;q=bad, fr", "en"),
        (None, "", "en"),
    ],
)
def test_choice_of_language(wanted: str | None, accept: str, expected: str) -> None:
    assert choose_language(wanted, accept) == expected


def test_values_as_people_read_them() -> None:
    t = load_texts()["en"]
    assert [num(1234567), num(12.345), num(None), num(-0.0), num(float("nan"))] == ["1,234,567", "12.35", "–", "0", "–"]
    assert [pct(0.12345), pct(1, 0), pct(None)] == ["12.3%", "100%", "–"]
    assert [money(Decimal("12.5"), "USD"), money(None, "USD")] == ["12.50 USD", "–"]
    assert [minutes(90), minutes(600), minutes(4320)] == ["90 min", "10.0 h", "3.0 d"]
    assert [measured(50, "percent"), measured(600, "minutes"), measured(30, "points")] == ["50.0%", "10.0 h", "30"]
    assert [measured(None, "percent"), measured(None, "minutes")] == ["–", "–"]
    assert [fact(True), fact(1984, "birth_year"), fact(1984, "orders"), fact(["a", "b"])] == [
        "✓",
        "1984",
        "1,984",
        "a, b",
    ]
    assert fact(datetime(2024, 1, 2, 3, 4)) == "2024-01-02 03:04"
    assert [age(59, t), age(61, t), age(7200, t), age(200_000, t)] == ["just now", "1 min ago", "2 h ago", "2 d ago"]
    assert [short_number(n) for n in (0.25, 950, 1200, 35_000, 1_400_000)] == ["0.25", "950", "1.2k", "35k", "1.4M"]


@pytest.mark.parametrize(
    ("text", "others", "expected"),
    [
        ("Anna", ["ANNA"], "Anna"),
        ("Anna", [], "Anna"),
        ("1950-01-02", ["1950-01-03", "1999-09-09"], "1950-01-0<mark>2</mark>"),
        ("Anna", ["Xiu"], "<mark>Anna</mark>"),
        ("<b>1</b>", ["<b>2</b>"], "&lt;b&gt;<mark>1</mark>&lt;/b&gt;"),
        ("<i>", ["Xu"], "<mark>&lt;i&gt;</mark>"),
    ],
)
def test_differences_are_marked_and_escaped(text: str, others: list[str], expected: str) -> None:
    assert str(differences(text, others)) == expected


def test_charts_escape_what_they_show_and_cope_with_little() -> None:
    assert line_chart("t", [], []) == bar_chart("t", []) == ""
    assert str(line_chart("t", ["a"], [Series("s", [3.0])])).count("<circle") == 1
    drawn = str(bar_chart('<t "x">', [("<script>", 2.0), ("b", 0.0)]))
    assert "<script" not in drawn
    assert 'aria-label="&lt;t &#34;x&#34;&gt;"' in drawn
    # the axis goes from 0 to 3; the month without a value is passed over
    gap = str(line_chart("t", ["a", "b", "c"], [Series("s", [1.0, None, 3.0])]))
    assert re.findall(r'<path class="line s1" d="M([^"]+)"', gap) == ["56.0 134.0L628.0 14.0"]


def test_the_graph_draws_the_records_and_what_lies_between_them() -> None:
    members = [{"record_id": f"crm:people:{n}", "source": "crm"} for n in range(MOST_RECORDS + 5)]
    pair = {"record_id_l": "crm:people:0", "kind": "probabilistic", "rule": "score", "match_weight": 10.0}
    edges = [pair | {"record_id_r": "crm:people:1"}, pair | {"record_id_r": "elsewhere"}]
    drawn = str(identity_graph("graph", members, edges))
    assert (drawn.count("<circle"), drawn.count("<path")) == (MOST_RECORDS, 1)
    assert 'stroke-width="2.0"' in drawn  # one and a tenth of ten bits


def test_the_waterfall_adds_up_to_both_weights() -> None:
    step = {
        "prior_strangers": -10.0,
        "prior_household": 4.0,
        "contributions": [
            {"comparison": "given", "outcome": "exact", STRANGERS: 8.0, HOUSEHOLD: 4.5, "term_frequency": 2.0},
            {"comparison": "phone", "outcome": "not comparable", STRANGERS: 9.0, HOUSEHOLD: 9.0, "term_frequency": 0.0},
            {"comparison": "email", "outcome": "different", STRANGERS: -3.0, HOUSEHOLD: -2.5, "term_frequency": 0.0},
        ],
    }
    strangers, household = bars(step, STRANGERS, str), bars(step, HOUSEHOLD, str)
    assert [row.label for row in strangers] == ["prior", "given", "frequency", "email", "sum"]
    assert (strangers[-1].end, household[-1].end) == (-3.0, 6.0)
    assert (strangers[2].start, strangers[2].end) == (-2.0, 0.0)


def test_sizes_of_a_segment_by_day() -> None:
    changes = [(date(2024, 1, 1), 3), (date(2024, 1, 3), 5)]
    assert by_day(changes, date(2024, 1, 4)) == [
        (date(2024, 1, 1), 3), (date(2024, 1, 2), 3), (date(2024, 1, 3), 5), (date(2024, 1, 4), 5),
    ]  # fmt: skip
    long = by_day(changes, date(2025, 1, 1), most=10)
    assert (len(long) <= 12, long[0], long[-1]) == (True, (date(2024, 1, 1), 3), (date(2025, 1, 1), 5))
    assert by_day([], date(2024, 1, 1)) == []


def test_what_needs_no_answer() -> None:
    rows = [
        {"record_id_l": left, "record_id_r": "z", "judgement": judgement, "created_at": f"2024-01-0{day}T00:00:00.0Z"}
        for left, judgement, day in (("a", "positive", 1), ("b", "unsure", 1), ("c", "unsure", 3), ("d", "negative", 3))
    ]
    made_at = datetime.fromisoformat("2024-01-02T00:00:00+00:00")
    # unsure before the snapshot was made: in its queue again, because the evidence changed
    assert answered_pairs(rows, made_at) == {("a", "z"), ("c", "z"), ("d", "z")}


def test_names_as_everybody_types_them() -> None:
    assert [folded(t) for t in ("  Ramírez,  JOSÉ ", "王小明", "Ångström")] == ["ramirez jose", "王小明", "angstrom"]


class _Snapshot:
    """Stands for one version: the kept answers look at nothing but its identity."""


def test_an_answer_is_computed_once_for_a_snapshot_and_again_after_it_failed() -> None:
    kept, first, second = Kept(), _Snapshot(), _Snapshot()
    asked: list[int] = []

    def work() -> int:
        asked.append(1)
        if len(asked) == 1:
            raise ValueError("once")
        return len(asked)

    assert kept.is_new(first)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="once"):
        kept.get(first, "n", work)  # type: ignore[arg-type]
    assert kept.get(first, "n", work) == kept.get(first, "n", work) == 2  # type: ignore[arg-type]
    assert kept.get(second, "n", work) == 3  # type: ignore[arg-type]
    assert not kept.is_new(first)  # type: ignore[arg-type]
