"""The files of docs/deploy: commands that exist, units that systemd accepts, settings that the platform knows."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cdp_pipeline.cli._main import build_parser, main

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted([*DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.timer")])


def commands() -> list[list[str]]:
    texts = [path.read_text(encoding="utf-8") for path in UNITS]
    return [shlex.split(line) for text in texts for line in re.findall(r"^ExecStart(?:Pre)?=(.+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("command", commands(), ids=lambda command: Path(command[0]).name)
def test_what_a_unit_starts_exists(command: list[str]) -> None:
    program, *arguments = command
    assert program.startswith("/opt/cdp/.venv/bin/")
    assert (Path(sys.executable).parent / Path(program).name).exists()
    if Path(program).name == "cdp":
        assert callable(build_parser().parse_args(arguments).run)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """Without the names of users and programs that only the target machine has."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        text = re.sub(r"^(User|Group)=.*\n", "", unit.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(
            re.sub(r"^(ExecStart(?:Pre)?)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE)
        )
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line] == []


def test_the_settings_of_the_services_are_known() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for line in (DEPLOY / "cdp.env").read_text(encoding="utf-8").splitlines():
        name = line.partition("=")[0]
        if name.startswith("CDP_"):
            assert f"`{name}`" in page


def test_what_starts_dagster_puts_its_settings_in_place_before(tmp_path: Path) -> None:
    """A home just restored has no folder ``dagster``, and Dagster does not start without; and nothing but a run that
    has something to do would take over the settings that a team has put into the home."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        starts_dagster = re.search(r"^ExecStart=\S+/dagster", text, re.MULTILINE) is not None
        assert starts_dagster == ("ExecStartPre=/opt/cdp/.venv/bin/cdp dev --prepare\n" in text), unit.name
    home = tmp_path / "home"
    for settings in (ROOT / "dagster.yaml", DEPLOY / "team" / "dagster.yaml"):
        if settings.parent != ROOT:
            shutil.copy(settings, home / "dagster.yaml")
        assert main(["dev", "--prepare", "--home", str(home)]) == 0
        assert (home / "dagster" / "dagster.yaml").read_bytes() == settings.read_bytes()
