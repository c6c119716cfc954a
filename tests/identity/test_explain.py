"""Explanations: the most convincing path, weights that sum to the stored ones, reasons, and HTML without values."""

from __future__ import annotations

import csv
import json
import math
import random
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from page_check import check_page

from cdp_pipeline.cli import main
from identity import IdentityInputError, explain_store, load_roles, resolve_files
from identity.explain import Tables, attach_store, explain
from identity.explain_blocks import shared_keys
from identity.explain_html import as_html
from identity.explain_path import Edge, best_path
from identity.explain_weights import combined, compare, model_weights, take_side, threshold_bits
from identity.model import Model, load_model
from identity.rules import (
    BlockedValue,
    BlockingRules,
    ComparisonRules,
    ConflictRules,
    IdentifierRules,
    LevelOverride,
    Rules,
    SharedLimit,
    rules_from_json,
)

GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas"]
FAMILY = ["abelard", "brandt", "castellan", "dorfmann", "eriksson", "fontaine"]
ROLES = """
record_id: id
default_region: US
roles:
  given_name: first
  family_name: last
  birth_date: born
  email: mail
  phone: tel
  postcode: zip
  identifiers: {loyalty_id: card}
"""


def person(i: int) -> dict[str, str]:
    return {
        "first": GIVEN[i % 10],
        "last": FAMILY[i // 10 % 6],
        "born": f"19{50 + i % 45}-{i % 12 + 1:02d}-{i % 27 + 1:02d}",
        "mail": f"{GIVEN[i % 10]}.{FAMILY[i // 10 % 6]}{i}@mail.example",
        "tel": f"202{5550000 + i * 7919 % 9973 * 13:07d}",
        "zip": f"{20001 + i % 7}",
        "card": "",
    }


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store over two systems: 60 people, half of them in both, two of them tied by a card number alone."""
    folder = tmp_path_factory.mktemp("explain")
    crm = [{"id": f"c{i}", **person(i)} for i in range(60)]
    shop = [{"id": f"s{i}", **person(i), "first": person(i)["first"][:1], "tel": ""} for i in range(0, 60, 2)]
    crm[1]["card"] = "L-1001"
    shop.append({"id": "card", **dict.fromkeys(person(0), ""), "card": "L-1001"})
    # one e-mail at two people who cannot be one: the edge is refused or left out
    shop.append({"id": "other", **person(3), "first": "walter", "born": "1949-01-31", "tel": ""})
    for name, rows in (("crm", crm), ("shop", shop)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    (folder / "roles.yml").write_text(ROLES)
    resolve_files(
        [folder / "crm.csv", folder / "shop.csv"], load_roles(folder / "roles.yml"), folder / "out.parquet",
        store=folder / "s.duckdb", edges=folder / "edges.parquet",
    )  # fmt: skip
    return folder


def current(company: Path) -> Model:
    model = load_model(company / "s.duckdb.model")
    assert model is not None
    return model


# --- the path


def edge(left: str, right: str, weight: float = 0.0, kind: str = "probabilistic") -> Edge:
    return Edge(left, right, kind, "r", weight, None)


def nodes(path: list[Edge]) -> str:
    return "".join([path[0].record_id_l, *(e.record_id_r for e in path)]) if path else ""


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        # the short way is weak: the long one convinces more
        ([edge("a", "z", 4), edge("a", "b", 9), edge("b", "z", 8)], "abz"),
        # equally weak at the weakest: the shorter one
        ([edge("a", "z", 4), edge("a", "b", 4), edge("b", "z", 20)], "az"),
        # a score never outweighs an identifier, nor that a judgement
        ([edge("a", "z", 40), edge("a", "b", 0, "identifier"), edge("z", "b", 0, "identifier")], "abz"),
        ([edge("a", "z", 0, "identifier"), edge("a", "b", 0, "steward"), edge("b", "z", 0, "steward")], "abz"),
        # among equally short ones with the same weakest edge, the stronger
        ([edge("a", "b", 5), edge("b", "z", 5), edge("a", "c", 5), edge("c", "z", 9)], "acz"),
        # nothing else to go by: the least record id
        ([edge("a", "c", 5), edge("c", "z", 5), edge("a", "b", 5), edge("b", "z", 5)], "abz"),
        ([edge("a", "b", 5), edge("c", "z", 5)], ""),
    ],
)
def test_the_path_is_the_most_convincing_one_in_any_order(edges: list[Edge], expected: str) -> None:
    for seed in range(4):
        shuffled = random.Random(seed).sample(edges, len(edges))
        assert nodes(best_path(shuffled, "a", "z")) == expected
        assert nodes(best_path(shuffled, "z", "a")) == expected[::-1]


# --- the weights


def test_prior_and_contributions_sum_to_every_stored_weight(company: Path) -> None:
    model = current(company)
    with duckdb.connect() as con:
        tables = attach_store(con, company / "s.duckdb")
        assert tables is not None
        con.execute(f"create temp table stored as from {tables.edges} where match_probability is not null")
        ids = "select record_id_l from stored union select record_id_r from stored"
        take_side(con, tables.features, ids, model, company / "s.duckdb.model", out="side")
        con.execute("create temp table pairs as select record_id_l, record_id_r from stored")
        compare(con, "pairs", "side", model_weights(model), out="compared")
        [(pairs, weight, probability)] = con.execute(
            """select count(*), max(abs(c.match_weight - s.match_weight)),
                max(abs(c.match_probability - s.match_probability))
            from compared c join stored s using (record_id_l, record_id_r)"""
        ).fetchall()
        rows = con.execute("select record_id_l, record_id_r, match_weight from stored order by all limit 5").fetchall()
    assert pairs >= 30
    assert weight < 1e-6
    assert probability < 1e-9
    frequencies = 0
    for left, right, stored in rows:
        step = explain_store(company / "s.duckdb", left, right).steps[0]
        strangers = step.prior_strangers + sum(c.against_strangers + c.term_frequency for c in step.contributions)
        household = step.prior_household + sum(c.against_household for c in step.contributions)
        assert strangers == pytest.approx(step.stranger_weight, abs=1e-6)
        assert household == pytest.approx(step.household_weight, abs=1e-6)
        assert combined(strangers, -household)[0] == pytest.approx(step.weight, abs=1e-6)
        frequencies += sum(c.term_frequency != 0 for c in step.contributions)
        if len(explain_store(company / "s.duckdb", left, right).steps) == 1:
            assert step.weight == pytest.approx(stored, abs=1e-6)
    assert frequencies > 0  # else the sum would not show that they are in it


def test_bits_and_probability_by_hand() -> None:
    assert threshold_bits(0.5) == 0
    assert threshold_bits(0.8) == pytest.approx(2)  # odds of 4 to 1
    # odds 8:1 against strangers and 8:1 against a household: 1 / (1 + 1/8 + 1/8)
    weight, probability = combined(3.0, -3.0)
    assert weight == pytest.approx(2)
    assert probability == pytest.approx(0.8)
    assert combined(-5000.0, 5000.0)[1] == 0


# --- what is told


def test_a_path_over_an_identifier_is_told_as_one(company: Path) -> None:
    told = explain_store(company / "s.duckdb", "s0", "c0")
    assert told.linked
    assert told.steps[0].kind == "probabilistic"
    card = explain_store(company / "s.duckdb", "card", "c1")
    assert [(step.kind, step.rule) for step in card.steps] == [("identifier", "loyalty_id")]
    assert "identifier (loyalty_id" in card.as_text()


def test_records_without_a_common_key_were_never_compared(company: Path) -> None:
    told = explain_store(company / "s.duckdb", "card", "c8")
    assert not told.linked
    assert [reason.code for reason in told.reasons] == ["no_shared_block_key"]
    assert "never compared" in told.as_text()


def explain_with(company: Path, left: str, right: str, sql: str = "", **tables: str) -> list[str]:
    """Codes of the reasons, with tables changed by `sql` first."""
    model = current(company)
    with duckdb.connect() as con:
        store = attach_store(con, company / "s.duckdb")
        assert store is not None
        con.execute(f"create table edges as from {store.edges}")
        con.execute("drop view temp.main.features; create table features as from store.main.features")
        con.execute(sql or "select 1")
        used = Tables("features", "edges", tables.get("dropped"), None, None, tables.get("judgements"))
        told = explain(con, used, model, company / "s.duckdb.model", left, right, threshold=0.9)
    return [reason.code for reason in told.reasons]


def test_reasons_stand_in_the_order_of_their_force(company: Path) -> None:
    apart = "delete from edges where record_id_l = 'crm|c0' or record_id_r = 'crm|c0';"
    assert explain_with(company, "crm|c0", "shop|s0", apart) == ["above_threshold"]
    weaker = apart + "update features set email = null, emails = null, own_emails = null, dob = '1911-10-09', "
    weaker += "dob_alt = null, birthday = '10-09', postcode = '99999' where record_id = 'shop|s0'"
    assert explain_with(company, "crm|c0", "shop|s0", weaker)[-1] == "below_threshold"
    # another birth date, other e-mails and other phones of their own
    conflict = apart + "update features set emails = ['x@y.example'], own_emails = ['x@y.example'], "
    conflict += "phones = ['+12125550199'], own_phones = ['+12125550199'], dob = '1911-10-09', "
    conflict += "dob_alt = null, birthday = '10-09' where record_id = 'shop|s0'"
    assert explain_with(company, "crm|c0", "shop|s0", conflict)[0] == "conflict"
    dropped = "create table dropped as select 'crm|c0' as record_id_l, 'shop|s0' as record_id_r, 9.5 as match_weight, "
    dropped += "'probabilistic' as kind, 'score' as rule, 'bridge' as reason;"
    assert explain_with(company, "crm|c0", "shop|s0", dropped + conflict, dropped="dropped")[:2] == [
        "dropped_bridge",
        "conflict",
    ]
    judged = "create table judged as select 'shop|s0' as record_id_l, 'crm|c0' as record_id_r, 'negative' as judgement;"
    told = explain_with(company, "crm|c0", "shop|s0", judged + dropped + apart, dropped="dropped", judgements="judged")
    assert told == ["judgement", "dropped_bridge", "above_threshold"]


def test_a_block_over_the_bound_is_named(company: Path) -> None:
    # 90 records of one birth date and nothing else in common with the two
    crowd = """delete from edges;
        update features set email = null, emails = null, own_emails = null, phone = null, phones = null,
            own_phones = null, postcode = null, family = 'x' || unique_id, family_bag = 'x' || unique_id,
            name_key = 'x' || unique_id, given = 'y' || unique_id, given_c = 'y' || unique_id,
            given_i = 'y' || unique_id, given_bag = 'y' || unique_id,
            locality = null, email_user = null, native = null, organisation = null;
        update features set dob = '1960-02-03', birthday = '02-03', dob_alt = null;"""
    assert explain_with(company, "crm|c0", "shop|s0", crowd)[-1] == "block_too_large"
    fewer = """delete from features where record_id in (
        select record_id from features where record_id not in ('crm|c0', 'shop|s0') limit 40)"""
    assert explain_with(company, "crm|c0", "shop|s0", crowd + fewer)[-1] != "block_too_large"


def test_block_sizes_are_those_of_the_blocking_step(company: Path) -> None:
    from identity.blocking import build_block_keys

    with duckdb.connect() as con:
        con.execute(f"attach '{company / 's.duckdb'}' as s (read_only)")
        con.execute("create table features as from s.features")
        con.execute("create table side as from features where record_id in ('crm|c0', 'shop|s0', 'crm|c10')")
        con.execute(
            "create table pairs as select 'crm|c0' as record_id_l, unnest(['shop|s0', 'crm|c10']) as record_id_r"
        )
        shared_keys(con, "pairs", "features", "side", None, out="shared")
        found = con.execute("select distinct block_key, size from shared order by all").fetchall()
        con.execute(
            "create table none (record_id varchar, kind varchar, namespace varchar, value varchar, is_trusted bool)"
        )
        build_block_keys(con, "features", "none", Rules(), out="all_keys", as_text=True)
        expected = con.execute(
            """select block_key, count(*) from all_keys where block_key in (select block_key from shared)
            group by all order by all"""
        ).fetchall()
        shared_keys(con, "pairs", "features", "side", None, out="looked_up", block_keys="s.block_keys")
        looked_up = con.execute("select distinct block_key, size from looked_up order by all").fetchall()
    assert len(found) > 5
    assert found == looked_up == expected


def test_a_store_is_explained_by_what_it_was_resolved_with(company: Path, tmp_path: Path) -> None:
    rules = "rules:\n  blocking: {max_block: 2, off: [name]}\n  conflicts: {entity_type: false}\n"
    (tmp_path / "roles.yml").write_text(ROLES + rules)
    store = tmp_path / "s.duckdb"
    resolve_files(
        [company / "crm.csv", company / "shop.csv"], load_roles(tmp_path / "roles.yml"), tmp_path / "out.parquet",
        store=store, edges=tmp_path / "edges.parquet", threshold=0.9876,
    )  # fmt: skip
    told = explain_store(store, "s0", "c0")
    assert told.threshold == 0.9876
    # their e-mails begin with the same seven letters, as those of five others do
    apart = explain_store(store, "c13", "c23").reasons[-1]
    assert (apart.code, "email_start (7 records, bound 2)" in apart.text) == ("block_too_large", True)
    with duckdb.connect() as con:
        tables = attach_store(con, store)
        [(version,)] = con.execute(f"select distinct model_version from '{tmp_path / 'edges.parquet'}'").fetchall()
    assert tables is not None
    assert tables.rules == load_roles(tmp_path / "roles.yml").rules
    assert tables.version == told.model_version == version


def test_rules_are_read_back_without_the_blocklist() -> None:
    rules = Rules(
        threshold=0.8,
        comparisons=ComparisonRules(("email",), {"given": {"exact": LevelOverride(m=0.9)}}),
        blocking=BlockingRules(40, off=("name",), extra={"own": ("family", "street")}),
        over_shared={"other": SharedLimit(2, 9)},
        identifiers={"card": IdentifierRules("evidence", max_values=2)},
        conflicts=ConflictRules(twins=False),
        blocklist=(BlockedValue("email", "secret@mail.example"),),
    )
    assert "secret" not in rules.as_json()
    assert rules_from_json(rules.as_json()) == replace(rules, blocklist=())


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (("c99", "c4"), "record c99 is unknown"),
        (("c4", "crm|c4"), "record crm|c4 was named twice; name two different records"),
    ],
)
def test_wrong_records_are_one_line(company: Path, records: tuple[str, str], message: str) -> None:
    with pytest.raises(IdentityInputError, match=f"^{re.escape(message)}$"):
        explain_store(company / "s.duckdb", *reversed(records))
    assert main(["explain", *records, "--store", str(company / "s.duckdb")]) == 2


# --- no values unless asked for; a page that stands alone


VALUES = ("elena", "abelard", "mail.example", "1954-05-05", "20005")


def test_nothing_shows_a_value_unless_asked(company: Path) -> None:
    told = explain_store(company / "s.duckdb", "c4", "s4")
    asked = explain_store(company / "s.duckdb", "c4", "s4", values=True)
    for text in (told.as_text(), told.as_json(), as_html(told)):
        assert [value for value in VALUES if value in text] == []
    for text in (asked.as_text(), asked.as_json(), as_html(asked)):
        assert [value for value in VALUES if value not in text] == []
    assert "value_l" not in told.as_json()
    assert "•••" in as_html(told)


def test_the_page_stands_alone_and_holds_the_numbers(company: Path) -> None:
    told = explain_store(company / "s.duckdb", "c4", "s4")
    page = check_page(as_html(told))
    cells = " ".join(page.text)
    for contribution in told.steps[0].contributions:
        if contribution.outcome != "not comparable":
            assert f"{contribution.against_strangers:+.2f}".replace("-", "−") in cells
    assert f"{told.steps[0].probability:.4f}" in cells
    assert [tag for tag, _ in page.tags].count("svg") == 1 + len(told.steps)
    apart = explain_store(company / "s.duckdb", "c4", "c5")
    assert apart.reasons[0].text in " ".join(check_page(as_html(apart)).text)


def test_the_bars_of_the_waterfall_end_where_the_sum_begins(company: Path) -> None:
    """Read back from the picture: bars chained by their widths must add up to the bar of the sum."""
    told = explain_store(company / "s.duckdb", "c4", "s4")
    step = told.steps[0]
    svg = as_html(told).split("<svg")[2]
    bars = [
        (kind, float(x), float(width))
        for kind, x, width in re.findall(r'<rect class="(\w+)[^"]*" x="([-\d.]+)" y="\d+" width="([\d.]+)"', svg)
    ]
    first = bars[: next(i for i, bar in enumerate(bars) if bar[0] == "sum") + 1]
    scale = first[-1][2] / abs(step.stranger_weight)
    total = sum(width if kind == "plus" else -width for kind, _, width in first[:-1])
    # widths are rounded to a tenth of a pixel, and never below one
    assert total / scale == pytest.approx(step.stranger_weight, abs=len(first) / scale)


def test_a_weight_that_is_no_longer_the_stored_one_is_told(company: Path) -> None:
    told = explain_store(company / "s.duckdb", "c4", "s4")
    assert "have changed since" not in told.as_text() + as_html(told)
    changed = replace(told, steps=(replace(told.steps[0], match_weight=told.steps[0].weight + 1),))
    assert "have changed since" in changed.as_text()
    assert "have changed since" in as_html(changed)


def test_markup_in_an_id_stays_text(company: Path) -> None:
    told = replace(explain_store(company / "s.duckdb", "c4", "s4"), record_id_l="<script>alert(1)</script>")
    check_page(as_html(told))


def test_the_command_writes_json_text_and_html(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, page = str(company / "s.duckdb"), company / "page.html"
    assert main(["explain", "c4", "s4", "--store", store, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["linked"], told["record_id_r"]) == (True, "shop|s4")
    assert math.isclose(told["threshold_bits"], threshold_bits(told["threshold"]))
    assert main(["explain", "c4", "s4", "--store", store, "--html", str(page), "--values"]) == 0
    assert capsys.readouterr().out == f"crm|c4 and shop|s4 are linked: {page}\n"
    assert page.stat().st_mode & 0o777 == 0o600
    check_page(page.read_text())


def test_explaining_loads_neither_splink_nor_pandas() -> None:
    import subprocess
    import sys

    code = "import sys, identity.explain; print([m for m in ('splink', 'pandas', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
