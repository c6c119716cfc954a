"""E-mails, phones, dates, addresses and other identifiers: hand-made examples of each rule."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest

from identity.normalise import (
    BirthDate,
    normalise_country,
    normalise_email,
    normalise_identifier,
    normalise_locality,
    normalise_phone,
    normalise_postcode,
    normalise_region,
    normalise_street,
    parse_birth_date,
)
from identity.normalise.addresses import normalise_unit, split_one_line
from identity.normalise.identifiers import issuer_problem, issuer_problem_sql
from identity.normalise.places import COUNTRIES


@pytest.mark.parametrize(
    ("raw", "value", "reason"),
    [
        ("  Jane.Doe@Example-Shop.COM ", "jane.doe@example-shop.com", None),
        ("mailto:jane@shop.org?subject=hi", "jane@shop.org", None),
        ("Jane Doe <jane@shop.org>", "jane@shop.org", None),
        ('"jane@shop.org"', "jane@shop.org", None),
        ("jane@shop.org..", "jane@shop.org", None),
        ("Jane.Doe+news@gmail.com", "janedoe@gmail.com", None),
        ("janedoe@googlemail.com", "janedoe@gmail.com", None),
        ("jane.doe+news@outlook.com", "jane.doe@outlook.com", None),
        ("jane+news@shop.org", "jane+news@shop.org", None),
        ("info@shop.org", "info@shop.org", "role"),
        ("noreply@shop.org", "noreply@shop.org", "role"),
        ("a@b.c", "a@b.c", "placeholder"),
        ("test@test.com", "test@test.com", "placeholder"),
        ("none@shop.org", "none@shop.org", "placeholder"),
        ("unknown", None, "placeholder"),
        ("none@", None, "placeholder"),
        ("jane@mailinator.com", "jane@mailinator.com", "disposable"),
        ("1234567890@facebook.com", "1234567890@facebook.com", "made_up"),
        ("jane.doe@facebook.com", "jane.doe@facebook.com", None),
        ("jane+news@hotmail.co.uk", "jane@hotmail.co.uk", None),
        ("jane+news@live.cn", "jane@live.cn", None),
        ("jane+news@icloud.com", "jane@icloud.com", None),
        ("jane.doe@icloud.com", "jane.doe@icloud.com", None),
        ("jane-shopping@yahoo.com", "jane@yahoo.com", None),
        ("jane-shopping@yahoo.co.uk", "jane@yahoo.co.uk", None),
        ("jane-doe@shop.org", "jane-doe@shop.org", None),
        ("572107023@qq.com", "572107023@qq.com", None),
        ("13812345679@163.com", "13812345679@163.com", None),
        ("www.jane_doe@163.com", "jane_doe@163.com", None),
        ("www.jane@shop.org", "www.jane@shop.org", None),
        ("jane+a@126.com", "jane+a@126.com", None),
        ("jane+a@foxmail.com", "jane@foxmail.com", None),
        ("123456@qq.com", "123456@qq.com", "placeholder"),
        ("888888@163.com", "888888@163.com", "placeholder"),
        ("sales@shop.org", "sales@shop.org", "role"),
        ("kefu@shop.cn", "kefu@shop.cn", "role"),
        ("客服@shop.cn", None, "role"),
        ("jane@eu.mailinator.com", "jane@eu.mailinator.com", "disposable"),
        ("x1y2z3@marketplace.amazon.co.uk", "x1y2z3@marketplace.amazon.co.uk", "relay"),
        ("jane@shop", None, "invalid"),
        ("jane@@shop.org", None, "invalid"),
        ("jane doe@shop.org", None, "invalid"),
        ("jane..doe@shop.org", None, "invalid"),
        ("+@gmail.com", None, "invalid"),
        ("", None, "missing"),
        (None, None, "missing"),
    ],
)
def test_email(raw: str | None, value: str | None, reason: str | None) -> None:
    assert normalise_email(raw) == (value, reason)


@pytest.mark.parametrize(
    ("raw", "region", "value", "reason"),
    [
        ("(202) 555-0123", "US", "+12025550123", None),
        ("1-202-555-0123 ext. 45", "US", "+12025550123", None),
        ("+1 202 555 0123", "CN", "+12025550123", None),
        ("'+12025550123", "US", "+12025550123", None),
        ("555-867-5309", "US", "+15558675309", None),
        ("13812345679", "CN", "+8613812345679", None),
        ("+86 138-1234-5679", "US", "+8613812345679", None),
        ("008613812345679", "CN", "+8613812345679", None),
        ("8613812345679", "CN", "+8613812345679", None),
        ("021-62345678", "CN", "+862162345678", None),
        ("020 7946 0958", "GB", "+442079460958", None),
        ("２０２５５５０１２３", "US", "+12025550123", None),
        ("2025550123", None, "2025550123", None),
        ("138****5679", "CN", None, "masked"),
        ("138xxxx5679", "CN", None, "masked"),
        ("13812345679_1234", "CN", None, "privacy"),
        ("13812345679-1234", "CN", None, "privacy"),
        ("13812345679转1234", "CN", None, "privacy"),
        ("17012345679", "CN", "+8617012345679", None),
        ("16212345679", "CN", "+8616212345679", None),
        ("16512345679", "CN", "+8616512345679", None),
        ("16712345679", "CN", "+8616712345679", None),
        ("17112345679", "CN", "+8617112345679", None),
        ("400-820-1234", "CN", "+864008201234", "hotline"),
        ("800 820 1234", "CN", "+868008201234", "hotline"),
        ("+86 400 820 1234", "US", "+864008201234", "hotline"),
        ("95533", "CN", None, "hotline"),
        ("10086", "CN", None, "hotline"),
        ("9501312345678", "CN", None, "privacy"),
        ("1-800-234-5679", "US", "+18002345679", "hotline"),
        ("(888) 234-5679", "US", "+18882345679", "hotline"),
        ("123456789", "US", None, "placeholder"),
        ("13888888888", "CN", "+8613888888888", "placeholder"),
        ("12345", "US", None, "too_short"),
        ("000000", "US", None, "placeholder"),
        ("00000000000", "US", None, "placeholder"),
        ("11111111111", "CN", "+8611111111111", "placeholder"),
        ("13800000000", "CN", "+8613800000000", "placeholder"),
        ("+86 13800138000", "US", "+8613800138000", "placeholder"),
        ("555-555-5555", "US", "+15555555555", "placeholder"),
        ("1234567890", "US", "+11234567890", "placeholder"),
        ("867-5309", "US", None, "local_only"),
        ("202555012345678901", "US", None, "invalid"),
        ("call me later", "US", None, "too_short"),
        ("n/a", "US", None, "placeholder"),
        (None, "US", None, "missing"),
    ],
)
def test_phone(raw: str | None, region: str | None, value: str | None, reason: str | None) -> None:
    assert normalise_phone(raw, region) == (value, reason)


APRIL, SEPTEMBER = date(1987, 4, 9), date(1987, 9, 4)


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        *[
            (text, "US", BirthDate(APRIL, None, 1987, "04-09"))
            for text in (
                "1987-04-09",
                "19870409",
                "1987/4/9",
                "1987-04-09T00:00:00Z",
                "1987-04-09 00:00:00",
                "09.04.1987",
                "Apr 9, 1987",
                "April 9th, 1987",
                "9 Apr 1987",
                "9-APR-87",
                "1987年4月9日",
                "87年4月9日",
                " 1987年 4月 9日 ",
            )
        ],
        ("04/09/1987", "US", BirthDate(APRIL, SEPTEMBER, 1987, "04-09")),
        ("04/09/1987", "GB", BirthDate(SEPTEMBER, APRIL, 1987, "09-04")),
        ("04-09-1987", "US", BirthDate(APRIL, SEPTEMBER, 1987, "04-09")),
        ("4/9/87", "US", BirthDate(APRIL, SEPTEMBER, 1987, "04-09")),
        ("13/04/1987", "US", BirthDate(date(1987, 4, 13), None, 1987, "04-13")),
        ("04/13/1987", "GB", BirthDate(date(1987, 4, 13), None, 1987, "04-13")),
        ("05/05/1987", "US", BirthDate(date(1987, 5, 5), None, 1987, "05-05")),
        ("--04-09", "US", BirthDate(None, None, None, "04-09")),
        ("0000-02-29", "US", BirthDate(None, None, None, "02-29")),
        ("4月9日", "CN", BirthDate(None, None, None, "04-09")),
        ("1987", "US", BirthDate(None, None, 1987, None)),
        ("1987-04", "US", BirthDate(None, None, 1987, None)),
        ("19871340", "AU", BirthDate(None, None, 1987, None)),
        ("1970-01-01", "US", BirthDate(date(1970, 1, 1), None, 1970, "01-01")),
        *[
            (text, "US", BirthDate())
            for text in (
                "1900-01-01",
                "1901-01-01",
                "0001-01-01",
                "1111-11-11",
                "9999-12-31",
                "1899-12-30",
                "13-45",
                "soon",
                "",
                None,
            )
        ],
    ],
)
def test_birth_date(raw: str | None, region: str, expected: BirthDate) -> None:
    assert parse_birth_date(raw, region) == expected


@pytest.mark.parametrize(
    ("street", "unit", "expected"),
    [
        ("123 N. Main Street", None, ("123 n main st", "123", None)),
        ("123 North Main St.", None, ("123 n main st", "123", None)),
        ("123 Main St Apt 4B", None, ("123 main st", "123", "4b")),
        ("123 Main St, Apartment 4-B", None, ("123 main st", "123", "4b")),
        ("123 Main St #4B", None, ("123 main st", "123", "4b")),
        ("123 Main St", "Apt. 4B", ("123 main st", "123", "4b")),
        ("350 Fifth Avenue, Suite 300", None, ("350 5th ave", "350", "300")),
        ("P.O. Box 123", None, ("po box 123", "123", None)),
        ("PO BOX #123", None, ("po box 123", "123", None)),
        ("Calle Mayor 12", None, ("12 calle mayor", "12", None)),
        ("12A Church Lane", None, ("12a church ln", "12a", None)),
        ("Main Street", None, ("main st", None, None)),
        ("南京西路1266号3号楼1201室", None, ("1266 nanjing w rd", "1266", "3-1201")),
        ("上海市静安区南京西路1266号", "3栋1201室", ("1266 nanjing w rd", "1266", "3-1201")),
        ("南京西路１２６６號", None, ("1266 nanjing w rd", "1266", None)),
        ("1266 Nanjing West Road", None, ("1266 nanjing w rd", "1266", None)),
        ("No. 1266 Nanjing Xi Lu", None, ("1266 nanjing w rd", "1266", None)),
        ("延安中路955弄12号501室", None, ("955 yanan m rd", "955", "12-501")),
        ("世纪大道100号", None, ("100 shiji ave", "100", None)),
        ("unknown", None, (None, None, None)),
        (None, "Unit 7", (None, None, "7")),
    ],
)
def test_street(street: str | None, unit: str | None, expected: tuple[str | None, str | None, str | None]) -> None:
    assert normalise_street(street, unit)[:3] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10 Main St, Springfield, IL 62701", ("10 main st", "10", None, "springfield", "IL", "62701")),
        ("10 Main St Apt 3, Springfield, IL 62701-1234, USA", ("10 main st", "10", "3", "springfield", "IL", "62701")),
        ("10 Main St, Springfield IL 62701", ("10 main st", "10", None, "springfield", "IL", "62701")),
        ("广东省深圳市南山区科技路8号2栋1502室", ("8 keji rd", "8", "2-1502", "shenzhen", "guangdong", None)),
        ("北京市朝阳区建国路93号", ("93 jianguo rd", "93", None, "beijing", "beijing", None)),
        ("10 Downing Street, London", ("10 downing st", "10", None, "london", None, None)),
    ],
)
def test_one_line_address(line: str, expected: tuple[str | None, ...]) -> None:
    assert split_one_line(line)[:6] == expected


def test_places() -> None:
    assert [normalise_region(r, "US") for r in ("New York", "ny", "N.Y.", "West Virginia")] == ["NY", "NY", "NY", "WV"]
    assert [normalise_region(r, "CN") for r in ("广东省", "Guangdong", "guangdong sheng", "陕西", "廣東省")] == [
        "guangdong",
        "guangdong",
        "guangdong",
        "shaanxi",
        "guangdong",
    ]
    assert [normalise_locality(v) for v in ("上海市", "Shanghai", "Saint Louis", "St. Louis", "São Paulo", "N/A")] == [
        "shanghai",
        "shanghai",
        "st louis",
        "st louis",
        "sao paulo",
        None,
    ]
    assert [normalise_postcode(v, "US") for v in ("'02139", "2139", "02139-1234", "021391234", "00000")] == [
        "02139",
        "02139",
        "02139",
        "02139",
        None,
    ]
    assert [
        normalise_postcode(v, c) for v, c in (("sw1a 1aa", "GB"), ("2776", "AU"), ("200040", "CN"), ("2776", None))
    ] == ["SW1A1AA", "2776", "200040", "2776"]
    assert [normalise_country(v) for v in ("us", "USA", "United States", "中国", "P.R. China", "U.K.", "Atlantis")] == [
        "US",
        "US",
        "US",
        "CN",
        "CN",
        "GB",
        None,
    ]
    assert [normalise_unit(v) for v in ("Apt. 4-B", "#12", "3栋1201室", "Suite 300", "n/a")] == [
        "4b",
        "12",
        "3-1201",
        "300",
        None,
    ]


@pytest.mark.parametrize(
    ("raw", "value", "reason"),
    [
        (" oAbC_dEf1 ", "oAbC_dEf1", None),
        ("'00042", "00042", None),
        ("null", "null", "placeholder"),
        ("No response", "No response", "placeholder"),
        ("dummy-user-id", "dummy-user-id", "placeholder"),
        ("0", "0", "placeholder"),
        ("000000", "000000", "placeholder"),
        ("测试", "测试", "placeholder"),
        ("  ", None, "missing"),
        (None, None, "missing"),
    ],
)
def test_other_identifier(raw: str | None, value: str | None, reason: str | None) -> None:
    assert normalise_identifier(raw) == (value, reason)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("521-21-2123", "521212123"), ("521 21 2123", "521212123"), ("12-3", "12-3"), ("1-23", "1-23")],
)
def test_grouped_digits(raw: str, value: str) -> None:
    assert normalise_identifier(raw).value == value


@pytest.mark.parametrize(
    ("kind", "namespace", "problem"),
    [
        ("wechat_openid", "wx123", None),
        ("wechat_openid", " ", "no_issuer"),
        ("wechat_openid", None, "no_issuer"),
        ("wechat_unionid", "", None),
        ("facebook_psid", "page-1", "never_a_key"),
        ("loyalty_id", "", None),
    ],
)
def test_an_identifier_counts_within_its_issuer(kind: str, namespace: str | None, problem: str | None) -> None:
    assert issuer_problem(kind, namespace) == problem
    with duckdb.connect() as con:
        row = con.execute(
            f"select {issuer_problem_sql()} from (select ? as kind, ?::varchar as namespace)", [kind, namespace]
        ).fetchall()
    assert row == [(problem,)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("13200092031", "+8613200092031"),  # 009 is no exchange in North America
        ("8613200092031", "+8613200092031"),
        ("008613200092031", "+8613200092031"),
        ("13202222031", "+13202222031"),  # area code 320, exchange 222
        ("+13200092031", "+13200092031"),  # a country code that was typed is believed
    ],
)
def test_chinese_mobiles_among_american_numbers(raw: str, expected: str) -> None:
    assert normalise_phone(raw, "US").value == expected


def test_the_core_tables_read_countries_as_identity_does() -> None:
    seed = Path(__file__).parents[3] / "dbt_project" / "seeds" / "country_names.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        names = {row["name"]: row["country_code"] for row in csv.DictReader(file)}
    assert {name: normalise_country(name) for name in names} == names
    # na is "not available"; a phone in such a row must not be read as one of Namibia
    assert set(COUNTRIES.values()) - {code.upper() for code in names} == {"NA"}


def test_the_core_tables_read_states_and_provinces_as_identity_does() -> None:
    seed = Path(__file__).parents[3] / "dbt_project" / "seeds" / "region_names.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    regions = {
        row["country_code"]: {other["region"] for other in rows if other["country_code"] == row["country_code"]}
        for row in rows
    }
    assert {country: len(names) for country, names in regions.items()} == {"US": 54, "CN": 31}
    assert {row["name"].upper() for row in rows if row["country_code"] == "US"} >= regions["US"]
    assert {row["name"] for row in rows if row["country_code"] == "CN"} >= regions["CN"]
    # a province has names that are no pinyin of its own
    other = ("neimenggu", "nei mongol", "xizang", "city", "municipality", "region")
    for row in rows:
        if not row["name"].endswith(other):
            read = normalise_region(row["name"], row["country_code"])
            assert read == normalise_region(row["region"], row["country_code"]), row["name"]
