"""Plants people with unique values (canaries) in landed files, in the form in which each source delivers people.

A planted person is the copy of a person of the sample: every landed row that names that person is copied into the same
file, with ids, names, contacts, addresses and free texts that stand nowhere else. So all formats, encodings and objects
that know people are covered, and the rows of others stand beside the planted ones.

Nothing of the code under test decides what is a row of the person: rows are found by their values alone.
"""

from __future__ import annotations

import csv
import hashlib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from native_rows import LandedFile, landed_files

from cdp_pipeline.sources.contract import ObjectContract

# What the canaries of all people have in common: no sample row, no word of a program and no random bytes look so.
# g/f names, s street, e e-mail, t free text, x unknown field, n nick name; then four letters for person (and place).
STEM = re.compile(r"zqxv[gfsetxn][a-z]{4}", re.IGNORECASE)
# Area code 907 with the numbers kept free for fiction; Chinese numbers that the sample does not use; rare characters as
# names.
PHONE = re.compile(
    r"(?<![\d.])(?:\+?1[ -]?)?\(?907\D{0,2}555\D?01\d\d(?!\d)|(?<![\d.])(?:\+?86[ -]?)?199[- ]?0907[- ]?\d{4}(?!\d)"
)
HAN = re.compile("靐[\u9f00-\u9fa5]")

_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[a-z]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|\d\d:\d\d:\d\d")
_ID = re.compile(r"[A-Za-z0-9_+/=|:.-]{4,}")
_NUMBER = re.compile(r"-?\d{1,4}(\.\d+)?|-?\d{1,7}\.\d+")
# Events of one person that are copied from one object; of accounts all are, since what hangs on one would be nobody's.
_ROWS = 4
_SPREAD = 40


@dataclass
class Person:
    """A planted person: `letters` make the canaries, `record_ids` is what the copies ought to be known by."""

    number: int
    template: str
    letters: str
    sources: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    emails: dict[str, str] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    texts: int = 0
    rows: int = 0

    @property
    def main_email(self) -> str:
        return next(iter(self.emails.values())) if self.emails else self.email("first")

    def email(self, old: str) -> str:
        at = "" if not self.emails else chr(ord("a") + len(self.emails))
        # Not of example.com, which identity takes for a dummy: then a relative's other address would not count.
        return self.emails.setdefault(old.lower(), f"zqxve{self.letters}{at}@{'qmail' if at else 'inbox'}.example")

    @property
    def has_relative(self) -> bool:
        """Every fifth shares telephone, address and family name with a relative, who stays: these are no canaries."""
        return self.number % 5 == 0

    @property
    def family(self) -> str:
        return f"Harrow{self.letters}" if self.has_relative else f"Zqxvf{self.letters}"

    @property
    def street(self) -> str:
        return f"{self.number + 11} {'Heron' if self.has_relative else 'Zqxvs'}{self.letters} Lane"

    def phone(self, old: str) -> str:
        """A number of ten or eleven digits for the old one; a second one where there are several."""
        if self.has_relative:
            return f"+1313555{100 + self.number // 5:04d}"
        digits = re.sub(r"\D", "", old)
        chinese = len(digits) >= 11 and digits[-11] == "1" and ("+" not in old or len(digits) > 11)
        taken = 2 * self.number + min(len(self.phones), 1)
        new = self.phones.setdefault(
            digits[-10:], f"1990907{taken:04d}" if chinese or taken > 99 else f"90755501{taken:02d}"
        )
        return new if len(new) == 11 else f"+1{new}"

    def text(self, old: str) -> str:
        self.texts += 1
        return f"zqxvt{self.letters}{'' if self.texts < 2 else letters(self.texts)} said it"


