"""``cdp segment export``: where the file cannot be written, one line says which and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from export_company import Put

from cdp_pipeline.cli import main


def test_a_file_that_cannot_be_written_is_named(put: Put, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put()
    long = "x" * 250 + ".csv"
    assert main(["segment", "export", "loyal", "--home", str(home), "--out", str(home / long)]) == 1
    assert capsys.readouterr().err == f"cdp: {home / long}: File name too long\n"
    assert main(["segment", "export", "loyal", "--home", str(home), "--out", "/proc/x.csv"]) == 1
    assert capsys.readouterr().err == "cdp: /proc/x.csv: No such file or directory\n"
