"""``cdp model``: what it prints, what it refuses, and that nothing changes until a version is accepted."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.cli import main
from identity.drift import DriftReport, Measure, drift_table
from identity.outputs import write_table


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with core tables of twenty people in two sources, and no model."""
    core = tmp_path / "lake" / "core"
    text = (
        "middle_name",
        "full_name",
        "native_name",
        "organisation",
        "gender",
        "unit",
        "locality",
        "region",
        "country",
    )
    with duckdb.connect() as con:
        con.execute(
            f"""create table customer_records as
            select source || ':people:' || i as record_id, source, 'person' as entity_type,
                ['winifred', 'ambrose', 'leopold', 'henrietta'][i % 4 + 1] as given_name,
                ['ockham', 'penhaligon', 'trelawney', 'vane', 'wyndham'][i // 4 + 1] as family_name,
                (1950 + i) || '-01-1' || (i % 10) as birth_date, (100 + i) || ' Elm Street' as street,
                '62701' as postcode, 'US' as default_region, timestamp '2020-01-01' as created_at, false as is_deleted,
                {", ".join(f"null::varchar as {column}" for column in text)}
            from range(20) t(i), (values ('crm'), ('shop')) s(source)"""
        )
        con.execute(
            """create table record_identifiers (record_id varchar, kind varchar, namespace varchar, value_raw varchar,
                value varchar, is_trusted boolean, reason varchar, first_seen_at timestamp, last_seen_at timestamp)"""
        )
        con.execute(
            """create table anonymous_sightings
                (anonymous_id varchar, record_id varchar, kind varchar, occurred_at timestamp)"""
        )
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            (core / table).mkdir(parents=True)
            con.execute(f"copy {table} to '{core / table / 'part-0.parquet'}'")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> str:
    """Standard output of a command that must succeed."""
    assert main(["model", *arguments, "--home", str(home)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and the one line of a command that must fail."""
    code = main(["model", *arguments, "--home", str(home)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return code, err.strip()


def test_a_model_is_trained_looked_at_and_accepted(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert run(capsys, home, "list") == "no model yet: the first `cdp run` trains one\n"
    code, line = refused(capsys, home, "show")
    assert (code, line) == (2, f"cdp: {home / 'model'}: there is no model yet; the first `cdp run` trains one")

    assert main(["model", "train", "--seed", "5", "--home", str(home)]) == 0
    out, err = capsys.readouterr()
    assert [line.strip() for line in err.splitlines()][:2] == ["normalise", "block"]
    assert "nothing changed yet" in out
    version = out.split()[1]
    assert run(capsys, home, "list").startswith(f"  {version}  threshold ")
    assert not (home / "model" / "current").exists()

    code, line = refused(capsys, home, "diff")
    assert code == 2
    assert "no current model to compare with" in line

    told = run(capsys, home, "accept", version)
    assert told == f"model {version} is used from the next run on; see what that changes first: cdp run --plan\n"
    assert run(capsys, home, "list").startswith(f"* {version}")
    assert json.loads(run(capsys, home, "list", "--json"))[0]["is_current"] is True
    code, line = refused(capsys, home, "diff")
    assert (code, f"{version} is the only model" in line) == (2, True)

    card = json.loads(run(capsys, home, "show", "--json"))
    assert (card["version"], card["seed"], card["trained_records"]) == (version, 5, 40)
    page = home / "reports" / "card.html"
    assert run(capsys, home, "show", version, "--html", str(page)) == f"card of model {version} in {page}\n"
    assert page.read_text(encoding="utf-8") == (home / "model" / version / "card.html").read_text(encoding="utf-8")
    shown = run(capsys, home, "show")
    assert shown.startswith(f"model {version}: trained on 40 records")
    assert not [name for name in ("winifred", "ockham", "elm") if name in shown.lower()]

    assert f"trained {version} on 40 records: it equals the current model" in run(capsys, home, "train", "--seed", "5")


def test_the_difference_names_both_models(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    first = json.loads(run(capsys, home, "train", "--json"))["version"]
    run(capsys, home, "accept", first)
    path = home / "lake" / "core" / "customer_records" / "part-0.parquet"
    with duckdb.connect() as con:
        born = "case when source = 'crm' then birth_date end"
        con.execute(f"create table r as select * replace ({born} as birth_date) from '{path}'")
        con.execute(f"copy r to '{path}'")
    second = json.loads(run(capsys, home, "train", "--json"))["version"]
    assert second != first
    text = run(capsys, home, "diff")
    assert text.startswith(f"model {second} instead of {first}\n")
    assert text.endswith(f"accept it with: cdp model accept {second}\n")
    content = json.loads(run(capsys, home, "diff", second, "--json"))
    assert content["effect"]["partition"]["old_records"] == 40
    assert json.loads(run(capsys, home, "diff", "--parameters", "--json"))["effect"] is None
    assert (home / "model" / "current").read_text().strip() == first


def test_unknown_versions_and_arguments_are_refused(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    version = json.loads(run(capsys, home, "train", "--json"))["version"]
    for action in ("accept", "show"):
        code, line = refused(capsys, home, action, "m0")
        assert (code, line) == (2, f"cdp: {home / 'model'}: there is no model m0; there are: {version}")
    code, line = refused(capsys, home, "accept")
    assert (code, "VERSION" in line) == (2, True)
    code, line = refused(capsys, home, "train", "--seed", "-1")
    assert code == 2
    code, line = refused(capsys, home, "forget")
    assert (code, "unknown command 'forget'" in line) == (2, True)


def test_drift_of_the_last_run_is_shown_here_and_by_the_doctor(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, line = refused(capsys, home, "drift")
    assert (code, line) == (1, f"cdp: no run in {home} has measured drift yet: `cdp run` does")
    measures = (
        Measure("records", 40.0, 90.0, None, "watch"),
        Measure("match_rate", 0.9, 0.5, 0.878, "retrain"),
    )
    with duckdb.connect() as con:
        drift_table(con, DriftReport("m1", measures))
        write_table(con, "select * from model_drift", home / "lake" / "identity" / "model_drift")
    lines = run(capsys, home, "drift").splitlines()
    assert lines[0].startswith("model m1: retrain: far from training: match_rate, records: `cdp model train`")
    assert lines[3].split() == ["match_rate", "90.0%", "50.0%", "0.878", "retrain"]
    assert lines[4].split() == ["records", "40", "90", "watch"]
    content = json.loads(run(capsys, home, "drift", "--json"))
    assert (content["verdict"], len(content["measures"])) == ("retrain", 2)
    main(["doctor", "--json", "--home", str(home)])
    found = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert found["model"]["ok"] is False
    assert found["model"]["message"].startswith("m1: far from training: match_rate")
