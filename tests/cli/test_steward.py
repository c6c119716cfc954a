"""``cdp steward`` on a small home: judgements are recorded, superseded and taken back; bad usage is one line."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline import inputs, steps
from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from cdp_pipeline.judgements import (
    Decision,
    JudgementStore,
    as_judgements,
    current_author,
    fingerprint,
    live_judgements,
)

GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas"]
FAMILY = ["abelard", "brandt", "castellan", "dorfmann"]


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with core and identity tables: forty people in a CRM (crm:people:0 …), the even ones in a shop as well;
    people 0 and 1 were given one loyalty number."""
    from identity import run_pipeline

    home = Home(tmp_path_factory.mktemp("steward"))
    with duckdb.connect() as con:
        con.execute("create table given as select unnest(?) as name, unnest(range(10)) as i", [GIVEN])
        con.execute("create table family as select unnest(?) as name, unnest(range(4)) as i", [FAMILY])
        con.execute(
            """create table customer_records as
            select source || ':people:' || n as record_id, source, 'people' as object, n::varchar as native_id,
                'person' as entity_type, g.name as given_name, null::varchar as middle_name, f.name as family_name,
                null::varchar as full_name, null::varchar as native_name, null::varchar as organisation,
                (date '1950-01-01' + (n * 397)::integer)::varchar as birth_date, null::varchar as gender,
                (100 + n) || ' Elm Street' as street, null::varchar as unit, 'Springfield' as locality,
                null::varchar as region, '62701' as postcode, null::varchar as country, 'US' as default_region,
                timestamp '2020-01-01' as created_at, false as is_deleted
            from (select unnest(range(40)) as n), (select unnest(['crm', 'shop']) as source), given g, family f
            where g.i = n % 10 and f.i = n // 10 and (source = 'crm' or n % 2 = 0)"""
        )
        con.execute(
            """create table record_identifiers as
            select record_id, kind, '' as namespace, value as value_raw, value, true as is_trusted,
                null::varchar as reason, null::timestamp as first_seen_at, null::timestamp as last_seen_at
            from (
                select record_id, 'email' as kind, given_name || '.' || family_name || '@mail.example' as value
                from customer_records
                union all select record_id, 'phone', '+1202555' || (1000 + native_id::integer) from customer_records
                union all select record_id, 'loyalty_id', 'L1' from customer_records
                where record_id in ('crm:people:0', 'crm:people:1')
            )"""
        )
        con.execute(
            "create table anonymous_sightings (anonymous_id varchar, record_id varchar, kind varchar, "
            "occurred_at timestamp)"
        )
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            (home.core / table).mkdir(parents=True)
            con.execute(f"copy {table} to '{home.core / table / 'part-0.parquet'}'")
    run_pipeline(
        home.core, home.identity, home.identity_db, home.models, as_of=date(2024, 1, 1), run_id="r", base_generation=0
    )
    return home.root


@pytest.fixture
def home(resolved: Path, tmp_path: Path) -> Path:
    """The resolved home with a state of its own."""
    for name in ("lake", "model"):
        (tmp_path / name).symlink_to(resolved / name)
    return tmp_path


def profile(home: Path, record: str) -> str:
    with duckdb.connect() as con:
        [(found,)] = con.execute(
            f"select profile_id from '{home}/lake/identity/profile_members/*.parquet' where record_id = ?", [record]
        ).fetchall()
    return str(found)


