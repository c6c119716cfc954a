"""A trained model and its card: what is written beside it, what is not, and what rules make of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from identity import IdentityInputError, accept_model, list_models, load_roles, resolve_files
from identity.blocking import key_rules
from identity.comparisons import PERSON
from identity.features import add_term_frequencies
from identity.model import (
    Model,
    load_card,
    load_model,
    load_report,
    make_model,
    newest_candidate,
    save_model,
    term_frequency_file,
)  # fmt: skip
from identity.model_card import FEW_PAIRS, card_html, card_text, model_card
from identity.model_overrides import apply_overrides
from identity.parameters import Trained
from identity.rules import ComparisonRules, LevelOverride, Rules
from identity.training_report import blocking_statistics, report_from, training_report

GIVEN = ["Zebulon", "Ottoline", "Peregrine", "Clementina", "Barnaby", "Philippa", "Thaddeus", "Rosalind", "Cornelius"]
FAMILY = ["Quillfeather", "Abernathy", "Wolstenholme", "Featherstone", "Carruthers", "Ravenscroft", "Blenkinsop"]
PEOPLE = 63  # every given name with every family name once


def write_people(path: Path) -> Path:
    """Two records per person, the second with a slip in the birth date of every fifth and no e-mail for every third."""
    lines = ["id,first,last,born,mail,street,town,job"]
    for i in range(PEOPLE):
        given, family = GIVEN[i % 9], FAMILY[i // 9]
        born, slip = f"19{30 + i % 60}-{i % 12 + 1:02d}-{i % 27 + 1:02d}", f"19{30 + i % 60}-{i % 12 + 1:02d}-28"
        mail = f"{given}.{family}{i}@letters.example".lower()
        street = f"{100 + i} Nightingale Crescent"
        lines.append(f"a{i},{given},{family},{born},{mail},{street},Marblethorpe,")
        again = slip if i % 5 == 0 else born
        lines.append(f"b{i},{given},{family},{again},{'' if i % 3 == 0 else mail},{street},Marblethorpe,")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


ROLES = """record_id: id
roles: {given_name: first, family_name: last, birth_date: born, email: mail, street: street, locality: town,
  attributes: [job]}
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one trained and accepted model."""
    root = tmp_path_factory.mktemp("trained")
    (root / "roles.yml").write_text(ROLES, encoding="utf-8")
    people = write_people(root / "people.csv")
    resolve_files([people], load_roles(root / "roles.yml"), root / "out.parquet", model=root / "model")
    return root / "model"


def loaded(models: Path) -> Model:
    model = load_model(models)
    assert model is not None
    return model


class Checked(HTMLParser):
    """Raises on an end tag that closes nothing open; collects attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_training_leaves_a_card_that_counts_what_it_saw(models: Path) -> None:
    model = loaded(models)
    card = load_card(models)
    assert card["version"] == model.version
    assert card["trained_records"] == 2 * PEOPLE
    assert card["seed"] == 1
    fields = {f["name"]: f for f in card["fields"]}
    assert fields["given"]["distinct_values"] == 9
    assert fields["given"]["most_frequent_share"] == pytest.approx(7 / 63)
    assert fields["family"]["chance_agreement"] == pytest.approx(1 / 7)
    assert fields["email"]["completeness"] == pytest.approx(1 - 21 / 126)
    assert fields["phone"]["completeness"] == 0
    assert card["left_out"][0]["comparison"] == "phone"
    reasons = {left["comparison"]: left["reason"] for left in card["left_out"]}
    assert reasons["attribute_0"] == reasons["phone"] == "fewer than two records fill it"
    assert card["pairs"]["matched_records"] <= 2 * PEOPLE
    assert card["pairs"]["from_threshold"] >= 0.8 * PEOPLE
    assert {row["column"] for row in card["term_frequencies"]} >= {"given", "family"}
    blocks = {b["name"]: b for b in card["blocking"]}
    assert blocks["emails"]["pairs"] == 2 * PEOPLE - PEOPLE - 21  # both records of a person, less those without
    assert blocks["emails"]["too_large"] == 0


