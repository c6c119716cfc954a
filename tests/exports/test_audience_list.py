"""What was taken out of destinations.yml is at its receiver still: ``cdp audience list`` and ``remove``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from export_company import Put, rows

from cdp_pipeline.cli import main
from profiles.exports import Destination, DestinationError, history, sync


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
        "there loyal: not in destinations.yml any more, and nobody takes back the 7 members that its receiver has:"
        " `cdp audience remove there loyal`\n"
    )
    (home / "destinations.yml").unlink()
    assert main(command) == 0
    assert capsys.readouterr().err.endswith(": declare there again, then `cdp audience remove there loyal`\n")


def test_everybody_is_taken_back_where_a_segment_is_not_declared_any_more(
    put: Put, declare: Callable[[str], Destination], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put()
    mailing = "{kind: file, format: klaviyo, segments: [loyal], channel: email, holdout: 0.1}"
    sent = sync(home, declare(mailing), "loyal")
    emails = {row["Email"] for row in rows(Path(sent.files[-1]))}
    declare(mailing.replace("loyal", "open_ticket"))
    # the segment itself is gone, too
    put("delete from segments.definition where segment = 'loyal'; delete from segments.membership;")
    command = ["audience", "remove", "there", "loyal", "--home", str(home)]
    assert main([*command, "--plan"]) == 0
    assert capsys.readouterr().out == f"there loyal: {sent.members} would be taken back\n"
    assert len(history(home)) == 1
    assert main(command) == 0
    told, file = capsys.readouterr().out.splitlines()
    assert told == f"there loyal: {sent.members} taken back"
    assert Path(file.strip()).name == "removes.csv"
    assert {row["Email"] for row in rows(Path(file.strip()))} == emails
    last = history(home)[0]
    assert (last.members, last.added, last.removed) == (0, 0, sent.members)
    assert main(command) == 0
    assert capsys.readouterr().out == "there loyal: its receiver has nobody\n"
    assert main(["audience", "list", "--home", str(home)]) == 0
    assert capsys.readouterr().err == ""


def test_what_was_never_sent_cannot_be_taken_back(
    put: Put, declare: Callable[[str], Destination], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put()
    sync(home, declare("{kind: file, segments: [loyal], channel: email}"), "loyal")
    command = ["audience", "remove", "there", "loyal", "--home", str(home)]
    assert main([*command[:3], "loyl", *command[4:]]) == 2
    assert capsys.readouterr().err == "cdp: 'there' never got 'loyl', did you mean 'loyal'?\n"
    declare("{kind: file, segments: [loyal], channel: email, fields: [email]}")
    assert main(command) == 2
    assert "changed since the last export" in capsys.readouterr().err
    (home / "destinations.yml").unlink()
    assert main(command) == 2
    assert "declare it again as it was" in capsys.readouterr().err


def test_a_declared_segment_is_sent_again_by_the_next_sync(
    put: Put, declare: Callable[[str], Destination], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put()
    destination = declare("{kind: file, segments: [loyal], channel: email}")
    first = sync(home, destination, "loyal")
    assert main(["audience", "remove", "there", "loyal", "--home", str(home)]) == 0
    assert "the next sync sends it again" in capsys.readouterr().err
    again = sync(home, destination, "loyal")
    assert (again.added, again.members) == (first.members, first.members)


def test_a_segment_that_is_gone_is_told_with_the_way_to_take_it_back(
    put: Put, declare: Callable[[str], Destination], home: Path
) -> None:
    put()
    there = declare("{kind: file, segments: [loyal], channel: email}")
    sync(home, there, "loyal")
    put("delete from segments.definition where segment = 'loyal'; delete from segments.membership;")
    with pytest.raises(DestinationError) as renamed:
        sync(home, there, "loyal")
    told = "there: no segment 'loyal' in the published snapshot"
    assert str(renamed.value) == f"{told}; `cdp audience remove there loyal` takes back who was sent"
    assert main(["audience", "remove", "there", "loyal", "--home", str(home)]) == 0
    with pytest.raises(DestinationError) as removed:
        sync(home, there, "loyal")
    assert str(removed.value) == told
