"""Audiences in a real Postgres: each export arrives once, whole, and without a word of it in an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from export_company import Put

from profiles.exports import DeliveryError, Destination, DestinationError, Recipient, forget, sync

Declare = Callable[[str], Destination]
SETTINGS = "{{kind: postgres, segments: [loyal], channel: email, schema: {}, fields: [email, birth_date]}}"


@pytest.fixture
def ask(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[tuple[Any, ...]]]:
    """Runs one query on the server that destination `there` points to."""
    import adbc_driver_postgresql.dbapi as driver

    monkeypatch.setenv("CDP_DESTINATION_THERE_URI", postgres)

    def run(sql: str) -> list[tuple[Any, ...]]:
        with driver.connect(postgres, autocommit=True) as con, con.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    return run


def test_a_segment_in_a_schema(
    put: Put, declare: Declare, home: Path, ask: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    destination = declare(SETTINGS.format("crm"))
    put()
    first = sync(home, destination, "loyal")
    assert first.members == 7
    members = "select profile_id, email, birth_date::text, entered_at::text from crm.members order by 1"
    assert ask(members)[0] == ("p1", "ming@example.com", "1990-05-04", "2025-03-01")
    put(
        "delete from segments.membership where profile_id = 'p2'",
        "update golden_record set email = 'dee.moss@example.com' where profile_id = 'p5'",
    )
    second = sync(home, destination, "loyal")
    assert (second.added, second.changed_rows, second.removed) == (0, 1, 1)
    found = {row[0]: row[1] for row in ask(members)}
    assert found == {
        "p1": "ming@example.com", "p4": "cy@example.com", "p5": "dee.moss@example.com", "p6": None,
        "p7": "flo@example.com", "p9": "halquin@gmail.com",
    }  # fmt: skip
    assert ask("select snapshot from crm.exports order by delivered_at") == [
        ("20250310-000001",), ("20250310-000002",),
    ]  # fmt: skip


def test_amounts_are_numbers_and_fit_a_column_of_text_that_is_there(
    put: Put, declare: Declare, home: Path, ask: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    settings = "{{kind: postgres, segments: [loyal], channel: email, schema: {}, fields: [features.spent]}}"
    spent = "alter table features.profile_features add column spent decimal(18, 2);"
    put(
        spent
        + "update features.profile_features set spent = case profile_id when 'p1' then 100.10 when 'p2' then 9 end;"
    )
    sync(home, declare(settings.format("amounts")), "loyal")
    assert ask("select profile_id from amounts.members where spent is not null order by spent") == [("p2",), ("p1",)]
    assert ask("select sum(spent)::text from amounts.members") == [("109.10",)]
    ask("create schema texts")
    ask(
        "create table texts.members (destination text, segment text, profile_id text, entered_at date, spent text,"
        " export_id text)"
    )
    sync(home, declare(settings.format("texts")), "loyal", full=True)
    assert ask("select spent from texts.members where profile_id = 'p1'") == [("100.10",)]


def test_an_erased_person_leaves_the_tables_with_the_next_sync(
    put: Put, declare: Declare, home: Path, ask: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    """The erasure names the receiver; what it told there by profile id, the next sync takes back by profile id."""
    destination = declare(SETTINGS.format("rights"))
    put()
    sync(home, destination, "loyal")
    assert ask("select email from rights.members where profile_id = 'p1'") == [("ming@example.com",)]
    assert forget(home, ["p1"]) == [Recipient("there", "loyal", True)]
    put("delete from segments.membership where profile_id = 'p1'")
    assert sync(home, destination, "loyal").removed == 1
    assert ask("select count(*) from rights.members where profile_id = 'p1' or email = 'ming@example.com'") == [(0,)]
    assert ask("select count(*) from rights.members") == [(6,)]
    assert sync(home, destination, "loyal").changed is False


def test_an_export_that_had_arrived_is_not_repeated(
    put: Put,
    declare: Declare,
    home: Path,
    ask: Callable[[str], list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the server's commit and before our own note of it."""
    from profiles.exports import log

    destination = declare(SETTINGS.format("once"))
    put()
    with monkeypatch.context() as patch:
        patch.setattr(log, "record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            sync(home, destination, "loyal")
    assert ask("select count(*) from once.members") == [(7,)]
    ask("delete from once.members where profile_id = 'p1'")
    assert sync(home, destination, "loyal").changed is False
    assert ask("select count(*) from once.members") == [(6,)], "what the receiver did with it is the receiver's"
    assert ask("select count(*) from once.exports") == [(1,)]


def test_who_must_not_be_told_of_any_more_is_not_although_the_server_was_away(
    put: Put,
    declare: Declare,
    home: Path,
    ask: Callable[[str], list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What acts on new rows there would act before they are taken back."""
    put()
    destination = declare(SETTINGS.format("late"))
    with monkeypatch.context() as patch:
        patch.setenv("CDP_DESTINATION_THERE_URI", "postgresql://me@127.0.0.1:1/none")
        with pytest.raises(DeliveryError):
            sync(home, destination, "loyal")
    ask("create schema late")
    ask(
        "create table late.members (destination text, segment text, profile_id text, export_id text, email text,"
        " birth_date date, entered_at date)"
    )
    ask("create table late.seen (profile_id text)")
    ask("create rule seen as on insert to late.members do also insert into late.seen values (new.profile_id)")
    (home / "suppression.csv").write_text("kind,value\nprofile_id,p1\n", encoding="utf-8")
    assert sync(home, destination, "loyal").removed == 1
    assert ask("select profile_id from late.seen order by 1") == [(p,) for p in ("p2", "p4", "p5", "p6", "p7", "p9")]


def test_a_table_that_does_not_fit_is_named(
    put: Put, declare: Declare, home: Path, ask: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    put()
    ask("create schema narrow")
    ask("create table narrow.members (destination text, segment text, profile_id text, export_id text)")
    with pytest.raises(DestinationError, match=r"table narrow\.members has no column birth_date"):
        sync(home, declare(SETTINGS.format("narrow")), "loyal")
    ask("alter table narrow.members add column birth_date date, add column email text, add column entered_at date")
    assert sync(home, declare(SETTINGS.format("narrow")), "loyal").members == 7
    assert ask("select count(*) from narrow.members") == [(7,)]


def test_a_server_that_is_away_costs_one_line_without_the_address(
    put: Put, declare: Declare, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    put()
    destination = declare(SETTINGS.format("away"))
    with pytest.raises(DestinationError, match="set CDP_DESTINATION_THERE_URI or write"):
        sync(home, destination, "loyal")
    monkeypatch.setenv("CDP_DESTINATION_THERE_URI", "postgresql://me:hunter2@127.0.0.1:1/none")
    with pytest.raises(DeliveryError) as caught:
        sync(home, destination, "loyal")
    assert "cannot be reached" in str(caught.value) and "hunter2" not in str(caught.value)
