"""Every kind of term on a company small enough to count by hand, and trees of terms against a plain evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_company import AS_OF, RELATIONS, create_company

from cdp_pipeline.segments import (
    PROJECT,
    Segment,
    SegmentError,
    check_segments,
    evaluations_sql,
    load_segments,
    parse_segment,
    read_segment,
    render,
    with_versions,
)
from profiles.consent import ConsentFlags

PAGE = PROJECT.parent / "docs" / "segments.md"
COMMON = {"title": "t", "description": "d", "owner": "o", "version": 1, "purpose": "analysis"}
EVERYBODY = {"ana", "bo", "cy", "di"}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        create_company(con)
        yield con


def declared(**wheres: Any) -> list[Segment]:
    segments = {name: parse_segment({**COMMON, "name": name, "where": where}) for name, where in wheres.items()}
    return list(with_versions(segments).values())


def members(con: duckdb.DuckDBPyConnection, segments: list[Segment]) -> dict[str, set[str]]:
    """Members by segment."""
    sql = render(evaluations_sql(segments, carry_over=False), RELATIONS, AS_OF)
    rows = dict(con.execute(sql).fetchall())
    assert set(rows) == EVERYBODY
    return {s.name: {p for p, names in rows.items() if s.name in names.split(",")} for s in segments}


VIEW: dict[str, Any] = {"event": {"type": "product_viewed"}}
TERMS: list[tuple[dict[str, Any], str]] = [
    ({"feature": "orders_total", "at_least": 2}, "ana cy"),
    ({"feature": "orders_total", "above": 0, "below": 2}, "bo"),
    ({"feature": "recency_days", "at_most": 10}, "ana cy"),
    ({"none": [{"feature": "recency_days", "at_most": 10}]}, "bo di"),
    ({"feature": "recency_days", "between": [10, 11]}, "bo cy"),
    ({"feature": "rfm_class", "in": ["champions", "new"]}, "ana bo"),
    ({"feature": "rfm_class", "known": False}, "cy di"),
    ({"feature": "last_nps_score", "known": True, "below": 7}, "bo"),
    ({"feature": "is_email_marketing_allowed", "is": True}, "ana"),
    ({"feature": "last_order_at", "at_least": yaml.safe_load("2026-01-21")}, "ana cy"),
    # a day means all of it, a time itself; ana's order is of the 31st at noon (UTC)
    ({"feature": "last_order_at", "between": [date(2026, 1, 21), date(2026, 1, 31)]}, "ana cy"),
    ({"feature": "last_order_at", "equals": date(2026, 1, 31)}, "ana"),
    ({"feature": "last_order_at", "above": date(2026, 1, 31)}, ""),
    ({"feature": "last_order_at", "at_least": datetime(2026, 1, 31, 12)}, "ana"),
    ({"feature": "last_order_at", "above": datetime(2026, 1, 31, 12)}, ""),
    ({"feature": "last_order_at", "at_least": yaml.safe_load("2026-01-31T20:30:00+08:00")}, ""),
    ({"feature": "last_order_at", "in": [date(2026, 1, 31), datetime(2026, 1, 20)]}, "ana bo"),
    ({"sql": "orders_total = 2 and rfm_class is null"}, "cy"),
    # the window of 30 days begins on January 2nd at midnight, and ends with the as-of day
    ({"event": {"type": "product_viewed", "within_days": 30}}, "ana"),
    ({"event": {"type": "product_viewed", "within_days": 30, "at_least": 3}}, "ana"),
    ({"event": {"type": "product_viewed", "within_days": 29, "at_least": 3}}, ""),
    ({"event": {"type": "product_viewed", "within_days": 31}}, "ana bo"),
    ({"event": {"type": "product_viewed", "older_than_days": 30}}, "bo"),
    ({"event": {"type": "product_viewed", "within_days": 31, "older_than_days": 29}}, "ana bo"),
    ({"event": {"channel": "website", "days_at_least": 2}}, "bo"),
    ({"event": {"channel": ["website", "mobile_app"], "days_at_least": 2}}, "ana bo"),
    ({"event": {"type": "*_viewed", "at_most": 0}}, "cy di"),
    ({"orders": {}}, "ana bo cy"),
    ({"orders": {"within_days": 30}}, "ana bo cy"),
    ({"orders": {"count_at_least": 2}}, "ana cy"),
    ({"orders": {"amount_at_least": 100}}, "ana"),
    ({"orders": {"amount_at_least": 10, "count_at_most": 1}}, "bo"),
    ({"orders": {"coupon": True}}, "ana"),
    ({"orders": {"refunded": True}}, "ana cy"),
    ({"orders": {"source": "meituan", "within_days": 60}}, "bo cy"),
    ({"orders": {"source": "meituan", "older_than_days": 60, "at_most": 0}}, "ana bo di"),
    # two lines of one order are one order; "CAT *" is not a hot dog, and % and _ are themselves
    ({"orders": {"category": "CAT *", "at_least": 1}}, "ana"),
    ({"orders": {"category": "CAT *", "at_least": 2}}, ""),
    # a line has its part of what was paid and stays paid: of lines of 15 and 10 in an order of 40, of 10 and 5 in one
    # of 9, and nothing where all went back
    ({"orders": {"category": "CAT *", "amount_at_least": 40}}, "ana"),
    ({"orders": {"category": "CAT FOOD", "amount_at_least": 24, "amount_at_most": 24}}, "ana"),
    ({"orders": {"brand": "Zen", "amount_at_least": 6, "amount_at_most": 6, "count_at_most": 1}}, "cy"),
    ({"orders": {"brand": "Zen", "amount_at_least": 7}}, ""),
    ({"orders": {"category": "TEA_100*"}}, "bo"),
    ({"orders": {"category": "T_A*"}}, ""),
    ({"orders": {"brand": ["Miao", "Leaf"], "channel": "o2o"}}, "bo"),
    ({"campaign": {"touch": "sent", "within_days": 90}}, "ana bo"),
    ({"campaign": {"touch": ["clicked", "coupon_redeemed"], "at_most": 0}}, "bo cy di"),
    ({"feedback": {"type": "nps", "score_at_most": 6}}, "bo"),
    ({"feedback": {"group": "detractor"}}, "bo"),
    ({"feedback": {"type": "csat*", "satisfied": False}}, "cy"),
    ({"feedback": {"type": "review", "share_at_most": 0.25}}, ""),
    ({"ticket": {"open": True}}, "bo"),
    ({"ticket": {"within_days": 90}}, "bo cy"),
    ({"consent": {"purpose": "marketing", "state": "granted"}}, "ana"),
    ({"consent": {"purpose": "marketing", "at_most": 0}}, "cy di"),
    # ana looked at tea on January 2nd, at both on the 31st from 8:00 to 23:59, and bought on the 31st at noon
    ({"sequence": {"first": VIEW, "then": {"orders": {}}, "within_days": 1}}, "ana"),
    ({"sequence": {"first": VIEW, "then": {"orders": {}}, "within_days": 28}}, "ana bo"),
    ({"sequence": {"first": VIEW, "then": {"orders": {}}, "within_days": 28, "at_least": 2}}, ""),
    ({"sequence": {"first": VIEW, "then": {"orders": {}}, "within_days": 30, "at_least": 2}}, "ana"),
    ({"sequence": {"first": VIEW, "then": {"orders": {"category": "TEA*"}}, "within_days": 30}}, "bo"),
    # views of the last seven days are not yet over; ana's of January 2nd had no order within seven days, bo's neither
    ({"sequence": {"first": VIEW, "then_not": {"orders": {}}, "within_days": 7}}, "ana bo"),
    ({"sequence": {"first": VIEW, "then_not": {"orders": {}}, "within_days": 20}}, "ana"),
    ({"sequence": {"first": {"event": {"type": "product_viewed", "within_days": 30}}, "then_not": {"orders": {}},
                   "within_days": 7}}, "ana"),
    # nothing follows itself: a view, then another one
    ({"sequence": {"first": VIEW, "then": VIEW, "within_days": 1}}, "ana"),
    ({"sequence": {"first": {"event": {"channel": "website"}}, "then": {"event": {"channel": "website"}},
                   "within_days": 60, "at_least": 2}}, ""),
    # refunded orders are asked for by name; two lines of one order are one moment
    ({"sequence": {"first": {"orders": {"source": "meituan"}}, "then": {"orders": {"refunded": True}},
                   "within_days": 1}}, "cy"),
    ({"sequence": {"first": {"orders": {"category": "CAT *"}}, "then_not": {"ticket": {}}, "within_days": 1,
                   "at_least": 1}}, ""),
    ({"sequence": {"first": {"orders": {"category": "HOT*"}}, "then_not": {"ticket": {}}, "within_days": 1}}, "ana"),
    ({"sequence": {"first": {"campaign": {"touch": "sent"}}, "then": {"campaign": {"touch": "clicked"}},
                   "within_days": 1}}, "ana"),
    ({"sequence": {"first": {"campaign": {"touch": "sent"}}, "then_not": {"campaign": {"touch": "clicked"}},
                   "within_days": 1}}, "bo"),
    ({"sequence": {"first": {"feedback": {"group": "detractor"}}, "then": {"ticket": {}}, "within_days": 10}}, "bo"),
    ({"sequence": {"first": {"feedback": {"group": "detractor"}}, "then": {"ticket": {}}, "within_days": 9}}, ""),
]  # fmt: skip


def test_every_kind_of_term(con: duckdb.DuckDBPyConnection) -> None:
    segments = declared(**{f"s{number}": where for number, (where, _) in enumerate(TERMS)})
    found = members(con, segments)
    wrong = {str(where): found[f"s{n}"] for n, (where, who) in enumerate(TERMS) if found[f"s{n}"] != set(who.split())}
    assert wrong == {}


def test_references_and_exclusions(con: duckdb.DuckDBPyConnection) -> None:
    documents: list[dict[str, Any]] = [
        {"name": "buyers", "where": {"orders": {}}},
        {"name": "idle", "where": {"not_segment": "buyers"}},
        {"name": "others", "where": {"not_segment": "idle"}, "except": ["meituan", {"ticket": {"open": True}}]},
        {"name": "meituan", "where": {"all": [{"segment": "buyers"}, {"orders": {"source": "meituan"}}]}},
        {"name": "plain", "condition": "orders_total > 0", "except": ["others"]},
    ]
    segments = {d["name"]: parse_segment({**COMMON, **d}) for d in documents}
    assert members(con, list(with_versions(segments).values())) == {
        "buyers": {"ana", "bo", "cy"},
        "idle": {"di"},
        "others": {"ana"},
        "meituan": {"bo", "cy"},
        "plain": {"bo", "cy"},
    }


trees: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(range(len(TERMS))),
    lambda inner: st.tuples(st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)


def document_of(tree: Any) -> Any:
    return TERMS[tree][0] if isinstance(tree, int) else {tree[0]: [document_of(child) for child in tree[1]]}


def meant(tree: Any) -> set[str]:
    """Whom a tree of terms selects, from whom each term selects alone."""
    if isinstance(tree, int):
        return set(TERMS[tree][1].split())
    parts: list[set[str]] = [meant(child) for child in tree[1]]
    everyone = {p for p in EVERYBODY if all(p in part for part in parts)}
    someone = {p for p in EVERYBODY if any(p in part for part in parts)}
    return {"all": everyone, "any": someone, "none": EVERYBODY - someone}[tree[0]]


@given(st.lists(trees, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_trees_of_terms(found: list[Any]) -> None:
    with duckdb.connect() as con:
        create_company(con)
        segments = declared(**{f"s{number}": document_of(tree) for number, tree in enumerate(found)})
        assert members(con, segments) == {f"s{number}": meant(tree) for number, tree in enumerate(found)}


def examples(kind: str) -> list[str]:
    return re.findall(rf"^```yaml {kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_examples_of_the_page(con: duckdb.DuckDBPyConnection) -> None:
    whole, terms = examples("segment"), examples("term")
    assert (len(whole), len(terms)) == (1, 4)
    known = {segment.name: segment for segment in load_segments()}
    known |= {s.name: s for s in map(parse_segment, map(yaml.safe_load, whole))}
    for number, text in enumerate(terms):
        name = f"example{number}"
        known[name] = parse_segment({**COMMON, "name": name, "where": yaml.safe_load(text)})
    found = members(con, list(with_versions(known).values()))
    assert found["example0"] == {"ana", "cy"}
    assert found["example2"] == set()
    # who looked at a product in the last 30 days and bought nothing in the week after: ana, on January 2nd
    assert found["example3"] == {"ana"}


def test_all_declared_segments_run_on_the_facts(con: duckdb.DuckDBPyConnection) -> None:
    found = members(con, load_segments())
    assert found["meituan_first_time"] == {"bo"}
    assert found["consent_missing"] == set()
    assert found["do_not_contact"] == {"bo"}


HEAD = "name: it\ntitle: T\ndescription: d\nowner: o\nversion: 1\npurpose: marketing\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        # Plain YAML takes the last one: the first condition would be gone without a word.
        (
            "where:\n  all: [{feature: orders_total, at_least: 1}]\n  all: [{segment: promoters}]\n",
            "line 9 'all' is given twice",
        ),
        ("purpose: service\nwhere: {segment: promoters}\n", "line 7 'purpose' is given twice"),
        ("where: &it {all: [*it]}\n", "terms lie too deep in one another"),
        ("where: {orders: {amount_at_most: .inf}}\n", "where.orders.amount_at_most: expected a number, found inf"),
        ("where: {feature: net_amount_12m, below: .nan}\n", "below: nan is no number to compare with"),
        ("where: {segment: promoters}\nbounds: {max_share: .nan}\n", "bounds.max_share: expected a share"),
        ("where: {orders: {within_days: 1000000}}\n", "expected a whole number of at most 36500, found 1000000"),
        (
            "where: {feature: last_order_at, between: [2026-01-31, 2026-01-01]}\n",
            "nobody can be at least 2026-01-31 and at most 2026-01-01",
        ),
        ("where: {feature: orders_total, above: 5, below: 5}\n", "nobody can be above 5 and below 5"),
        ("where: {none: [{consent: {state: denyed}}]}\n", "unknown state 'denyed', did you mean 'denied'?"),
        ("where: {consent: {purpose: marketin}}\n", "unknown purpose 'marketin', did you mean 'marketing'?"),
        ("where: {campaign: {touch: click}}\n", "unknown touch 'click', did you mean 'clicked'?"),
        ("where: {event: {direction: in}}\n", "unknown direction 'in'; known are inbound, outbound"),
        ("where: {feature: region, in: [NY, ON]}\n", "in True does not fit its type varchar (YAML reads on, off"),
        ("condition: last_order_at > now() - interval 30 day\n", "now() would select others at another time"),
        ("condition: orders_total > 0 and random() < 0.5\n", "random() would select others at another time"),
        ("condition: age(last_order_at) > interval 30 day\n", "age() would select others at another time"),
        ("condition: last_order_at > current_date - 30\n", "current_date is not the day of the data"),
    ],
)
def test_what_a_file_cannot_mean(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "it.yml"
    path.write_text(HEAD + text, encoding="utf-8")
    try:
        _, problems = check_segments(extra=path)
    except SegmentError as error:
        problems = [str(error)]
    assert len(problems) == 1
    assert problems[0].startswith("it.yml:")
    assert line in problems[0]


def test_an_article_with_leading_zeros_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "it.yml"
    path.write_text(HEAD + "where: {orders: {product: [0071, 71, 1_0]}}\n", encoding="utf-8")
    sql = evaluations_sql([read_segment(path)])
    # plain YAML: 57 (octal) and 10
    assert "product_id in ('0071', '1_0', '71')" in sql


@pytest.mark.parametrize("named", [None, "granted", "denied"])
@pytest.mark.parametrize("every", [None, "granted", "denied"])
def test_what_was_said_of_every_channel_counts_for_each(named: str | None, every: str | None) -> None:
    # as profile_consent tells it: a refusal of every channel stands for the grants by name, too
    stated = {"sms": "denied" if named and every == "denied" else named, "": every}
    flags = ConsentFlags(
        {("marketing", channel): 1 if state == "granted" else -1 for channel, state in stated.items() if state}
    )
    with duckdb.connect() as con:
        create_company(con)
        con.executemany(
            "insert into profiles.consent values ('di', 'marketing', ?, ?)",
            [(channel, state) for channel, state in stated.items() if state] + [("email", "denied")],
        )
        found = members(
            con,
            declared(
                texts={"consent": {"purpose": "marketing", "channel": "sms", "state": "granted"}},
                no_texts={"consent": {"purpose": "marketing", "channel": "sms", "state": "denied"}},
                letters={"consent": {"purpose": "marketing", "channel": "postal_mail", "state": "granted"}},
                mails={"consent": {"purpose": "marketing", "channel": "email", "state": "granted"}},
                two={"consent": {"purpose": "marketing", "state": "granted", "count_at_least": 2}},
                profiled={"consent": {"purpose": "profiling"}},
            ),
        )
    assert ("di" in found["texts"]) is flags.allows("marketing", "sms")
    assert ("di" in found["no_texts"]) is (stated["sms"] == "denied" or (every == "denied"))
    assert ("di" in found["letters"]) is flags.allows("marketing", "postal_mail") is (every == "granted")
    # refused by name, whatever else was said
    assert "di" not in found["mails"]
    assert ("di" in found["two"]) is (every == "granted")
    assert found["profiled"] == set()
