"""Planted people where no contract expects them: refused rows, unknown fields, others' texts, logs, judgements, notes.

And those who must not go with them: relatives with the same telephone, address and family name, and an account that
one of them opens after the erasure.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from planting import Person

DAY = "2017-12-31"
_GIVEN = ("Ruth", "Clara", "Edwin", "Harold", "Beatrice")


def relatives(landing: Path, people: Sequence[Person]) -> int:
    """For every fifth person a relative with an account of the shop and of the help desk; returns their number."""
    shop, desk = [], []
    for person in people:
        if not person.has_relative:
            continue
        name = {"first_name": _GIVEN[person.number // 5 % len(_GIVEN)], "last_name": person.family}
        email, phone = f"ottilie.{person.letters}@inbox.example", person.phone("")
        shop.append(
            {"id": 7990000000000 + person.number, **name, "email": email, "phone": phone, "state": "enabled",
             "verified_email": True, "created_at": "2016-02-01T00:00:00Z", "updated_at": "2017-06-01T00:00:00Z",
             "default_address": {"address1": person.street, "city": "Juneau", "zip": "99801", "province_code": "AK",
                                 "country_code": "US"}}
        )  # fmt: skip
        desk.append(
            {"id": 990000000000 + person.number, "role": "end-user", "name": " ".join(name.values()), "email": email,
             "phone": phone, "created_at": "2016-03-01T00:00:00Z", "updated_at": "2017-06-01T00:00:00Z"}
        )  # fmt: skip
    _put(landing / "shopify" / "customers", "relatives.jsonl", shop)
    _put(landing / "zendesk" / "users", "relatives.jsonl", desk)
    return len(shop)


def mention_and_refuse(landing: Path, people: Sequence[Person]) -> None:
    """Rows that are refused, rows with a field that no contract knows, somebody else's texts, a group of several, a
    file that cannot be read, a copy of it."""
    refused: list[Mapping[str, object] | str] = []
    extra, comments, members, posted, asked = [], [], [], [], [_ASKED]
    for person in people:
        email, code = person.main_email, person.letters
        number = 880000000000 + person.number
        refused.append({"id": number, "role": "end-user", "name": f"Zqxvn{code}", "email": email})
        refused.append(f'{{"id": {number}, "role": "end-user", "email": "{email}", "notes": "zqxvt{code}')
        extra.append(
            {"id": number, "role": "end-user", "name": f"Zqxvg{code} {person.family}", "email": email,
             "created_at": "2016-01-01T00:00:00Z", "updated_at": "2017-01-01T00:00:00Z",
             "motto": f"zqxvx{code} is my motto"}
        )  # fmt: skip
        comments.append(
            {"id": 770000000000 + person.number, "ticket_id": 660000000000, "author_id": 990000000777,
             "plain_body": f"Please ask {email} as well, thank you", "created_at": "2017-05-01T00:00:00Z"}
        )  # fmt: skip
        asked.append(
            {"id": 661000000000 + person.number, "requester_id": number, "subject": f"zqxvt{code} does not work",
             "description": f"zqxvt{code} again", "status": "open", "via": {"channel": "email"},
             "created_at": "2017-05-01T00:00:00Z", "updated_at": "2017-05-02T00:00:00Z"}
        )  # fmt: skip
        members.append({"userid": f"wmzqxvn{person.letters}00{person.number:04d}", "type": 2, "join_time": 1490000000})
        posted.append(
            {"errcode": 0, "external_contact": {"external_userid": members[-1]["userid"], "type": 1, "gender": 2,
                                                "name": f"Zqxvn{code}"},
             "follow_user": [{"userid": "staff03", "remark": f"zqxvn{code} {email}", "createtime": 1490000000}]}
        )  # fmt: skip
    members.append({"userid": "wmbystander0000001", "type": 2, "join_time": 1490000000})
    group = {"errcode": 0, "group_chat": {"chat_id": "gproof01", "name": "Tea", "owner": "staff03",
                                          "create_time": 1480000000, "member_list": members}}  # fmt: skip
    _put(landing / "zendesk" / "users", "refused.jsonl", refused)
    _put(landing / "zendesk" / "users", "unknown_field.jsonl", extra)
    _put(landing / "zendesk" / "ticket_comments", "quoting.jsonl", comments)
    _put(landing / "zendesk" / "tickets", "asked.jsonl", asked)
    _put(landing / "zendesk" / "users", "bystander.jsonl", [_BYSTANDER])
    _put(landing / "wechat" / "wecom_groups", "group.jsonl", [group])
    _put(landing / "wechat" / "wecom_contacts", "contacts.jsonl", posted)
    torn = landing / "zendesk" / "users" / f"dt={DAY}" / "torn.json"
    torn.write_text(json.dumps({"users": extra})[:-9], encoding="utf-8")


_BYSTANDER = {"id": 990000000777, "role": "end-user", "name": "Una Bystander", "email": "una@example.org",
              "created_at": "2016-01-01T00:00:00Z", "updated_at": "2017-01-01T00:00:00Z"}  # fmt: skip
_ASKED = {"id": 660000000000, "requester_id": 990000000777, "subject": "Who else?", "description": "Who else?",
          "status": "solved", "via": {"channel": "web"}, "created_at": "2017-05-01T00:00:00Z",
          "updated_at": "2017-05-02T00:00:00Z"}  # fmt: skip


def note_in_files(home: Path, people: Sequence[Person]) -> None:
    """Names in files that no run makes: a log, dbt's artifacts, an export made by hand, a note in the state file."""
    emails = [p.main_email for p in people]
    log = home / "dagster" / "storage" / "compute_logs" / "proof.err"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("started\n" + "".join(f"odd value {e}\n" for e in emails), encoding="utf-8")
    artifact = home / "dbt" / "compiled_by_hand.json"
    artifact.parent.mkdir(exist_ok=True)
    artifact.write_text(json.dumps({"failures": emails}), encoding="utf-8")
    by_hand = home / "exports" / "by_hand.csv"
    by_hand.parent.mkdir(exist_ok=True)
    by_hand.write_text("email\nuna@example.org\n" + "".join(f"{e}\n" for e in emails), encoding="utf-8")
    with sqlite3.connect(home / "state" / "ops.sqlite") as con:
        con.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, note TEXT)")
        con.executemany("INSERT INTO notes (note) VALUES (?)", [(f"called {e}",) for e in emails])
    con.close()


def late_account(landing: Path, person: Person, day: str = "2018-01-03") -> str:
    """A new account with an address of an erased person, opened after the erasure's day; returns the address."""
    email = person.main_email
    row = {"id": 7980000000001, "first_name": "Newly", "last_name": "Opened", "email": email, "verified_email": True,
           "state": "enabled", "created_at": "2018-01-02T00:00:00Z", "updated_at": "2018-01-02T00:00:00Z"}  # fmt: skip
    _put(landing / "shopify" / "customers", "late.jsonl", [row], day)
    return email


def _put(folder: Path, name: str, rows: Sequence[Mapping[str, object] | str], day: str = DAY) -> None:
    path = folder / f"dt={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