def letters(number: int) -> str:
    """Four letters for a number below 26 to the fourth."""
    return "".join(chr(ord("a") + number // 26**i % 26) for i in (3, 2, 1, 0))


def code(number: int) -> str:
    """The four letters of a planted person; far apart, so that few words of four letters are one."""
    return letters(number * 131 + 17)


def is_code(text: str) -> bool:
    """Whether four letters can be those of a planted person."""
    value = 0
    for letter in text.lower():
        value = value * 26 + ord(letter) - ord("a")
    return value % 131 == 17


def plant(landing: Path, truth: Path, people: int, *, seed: int = 7, only: Iterable[str] = ()) -> list[Person]:
    """Plant `people` persons in the landed files (of the sources `only`, where named); returns them.

    `truth` is the folder with the generator's ``entities.csv`` and ``records.parquet``.
    """
    files = [f for f in landed_files(landing) if not only or f.obj.source in set(only)]
    contacts, native = _known_by(truth)
    by_source: dict[str, list[LandedFile]] = defaultdict(list)
    for f in files:
        by_source[f.obj.source].append(f)
    index = {source: _index(of) for source, of in by_source.items()}
    total = Counter(v for f in files for row in f.rows for v in _scalars(row))
    # ids stand in forms and hidden fields, too, where the contract does not name them
    ids = {v for f in files for row in f.rows for v in _identifiers(f.obj, row) if len(v) >= 6 and total[v] <= _SPREAD}
    planted: list[Person] = []
    added: dict[Path, list[Any]] = defaultdict(list)
    for number, entity in enumerate(_chosen(truth, people, set(by_source), random.Random(seed))):
        person = Person(number, entity, code(number))
        known = contacts[entity] | {v for ids in native[entity].values() for v in ids if len(v) >= 8}
        mine = {source: _rows_of(index[source], known | native[entity][source]) for source in sorted(by_source)}
        owned = Counter(v for rows in mine.values() for f, i in rows for v in _scalars(f.rows[i]))
        # Contacts that a family has in common are the copy's own, too: nothing may join it to anybody of the sample.
        unique = {v for v, n in owned.items() if n == total[v]} | known
        unique |= {v for v in owned if total[v] <= _SPREAD and (_EMAIL.fullmatch(v) or re.fullmatch(r"\d{10}", v))}
        # The copy of an account or a fact is another one: with the same key it would be a version of the first.
        unique |= {_form(key) for rows in mine.values() for f, i in rows for key in _keys(f.obj, f.rows[i])}
        for source, rows in mine.items():
            taken: Counter[str] = Counter()
            for f, i in rows:
                if taken[f.obj.name] >= _ROWS and any(field.tag == "EVT" for field in f.obj.fields):
                    continue
                taken[f.obj.name] += 1
                row = f.rows[i]
                own = unique | _naming_somebody(f.obj, row, total) | ids.intersection(_scalars(row))
                added[f.path].append(_copy(f.obj, row, person, own))
                person.rows += 1
                person.sources.add(source)
                person.objects.add(f"{source}/{f.obj.name}")
        planted.append(person)
    for f in files:
        if added[f.path]:
            f.put(added[f.path])
    return planted


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield _form(str(value))


def _form(value: str) -> str:
    """How a value is compared: without case and blanks, a quote that spreadsheets put in front, a country code."""
    value = value.strip().lstrip("'").lower()
    digits = re.sub(r"\D", "", value)
    is_phone = 10 <= len(digits) <= 13 and digits[-10] > "1" and re.fullmatch(r"[+\d ().-]+", value)
    return digits[-10:] if is_phone and not _TIME.search(value) else value


def _index(files: Sequence[LandedFile]) -> Mapping[str, list[tuple[LandedFile, int]]]:
    """Rows by the ids and contacts that stand in them."""
    index: dict[str, list[tuple[LandedFile, int]]] = defaultdict(list)
    for f in files:
        for i, row in enumerate(f.rows):
            if isinstance(row, dict) and row.get("role") not in ("agent", "admin"):
                for value in set(_naming(row, "")):
                    index[value].append((f, i))
    return index


_NAMING = re.compile(r"id$|uid|_no$|编号|会员名|address$|e-?mail|phone|mobile|手机|^from$|^to$|username|values?$|"
                     r"who_id|external|reference|member|caller|fingerprint|FromUserName", re.IGNORECASE)  # fmt: skip


def _naming(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _naming(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _naming(inner, name)
    elif isinstance(value, (str, int)) and not isinstance(value, bool) and _NAMING.search(name):
        yield _form(str(value))


def _known_by(truth: Path) -> tuple[Mapping[str, set[str]], Mapping[str, Mapping[str, set[str]]]]:
    """By entity: contacts, and native ids by source, as compared."""
    contacts: dict[str, set[str]] = defaultdict(set)
    native: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT person_id, record_id, phone, email FROM read_parquet('{truth / 'records.parquet'}')"
        ).fetchall()
    for entity, record, phone, email in rows:
        contacts[entity] |= {_form(v) for v in (phone, email) if v}
        source, _, own = record.split(":", 2)
        native[entity][source].add(_form(own))
    return contacts, native


def _chosen(truth: Path, people: int, sources: set[str], chance: random.Random) -> list[str]:
    """Entities that together are known to every source, those that few sources know first."""
    of: dict[str, set[str]] = defaultdict(set)
    with (truth / "entities.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["source"] in sources:
                of[row["entity_id"]].add(row["source"])
    waiting = sorted(of)
    chance.shuffle(waiting)
    covered: Counter[str] = Counter()
    chosen: list[str] = []
    while waiting and len(chosen) < people:
        best = max(waiting, key=lambda e: sum(1 / (1 + covered[s]) ** 2 for s in of[e]))
        waiting.remove(best)
        covered.update(of[best])
        chosen.append(best)
    return chosen


def _rows_of(index: Mapping[str, list[tuple[LandedFile, int]]], known: set[str]) -> list[tuple[LandedFile, int]]:
    """Rows of one source that are known by one of the values, and rows that refer to these."""
    found: dict[tuple[Path, int], tuple[LandedFile, int]] = {}
    todo, seen = set(known), set()
    while todo:
        value = todo.pop()
        seen.add(value)
        rows = index.get(value, ())
        if len(rows) > _SPREAD:
            continue
        for f, i in rows:
            if (f.path, i) not in found:
                found[f.path, i] = (f, i)
                row = f.rows[i]
                own = row.get("id") or row.get("sid") or row.get("order_id") or row.get("openid")
                if isinstance(own, (str, int)) and len(str(own)) >= 5 and _form(str(own)) not in seen:
                    todo.add(_form(str(own)))
    return sorted(found.values(), key=lambda at: (at[0].path, at[1]))


def _keys(obj: ObjectContract, row: Any) -> Iterator[str]:
    """Values of the row's own key, and the numbers of an order however its rows are keyed: lines of a copy would join
    the order of somebody of the sample."""
    for f in obj.fields:
        part = f.name in obj.key and re.search("_(id|no)$", f.name) and not _COMMON.search(f.name)
        if f.tag == "PK" or obj.key == (f.name,) or part or f.name in ("order_id", "order_no"):
            yield from (str(value) for value in _at(row, f.record_paths))


# References to what many people have in common.
_COMMON = re.compile("product|sku|campaign|event|meeting|session|list_id|metric|store|location|organi[sz]ation|post_id")


def _naming_somebody(obj: ObjectContract, row: Any, total: Mapping[str, int]) -> set[str]:
    """Values by which the contract ties a row to a person, but for those of a device without an id and of the company
    itself: in a copy they would tie the planted person to somebody of the sample, who may be in other files, too."""
    found = set(_identifiers(obj, row))
    for f in obj.fields:
        if f.tag == "FK" and not _COMMON.search(f.name):
            found |= {_form(str(value)) for value in _at(row, f.record_paths)}
    return {v for v in found if total[v] <= _SPREAD}


def _identifiers(obj: ObjectContract, row: Any) -> Iterator[str]:
    """Identifiers of the row that the contract names, but for those of a device without an id."""
    for f in obj.fields:
        if f.tag in ("ID", "ID-ns"):
            yield from (form for value in _at(row, f.record_paths) if (form := _form(str(value))).strip("0-"))


def _at(row: Any, paths: Iterable[str]) -> Iterator[str | int]:
    for path in paths:
        value: Any = row
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            yield value


def _copy(obj: ObjectContract, row: Any, person: Person, unique: set[str]) -> Any:
    roles = _roles(obj)
    return {name: _changed(value, (name,), person, unique, roles) for name, value in row.items()}


_WORDS = {
    "given": ("first_name", "firstname", "given_name", "名"),
    "family": ("last_name", "lastname", "family_name", "姓"),
    "name": ("name", "full_name", "nickname", "screen_name", "buyer_name", "reviewer_name", "username", "remark",
             "from_name", "姓名", "昵称", "用户昵称"),
    "street": ("street", "address1", "address_1", "address2", "address_line1", "street_1"),
    "text": ("body", "text", "comment", "content", "message", "description", "subject", "note", "notes", "snippet"),
}  # fmt: skip


def _roles(obj: ObjectContract) -> Mapping[str, str]:
    """Role by last part of the native path."""
    roles = {word: role for role, words in _WORDS.items() for word in words}
    for f in obj.fields:
        role = (
            "text" if f.type == "text" and f.personal
            else "given" if f.name.endswith("given_name")
            else "family" if f.name.endswith("family_name")
            else "street" if f.name.endswith("street") or f.name.endswith("recipient_address")
            else "name" if f.personal and f.name.endswith(("name", "nickname", "remark")) and f.tag == "WEAK"
            else ""
        )  # fmt: skip
        if role:
            roles |= {path.rpartition(".")[2].lower(): role for path in f.record_paths}
    return roles


# Below these, a name is that of a product, a discount, a store, an app.
_OF_THINGS = {
    "line_items",
    "discounts",
    "items",
    "taxes",
    "products",
    "location",
    "campaign",
    "discount_codes",
}


def _changed(value: Any, path: tuple[str, ...], person: Person, unique: set[str], roles: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if set(value) >= {"name", "values"}:  # a form: question and answers
            return {**value, "values": [_told(str(value["name"]), v, person, unique, roles) for v in value["values"]]}
        return {name: _changed(inner, (*path, name), person, unique, roles) for name, inner in value.items()}
    if isinstance(value, list):
        return [_changed(inner, path, person, unique, roles) for inner in value]
    if value is None or isinstance(value, (bool, float)):
        return value
    # Square's source is a till; what Intercom has in its own is an author, further down.
    if _OF_THINGS.intersection(path[:-1]) or path[-2:] == ("source", "name"):
        roles = {}
    return _told(path[-1], value, person, unique, roles)


def _told(name: str, value: Any, person: Person, unique: set[str], roles: Mapping[str, str]) -> Any:
    text = str(value)
    role = roles.get(name.lower().replace(" ", "_"), roles.get(name.lower(), ""))
    if not text.strip():
        return value
    is_own = _form(text) in unique
    if _EMAIL.fullmatch(text.strip().lstrip("'")):
        return person.email(text) if is_own else value
    if role == "text" and isinstance(value, str) and not _TIME.fullmatch(text) and not _ID_LIKE.fullmatch(text):
        return person.text(text)
    if role in ("given", "family", "name") and isinstance(value, str) and not _EMAIL.search(text):
        return _name(text, role, person)
    if role == "street" and isinstance(value, str):
        return person.street
    if not is_own or _TIME.search(text) or _TIME_KEY.search(name):
        return value
    if re.fullmatch(r"[2-9]\d{9}", _form(text)) and _PHONE_KEY.search(name):
        new = person.phone(text)
        return int(re.sub(r"\D", "", new)[-11:]) if isinstance(value, int) else ("'" if text[0] == "'" else "") + new
    if _ID.fullmatch(text.lstrip("'")) and not _NUMBER.fullmatch(text):
        new = _id(text, person)
        return int(new) if isinstance(value, int) else new
    return value


_TIME_KEY = re.compile("time|date|created|updated|_at$", re.IGNORECASE)
_PHONE_KEY = re.compile("phone|mobile|tel|^from$|^to$|手机|电话|values?$", re.IGNORECASE)
_ID_LIKE = re.compile(r"\S*\d\S*")


def _name(text: str, role: str, person: Person) -> str:
    if re.search("[\u4e00-\u9fff]", text):
        given = f"靐{chr(0x9F00 + person.number % 0xA0)}"
        return {"given": given, "family": "秦"}.get(role, f"秦{given}")
    given, family = f"Zqxvg{person.letters}", person.family
    return {"given": given, "family": family}.get(role, f"{given} {family}" if " " in text else given)


def _id(text: str, person: Person) -> str:
    """Another id: longer by four digits, or of the same shape with its second half drawn by person and id."""
    if text not in person.ids:
        if len(text) <= 12 and text[-1].isdigit():  # too short to draw another one that nobody has
            return person.ids.setdefault(text, f"{text}{7000 + person.number}")
        drawn = hashlib.sha256(f"{person.letters}|{text}".encode()).hexdigest()
        out = list(text)
        for at in range(max(len(text) // 2, 3), len(text)):
            code = int(drawn[(2 * at) % 60 : (2 * at) % 60 + 2], 16)
            if out[at].isdigit():
                out[at] = str(code % 10)
            elif out[at] in "abcdef":
                out[at] = "abcdef"[code % 6]
        person.ids[text] = "".join(out)
    return person.ids[text]
