"""Made-up families as a CRM, a shop, an app, a mailing list abroad and a hotel know them, with the truth.

What labelled sets that are public hold little of: relatives on one phone and under one roof, of most of whom no birth
date is known; names in Han, masked, in pinyin and as airlines write them; short forms and slips. One set is Chinese,
one American. The same seed gives the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from identity.normalise.han import read_given, read_surname

COLUMNS = ("id", "source", "name", "phone", "email", "birth", "address", "city", "member")
ROLES = (
    "record_id: id\nsource: source\ndefault_region: {region}\nroles: {{full_name: name, phone: phone, email: email, "
    "birth_date: birth, address: address, locality: city, identifiers: {{wechat_unionid: member}}}}"
)
HAN_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
HAN_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国文玉兰志红梅晓宇浩欣怡涵梓轩思佳俊豪嘉琪婷慧颖宁波辉斌鹏飞"
)
HAN_CITIES = (("广东省广州市", "天河区"), ("上海市", "徐汇区"), ("浙江省杭州市", "西湖区"), ("四川省成都市", "武侯区"))
HAN_ROADS = ("中山路", "人民路", "解放路", "科技路", "滨江大道", "花园街")
SURNAMES = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Martinez Lopez Wilson Anderson Thomas Taylor Moore Jackson "
    "Martin Perez Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Torres Hill Green"
)
GIVEN = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph "
    "Jessica Thomas Sarah Charles Karen Christopher Lisa Daniel Nancy Matthew Betty Anthony Margaret Mark Sandra "
    "Andrew Emily Joshua Michelle Kevin Amanda George Melissa Timothy Deborah Ronald Stephanie Edward Rebecca Jason "
    "Laura Ryan Cynthia Jacob Kathleen Gary Amy Nicholas Angela Eric Anna Stephen Brenda Samuel Emma Frank Rachel"
)
SHORT = {
    "Robert": "Bob",
    "Michael": "Mike",
    "Elizabeth": "Liz",
    "William": "Bill",
    "Margaret": "Peggy",
    "Edward": "Ted",
}
CITIES = (("Austin", "TX 787"), ("Denver", "CO 802"), ("Seattle", "WA 981"), ("Boston", "MA 021"))
STREETS = ("Oak St", "Maple Ave", "Main St", "Cedar Ln", "Lake Dr", "Park Ave")


@dataclass(frozen=True)
class Person:
    family: str
    given: str
    birth: date
    phone: str
    email: str
    city: str
    address: Callable[[], str]
    member: str


@dataclass(frozen=True)
class Families:
    """Rows in the order of COLUMNS, and the person of each row by its id; `roles` as `cdp resolve` takes them."""

    rows: list[tuple[str, ...]]
    truth: dict[str, int]
    roles: str


def make(people: int, *, chinese: bool, seed: int = 1) -> Families:
    """At least so many people, a sixth of them children, of whom every second is reached at a parent's number."""
    chance = random.Random(seed)  # noqa: S311 (a benchmark repeats)
    found: list[Person] = []
    while len(found) < people:
        found += _household(chance, chinese)
    rows, truth = numbered([_records(chance, person, chinese) for person in found])
    return Families(rows, truth, ROLES.format(region="CN" if chinese else "US"))


def numbered(records: Iterable[list[tuple[str, ...]]]) -> tuple[list[tuple[str, ...]], dict[str, int]]:
    """Records, told person by person, as rows with an id before them, and the number of the person of each id."""
    rows: list[tuple[str, ...]] = []
    truth = {}
    for number, own in enumerate(records):
        for record in own:
            key = f"r{len(rows)}"
            rows.append((key, *record))
            truth[key] = number
    return rows, truth