def say(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> Any:
    assert main(["steward", *arguments, "--json", "--home", str(home)]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> str:
    """The one line on stderr of a command that is refused as bad usage or input."""
    assert main(["steward", *arguments, "--home", str(home)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.strip()


def live(home: Path) -> list[tuple[str, str, str, str]]:
    return [(j.record_id_l, j.judgement, j.record_id_r, j.author) for j in live_judgements(Home(home).ops_db)]


def test_link_supersede_and_undo(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    linked = say(capsys, home, "link", "shop:people:2", "crm:people:3", "--author", "anna", "--reason", "seen both")
    assert linked["status"] == "recorded"
    assert (linked["judgement"]["judgement_id"], linked["judgement"]["reason"]) == (1, "seen both")
    assert say(capsys, home, "link", "crm:people:3", "shop:people:2", "--author", "wei")["status"] == "unchanged"
    apart = say(capsys, home, "separate", "crm:people:3", "shop:people:2", "--author", "wei")
    assert (apart["status"], apart["earlier"]["author"]) == ("superseded", "anna")
    assert live(home) == [("crm:people:3", "negative", "shop:people:2", "wei")]
    undone = say(capsys, home, "undo", "shop:people:2", "crm:people:3", "--author", "lee", "--reason", "mistaken")
    assert (undone["revoked_by"], undone["revoke_reason"]) == ("lee", "mistaken")
    assert live(home) == []
    assert say(capsys, home, "list") == []
    kept = say(capsys, home, "list", "--all")
    assert [(j["judgement"], j["revoke_reason"]) for j in kept] == [
        ("positive", "superseded by negative"), ("negative", "mistaken"),
    ]  # fmt: skip
    assert "there is no live judgement between A and B" in refused(
        capsys, home, "undo", "crm:people:3", "shop:people:2"
    )


def test_a_contradiction_is_refused_with_its_path_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    say(capsys, home, "link", "crm:people:3", "crm:people:5", "--author", "anna")
    say(capsys, home, "link", "crm:people:5", "crm:people:7", "--author", "wei")
    line = refused(capsys, home, "separate", "crm:people:3", "crm:people:7")
    today = live_judgements(Home(home).ops_db)[0].created_at[:10]
    assert line == (
        "cdp: contradicts: crm:people:3 ≠ crm:people:7 (this one) but crm:people:3 = crm:people:5 "
        f"(anna, {today}), crm:people:5 = crm:people:7 (wei, {today}); undo one of these first"
    )
    assert len(live(home)) == 2
    say(capsys, home, "undo", "--id", "2")
    say(capsys, home, "separate", "crm:people:3", "crm:people:7", "--author", "lee")
    line = refused(capsys, home, "link", "crm:people:7", "crm:people:5")
    assert "crm:people:3 ≠ crm:people:7 (lee, " in line
    assert "crm:people:5 = crm:people:7 (this one)" in line
    assert "judgement 2 was taken back on" in refused(capsys, home, "undo", "--id", "2")
    assert "there is no judgement 9" in refused(capsys, home, "undo", "--id", "9")


def test_profiles_stand_for_their_records(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    p2, p3 = profile(home, "crm:people:2"), profile(home, "crm:people:3")
    say(capsys, home, "link", p2, p3, "--author", "anna")
    assert live(home) == [("crm:people:2", "positive", "crm:people:3", "anna")]
    say(capsys, home, "undo", p3, p2)
    assert live(home) == []
    say(capsys, home, "separate", p2, p3, "--author", "anna")
    assert live(home) == [("crm:people:2", "negative", "crm:people:3", "anna")]
    say(capsys, home, "separate", "shop:people:2", "crm:people:3", "--author", "anna")
    assert "2 judgements lie between A and B; choose one with --id: 2, 3" in refused(capsys, home, "undo", p2, p3)


def test_a_link_tells_which_records_of_the_profiles_stay_apart(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    say(capsys, home, "separate", "shop:people:2", "shop:people:4", "--author", "anna")
    linked = say(capsys, home, "link", "crm:people:2", "crm:people:4", "--author", "wei")
    assert [(j["judgement_id"], j["author"]) for j in linked["still_apart"]] == [(1, "anna")]
    assert say(capsys, home, "link", "crm:people:6", "crm:people:4")["still_apart"] == []


def test_bad_usage(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    p2 = profile(home, "crm:people:2")
    assert refused(capsys, home, "separate", p2) == (
        f"cdp steward separate needs two ids, A and B; `cdp profile show {p2}` lists a profile's records"
    )
    assert f"the two records of profile {p2} that are to be apart" in refused(
        capsys, home, "separate", p2, "shop:people:2"
    )
    assert refused(capsys, home, "link", "crm:people:2", "crm:people:2") == "cdp: A and B name the same record"
    assert refused(capsys, home, "link", p2, p2) == (
        f"cdp: A and B name one profile, {p2}; its records are together already"
    )
    assert refused(capsys, home, "link", p2, "crm:people:2") == (
        f"cdp: A and B name the same record, which stands for profile {p2}"
    )
    line = refused(capsys, home, "link", "crm:people:2", "crm:people:33333")
    assert line == "cdp: B names no record and no profile of the last run; the nearest id is crm:people:33"
    assert "someone" not in refused(capsys, home, "link", "someone@mail.example", "crm:people:2")
    assert refused(capsys, home, "undo") == "cdp steward undo needs either A and B, or --id N"
    assert refused(capsys, home, "undo", "a", "b", "--id", "1") == "cdp steward undo needs either A and B, or --id N"
    assert "'0' is not a number of at least 1" in refused(capsys, home, "review", "--limit", "0")
    assert "did you mean 'link'" in refused(capsys, home, "lnk", "a", "b")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "nothing has been resolved here yet" in refused(capsys, empty, "review")
    assert "nothing has been resolved here yet" in refused(capsys, empty, "link", "a", "b")
    assert live(home) == []


def test_the_author_is_the_user_of_the_system_or_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "carol")
    assert current_author() == "carol"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    assert current_author() == "uid-54321"


def test_judgements_cannot_be_deleted_or_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ops.sqlite"
    with JudgementStore(path) as store:
        store.record([Decision("b", "a", "positive", "anna")])
        store.undo("a", "b", author="anna")
        with store.transaction() as con:
            with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
                con.execute("delete from judgements")
            for change in ("judgement = 'negative'", "revoked_at = null", "revoked_by = 'wei'"):
                with pytest.raises(sqlite3.IntegrityError, match="only be revoked, and only once"):
                    con.execute(f"update judgements set {change}")


def test_the_queue_shows_the_next_question_and_an_answer_takes_it_out(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    found = say(capsys, home, "review", "--limit", "1")
    [question] = found["questions"]
    assert (question["record_id_l"], question["record_id_r"]) == ("crm:people:0", "crm:people:1")
    assert (question["reason"], question["worth"]) == ("identifier_of_another_person", 2.0)
    assert main(["steward", "review", "--home", str(home)]) == 0
    text = capsys.readouterr().out
    assert "answer: cdp steward link|separate|unsure crm:people:0 crm:people:1" in text
    assert "anna" not in text  # outcomes, not values
    unsure = say(capsys, home, "unsure", "crm:people:1", "crm:people:0", "--author", "anna")
    assert "given=" in unsure["judgement"]["evidence"]
    assert say(capsys, home, "review")["open"] == found["open"] - 1


def test_a_sample_is_drawn_filled_in_and_imported_once(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    drawn = say(capsys, home, "sample", "--size", "20")
    path = Path(drawn["file"])
    assert path == home / "exports" / "steward-sample-1.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "exists already, perhaps with someone's answers" in refused(capsys, home, "sample")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == drawn["pairs"] == 20
    assert all(row["phones_l"].startswith("'+1202555") for row in rows)  # no formula for a spreadsheet
    people = [(row, row["record_id_l"].split(":")[2] == row["record_id_r"].split(":")[2]) for row in rows]
    for row, same in people:
        row["judgement"] = "positive" if same else "negative"
    people[0][0]["judgement"] = ""
    write(path, rows)
    done = say(capsys, home, "import", str(path), "--author", "clerk")
    assert (done["rows"], done["recorded"], done["open"], done["unchanged"]) == (20, 19, 1, 0)
    assert (done["estimate"]["precision"], done["estimate"]["labelled"]) == (1.0, 19)
    assert {j.reason for j in live_judgements(Home(home).ops_db)} == {"steward-sample-1.csv"}
    again = say(capsys, home, "import", str(path), "--author", "clerk")
    assert (again["recorded"], again["unchanged"], again["estimate"]) == (0, 19, done["estimate"])
    # what was undone since stays undone
    say(capsys, home, "undo", "--id", "1")
    again = say(capsys, home, "import", str(path), "--author", "clerk")
    assert (again["recorded"], again["unchanged"], again["taken_back"]) == (0, 18, 1)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("crm:people:2,nobody,positive,T1,2", "sheet.csv line 2: names a record that the last run did not know"),
        ("crm:people:2,crm:people:2,positive,T1,2", "sheet.csv line 2: names one record twice"),
        ("crm:people:2,crm:people:3,positive,high,2", "sheet.csv line 2: stratum and weight must be as"),
        ("crm:people:2,crm:people:3,positive,T1,nan", "sheet.csv line 2: stratum and weight must be as"),
        ("crm:people:2,crm:people:3,yes,T1,2", "sheet.csv line 2: judgement must be positive, negative or unsure"),
        (
            "crm:people:2,crm:people:3,positive,T1,2\ncrm:people:3,crm:people:4,positive,T1,2\n"
            "crm:people:4,crm:people:2,negative,A1,2",
            "sheet.csv line 4: contradicts: crm:people:2 ≠ crm:people:4 (line 4, anna, ",
        ),
    ],
)
def test_a_bad_sheet_names_the_line_and_records_nothing(
    capsys: pytest.CaptureFixture[str], home: Path, rows: str, message: str
) -> None:
    sheet = home / "sheet.csv"
    sheet.write_text(f"record_id_l,record_id_r,judgement,stratum,weight\n{rows}\n", encoding="utf-8")
    assert message in refused(capsys, home, "import", str(sheet), "--author", "anna")
    assert live(home) == []


def test_the_identity_step_imports_what_is_live_when_it_starts(resolved: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(resolved, home.root)
    before = profile(home.root, "crm:people:2"), profile(home.root, "crm:people:3")
    plan = steps.RunPlan("r2", date(2024, 1, 2), False, 1, "start", ())
    with JudgementStore(home.ops_db) as store:
        store.record([Decision("crm:people:3", "shop:people:2", "positive", "anna")])
        used = steps.resolve_identity(home, plan)
        assert used.merges == 1
        assert used.judgements == fingerprint(store.judgements()) != ""
        assert profile(home.root, "crm:people:2") == profile(home.root, "crm:people:3")
        store.undo("crm:people:3", "shop:people:2", author="anna")
    assert steps.resolve_identity(home, replace(plan, run_id="r3", base_generation=used.generation)).judgements == ""
    assert (profile(home.root, "crm:people:2"), profile(home.root, "crm:people:3")) == before


def test_a_judgement_makes_the_next_run_necessary_and_undoing_it_does_not(tmp_path: Path) -> None:
    home = Home(tmp_path)
    before = steps.inputs_after(home, "start")
    assert not home.ops_db.exists()
    with JudgementStore(home.ops_db) as store:
        store.record([Decision("a", "b", "positive", "anna")])
        judged = steps.inputs_after(home, "start")
        assert judged != before
        # the run used what it imported, whatever was judged since
        used = fingerprint(store.judgements())
        store.record([Decision("c", "d", "negative", "anna")])
        assert steps.inputs_after(home, "start", used) == judged != steps.inputs_after(home, "start")
        store.undo("c", "d", author="wei")
        store.undo("a", "b", author="wei")
        store.record([Decision("b", "a", "positive", "wei")])
        assert inputs.judgements_fingerprint(home) == used
        [only] = as_judgements(store.judgements())
        assert (only.pair, only.author) == (("a", "b"), "wei")
        store.undo("a", "b", author="wei")
    assert steps.inputs_after(home, "start") == before


def test_explain_tells_what_waits_for_the_next_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The records of two profiles: what was judged of any of them since, and what was taken back."""
    explain = ["explain", "crm:people:2", "crm:people:3", "--home", str(home)]

    def waits() -> list[str]:
        assert main(explain) == 0
        return [line for line in capsys.readouterr().out.splitlines() if "waits for the next `cdp run`" in line]

    assert waits() == []
    say(capsys, home, "unsure", "crm:people:2", "crm:people:3")
    assert waits() == []
    say(capsys, home, "link", "shop:people:2", "crm:people:3", "--author", "ann")
    day = live_judgements(Home(home).ops_db)[-1].created_at[:10]
    assert waits() == [f"judged since, and waits for the next `cdp run`: crm:people:3 = shop:people:2 (ann, {day})"]
    # of other people
    say(capsys, home, "separate", "crm:people:4", "crm:people:5", "--author", "ann")
    assert len(waits()) == 1
    assert main([*explain, "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["waiting"]
    assert (told["judgement"], told["is_taken_back"]) == ("positive", False)
    say(capsys, home, "undo", "shop:people:2", "crm:people:3")
    assert waits() == []
    assert main([*explain[:2], "crm:people:4", *explain[3:]]) == 0
    assert "waits" not in capsys.readouterr().out


def test_explain_tells_that_a_judgement_of_the_last_run_was_taken_back(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(capsys, home, "separate", "crm:people:6", "shop:people:6", "--author", "ann")
    live = as_judgements(live_judgements(Home(home).ops_db))
    tables = home / "lake" / "identity"
    (home / "lake").unlink()
    shutil.copytree((home / "model").resolve().parent / "lake", home / "lake")
    applied = tables / "judgements" / "part-0.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"copy (select $l as record_id_l, $r as record_id_r, $j as judgement) to '{applied}'",
            {"l": live[0].record_id_l, "r": live[0].record_id_r, "j": live[0].judgement},
        )
    explain = ["explain", "crm:people:6", "shop:people:6", "--home", str(home)]
    assert main(explain) == 0
    assert "waits" not in capsys.readouterr().out
    say(capsys, home, "undo", "crm:people:6", "shop:people:6", "--author", "bob")
    assert main(explain) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("taken back since, and waits for the next `cdp run`: crm:people:6 ≠ shop:people:6 (bob, ")