def test_the_parameters_on_the_card_are_the_model_s(models: Path) -> None:
    model = loaded(models)
    card = load_card(models)
    assert [c["name"] for c in card["comparisons"]] == list(model.comparisons)
    for entry, comparison in zip(card["comparisons"], model.chosen(), strict=True):
        assert [lv["name"] for lv in entry["levels"]] == [lv.name for lv in comparison.levels]
        for parameter, values in (("m", model.trained.m), ("h", model.trained.h), ("u", model.trained.u)):
            assert [lv[parameter] for lv in entry["levels"]] == values[comparison.name]
        counted = sum(lv["accepted_pairs"] for lv in entry["levels"]) + entry["accepted_not_comparable"]
        assert counted == card["pairs"]["from_threshold"]
        for level, shown in zip(comparison.levels, entry["levels"], strict=True):
            told = " ".join(shown["untrained"])
            assert ("u stays at its default" in told) == (level.rare and not level.covered)
            assert ("m is held by its prior" in told) == (shown["accepted_pairs"] < FEW_PAIRS)


def test_information_is_the_divergence_of_the_classes() -> None:
    gender = next(c for c in PERSON if c.name == "gender")
    trained = Trained({"gender": [0.5, 0.5]}, {"gender": [0.5, 0.5]}, {"gender": [0.125, 0.875]}, 0.001, 0.001, 10)
    [entry] = model_card(make_model([gender], 0, trained, 0.9, 10), None)["comparisons"]
    # .5 · log2(.5 / .125) + .5 · log2(.5 / .875) = 1 - .4037
    assert entry["information_bits"] == pytest.approx(0.5963, abs=1e-4)
    assert entry["household_information_bits"] == 0
    assert entry["levels"][0]["weight_bits"] == 2
    assert entry["mean_weight_bits"] is None