def _household(chance: random.Random, chinese: bool) -> list[Person]:
    city, part = chance.choice(HAN_CITIES if chinese else CITIES)
    number, flat = chance.randint(1, 399), f"{chance.randint(1, 30)}{chance.randint(1, 4):02d}"
    road = chance.choice(HAN_ROADS if chinese else STREETS)
    house = chance.randint(1, 30)

    def address() -> str:
        if not chinese:
            return f"{number} {road}, {city}, {part}{house:02d}"
        start = city if chance.random() < 0.7 else city[-3:]
        block, room = chance.choice(("栋", "号楼", "幢")), chance.choice(("室", ""))
        return f"{start}{part}{road}{number}号{house}{block}{flat}{room}"

    surnames = list(HAN_SURNAMES) if chinese else SURNAMES.split()
    home: list[Person] = []
    for place in range(chance.choice((1, 1, 1, 2, 2, 3))):
        is_child = place == 2
        surname = chance.choices(surnames, [1 / (i + 3) for i in range(len(surnames))])[0]
        if is_child or (place and not chinese):
            surname = home[0].family
        if chinese:
            given = "".join(chance.sample(HAN_GIVEN, chance.choice((1, 2, 2, 2, 2))))
        else:
            given = chance.choice(GIVEN.split())
        first, days = (date(2000, 1, 1), 3_600) if is_child else (date(1950, 1, 1), 16_000)
        birth = first + timedelta(days=chance.randrange(days))
        digits = "".join(chance.choices("0123456789", k=8 if chinese else 7))
        phone = f"512{chance.randint(2, 9)}{digits[1:]}"
        if chinese:
            phone = f"1{chance.choice(('38', '50', '86', '99'))}{digits}"
        if place and chance.random() < (0.5 if is_child else 0 if chinese else 0.4):
            phone = home[0].phone
        user = "".join(chance.choices("abcdefghijkmnpqrstuvwxyz", k=6)) + str(chance.randint(10, 9999))
        email = f"{user}@{chance.choice(('163.com', 'qq.com') if chinese else ('gmail.com', 'yahoo.com'))}"
        town = city[-3:] if chinese else city
        home.append(Person(surname, given, birth, phone, email, town, address, f"o{user}{digits}"))
    return home


def _records(chance: random.Random, person: Person, chinese: bool) -> list[tuple[str, ...]]:
    """(source, name, phone, email, birth, address, city, member) of each record of one person."""

    def maybe(share: float, value: str) -> str:
        return value if chance.random() < share else ""

    def name() -> str:
        if chinese:
            return person.family + person.given
        given = SHORT[person.given] if person.given in SHORT and chance.random() < 0.2 else person.given
        return f"{slip(chance, given)} {slip(chance, person.family)}"

    def masked() -> str:
        return person.family + "*" * len(person.given) if chinese and chance.random() < 0.08 else name()

    born = person.birth.isoformat()
    family, given = (
        (read_surname(person.family) or "", read_given(person.given)) if chinese else (person.family, person.given)
    )
    prefix = "+86" if chinese else "+1"
    found = []
    if chance.random() < 0.75:
        phone = maybe(0.9, chance.choice(("", prefix)) + person.phone)
        found.append(("crm", name(), phone, maybe(0.45, person.email), maybe(0.65, born), maybe(0.7, person.address()),
                      person.city, ""))  # fmt: skip
    if chance.random() < 0.5:
        found.append(("app", "", maybe(0.75, person.phone), "", "", "", person.city, person.member))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        found.append(("shop", masked(), person.phone, "", "", person.address(), "", maybe(0.25, person.member)))
    if chance.random() < 0.3:
        whole = chance.choice((f"{given.title()} {family.title()}", f"{family.title()}, {given.title()}"))
        found.append(("list", whole, maybe(0.5, person.phone), maybe(0.7, person.email), maybe(0.5, born), "", "", ""))
    if chance.random() < 0.15:
        whole = f"{family.upper()}/{given.upper()} {chance.choice(('MR', 'MS'))}"
        found.append(("hotel", whole, maybe(0.4, person.phone), "", born, "", "", ""))
    return found


def slip(chance: random.Random, word: str, *, share: float = 0.04, shortest: int = 4) -> str:
    """`word`, in that share of calls without one of its inner letters."""
    if len(word) < shortest or chance.random() > share:
        return word
    at = chance.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1 :]
