"""``<home>/identity.yml`` and the bounds on change: what an unattended run may do, and what a plan shows.

And a pass that is left out: it tells what one would that finds nothing to do, and writes nothing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline import made_from, steps
from cdp_pipeline.cli import main
from cdp_pipeline.cli._summary import format_plan
from cdp_pipeline.home import Home
from cdp_pipeline.identity_rules import load_identity_rules
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.judgements import Decision, JudgementStore
from cdp_pipeline.run import RunSummary, run
from cdp_pipeline.settings import Settings
from identity.errors import IdentityInputError
from identity.pipeline import ChangeBoundExceeded
from profiles.errors import PublishError

PEOPLE = 120
PLAN = steps.RunPlan("r1", date(2024, 1, 1), False, 0, "start", ())


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as the first run leaves it: 120 people without a shared word, each in two systems under one number."""
    home = Home(tmp_path_factory.mktemp("bounds"))
    with duckdb.connect() as con:
        con.execute(
            f"""create table customer_records as
            select source || ':people:' || n as record_id, source, 'people' as object, n::varchar as native_id,
                'person' as entity_type, md5('g' || n || source)[:8] as given_name, null::varchar as middle_name,
                null::varchar as family_name, null::varchar as full_name, null::varchar as native_name,
                null::varchar as organisation, null::varchar as birth_date, null::varchar as gender,
                null::varchar as street, null::varchar as unit, null::varchar as locality, null::varchar as region,
                null::varchar as postcode, null::varchar as country, 'US' as default_region,
                timestamp '2020-01-01' as created_at, false as is_deleted
            from (select unnest(range({PEOPLE})) as n), (select unnest(['crm', 'shop']) as source)"""
        )
        con.execute("update customer_records set given_name = null where source = 'shop'")
        con.execute(
            """create table record_identifiers as
            select record_id, 'customer_no' as kind, 'company' as namespace, 'C' || native_id as value_raw,
                'C' || native_id as value, true as is_trusted, null::varchar as reason,
                null::timestamp as first_seen_at, null::timestamp as last_seen_at
            from customer_records"""
        )
        con.execute(
            """create table anonymous_sightings (anonymous_id varchar, record_id varchar, occurred_at timestamp)"""
        )
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            (home.core / table).mkdir(parents=True)
            con.execute(f"copy {table} to '{home.core / table / 'part-0.parquet'}' (format parquet)")
    assert steps.resolve_identity(home, PLAN).profiles == PEOPLE
    return home.root


@pytest.fixture
def home(resolved: Path, tmp_path: Path) -> Home:
    shutil.copytree(resolved, tmp_path / "home")
    return Home(tmp_path / "home")


def next_plan(home: Home, run_id: str = "r2") -> steps.RunPlan:
    return replace(PLAN, run_id=run_id, base_generation=1, rules=load_identity_rules(home))


def profiles(home: Home) -> int:
    with duckdb.connect() as con:
        [(n,)] = con.execute(
            "select count(distinct profile_id) from read_parquet(?)",
            [str(home.identity / "profile_members" / "*.parquet")],
        ).fetchall()
    return int(n)


def test_a_rule_that_splits_too_much_is_held_back_and_leaves_nothing(home: Home) -> None:
    home.identity_rules.write_text("identifiers:\n  customer_no: {use: ignored}\n", encoding="utf-8")
    plan = next_plan(home)
    before = steps.last_identity_run(home)
    with pytest.raises(ChangeBoundExceeded) as held:
        steps.resolve_identity(home, plan)
    assert str(held.value) == (
        "this run would split 120 of 120 profiles (100.0%), more than the 5.0% that an unattended run may: "
        "look at it with `cdp run --plan`, then run with --accept-changes"
    )
    assert steps.last_identity_run(home) == before
    assert profiles(home) == PEOPLE
    # without the rule nothing has changed
    same = steps.resolve_identity(home, replace(plan, rules=None))
    assert (same.generation, same.changed, same.held_back) == (1, 0, None)


def test_a_plan_shows_what_the_accepted_run_then_does(home: Home) -> None:
    home.identity_rules.write_text("identifiers:\n  customer_no: {use: ignored}\n", encoding="utf-8")
    planned = steps.resolve_identity(home, replace(next_plan(home), plan_only=True))
    assert planned.held_back is not None
    diff = planned.partition_diff()
    assert diff is not None
    assert (diff.merged, diff.split, diff.old_profiles, diff.new_profiles) == (0, PEOPLE, PEOPLE, 2 * PEOPLE)
    assert (diff.records_moved, diff.split_share, diff.most_affected[0].size) == (PEOPLE, 1.0, 2)
    text = format_plan(RunSummary(True, False, PLAN.as_of, None, identity=planned))
    assert "plan as of 2024-01-01: 120 split\n" in text
    assert "2 records, split into" in text
    assert text.endswith(f"a plain `cdp run` is held back: {planned.held_back}")
    with pytest.raises(PublishError, match=r"^this run would split 120 of 120 profiles"):
        steps.publish_snapshot(home, next_plan(home), Settings())
    done = steps.resolve_identity(home, replace(next_plan(home, "r3"), accept_changes=True))
    assert done.change == planned.change
    assert (done.generation, profiles(home)) == (planned.generation, 2 * PEOPLE)
    # and the way back is held back too: all of them merge again
    home.identity_rules.unlink()
    with pytest.raises(ChangeBoundExceeded, match=r"^this run would merge 240 of 240 profiles \(100.0%\)"):
        steps.resolve_identity(home, replace(next_plan(home), base_generation=done.generation))


