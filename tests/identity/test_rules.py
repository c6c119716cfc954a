"""The user's rules: defaults, what a file may say, and one clear line for what it may not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from identity import blocking
from identity.comparisons_of_names import GIVEN
from identity.conflicts import conflict_rule_sql
from identity.errors import IdentityInputError
from identity.roles import load_roles
from identity.rules import (
    BLOCK_COLUMNS,
    BlockedValue,
    BlockingRules,
    ConflictRules,
    IdentifierRules,
    LevelOverride,
    Rules,
    SharedLimit,
    load_rules,
    rules_from,
)
from identity.threshold import TOLERATED_WRONG

EVERYTHING = """
threshold: 0.95
review_from: 0.3
tolerated_wrong: 0.001
comparisons:
  off: [gender]
  levels:
    given: {different: {m: 0.02, u: 0.9, fixed: false}}
    attribute_0: {exact: {m: 0.8}}
blocking:
  max_block: 50
  pairs_per_record: 12.5
  off: [birth]
  extra: {plate: [attribute_0, postcode]}
over_shared:
  phone: {max_names: 4}
  other: {max_names: 2, max_records: 20}
identifiers:
  card: {unique_per_profile: true, typed: true}
  email: {max_values: null}
  ssn: {use: evidence}
max_records: 100
blocklist: [{kind: email, value: info@shop.example}]
conflicts: {generation_years: 15, twins: false}
households: {max_size: 6}
change_bounds: {max_merged_share: 0.01, max_split_share: 0.02, min_profiles: 10}
"""


def write(folder: Path, text: str, name: str = "identity.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_rules(write(tmp_path, "# nothing yet\n")) == rules_from({}, "here") == Rules()


def test_the_defaults_are_what_the_modules_do_by_themselves() -> None:
    rules = Rules()
    assert (rules.threshold, rules.tolerated_wrong, rules.review_from) == (None, TOLERATED_WRONG, 0.2)
    assert rules.shared_limit("email") == SharedLimit(8, 60)
    assert rules.shared_limit("loyalty_id") == rules.shared_limit("other") == SharedLimit(3, 60)
    assert rules.identifier("email").use == "evidence"
    assert rules.identifier("device_id").use == "ignored"
    assert rules.identifier("a kind of one's own") == IdentifierRules("hard")
    assert rules.identifier("ssn").unique_per_profile


def test_every_key_is_read(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, EVERYTHING))
    assert (rules.threshold, rules.review_from, rules.tolerated_wrong, rules.max_records) == (0.95, 0.3, 0.001, 100)
    assert rules.comparisons.off == ("gender",)
    assert rules.comparisons.levels["given"]["different"] == LevelOverride(0.02, None, 0.9, fixed=False)
    assert rules.comparisons.levels["attribute_0"]["exact"] == LevelOverride(0.8)
    assert rules.blocking == BlockingRules(50, 12.5, ("birth",), {"plate": ("attribute_0", "postcode")})
    assert rules.shared_limit("phone") == SharedLimit(4, 60)
    assert rules.shared_limit("ssn") == SharedLimit(2, 20)
    assert rules.identifier("card") == IdentifierRules("hard", True, True)
    assert rules.identifier("email") == IdentifierRules("evidence", max_values=None)
    assert rules.identifier("ssn") == IdentifierRules("evidence", True, True)
    assert rules.blocklist == (BlockedValue("email", "info@shop.example"),)
    assert rules.conflicts == ConflictRules(generation_years=15, twins=False)
    assert rules.households.max_size == 6
    assert rules.change_bounds.min_profiles == 10


def test_the_fingerprint_changes_with_any_rule_and_not_with_their_order(tmp_path: Path) -> None:
    whole = load_rules(write(tmp_path, EVERYTHING))
    sections = EVERYTHING.strip().split("\n")
    tops = [i for i, line in enumerate(sections) if not line.startswith(" ")] + [len(sections)]
    parts = ["\n".join(sections[a:b]) for a, b in pairwise(tops)]
    assert load_rules(write(tmp_path, "\n".join(parts[::-1]))).fingerprint() == whole.fingerprint()
    prints = {load_rules(write(tmp_path, part)).fingerprint() for part in parts}
    assert len(prints | {Rules().fingerprint(), whole.fingerprint()}) == len(parts) + 2


def test_a_blocklist_may_stand_in_a_file_beside(tmp_path: Path) -> None:
    write(tmp_path, "\ufeffkind,value\nphone,202 555 0147\nemail,info@shop.example\n", "blocked.csv")
    rules = load_rules(write(tmp_path, "blocklist: blocked.csv"))
    assert rules.blocklist == (BlockedValue("phone", "202 555 0147"), BlockedValue("email", "info@shop.example"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[1, 2]", "{path}: rules must be a mapping of keys to values"),
        ("a: b: c", "{path} line 1: is not valid YAML"),
        ("treshold: 0.9", "{path}: unknown key treshold; did you mean threshold?"),
        ("threshold: 95", "{path}: threshold must be a number from 0.5 to 1 or null"),
        ("threshold: yes", "{path}: threshold must be a number from 0.5 to 1 or null"),
        ("{threshold: 0.8, review_from: 0.9}", "{path}: review_from must not be above threshold"),
        ("max_records: 1.5", "{path}: max_records must be a whole number from 2 to 5000"),
        ("blocking: {max_bloc: 5}", "{path}: unknown key blocking.max_bloc; did you mean max_block?"),
        ("blocking: 80", "{path}: blocking must be a mapping of keys to values"),
        ("blocking: {extra: {plate: []}}", "{path}: blocking.extra.plate must be a list of at least one column"),
        ("blocking: {extra: {birth: [dob]}}", "{path}: blocking.extra.birth must be a new name of small letters, "
         "digits and underscores"),
        ("comparisons: {levels: {given: {exact: {m: 2}}}}",
         "{path}: comparisons.levels.given.exact.m must be a number from 1e-09 to 1"),
        ("identifiers: {card: {use: strong}}", "{path}: identifiers.card.use must be one of hard, evidence, ignored"),
        ("identifiers: {email: {use: hard}}",
         "{path}: identifiers.email.use must be evidence or ignored: email is shared by families"),
        ("conflicts: {twins: 1}", "{path}: conflicts.twins must be true or false"),
        ("blocklist: [{kind: phone, value: 2025550147}]",
         "{path}: blocklist entry 1 must hold kind and value as texts (put numbers in quotes)"),
    ],
)  # fmt: skip
def test_a_wrong_file_gets_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(IdentityInputError) as caught:
        load_rules(path)
    assert str(caught.value) == line.format(path=path)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("blocking: {off: [brith]}", "blocking.off names brith, which is none of"),
        ("blocking: {extra: {plate: [password]}}", "blocking.extra.plate names password, which is none of"),
        ("comparisons: {off: [genders]}", "comparisons.off names genders, which is none of"),
        ("comparisons: {levels: {givn: {}}}", "unknown key comparisons.levels.givn; did you mean given?"),
        ("comparisons: {levels: {given: {exakt: {m: 0.5}}}}", "unknown key comparisons.levels.given.exakt; did you"),
    ],
)
def test_an_unknown_name_is_met_with_those_known(tmp_path: Path, text: str, start: str) -> None:
    with pytest.raises(IdentityInputError) as caught:
        load_rules(write(tmp_path, text))
    assert start in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("kind;value\nphone;202 555 0147\n", "must have the columns kind and value"),
        ("kind,value\nphone,202 555 0147\nphone,\n", "line 3: kind and value must both be filled"),
        ("kind,value\nphone\n", "line 2: kind and value must both be filled"),
    ],
)
def test_a_wrong_blocklist_is_named_without_its_values(tmp_path: Path, content: str, problem: str) -> None:
    write(tmp_path, content, "blocked.csv")
    with pytest.raises(IdentityInputError) as caught:
        load_rules(write(tmp_path, "blocklist: blocked.csv"))
    assert problem in str(caught.value)
    assert "555" not in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(IdentityInputError, match=r"absent\.yml: no such file"):
        load_rules(tmp_path / "absent.yml")
    with pytest.raises(IdentityInputError, match=r"names .*absent\.csv, which does not exist"):
        load_rules(write(tmp_path, "blocklist: absent.csv"))
    with pytest.raises(IdentityInputError, match="cannot be read as a file"):
        load_rules(tmp_path)


def test_the_roles_file_holds_rules_or_names_their_file(tmp_path: Path) -> None:
    roles = "record_id: id\nroles: {given_name: first}\n"
    assert load_roles(write(tmp_path, roles, "roles.yml")).rules == Rules()
    inside = load_roles(write(tmp_path, f"{roles}rules: {{max_records: 30}}\n", "roles.yml")).rules
    write(tmp_path, "max_records: 30", "strict.yml")
    beside = load_roles(write(tmp_path, f"{roles}rules: strict.yml\n", "roles.yml")).rules
    assert inside == beside == Rules(max_records=30)
    with pytest.raises(IdentityInputError, match=r"roles\.yml: rules must be a mapping, or the path of a YAML file"):
        load_roles(write(tmp_path, f"{roles}rules: 3\n", "roles.yml"))
    with pytest.raises(IdentityInputError, match=r"roles\.yml rules: unknown key max_record; did you mean max_records"):
        load_roles(write(tmp_path, f"{roles}rules: {{max_record: 3}}\n", "roles.yml"))


def test_sql_texts_follow_the_rules() -> None:
    rules = rules_from(
        {
            "identifiers": {"o'card": {"use": "ignored"}, "ssn": {"use": "evidence"}},
            "over_shared": {"o'card": {"max_names": 1}},
        },
        "here",
    )
    kinds = ["email", "phone", "o'card", "ssn", "passport", "device_id"]
    with duckdb.connect() as con:
        con.execute("create table k (kind varchar)")
        con.executemany("insert into k values (?)", [[kind] for kind in kinds])

        def having(condition: str) -> set[str]:
            return {kind for (kind,) in con.execute(f"select kind from k where {condition}").fetchall()}

        for uses in (["hard"], ["evidence"], ["ignored"], ["hard", "evidence"]):
            assert having(rules.use_sql("kind", *uses)) == {k for k in kinds if rules.identifier(k).use in uses}
        limits = dict(con.execute(f"select kind, {rules.shared_limit_sql('kind', 'max_names')} from k").fetchall())
    assert limits == {k: rules.shared_limit(k).max_names for k in kinds}


def test_a_conflict_rule_that_is_off_is_not_in_the_sql() -> None:
    off = dict.fromkeys(("given_name", "birth_date", "generation", "suffix", "gender", "twins", "entity_type"), False)
    assert conflict_rule_sql(rules=ConflictRules(**off)) == "null::varchar"
    assert "'twins'" in conflict_rule_sql()
    assert "'twins'" not in conflict_rule_sql(rules=ConflictRules(twins=False))


def test_names_that_rules_refer_to_exist(column_names: set[str]) -> None:
    assert "different" in [level.name for level in GIVEN.levels]
    assert "birth" in blocking.RULES
    assert set(BLOCK_COLUMNS) <= column_names