def test_the_page_is_html_that_loads_nothing(models: Path) -> None:
    text = (models / loaded(models).version / "card.html").read_text(encoding="utf-8")
    page = Checked()
    page.feed(text)
    page.close()
    assert page.open == []
    assert {"svg", "rect", "table"} <= page.seen
    assert not page.seen & {"script", "link", "img", "iframe", "object", "embed"}
    assert not {"src", "href", "xlink:href", "data", "srcset"} & {name for name, _ in page.attributes}
    assert not re.search(r"https?:|//|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    for comparison in loaded(models).comparisons:
        assert comparison in text


def test_no_value_of_a_person_is_written_but_frequent_ones_for_scoring(models: Path) -> None:
    home = models / loaded(models).version
    files = [path for path in home.iterdir() if path.suffix != ".parquet"]
    assert {path.name for path in files} == {"card.html", "card.json", "model.json", "splink.json"}
    values = [*GIVEN, *FAMILY, "Nightingale", "Marblethorpe", "letters.example"]
    for path in files:
        text = path.read_text(encoding="utf-8").lower()
        assert [value for value in values if value.lower() in text] == []
    text = card_text(load_card(models)).lower()
    assert [value for value in values if value.lower() in text] == []
    kept = duckdb.execute(f"select value from '{home / 'term_frequencies.parquet'}'").fetchall()
    assert not [value for (value,) in kept if value and "@" in value]


def test_the_same_training_writes_the_same_files(models: Path, tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(ROLES, encoding="utf-8")
    people = write_people(tmp_path / "people.csv")
    lines = people.read_text(encoding="utf-8").splitlines()
    people.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")
    resolve_files([people], load_roles(tmp_path / "roles.yml"), tmp_path / "out.parquet", model=tmp_path / "model")
    version = loaded(models).version
    for name in ("card.json", "card.html", "model.json"):
        assert (tmp_path / "model" / version / name).read_bytes() == (models / version / name).read_bytes()


def test_the_report_is_read_back_as_it_was_written(models: Path) -> None:
    report = load_report(models)
    assert report is not None
    assert report_from(json.loads(json.dumps(report.as_dict()))) == report
    shares = [wrong / pairs for _, pairs, wrong in report.calibration]
    assert shares == sorted(shares)


def copy_of(models: Path, folder: Path) -> tuple[Path, dict[str, object]]:
    """The model in a folder of its own, with the content of its model.json."""
    home = folder / loaded(models).version
    home.mkdir(parents=True)
    for path in (models / loaded(models).version).iterdir():
        (home / path.name).write_bytes(path.read_bytes())
    return home, json.loads((home / "model.json").read_text(encoding="utf-8"))


def test_a_model_of_an_earlier_version_loads_and_has_a_card(models: Path, tmp_path: Path) -> None:
    home, content = copy_of(models, tmp_path)
    for new in ("levels", "definitions", "base_version", "overridden"):
        del content[new]
    (home / "model.json").write_text(json.dumps(content), encoding="utf-8")
    (home / "card.json").unlink()
    accept_model(tmp_path, home.name)
    old = loaded(tmp_path)
    assert old.trained == loaded(models).trained
    assert (old.levels, old.redefined()) == ({}, [])
    assert load_report(tmp_path) is None
    card = load_card(tmp_path)
    assert card["version"] == home.name
    assert card["fields"] == []
    assert "given" in card_html(card)
    assert "given" in card_text(card)


def test_other_levels_under_the_same_number_are_refused(models: Path, tmp_path: Path) -> None:
    home, content = copy_of(models, tmp_path)
    levels = content["levels"]
    assert isinstance(levels, dict)
    levels["given"] = list(reversed(levels["given"]))
    (home / "model.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(IdentityInputError, match="comparison given has other levels in this version"):
        load_model(home)


def test_a_level_that_was_part_of_another_has_its_parameters(models: Path, tmp_path: Path) -> None:
    """A model of before "two Chinese names" was a level goes on: such pairs were "different" to it."""
    home, content = copy_of(models, tmp_path)
    levels, trained = content["levels"], content["trained"]
    assert isinstance(levels, dict) and isinstance(trained, dict)
    place, last = levels["given"].index("two Chinese names"), levels["given"].index("different")
    del levels["given"][place]
    for parameter in ("m", "h", "u"):
        del trained[parameter]["given"][place]
    (home / "model.json").write_text(json.dumps(content), encoding="utf-8")
    model = load_model(home)
    assert model is not None
    assert model.levels["given"][place] == "two Chinese names"
    for of in (model.trained.m, model.trained.h, model.trained.u):
        assert len(of["given"]) == len(model.levels["given"])
        assert of["given"][place] == of["given"][last]


@pytest.mark.parametrize("broken", ["{", "[]", '{"format": 1}', '{"format": 99}'])
def test_a_broken_model_is_one_line(models: Path, tmp_path: Path, broken: str) -> None:
    home, _ = copy_of(models, tmp_path)
    (home / "model.json").write_text(broken, encoding="utf-8")
    with pytest.raises(IdentityInputError) as error:
        load_model(home)
    assert str(home) in str(error.value)
    assert "\n" not in str(error.value)


def other(model: Model, threshold: float) -> Model:
    return make_model(model.chosen(), model.attributes, model.trained, threshold, model.trained_records)


def test_versions_are_listed_in_the_order_of_training(models: Path, tmp_path: Path) -> None:
    model = loaded(models)
    with duckdb.connect() as con:
        con.execute("create table frequencies (column_name varchar, value varchar, tf double)")
        con.execute("create table u (word_hash bigint, as_given bigint, as_family bigint)")
        first, second = other(model, 0.81), other(model, 0.82)
        save_model(first, tmp_path, con, "frequencies", name_use="u")
        assert newest_candidate(tmp_path) is None
        save_model(second, tmp_path, con, "frequencies", name_use="u", accept=False)
    assert [(m["version"], m["is_current"]) for m in list_models(tmp_path)] == [
        (first.version, True),
        (second.version, False),
    ]
    assert newest_candidate(tmp_path) == second.version
    with pytest.raises(IdentityInputError, match=f"there is no model m0; there are: {first.version}, {second.version}"):
        accept_model(tmp_path, "m0")
    with pytest.raises(IdentityInputError, match="there is no model"):
        accept_model(tmp_path, f"../{tmp_path.name}/{second.version}")


def test_a_version_that_is_there_keeps_its_frozen_frequencies(models: Path, tmp_path: Path) -> None:
    model = loaded(models)
    with duckdb.connect() as con:
        con.execute("create table frequencies as select 'given' as column_name, 'x' as value, 0.5::double as tf")
        con.execute("create table u (word_hash bigint, as_given bigint, as_family bigint)")
        home = save_model(model, tmp_path, con, "frequencies", name_use="u")
        con.execute("update frequencies set tf = 0.1")
        save_model(model, tmp_path, con, "frequencies", name_use="u")
        assert con.execute(f"select tf from '{home / 'term_frequencies.parquet'}'").fetchall() == [(0.5,)]


def test_rules_that_change_nothing_leave_the_model(models: Path) -> None:
    model = loaded(models)
    assert apply_overrides(model, Rules()) is model
    assert apply_overrides(model, Rules(threshold=model.threshold)) is model
    prior_only = ComparisonRules(levels={"given": {"exact": LevelOverride(m=0.9, fixed=False)}})
    assert apply_overrides(model, Rules(comparisons=prior_only)) is model


def test_a_fixed_probability_holds_and_the_others_share_the_rest(models: Path) -> None:
    model = loaded(models)
    rules = Rules(comparisons=ComparisonRules(levels={"given": {"exact": LevelOverride(m=0.9, u=0.001)}}))
    changed = apply_overrides(model, rules)
    number = [lv.name for lv in model.chosen()[0].levels].index("exact")
    m, before = changed.trained.m["given"], model.trained.m["given"]
    assert m[number] == 0.9
    assert sum(m) == pytest.approx(1)
    others = [i for i in range(len(m)) if i != number]
    assert [m[i] / m[others[0]] for i in others] == pytest.approx([before[i] / before[others[0]] for i in others])
    assert changed.trained.u["given"][number] == 0.001
    assert changed.trained.h == model.trained.h
    assert changed.trained.m["family"] == model.trained.m["family"]
    assert loaded(models) == model
    assert re.fullmatch(rf"{model.version}-[0-9a-f]{{8}}", changed.version)
    assert changed.base_version == model.version
    assert term_frequency_file(models, changed) == term_frequency_file(models, model)
    assert apply_overrides(model, rules) == changed
    assert apply_overrides(changed, rules) is changed


def test_comparisons_can_be_off_and_the_threshold_set(models: Path) -> None:
    model = loaded(models)
    changed = apply_overrides(model, Rules(threshold=0.5, comparisons=ComparisonRules(off=("email", "phone"))))
    assert changed.comparisons == tuple(n for n in model.comparisons if n != "email")
    assert set(changed.trained.m) == set(changed.trained.u) == set(changed.comparisons)
    assert changed.threshold == 0.5
    assert [c.name for c in changed.chosen()] == list(changed.comparisons)
    card = model_card(changed, load_report(models))
    assert card["threshold"]["how"] == "set by the rules"
    assert {"comparison": "email", "filled_records": 105, "reason": "switched off by the rules"} in card["left_out"]
    assert card["base_version"] == model.version


def test_impossible_overrides_are_refused(models: Path) -> None:
    model = loaded(models)
    unknown = Rules(comparisons=ComparisonRules(levels={"given": {"exakt": LevelOverride(m=0.9)}}))
    with pytest.raises(IdentityInputError, match="comparison given has no level 'exakt'; it has: "):
        apply_overrides(model, unknown)
    both = {"exact": LevelOverride(m=0.7), "different": LevelOverride(m=0.6)}
    with pytest.raises(IdentityInputError, match=r"the fixed m of its levels sum to 1\.3"):
        apply_overrides(model, Rules(comparisons=ComparisonRules(levels={"given": both})))


def test_the_report_counts_levels_from_most_agreement_down() -> None:
    gender = next(c for c in PERSON if c.name == "gender")
    trained = Trained({"gender": [0.9, 0.1]}, {"gender": [0.5, 0.5]}, {"gender": [0.5, 0.5]}, 0.001, 0.001, 10)
    model = make_model([gender], 0, trained, 0.8, 5)
    with duckdb.connect() as con:
        con.execute(
            """create table features as select * from (values (1, 'r1', 'f'), (2, 'r2', 'f'), (3, 'r3', 'f'),
                (4, 'r4', 'm'), (5, 'r5', null)) t(unique_id, record_id, gender)"""
        )
        con.execute(
            """create table scored as select * from (values (1, 2, .99, 1), (1, 3, .85, 1), (2, 4, .80, 0),
                (3, 5, .79, -1), (4, 5, .10, -1)) t(unique_id_l, unique_id_r, match_probability, gamma_gender)"""
        )
        con.execute("create table frozen_frequencies (column_name varchar, value varchar, tf double)")
        con.execute(
            """create table ids as select * from (values ('email', '', 'x', 'over_shared'), ('email', '', 'x',
                'over_shared'), ('phone', '', 'y', 'over_shared'), ('phone', '', 'z', null))
                t(kind, namespace, value, reason)"""
        )
        name, birth = (key_rules(Rules()).index(rule) for rule in ("name", "birth"))
        con.execute(
            f"""create table block_keys as select * from (values (11, {name}, 1), (11, {name}, 2), (11, {name}, 3),
                (12, {name}, 4), (12, {name}, 5), (21, {birth}, 1), (21, {birth}, 5), (22, {birth}, 2))
                t(block_key, rule, unique_id)"""
        )
        report = training_report(con, model, seed=3, identifiers="ids", block_keys="block_keys")
        bounded = blocking_statistics(con, "block_keys", Rules(), 80, {"name": 2})
    seen = report.statistics
    assert seen is not None
    assert (seen.records, seen.matched_pairs, seen.matched_records, seen.matched_of) == (5, 3, 4, 5)
    assert seen.filled == {"gender": 4}
    assert seen.outcomes == {"gender": [2, 1, 0]}
    assert seen.candidates == {"gender": [2, 1, 2]}
    [field] = report.fields
    assert (field.filled, field.distinct, field.most_frequent) == (4, 2, 3)
    assert field.agreement == pytest.approx((9 + 1) / 16)
    assert report.over_shared == {"email": 1, "phone": 1}
    assert [(b.name, b.max_block, b.blocks, b.too_large, b.left_out_records, b.pairs) for b in report.blocking] == [
        ("name", 80, 2, 0, 0, 4),
        ("birth", 80, 1, 0, 0, 1),
    ]
    assert [(b.name, b.max_block, b.blocks, b.too_large, b.left_out_records, b.pairs) for b in bounded] == [
        ("birth", 80, 1, 0, 0, 1),
        ("name", 2, 2, 1, 3, 1),
    ]
    assert [(t, n) for t, n, _ in report.calibration] == [(0.99, 1), (0.85, 2), (0.8, 3), (0.79, 4)]
    assert report.calibration[1][2] == pytest.approx(0.01 + 0.15)


def test_the_frequencies_of_more_columns_than_one_statement_joins() -> None:
    columns = [f"attribute_{n}" for n in range(80)]
    with duckdb.connect() as con:
        listed = ", ".join(f"'v{n}' as {column}" for n, column in enumerate(columns))
        con.execute(f"create table f as select 1 as unique_id, {listed} union all select 2, {', '.join(['null'] * 80)}")
        frequencies = ", ".join(
            f"('{column}', 'v{n}', {n}), ('{column}', null, 0.5)" for n, column in enumerate(columns)
        )
        con.execute(
            f"create table tf as select * from (values {frequencies}) t (column_name, value, tf) where value <> 'v79'"
            " or value is null"
        )
        add_term_frequencies(con, "f", columns, "tf")
        names = [f"tf_{column}" for column in columns]
        found = con.execute(f"select {', '.join(names)} from f order by unique_id").fetchall()
    # a value that is not listed is as frequent as the rare ones
    assert found == [(*range(79), 0.5), (None,) * 80]
