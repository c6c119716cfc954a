"""The whole pass over tables: shapes, values, row order, a second pass, and the SQL paths against the parsers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.normalise import (
    normalise,
    normalise_email,
    normalise_identifier,
    normalise_phone,
    normalise_street,
    parse_name,
)

_TEXT = """
    record_id source entity_type given_name middle_name family_name full_name native_name
    organisation birth_date gender street unit locality region postcode country address
    default_region
"""
_OUT = """
    record_id source entity_type given_name middle_name family_name given_canonical given_initial
    name_key native_name is_chinese generation_suffix given_readings family_readings organisation
    birth_date birth_date_alt
    birth_year birth_month_day gender street street_no unit locality region postcode country
    address_key created_at
"""
TEXT, OUT_RECORD = _TEXT.split(), _OUT.split()

ROWS: list[dict[str, Any]] = [
    {
        "record_id": "1",
        "given_name": "Bob",
        "family_name": "Smith",
        "birth_date": "04/09/1987",
        "gender": "M",
        "default_region": "US",
        "street": "123 N. Main Street",
        "unit": "Apt 4B",
        "locality": "Saint Louis",
        "region": "Missouri",
        "postcode": "63101-1234",
        "country": "USA",
        "created_at": datetime(2024, 1, 1),
    },
    {
        "record_id": "2",
        "native_name": "王小明",
        "birth_date": "1987年4月9日",
        "gender": "女",
        "default_region": "CN",
        "address": "上海市静安区南京西路1266号3号楼1201室",
        "created_at": datetime(2024, 1, 1),
    },
    {
        "record_id": "3",
        "entity_type": "organisation",
        "full_name": "Acme Co., Ltd.",
        "birth_date": "2099-01-01",
        "address": "10 Main St, Springfield, IL 62701",
        "created_at": datetime(2024, 1, 1),
    },
    {
        "record_id": "4",
        "given_name": "Xiaoming",
        "family_name": "Wang",
        "birth_date": "1890-01-01",
        "created_at": datetime(2024, 1, 1),
    },
    {
        "record_id": "5",
        "full_name": "Smith, Robert Jr.",
        "birth_date": "--04-09",
        "gender": "x",
        "postcode": "2776",
        "locality": "Glenbrook",
        "street": "7 Wallaby Place",
        "region": "nsw",
    },
    {"record_id": "6", "birth_date": "02/01/2024", "default_region": "US", "created_at": datetime(2024, 1, 15)},
    {"record_id": "7", "given_name": "unknown", "family_name": "test"},
]
PEOPLE: list[tuple[Any, ...]] = [
    ("1", "email", "", "Bob.Smith+shop@gmail.com", True, None, "US"),
    ("1", "phone", "", "(202) 555-0123", True, None, "US"),
    ("2", "phone", "", "138 1234 5679", None, None, "CN"),
    ("2", "email", "", "noreply@shop.org", True, None, "CN"),
    ("2", "wechat_openid", "wx1", " oAbC ", True, None, "CN"),
    ("2", "wechat_openid", "", "oXyZ", True, None, "CN"),
    ("2", "facebook_psid", "page-1", "2401", True, None, "US"),
    ("3", "phone", "", "020 7946 0958", True, None, "GB"),
    ("3", "customer_no", "company", "000000", True, None, None),
    ("3", "email", "", "jane@shop.org", False, "unverified", None),
    ("4", "email", "", None, True, None, None),
    ("4", "customer_no", "company", "", True, None, None),
]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], people: list[tuple[Any, ...]]) -> None:
    con.execute(f"CREATE OR REPLACE TABLE records ({', '.join(f'{c} VARCHAR' for c in TEXT)}, created_at TIMESTAMP)")
    con.execute(
        "CREATE OR REPLACE TABLE identifiers (record_id VARCHAR, kind VARCHAR, namespace VARCHAR, value_raw VARCHAR, "
        "is_trusted BOOLEAN, reason VARCHAR, default_region VARCHAR, first_seen_at TIMESTAMP, last_seen_at TIMESTAMP)"
    )
    if rows:
        marks = ", ".join("?" * (len(TEXT) + 1))
        con.executemany(
            f"INSERT INTO records VALUES ({marks})", [[r.get(c) for c in [*TEXT, "created_at"]] for r in rows]
        )
    if people:
        con.executemany("INSERT INTO identifiers VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)", people)


def run(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], people: list[tuple[Any, ...]]
) -> tuple[list[Any], list[Any]]:
    load(con, rows, people)
    normalise(con, "records", "identifiers", out_records="out_r", out_identifiers="out_i")
    return (
        con.execute("SELECT * FROM out_r ORDER BY ALL").fetchall(),
        con.execute("SELECT * FROM out_i ORDER BY ALL").fetchall(),
    )


def test_records(con: duckdb.DuckDBPyConnection) -> None:
    rows, _ = run(con, ROWS, [])
    assert [c[0] for c in con.execute("DESCRIBE out_r").fetchall()] == OUT_RECORD
    found = {row[0]: {k: v for k, v in zip(OUT_RECORD, row, strict=True) if v not in (None, False)} for row in rows}
    made = datetime(2024, 1, 1)
    assert found == {
        "1": {
            "record_id": "1",
            "given_name": "bob",
            "family_name": "smith",
            "given_canonical": "robert",
            "given_initial": "b",
            "name_key": "bob smith",
            "birth_date": date(1987, 4, 9),
            "birth_date_alt": date(1987, 9, 4),
            "birth_year": 1987,
            "birth_month_day": "04-09",
            "gender": "male",
            "street": "123 n main st",
            "street_no": "123",
            "unit": "4b",
            "locality": "st louis",
            "region": "MO",
            "postcode": "63101",
            "country": "US",
            "address_key": "123|main|63101",
            "created_at": made,
        },
        "2": {
            "record_id": "2",
            "given_name": "xiaoming",
            "family_name": "wang",
            "given_canonical": "xiaoming",
            "given_initial": "x",
            "name_key": "wang xiaoming",
            "native_name": "王小明",
            "is_chinese": True,
            "given_readings": ["xiaoming"],
            "family_readings": ["wang"],
            "birth_date": date(1987, 4, 9),
            "birth_year": 1987,
            "birth_month_day": "04-09",
            "gender": "female",
            "street": "1266 nanjing w rd",
            "street_no": "1266",
            "unit": "3-1201",
            "locality": "shanghai",
            "region": "shanghai",
            "address_key": "1266|nanjing|shanghai",
            "created_at": made,
        },
        "3": {
            "record_id": "3",
            "entity_type": "organisation",
            "organisation": "acme",
            "street": "10 main st",
            "street_no": "10",
            "locality": "springfield",
            "region": "IL",
            "postcode": "62701",
            "address_key": "10|main|62701",
            "created_at": made,
        },
        "4": {
            "record_id": "4",
            "given_name": "xiaoming",
            "family_name": "wang",
            "given_canonical": "xiaoming",
            "given_initial": "x",
            "name_key": "wang xiaoming",
            "is_chinese": True,
            "given_readings": ["xiaoming"],
            "family_readings": ["wang"],
            "created_at": made,
        },
        "5": {
            "record_id": "5",
            "given_name": "robert",
            "family_name": "smith",
            "given_canonical": "robert",
            "given_initial": "r",
            "name_key": "robert smith",
            "generation_suffix": "jr",
            "birth_month_day": "04-09",
            "street": "7 wallaby pl",
            "street_no": "7",
            "locality": "glenbrook",
            "region": "NSW",
            "postcode": "2776",
            "address_key": "7|wallaby|2776",
        },
        # 1 February 2024 would be after the record was made, so only the other reading is left.
        "6": {
            "record_id": "6",
            "birth_date": date(2024, 1, 2),
            "birth_year": 2024,
            "birth_month_day": "01-02",
            "created_at": datetime(2024, 1, 15),
        },
        "7": {"record_id": "7"},
    }


def test_identifiers(con: duckdb.DuckDBPyConnection) -> None:
    _, people = run(con, [], PEOPLE)
    assert {(r[0], r[1], r[3]): r[4:7] for r in people} == {
        ("1", "email", "Bob.Smith+shop@gmail.com"): ("bobsmith@gmail.com", True, None),
        ("1", "phone", "(202) 555-0123"): ("+12025550123", True, None),
        ("2", "phone", "138 1234 5679"): ("+8613812345679", True, None),
        ("2", "email", "noreply@shop.org"): ("noreply@shop.org", False, "role"),
        ("2", "wechat_openid", " oAbC "): ("oAbC", True, None),
        ("2", "wechat_openid", "oXyZ"): ("oXyZ", False, "no_issuer"),
        ("2", "facebook_psid", "2401"): ("2401", False, "never_a_key"),
        ("3", "phone", "020 7946 0958"): ("+442079460958", True, None),
        ("3", "customer_no", "000000"): ("000000", False, "placeholder"),
        ("3", "email", "jane@shop.org"): ("jane@shop.org", False, "unverified"),
        ("4", "email", None): (None, False, "missing"),
        ("4", "customer_no", ""): (None, False, "missing"),
    }


def test_one_row_for_each_row_and_nothing_left_behind(con: duckdb.DuckDBPyConnection) -> None:
    rows, people = run(con, ROWS + ROWS[:2], PEOPLE + PEOPLE[:3])
    assert (len(rows), len(people)) == (len(ROWS) + 2, len(PEOPLE) + 3)
    tables = {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    assert tables == {"records", "identifiers", "out_r", "out_i"}


def test_empty_tables_give_empty_typed_tables(con: duckdb.DuckDBPyConnection) -> None:
    assert run(con, [], []) == ([], [])
    types = {name: kind for name, kind, *_ in con.execute("DESCRIBE out_r").fetchall()}
    assert (types["birth_date"], types["birth_year"], types["is_chinese"], types["name_key"]) == (
        "DATE",
        "INTEGER",
        "BOOLEAN",
        "VARCHAR",
    )


@settings(max_examples=4, deadline=None)
@given(rows=st.permutations(ROWS), people=st.permutations(PEOPLE))
def test_row_order_does_not_matter(rows: list[dict[str, Any]], people: list[tuple[Any, ...]]) -> None:
    with duckdb.connect() as con:
        assert run(con, rows, people) == run(con, ROWS, PEOPLE)


def test_a_second_pass_changes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    once, people = run(con, ROWS, PEOPLE)
    # The suffix and the other reading of a date are not inputs, and a clean date has no other reading.
    lost = {"generation_suffix", "birth_date_alt", "birth_month_day"}
    records = [dict(zip(OUT_RECORD, row, strict=True)) for row in once]
    for record in records:
        record["birth_date"] = record["birth_date"] and record["birth_date"].isoformat()
    again = [(r[0], r[1], r[2], r[4], r[5], r[6], None) for r in people if r[4] is not None]
    twice, people_twice = run(con, records, again)

    def kept(rows: list[Any]) -> list[Any]:
        return [{k: v for k, v in zip(OUT_RECORD, row, strict=True) if k not in lost} for row in rows]

    assert kept(twice) == kept(once)
    usable = [r for r in people if r[4] is not None]
    assert {(r[0], r[1], r[4]): r[5:7] for r in people_twice} == {(r[0], r[1], r[4]): r[5:7] for r in usable}


def identifier_values(kind: str, values: list[str], region: str | None) -> dict[str, Any]:
    with duckdb.connect() as con:
        _, people = run(con, [], [("1", kind, "", v, True, None, region) for v in values])
    return {row[3]: (row[4], row[6]) for row in people}


US_PHONE = st.from_regex(r"(\+?1[ .-]?)?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}", fullmatch=True)
CN_PHONE = st.from_regex(r"(\+86|0086|86)?[ -]?1[0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{4}", fullmatch=True)


@settings(max_examples=10, deadline=None)
@given(us=st.lists(US_PHONE, min_size=40, max_size=40), cn=st.lists(CN_PHONE, min_size=40, max_size=40))
def test_phone_fast_path_is_the_library(us: list[str], cn: list[str]) -> None:
    for region, values in (("US", us), ("CN", cn), ("US", cn)):
        found = identifier_values("phone", values, region)
        assert found == {v: normalise_phone(v, region) for v in values}
        for raw, (value, reason) in found.items():
            abroad = region == "US" and value and value.startswith("+86")  # its own rule, tested by hand
            if value and reason is None and not abroad:
                number = phonenumbers.parse(raw, region)
                assert value == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


EMAIL = st.builds(
    "{}{}{}@{}".format,
    st.sampled_from(
        [
            "jane",
            "Jane.Doe",
            "info",
            "test",
            "j.",
            ".j",
            "no.reply",
            "n.o.reply",
            "a-b_c",
            "x" * 70,
            " jane",
            "123",
            "www.jane",
        ]
    ),
    st.sampled_from(["", "1", "+tag", ".x", "..x"]),
    st.sampled_from(["", " "]),
    st.sampled_from(
        [
            "gmail.com",
            "GMAIL.com ",
            "googlemail.com",
            "outlook.com",
            "shop.org",
            "test.com",
            "yopmail.com",
            "facebook.com",
            "m.facebook.com",
            "shop",
            "a.b.co.uk",
            "b.c",
            "sh-op.org",
            "-x.org",
            "1.2.3.4",
            "yahoo.com",
            "yahoo.co.uk",
            "hotmail.fr",
            "qq.com",
            "marketplace.amazon.de",
            "eu.yopmail.com",
            "x.org.",
        ]
    ),
)


@settings(max_examples=10, deadline=None)
@given(values=st.lists(EMAIL | st.text(max_size=12).filter(lambda t: "\x00" not in t), min_size=40, max_size=40))
def test_email_fast_path_is_the_parser(values: list[str]) -> None:
    assert identifier_values("email", values, None) == {v: normalise_email(v) for v in values}


def test_identifier_sql_is_the_function() -> None:
    values = [
        "a",
        " a ",
        "'a",
        "''",
        "'",
        "000",
        "0",
        "00",
        "aaa",
        "aa",
        "NULL",
        "N/A",
        "测试",
        "\t1\n",
        "null ",
        "' null",
        "",
        " ",
        "1",
        "2",
    ]
    assert identifier_values("customer_no", values, None) == {v: normalise_identifier(v) for v in values}


PLAIN = st.sampled_from(
    [
        "Bob",
        "mary",
        "Wang",
        "LI",
        "Kevin",
        "Xiao",
        "de",
        "Mr",
        "jr",
        "Test",
        "Guest",
        "O",
        "Lv",
        "Smith",
        "Ma",
        "Md",
        "Sr",
    ]
)


@settings(max_examples=6, deadline=None)
@given(
    pairs=st.lists(st.tuples(PLAIN | st.from_regex("[A-Za-z]{1,8}", fullmatch=True), PLAIN), min_size=60, max_size=60)
)
def test_name_fast_path_is_the_parser(pairs: list[tuple[str, str]]) -> None:
    rows = [{"record_id": str(i), "given_name": g, "family_name": f} for i, (g, f) in enumerate(pairs)]
    with duckdb.connect() as con:
        found, _ = run(con, rows, [])
    assert {row[0]: row[3:14] for row in found} == {
        str(i): tuple(list(part) if isinstance(part, tuple) else part for part in parse_name(g, None, f))
        for i, (g, f) in enumerate(pairs)
    }


WESTERN = "Bob|José|Mary Ann|Jean-Paul|John A.|O'Brien|Lee-Jones|Kevin|Lisa|Ben Li|Kit Wai|Dan|Smith Jr|Wong|Chan|Anna"
PINYIN = "Wang|wei|XIAO|Xiao-Ming|XiaoMing|Lü|Lyu|Ou Yang|ouyang|Tan|Mei Ling|Hsu|Chih-ming|Le|Zhang San|A|Siu Ming"
HAN_PARTS = "王|小明|張|欧|阳|欧阳|單|乐|重阳|王小明|司|马|太郎|山田|小王|静怡|伟|王先生|Kevin王|明|长"
FIELD = st.sampled_from(f"{WESTERN}|{PINYIN}|{HAN_PARTS}".split("|"))


@settings(max_examples=12, deadline=None)
@given(pairs=st.lists(st.tuples(FIELD, FIELD), min_size=120, max_size=120))
def test_names_put_together_from_their_fields_are_those_of_the_parser(pairs: list[tuple[str, str]]) -> None:
    rows = [{"record_id": str(i), "given_name": g, "family_name": f} for i, (g, f) in enumerate(pairs)]
    with duckdb.connect() as con:
        found, _ = run(con, rows, [])
    assert {(*pairs[int(row[0])], row[3:14]) for row in map(as_tuples, found)} == {
        (g, f, tuple(parse_name(g, None, f))) for g, f in pairs
    }


def as_tuples(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(tuple(cell) if isinstance(cell, list) else cell for cell in row)


@settings(max_examples=6, deadline=None)
@given(
    lines=st.lists(
        st.builds(
            "{} {} {}".format,
            st.sampled_from(["1", "007", "123", "12a", "No 5", "99999"]),
            st.sampled_from(["Main", "N. Main", "Fifth", "Apt", "PO Box", "Nanjing Xi", "A", "Unit", "De La"]),
            st.sampled_from(["St", "Street Apt B", "Lu", "Ave.", "", "Road East", "hao"]),
        ),
        min_size=60,
        max_size=60,
    )
)
def test_street_fast_path_is_the_parser(lines: list[str]) -> None:
    with duckdb.connect() as con:
        found, _ = run(con, [{"record_id": str(i), "street": line} for i, line in enumerate(lines)], [])
    assert {row[0]: row[20:23] for row in found} == {str(i): normalise_street(line)[:3] for i, line in enumerate(lines)}
