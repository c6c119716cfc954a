"""Exit codes and the one line that every failure is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.cli import main
from cdp_pipeline.cli._main import MODULES, build_parser


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a command that must say one line there and nothing on stdout."""
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return code, err.strip()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["runn"], "cdp: unknown command 'runn', did you mean 'run'?"),
        (["segment", "lst"], "cdp segment: unknown command 'lst', did you mean 'list'?"),
        (["segment"], "cdp: the following arguments are required: ACTION (see `cdp segment --help`)"),
        (["run", "--as-of", "2017-02-30"], "cdp: argument --as-of: '2017-02-30' is not a day YYYY-MM-DD"),
        (["run", "--fulll"], "cdp: unrecognized arguments: --fulll"),
        (["dev", "--port", "99999"], "cdp: argument --port: '99999' is not a port from 0 to 65535"),
        (["quarantine", "show", "erp/orders", "--limit", "-1"], "cdp: argument --limit: '-1' is not a number"),
        (["metric", "show", "revenue", "--by", "x"], "cdp metric show: unknown value for --by 'x': one of all, "),
        (["generate", "--profiles", "0", "--out", "x"], "cdp: profiles must be at least 1, not 0"),
    ],
)
def test_bad_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], line: str) -> None:
    code, said = fails(capsys, *arguments)
    assert code == 2
    assert said.startswith(line)


def test_a_schedule_that_cannot_be_stops_dagster_before_it_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_SCHEDULE", "99 4 * * *")
    code, said = fails(capsys, "dev", "--home", str(tmp_path / "home"))
    assert (code, said.partition(" (")[0]) == (2, "cdp: CDP_SCHEDULE: cannot use '99 4 * * *'")
    assert not (tmp_path / "home").exists()


def test_the_versions_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    [line] = capsys.readouterr().out.splitlines()
    assert ended.value.code == 0
    found = re.fullmatch(r"cdp (\S+) \(Python \S+, duckdb (\S+), splink \S+, dbt-core \S+, dagster \S+\)", line)
    assert found is not None
    assert found.groups() == (version("cdp-platform"), duckdb.__version__)


def test_a_file_where_a_folder_is_needed_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (file := tmp_path / "notes.txt").write_text("mine")
    told = [fails(capsys, "generate", "--profiles", "5", "--out", str(out)) for out in (file, file / "made")]
    assert told == [(1, f"cdp: {file}: File exists"), (1, f"cdp: {file / 'made'}: Not a directory")]
    assert file.read_text() == "mine"


def test_commands_name_the_home_they_miss(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    code, said = fails(capsys, "run", "--home", str(missing))
    assert (code, said) == (2, f"cdp: no home at {missing}: set CDP_HOME or give --home")


@pytest.mark.parametrize("sign", ["*", "?", "[", "{", "#", "%20", "\\"])
def test_a_home_whose_path_would_be_read_as_something_else_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sign: str
) -> None:
    home = tmp_path / f"my{sign}home"
    (home / "landing").mkdir(parents=True)
    code, said = fails(capsys, "run", "--home", str(home))
    assert (code, said) == (
        2, f"cdp: a home cannot lie at {home}: '{sign}' in a path is read as something else; rename it"
    )  # fmt: skip


def test_an_empty_home_has_nothing_to_run_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, said = fails(capsys, "run", "--home", str(tmp_path))
    assert (code, said) == (2, f"cdp: nothing has landed: {tmp_path / 'landing'} does not exist")


@pytest.mark.parametrize(
    "arguments", [["segment", "list"], ["segment", "export", "lapsed"], ["profile", "show", "someone@company.example"]]
)
def test_reading_before_the_first_publish(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    code, said = fails(capsys, *arguments, "--home", str(tmp_path))
    assert code == 1
    assert "publish" in said
    assert "someone" not in said


def test_a_broken_setting_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_TIMEZONE", "Mars/Olympus")
    assert main(["doctor", "--json", "--home", str(tmp_path)]) == 1
    findings = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert not findings["settings"]["ok"]
    assert "CDP_TIMEZONE" in findings["settings"]["message"]
    assert findings["contracts"]["ok"]


def test_sources_are_listed_without_a_home(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["source", "list", "--json", "--home", str(tmp_path / "none")]) == 0
    rows = json.loads(capsys.readouterr().out)
    contacts = next(row for row in rows if (row["source"], row["object"]) == ("zoho_crm", "contacts"))
    assert contacts["delivery"] == "upsert"
    assert contacts["files"] == 0


def test_stray_landing_folders_are_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "landing" / "shopfy" / "orders").mkdir(parents=True)
    assert main(["source", "validate", "--json", "--home", str(tmp_path)]) == 2
    assert json.loads(capsys.readouterr().out)["unclaimed"] == [
        "landing/shopfy: no contract for this source, did you mean 'shopify'?"
    ]


def test_a_contract_file_is_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    contract = tmp_path / "till.yml"
    contract.write_text("source: till\ntitle: Till\nowner: shop\ndefault_region: US\nobjects: {}\n", encoding="utf-8")
    code, said = fails(capsys, "source", "validate", str(contract))
    assert (code, said) == (2, "cdp: till.yml: objects: at least one object is needed")


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "cdp_pipeline", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    for command in ("demo", "run", "resolve", "profile", "segment", "quarantine", "publish", "doctor"):
        assert f"\n    {command}" in done.stdout


def test_each_command_is_in_the_module_that_is_imported_for_it() -> None:
    for command in MODULES:
        choices = build_parser(command)._subparsers._group_actions[0].choices  # type: ignore[union-attr]
        assert list(choices or ()) == [command]


def test_a_terminal_without_the_letters_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("编号,门店\n1,上海\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cdp_pipeline", "source", "profile", str(tmp_path / "visits.csv")],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u7f16\\u53f7" in done.stdout
