"""Erased people leave every export, and receivers that know ids only are told by the next sync."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
from export_company import Put, rows

from profiles.exports import Destination, Recipient, forget, load_destinations, received, sync

CANARIES = (b"ming@example.com", b"+8613912345678", "小明".encode())


def holding(folder: Path, *values: bytes) -> list[str]:
    """Files below `folder` that hold one of `values`, Parquet read as rows."""

    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                data += str(con.execute(f"from read_parquet('{path}')").fetchall()).encode()
        if any(value in data for value in values):
            found.append(path.relative_to(folder).as_posix())
    return found


def test_open_files_keep_the_id_for_the_next_removal(
    put: Put, declare: Callable[[str], Destination], home: Path
) -> None:
    destination = declare("{kind: file, segments: [loyal], channel: email, fields: [email, phone, given_name]}")
    put()
    sync(home, destination, "loyal")
    assert len(holding(home / "exports", *CANARIES)) == 4, "members and changes, as Parquet and CSV"
    assert forget(home, ["p1"]) == [Recipient("there", "loyal", True)]
    assert holding(home / "exports", *CANARIES) == []
    put("delete from segments.membership where profile_id = 'p1'")
    result = sync(home, destination, "loyal")
    changes = rows(next(Path(name) for name in result.files if name.endswith("changes.csv")))
    assert [(row["op"], row["profile_id"], row["email"]) for row in changes] == [("remove", "p1", "")]
    assert forget(home, ["p1"]) == [Recipient("there", "loyal", True)], "the removal itself"


def test_lists_of_contacts_are_written_anew_without_the_person(
    put: Put, declare: Callable[[str], Destination], home: Path
) -> None:
    destination = declare("{kind: file, format: klaviyo, segments: [loyal], channel: email}")
    put()
    first = sync(home, destination, "loyal")
    assert forget(home, ["p1"]) == [Recipient("there", "loyal", False)]
    assert holding(home / "exports", *CANARIES) == []
    kept = {row["Email"] for row in rows(Path(first.files[0]))}
    assert len(kept) == 5 and "ann@example.com" in kept
    put("delete from segments.membership where profile_id = 'p1'")
    assert sync(home, load_destinations(home)["there"], "loyal").changed is False
    assert forget(home, ["p1"]) == []


def test_exports_of_other_fields_are_no_hindrance(put: Put, declare: Callable[[str], Destination], home: Path) -> None:
    put()
    sync(home, declare("{kind: file, segments: [loyal], channel: email, fields: [email]}"), "loyal")
    other = declare("{kind: file, segments: [loyal], channel: email, fields: [email, features.orders_total]}")
    sync(home, other, "loyal", full=True)
    assert forget(home, ["p1"]) == [Recipient("there", "loyal", True)]
    assert holding(home / "exports", *CANARIES) == []


def test_a_receiver_that_is_not_declared_any_more(put: Put, declare: Callable[[str], Destination], home: Path) -> None:
    put()
    settings = "{kind: file, format: parquet, segments: [loyal], channel: email, fields: [email]}"
    sync(home, declare(settings), "loyal")
    (home / "destinations.yml").write_text("destinations: {}\n", encoding="utf-8")
    assert forget(home, ["p1"]) == [Recipient("there", "loyal", False)]
    assert holding(home / "exports", *CANARIES) == []


def test_who_has_received_a_person_is_told_with_what_and_when(
    put: Put, declare: Callable[[str], Destination], home: Path
) -> None:
    destination = declare("{kind: file, segments: [loyal], channel: email, fields: [email]}")
    put()
    sync(home, destination, "loyal")
    (one,) = received(home, ["p1"])
    assert (one.destination, one.kind, one.segment, one.purpose, one.channel) == (
        "there", "file", "loyal", "marketing", "email",
    )  # fmt: skip
    assert one.columns == ("entered_at", "email") and one.is_member
    assert one.first_sent_at == one.last_sent_at is not None
    put("delete from segments.membership where profile_id = 'p1'")
    sync(home, destination, "loyal")
    (one,) = received(home, ["p1"])
    assert not one.is_member, "taken back since"
    assert received(home, ["p3"]) == [], "said nothing, so was never sent"