def test_bounds_are_the_rules_of_the_home(home: Home) -> None:
    home.identity_rules.write_text(
        "identifiers:\n  customer_no: {use: ignored}\nchange_bounds: {max_split_share: 1}\n", encoding="utf-8"
    )
    assert steps.resolve_identity(home, next_plan(home)).splits == PEOPLE


def test_an_identity_run_of_an_earlier_version_can_be_read(home: Home) -> None:
    path = home.lake / "ops" / "identity_run.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    for name in ("changed", "pairs", "is_full", "dropped_by_reason", "drift", "drift_advice", "change", "held_back"):
        del old[name]
    path.write_text(json.dumps(old), encoding="utf-8")
    before = steps.last_identity_run(home)
    assert (before.generation, before.changed, before.partition_diff()) == (1, 0, None)
    assert "all profiles are new" in format_plan(RunSummary(True, False, PLAN.as_of, None, identity=before))


def test_a_changed_rule_makes_the_next_run_necessary(home: Home) -> None:
    bare = steps.inputs_before(home, PLAN.as_of, load_identity_rules(home))
    home.identity_rules.write_text("review_from: 0.3\n", encoding="utf-8")
    ruled = steps.inputs_before(home, PLAN.as_of, load_identity_rules(home))
    assert ruled != bare
    home.identity_rules.write_text("# a remark changes nothing\nreview_from: 0.3\n", encoding="utf-8")
    assert steps.inputs_before(home, PLAN.as_of, load_identity_rules(home)) == ruled
    home.identity_rules.write_text("blocklist: values.csv\n", encoding="utf-8")
    seen = []
    for value in ("+12025550100", "+12025550101"):
        (home.root / "values.csv").write_text(f"kind,value\nphone,{value}\n", encoding="utf-8")
        seen.append(steps.inputs_before(home, PLAN.as_of, load_identity_rules(home)))
    assert len({bare, ruled, *seen}) == 4


