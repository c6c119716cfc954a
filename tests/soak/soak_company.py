"""A made-up company that delivers, day by day: new people, changes, accounts that become one, copies and late files.

It knows who is who, so that what the platform makes of a day can be held against it: records that share an e-mail or a
telephone are one person, unless a steward has told two of them apart.
"""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from cdp_pipeline.home import Home
from cdp_pipeline.judgements import Decision, JudgementStore

START = date(2025, 3, 1)
SHOP, DESK = "shopify/customers", "zendesk/users"
_SYLLABLES = ("ba", "do", "fe", "gu", "ka", "li", "mo", "nu", "pe", "ri", "so", "ta", "vu", "we", "zo")
_AREAS = (212, 312, 415, 617, 202, 303, 404, 512, 602, 713, 214, 305, 206, 503, 619, 702, 801, 901, 314, 412)


@dataclass
class Account:
    """One record at a source, as it stands now."""

    record_id: str
    obj: str
    number: int
    name: str
    email: str
    phone: str | None = None
    street: str = ""
    born: date = START


@dataclass
class Day:
    """What was done on a day. `moved` are the records whose profile may change, `erase` an e-mail to erase."""

    day: date
    moved: set[str] = field(default_factory=set)
    erase: str | None = None
    merges: int = 0
    splits: int = 0
    rows: int = 0


class Company:
    """Deliveries of one seed; the same calls give the same files."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self.accounts: dict[str, Account] = {}
        self.apart: set[frozenset[str]] = set()
        self.erased: list[str] = []
        self._bridges: list[tuple[date, Account, Account]] = []
        self._last: dict[str, Path] = {}

    def deliver(self, home: Home, number: int) -> Day:
        """Land the files of day `number` (from 0) and record the judgements made on it."""
        today = START + timedelta(days=number)
        done = Day(today)
        files: dict[tuple[str, date], list[Account]] = {}

        def land(account: Account, day: date = today) -> Account:
            files.setdefault((account.obj, day), []).append(account)
            self.accounts[account.record_id] = account
            return account

        for nth in range(6):
            person = land(self._account(SHOP, today))
            if nth % 2 == 0:
                land(self._account(DESK, today, person.name, person.email))
        # two accounts that nothing joins yet; then the one takes the name and the e-mail of the other
        left, right = land(self._account(SHOP, today)), land(self._account(DESK, today, phone=self._phone()))
        self._bridges.append((today + timedelta(days=2), left, right))
        for due, one, other in [b for b in self._bridges if b[0] == today]:
            land(Account(**{**vars(one), "name": other.name, "email": other.email}))
            done.moved |= {one.record_id, other.record_id}
            done.merges += 1
            self._bridges.remove((due, one, other))
        if number:
            # somebody moves house; a file comes two days late
            waiting = {one.record_id for _, one, _ in self._bridges}
            mover = self._chance.choice(
                [a for a in self.accounts.values() if a.obj == SHOP and a.born < today and a.record_id not in waiting]
            )
            land(Account(**{**vars(mover), "street": f"{number} New Road"}))
            if number > 2:
                land(self._account(SHOP, today), today - timedelta(days=2))
        if number % 3 == 2:
            done.splits += self._separate(home, done, today)
        if number % 4 == 3:
            done.erase = self._forget(done, today)
        for (obj, day), accounts in files.items():
            done.rows += self._write(home, obj, day, today, accounts)
        if number % 5 == 4:
            # yesterday's file once more, under another name
            copied = self._last[SHOP]
            shutil.copyfile(copied, home.landing / SHOP / f"dt={today}" / f"again-{copied.name}")
        return done

    def partition(self) -> set[frozenset[str]]:
        """The records that are of one person, for all people."""
        leader = {record: record for record in self.accounts}

        def find(record: str) -> str:
            while leader[record] != record:
                record = leader[record]
            return record

        holders: dict[str, list[str]] = {}
        for account in self.accounts.values():
            for value in filter(None, (account.email, account.phone)):
                holders.setdefault(value, []).append(account.record_id)
        for records in holders.values():
            for other in records[1:]:
                if frozenset((records[0], other)) not in self.apart:
                    leader[find(other)] = find(records[0])
        people: dict[str, set[str]] = {}
        for record in leader:
            people.setdefault(find(record), set()).add(record)
        return {frozenset(records) for records in people.values()}

    def _account(
        self, obj: str, born: date, name: str | None = None, email: str | None = None, phone: str | None = None
    ) -> Account:
        self._number += 1
        # the number in letters: no two names are alike, and an erased one is nobody else's
        word = "".join(_SYLLABLES[int(digit)] for digit in f"{self._number:04d}")
        name = name or f"{word.title()} {''.join(self._chance.choices(_SYLLABLES, k=4)).title()}"
        source, _, rest = obj.partition("/")
        return Account(
            f"{source}:{rest}:{70_000 + self._number}", obj, 70_000 + self._number, name,
            email or f"{word}{self._number}@mail.example", phone, f"{self._number} Elm Street", born,
        )  # fmt: skip

    def _phone(self) -> str:
        number = len(self._bridges) + self._number
        return f"+1{_AREAS[number // 100 % len(_AREAS)]}55501{number % 100:02d}"

    def _separate(self, home: Home, done: Day, today: date) -> int:
        """A steward tells the two accounts of somebody apart."""
        for people in sorted(self.partition(), key=sorted):
            if len(people) == 2 and all(self.accounts[r].born < today for r in people):
                left, right = sorted(people)
                decision = Decision(left, right, "negative", "steward", "two people")
                with JudgementStore(home.ops_db) as store:
                    store.record([decision])
                self.apart.add(frozenset(people))
                done.moved |= people
                return 1
        return 0

    def _forget(self, done: Day, today: date) -> str:
        """Somebody of two accounts, or one, who came before today, wants to be erased."""
        judged = {record for pair in self.apart for record in pair}
        waiting = {a.record_id for _, *pair in self._bridges for a in pair}
        for people in sorted(self.partition(), key=lambda records: (-len(records), sorted(records))):
            if len(people) <= 2 and not people & (judged | waiting | done.moved):
                accounts = [self.accounts[r] for r in sorted(people)]
                if all(a.born < today for a in accounts):
                    for account in accounts:
                        self.erased += [account.email, account.name.split()[0]]
                        del self.accounts[account.record_id]
                    return accounts[0].email
        raise AssertionError("nobody is left to be erased")

    def _write(self, home: Home, obj: str, day: date, today: date, accounts: list[Account]) -> int:
        make = _shop if obj == SHOP else _desk
        path = home.landing / obj / f"dt={day}" / f"{'late-' if day < today else ''}{today}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(make(a, today)) + "\n" for a in accounts), encoding="utf-8")
        if day == today:
            self._last[obj] = path
        return len(accounts)


def _shop(account: Account, today: date) -> dict[str, object]:
    first, last = account.name.split()
    return {
        "id": account.number, "email": account.email, "verified_email": True, "phone": account.phone,
        "first_name": first, "last_name": last,
        "created_at": f"{account.born}T08:00:00Z", "updated_at": f"{today}T09:00:00Z",
        "default_address": {"address1": account.street, "city": "Springfield", "zip": "02108", "country_code": "US"},
    }  # fmt: skip


def _desk(account: Account, today: date) -> dict[str, object]:
    return {
        "id": account.number, "role": "end-user", "name": account.name, "email": account.email,
        "phone": account.phone, "created_at": f"{account.born}T08:00:00Z", "updated_at": f"{today}T09:00:00Z",
    }  # fmt: skip
