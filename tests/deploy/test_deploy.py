"""The files of docs/deploy: commands that exist, units that systemd accepts, settings that the platform knows."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cdp_pipeline.cli._main import build_parser

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted([*DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.timer")])


def commands() -> list[list[str]]:
    found = [re.search(r"^ExecStart=(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) for path in UNITS]
    return [shlex.split(match[1]) for match in found if match]


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
        (tmp_path / unit.name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line] == []


def test_the_settings_of_the_services_are_known() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for line in (DEPLOY / "cdp.env").read_text(encoding="utf-8").splitlines():
        name = line.partition("=")[0]
        if name.startswith("CDP_"):
            assert f"`{name}`" in page