def test_a_changed_time_zone_makes_the_next_run_necessary(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """People without an address then have other local hours."""
    found = set()
    for zone in ("", "UTC", "Asia/Shanghai"):
        monkeypatch.setenv("CDP_TIMEZONE", zone)
        found.add(steps.inputs_before(home, PLAN.as_of))
    assert len(found) == 2


def test_a_home_of_its_own_follows_the_rules_of_the_first_unless_it_has_its_own(home: Home, tmp_path: Path) -> None:
    (home.root / "values.csv").write_text("kind,value\nphone,+12025550100\n", encoding="utf-8")
    home.identity_rules.write_text("blocklist: values.csv\n", encoding="utf-8")
    other = tmp_path / "other"
    home.landing.mkdir()
    for _ in range(2):
        with pytest.raises(InputsError, match="nothing has landed"):
            run(home, out=other)
        rules = load_identity_rules(Home(other))
        assert rules is not None
        assert [blocked.value for blocked in rules.blocklist] == ["+12025550100"]
    Home(other).identity_rules.unlink()
    Home(other).identity_rules.write_text("review_from: 0.4\n", encoding="utf-8")
    with pytest.raises(InputsError, match="nothing has landed"):
        run(home, out=other)
    own = load_identity_rules(Home(other))
    assert own is not None
    assert (own.review_from, own.blocklist) == (0.4, ())


def test_an_accepted_model_makes_the_next_run_necessary(home: Home) -> None:
    [version] = [path.name for path in home.models.glob("m*")]
    before = steps.inputs_after(home, "start")
    assert steps.inputs_after(home, "start", model=version) == before
    (home.models / "current").write_text("m000000000000", encoding="utf-8")
    assert steps.inputs_after(home, "start") != before
    # the snapshot carries the model that its run used, whatever was accepted meanwhile
    assert steps.inputs_after(home, "start", model=version) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("treshold: 0.9\n", "unknown key treshold; did you mean threshold?"),
        ("threshold: [\n", "is not valid YAML"),
        ("comparisons: {levels: {given: {nonsense: {m: 0.5}}}}\n", "unknown key comparisons.levels.given.nonsense"),
    ],
)
def test_bad_rules_are_one_line_before_anything_is_taken_in(
    capsys: pytest.CaptureFixture[str], home: Home, text: str, message: str
) -> None:
    home.identity_rules.write_text(text, encoding="utf-8")
    folder = home.landed("shopify", "customers", PLAN.as_of)
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text('{"id": 1}\n', encoding="utf-8")
    assert main(["run", "--home", str(home.root)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert f"{home.identity_rules}" in said.err and message in said.err
    assert not (home.lake / "raw").exists()
    with pytest.raises(IdentityInputError):
        load_identity_rules(home)
    main(["doctor", "--home", str(home.root), "--json"])
    [finding] = [f for f in json.loads(capsys.readouterr().out) if f["check"] == "identity.yml"]
    assert not finding["ok"] and message in finding["message"]


def test_a_plan_and_accepting_do_not_go_together(capsys: pytest.CaptureFixture[str], home: Home) -> None:
    assert main(["run", "--plan", "--accept-changes", "--home", str(home.root)]) == 2
    assert "--accept-changes" in capsys.readouterr().err


# --- profiles that nothing could have changed stand ---


def written(at: Home) -> dict[str, tuple[int, int]]:
    """Size and time of everything that the step writes, its report aside."""
    files = [at.identity_db, *(path for path in at.identity.rglob("*") if path.is_file())]
    return {path.name + path.parent.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def told(run: steps.IdentityRun) -> dict[str, Any]:
    values = {name: value for name, value in asdict(run).items() if name not in ("seconds", "inputs", "change")}
    return values | {"change": run.partition_diff()}


def test_the_next_day_without_a_change_is_told_and_nothing_is_written(home: Home, tmp_path: Path) -> None:
    before = written(home)
    plan = replace(next_plan(home, "r3"), as_of=date(2024, 1, 2))
    stood = steps.resolve_identity(home, plan)
    assert (stood.seconds, written(home)) == ({}, before)
    assert told(steps.last_identity_run(home)) == told(stood)
    assert (stood.run_id, stood.as_of, stood.profiles, stood.changed) == ("r3", "2024-01-02", PEOPLE, 0)
    # the same home elsewhere, where the files have other times, is resolved and says the same
    shutil.copytree(home.root, tmp_path / "other")
    other = Home(tmp_path / "other")
    for path in other.identity.rglob("*.parquet"):
        os.utime(path, (1, 1))
    passed = steps.resolve_identity(other, plan)
    assert passed.seconds
    assert told(passed) == told(stood)


def _judge(at: Home) -> None:
    at.ops_db.parent.mkdir(parents=True, exist_ok=True)
    with JudgementStore(at.ops_db) as store:
        store.record([Decision("crm:people:1", "shop:people:2", "negative", "ann")])


CHANGES: dict[str, Callable[[Home], object]] = {
    "a core table is another one": lambda h: os.utime(h.core / "customer_records" / "part-0.parquet", (1, 1)),
    "an identity table is gone": lambda h: (h.identity / "households" / "part-0.parquet").unlink(),
    "the store is another one": lambda h: os.utime(h.identity_db, (1, 1)),
    "a rule": lambda h: h.identity_rules.write_text("change_bounds: {max_split_share: 1}\n", encoding="utf-8"),
    "a judgement": _judge,
    "the report is of an earlier version": lambda h: (h.lake / "ops" / "identity_run.json").write_text("{}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_anything_that_may_matter_makes_a_pass(home: Home, change: str) -> None:
    CHANGES[change](home)
    assert steps.resolve_identity(home, next_plan(home, "r3")).seconds


def test_a_full_run_and_a_candidate_that_was_not_published_make_a_pass(home: Home) -> None:
    assert steps.resolve_identity(home, replace(next_plan(home), full=True)).is_full
    home.identity_rules.write_text("identifiers:\n  customer_no: {use: ignored}\n", encoding="utf-8")
    candidate = steps.resolve_identity(home, replace(next_plan(home, "r3"), accept_changes=True))
    assert candidate.generation == 2
    again = steps.resolve_identity(home, replace(next_plan(home, "r4"), accept_changes=True))
    assert (again.generation, again.splits, bool(again.seconds)) == (2, PEOPLE, True)


def test_a_snapshot_of_which_an_earlier_run_made_a_part_does_not_pass_for_one_of_these_inputs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    # the package has a function of the same name
    publishing = import_module("profiles.publish")
    monkeypatch.setattr(publishing, "publish", lambda root, **given: published.append(given["inputs_fingerprint"]))
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute("create schema core; create table core.customer_records as select false as is_deleted")

    first = replace(next_plan(home), inputs="code 1")
    for part in made_from.PARTS:
        made_from.note(home, part, first.inputs)
    steps.publish_snapshot(home, first, Settings())
    # a run whose marts failed is started again from there, after the code was mended
    again = replace(first, run_id="r3", inputs="code 2")
    made_from.note(home, "marts", again.inputs)
    steps.publish_snapshot(home, again, Settings())
    steps.publish_snapshot(home, replace(again, run_id="r4"), Settings())
    for part in made_from.PARTS:
        made_from.note(home, part, again.inputs)
    steps.publish_snapshot(home, again, Settings())

    judged, model = steps.last_identity_run(home).judgements, steps.last_identity_run(home).model_version.split("-")[0]
    whole, patched, patched_too, next_run = published
    assert [whole, next_run] == [steps.inputs_after(home, code, judged, model) for code in ("code 1", "code 2")]
    assert len({whole, patched, patched_too, next_run}) == 4
