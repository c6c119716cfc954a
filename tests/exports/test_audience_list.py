"""``cdp audience list``: what was taken out of destinations.yml is still at its receiver, and is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from export_company import Put

from cdp_pipeline.cli import main
from profiles.exports import Destination, sync


def test_a_receiver_that_nobody_comes_by_any_more_is_named(
    put: Put, declare: Callable[[str], Destination], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put()
    sync(home, declare("{kind: file, segments: [loyal, open_ticket], channel: email}"), "loyal")
    command = ["audience", "list", "--home", str(home)]
    assert main(command) == 0
    assert capsys.readouterr().err == ""
    declare("{kind: file, segments: [open_ticket], channel: email}")
    assert main(command) == 0
    assert capsys.readouterr().err == (
        "there loyal: not in destinations.yml any more, and nobody takes back the 7 members that its receiver has\n"
    )
