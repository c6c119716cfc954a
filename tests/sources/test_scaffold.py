"""A source from a sample: what is guessed, what is written, what is not."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_pipeline.cli import main
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import ObjectContract, load_contract
from cdp_pipeline.sources.guess import Column, guess_columns
from cdp_pipeline.sources.guess_object import guess_region, guess_shape
from cdp_pipeline.sources.ingest import ingest_partition
from cdp_pipeline.sources.profile import ColumnProfile, profile_file, profile_object
from cdp_pipeline.sources.sample import SampleError, read_sample
from cdp_pipeline.sources.scaffold import ROOT, ScaffoldError, new_source
from cdp_pipeline.sources.trial import dry_read

VISITS = """Visit ID,Member No,Guest Name,E-Mail,Mobile,Visited At,Store Id,Type,Spend,Remark,Served by staff,Opt-in
V-1001,M00012,Ada Brown,ada.brown@example.com,+1 415 555 0101,2025-03-01 10:15,S01,Fitting,"1,250.50",likes blue,Kim,yes
V-1002,M00012,Ada Brown,ada.brown@example.com,+1 415 555 0101,2025-03-04 16:40,S01,Pick up,89.00,,Kim,yes
V-1003,M00013,Bob Stone,,+1 415 555 0102,2025-03-04 17:05,S02,Fitting,0.00,came along,Lee,no
V-1004,,,,,2025-03-05 09:00,S02,Window,0.00,,Lee,no
"""
MEMBERS = [
    {
        "memberId": "90011",
        "profile": {
            "fullName": "王小明",
            "mobile": "13900000001",
            "birthday": "1990-02-03",
            "unionid": "oABCDEFGHIJKLMNOPQRSTUVWXYZ1",
        },
        "createdAt": 1740000000000,
        "updatedAt": 1741000000000,
        "registeredAt": 1740000000,
        "scores": {"11": 1, "12": 2},
        "tags": ["a", "b"],
        "points": 12,
        "isVip": True,
        "address": {"city": "上海", "detail": "上海市静安区示例路1号"},
    },
    {
        "memberId": "90012",
        "profile": {"fullName": "李雷", "mobile": "13900000002", "birthday": "1991-12-03", "unionid": None},
        "createdAt": 1740000100000,
        "updatedAt": 1741000400000,
        "registeredAt": 1740000009,
        "scores": {"13": 5},
        "tags": [],
        "points": 0,
        "isVip": False,
        "address": None,
    },
]  # fmt: skip
CHINESE = """会员号,姓名,手机号,入会日期,累计金额,性别,身份证号,备注,门店名称
H0001,韩梅梅,13900000011,2024-05-01,¥1200.50,女,110101199003071234,老客,示例一店
H0002,赵六,13900000012,2024-06-11,¥80.00,男,110101199103071235,,示例二店
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `new_source` writes into: contracts and dbt project."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "cdp_pipeline" / "sources" / "contracts", copy / "cdp_pipeline" / "sources" / "contracts")
    shutil.copytree(ROOT / "dbt_project", copy / "dbt_project", ignore=shutil.ignore_patterns("target"))
    return copy


def write(folder: Path, name: str, content: str | list[dict[str, Any]]) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in content)
    path.write_text(text, encoding="utf-8")
    return path


def guessed(path: Path, region: str = "US") -> dict[str, Column]:
    return {c.name: c for c in guess_columns(read_sample(path), "demo", region)}


def columns_of(folder: Path, header: str, *values: str, region: str = "US") -> Column:
    """The guess for a CSV of one column."""
    lines = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in (header, *values)]
    (column,) = guessed(write(folder, "x.csv", "\n".join(lines) + "\n"), region).values()
    return column


def test_identifiers_and_personal_data_by_name_and_values(tmp_path: Path) -> None:
    found = guessed(write(tmp_path, "visits.csv", VISITS))
    assert {n: (c.tag, c.kind, c.namespace) for n, c in found.items() if c.kind} == {
        "member_no": ("ID-ns", "loyalty_id", "demo"),
        "e_mail": ("ID", "email", None),
        "mobile": ("ID", "phone", None),
    }
    assert [n for n, c in found.items() if c.personal] == [
        "guest_name", "e_mail", "mobile", "remark", "served_by_staff",
    ]  # fmt: skip
    assert found["served_by_staff"].tag == "NEVER"
    assert {n: c.type for n, c in found.items()} == {
        "visit_id": "string", "member_no": "string", "guest_name": "string", "e_mail": "string", "mobile": "string",
        "visited_at": "timestamp", "store_id": "string", "type": "string", "spend": "decimal", "remark": "text",
        "served_by_staff": "string", "opt_in": "boolean",
    }  # fmt: skip
    assert found["spend"].options == {"decimal_mark": "."}
    assert all(c.reasons for n, c in found.items() if n not in ("visit_id", "store_id"))


def test_nested_json(tmp_path: Path) -> None:
    found = guessed(write(tmp_path, "members.jsonl", MEMBERS), "CN")
    assert {c.path: (c.name, c.type, c.kind) for c in found.values()} == {
        "memberId": ("member_id", "string", "external_id"),
        "profile.fullName": ("full_name", "string", None),
        "profile.mobile": ("mobile", "string", "phone"),
        "profile.birthday": ("birthday", "string", None),
        "profile.unionid": ("unionid", "string", "wechat_unionid"),
        "createdAt": ("created_at", "timestamp_ms", None),
        "updatedAt": ("updated_at", "timestamp_ms", None),
        "registeredAt": ("registered_at", "timestamp_s", None),
        "scores": ("scores", "json", None),  # its keys are data
        "tags": ("tags", "json", None),
        "points": ("points", "integer", None),
        "isVip": ("is_vip", "boolean", None),
        "address.city": ("city", "string", None),
        "address.detail": ("detail", "string", None),
    }
    assert found["detail"].role == "street"  # by its values


def test_chinese_headers(tmp_path: Path) -> None:
    sample = read_sample(write(tmp_path, "members.csv", CHINESE))
    assert guess_region(sample) == ("CN", "Asia/Shanghai")
    shape = guess_shape(sample, "huiyuan", "members", "CN")
    assert [(c.name, c.type, c.tag, c.kind) for c in shape.columns] == [
        ("loyalty_id", "string", "ID-ns", "loyalty_id"),
        ("name", "string", "WEAK", None),
        ("phone", "string", "ID", "phone"),
        ("joined_at", "timestamp", "EVT", None),
        ("lei_ji_jin_e", "decimal", None, None),
        ("gender", "string", None, None),
        ("national_id", "string", "NEVER", None),
        ("remark", "text", None, None),
        ("store_name", "string", None, None),
    ]
    assert (shape.key, shape.delivery, shape.interaction_type) == (("loyalty_id",), "upsert", "registered")


@pytest.mark.parametrize(
    ("header", "values", "kind", "options"),
    [
        ("created_at", ("1740000000", "1740000001"), "timestamp_s", {}),
        ("created_at", ("1740000000000",), "timestamp_ms", {}),
        ("event_timestamp", ("1740000000000000",), "timestamp_us", {}),
        ("quantity", ("1740000000",), "integer", {}),  # no name of a time
        ("order_no", ("1740000000",), "string", {}),
        ("order_id", ("12345678901234567890",), "string", {}),
        ("zip", ("02134", "10001"), "string", {}),
        ("total", ("12", "7"), "decimal", {}),
        ("amount_cents", ("1200", "700"), "integer", {}),
        ("weight", ("1.5", "2"), "decimal", {}),
        ("price", ("1.234,50", "7,00"), "decimal", {"decimal_mark": ","}),
        ("is_open", ("0", "1"), "boolean", {}),
        ("doors", ("0", "1"), "integer", {}),
        ("booked_on", ("2025-03-05", "2025-03-06"), "date", {}),
        ("booked_on", ("03/25/2025", "12/31/2024"), "date", {"format": ("%m/%d/%Y",)}),
        ("booked_on", ("25/03/2025", "12/11/2024"), "date", {"format": ("%d/%m/%Y",)}),
        ("booked_at", ("03/25/2025 04:05 PM",), "timestamp", {"format": ("%m/%d/%Y %I:%M %p",)}),
        ("booked_at", ("Wed, 05 Mar 2025 10:00:00 +0000",), "timestamp", {}),
        ("booked_at", ("20250305101500",), "timestamp", {}),
        ("payload", ('{"a": 1}',), "json", {}),
        ("size", ("12", "large", "13"), "string", {}),
        ("门店", ("S01", "S02"), "string", {}),  # a letter before a number is a code, and no currency
        ("aisle", ("A1", "B12"), "string", {}),
        ("paid", ("EUR 12.50", "EUR 1,200.00"), "decimal", {"decimal_mark": "."}),
        ("paid", ("R$ 12,50", "US$ 1.200,00"), "decimal", {"decimal_mark": ","}),
    ],
)
def test_types(tmp_path: Path, header: str, values: tuple[str, ...], kind: str, options: dict[str, Any]) -> None:
    column = columns_of(tmp_path, header, *values)
    assert (column.type, column.options) == (kind, options)


@pytest.mark.parametrize(
    ("header", "values", "role", "tag"),
    [
        ("contact", ("13900000001", "13900000002"), "phone", "ID"),
        ("login", ("a@example.com", "b@example.org"), "email", "ID"),
        ("email_opt_in", ("yes", "no"), "consent", None),
        ("email", ("yes", "no"), None, None),  # named like one, but no value is one
        ("phone", ("139****0001", "139****0002"), "phone", "NEVER"),
        ("owner_email", ("kim@example.com",), "staff", "NEVER"),
        ("product_name", ("blue shirt", "red shirt"), None, None),
        ("client_ip", ("192.0.2.1", "192.0.2.2"), "network", "NEVER"),
        ("wxid", ("oABCDEFGHIJKLMNOPQRSTUVWXYZ1",), "openid", "ID-ns"),
        ("deviceId", ("a1b2c3",), "device", "ID-ns"),
        ("Customer Number", ("4711", "4712"), "customer_no", "ID-ns"),
        ("收货人", ("王小明", "李雷"), "full_name", "WEAK"),
        ("出生日期", ("1990-01-01",), "birth_date", "WEAK"),
    ],
)
def test_roles(tmp_path: Path, header: str, values: tuple[str, ...], role: str | None, tag: str | None) -> None:
    column = columns_of(tmp_path, header, *values)
    assert (column.role, column.tag) == (role, tag)


@pytest.mark.parametrize(
    ("header", "personal"),
    [
        ("no,first,last", {"first": "given_name", "last": "family_name"}),
        ("no,名,姓", {"given_name": "given_name", "family_name": "family_name"}),
        ("no,last,colour", {}),  # alone it may be a last visit
    ],
)
def test_halves_of_a_name_beside_each_other(tmp_path: Path, header: str, personal: dict[str, str]) -> None:
    found = guessed(write(tmp_path, "x.csv", f"{header}\n1,Ada,Brown\n2,Bob,Stone\n"))
    assert {name: c.role for name, c in found.items() if c.personal} == personal


def test_the_name_of_an_article_is_nobodys(tmp_path: Path) -> None:
    articles = read_sample(write(tmp_path, "x.csv", "sku,name,qty\nA1,Rose,5\nA2,Lily,0\n"))
    assert not guess_shape(articles, "florist", "stock", "US").has_persons
    orders = read_sample(write(tmp_path, "y.csv", "order_no,name,sku\n1,Ada Brown,A1\n2,Bob Stone,A1\n"))
    assert guess_shape(orders, "florist", "orders", "US").has_persons


@pytest.mark.parametrize(
    ("rows", "key", "delivery"),
    [
        ("id,name\n1,a\n2,a\n", ("id",), "upsert"),
        ("name,order_no\nx,7\ny,8\n", ("order_no",), "upsert"),
        ("id,updated_at\n1,2025-01-01T00:00:00Z\n1,2025-01-02T00:00:00Z\n", ("id",), "upsert"),
        ("order_no,line_no,sku\n1,1,a\n1,2,a\n2,1,b\n", ("order_no", "line_no"), "upsert"),
        ("colour,size\nred,s\nred,s\nblue,s\n", ("_file", "_line"), "upsert"),
        ("scan_no,scanned_at\n1,2025-01-01 10:00\n2,2025-01-01 10:00\n", ("scan_no",), "append"),
        ("id,name\n1,a\n1,a\n2,b\n", ("id",), "upsert"),  # delivered twice
    ],
)
def test_keys_and_delivery(tmp_path: Path, rows: str, key: tuple[str, ...], delivery: str) -> None:
    shape = guess_shape(read_sample(write(tmp_path, "x.csv", rows)), "demo", "things", "US")
    assert (shape.key, shape.delivery) == (key, delivery)


def test_envelopes_archives_and_parquet_read_alike(tmp_path: Path) -> None:
    write(tmp_path, "page.json", json.dumps({"data": MEMBERS, "total": 2, "next_cursor": None}))
    with gzip.open(tmp_path / "members.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("".join(json.dumps(r) + "\n" for r in MEMBERS))
    plain = [{"id": "1", "seen_at": "2025-01-01T00:00:00Z"}, {"id": "2", "seen_at": None}]
    pq.write_table(pa.Table.from_pylist(plain), tmp_path / "plain.parquet")
    page, packed = read_sample(tmp_path / "page.json"), read_sample(tmp_path / "members.jsonl.gz")
    assert page.unwrap == "data"
    assert page.columns == packed.columns
    parquet = read_sample(tmp_path / "plain.parquet")
    assert parquet.columns == {"id": ["1", "2"], "seen_at": ["2025-01-01T00:00:00Z", None]}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.csv", "ada@example.com,+1 415 555 0101,2025-01-01\nbob@example.com,+1 415 555 0102,2025-01-01\n",
         "a.csv: its first line looks like data, not like a header"),
        ("a.csv", "id,name\n", "a.csv: no records in it"),
        ("a.csv", "id,name\n1,2,3\n", "a.csv: none of its records can be read"),
        ("a.jsonl", "not json\n", "a.jsonl: none of its records can be read"),
        ("a.xlsx", "", "a.xlsx: the ending must be json, jsonl, csv or parquet (or one of them with .gz, .zst)"),
    ],
)  # fmt: skip
def test_what_is_no_sample(tmp_path: Path, name: str, text: str, fault: str) -> None:
    with pytest.raises(SampleError) as error:
        read_sample(write(tmp_path, name, text))
    assert str(error.value) == fault


def written(tmp_path: Path, checkout: Path, name: str, file: Path, **options: Any) -> ObjectContract:
    made = new_source(name, file, project=checkout, **options)
    return load_contract(made.contract).objects[made.object]


def test_the_contract_reads_its_own_sample(tmp_path: Path, checkout: Path) -> None:
    for name, file in (
        ("boutique", write(tmp_path, "visits.csv", VISITS)),
        ("club", write(tmp_path, "members.jsonl", MEMBERS)),
        ("paged", write(tmp_path, "people.json", json.dumps({"items": MEMBERS}))),
        ("huiyuan", write(tmp_path, "huiyuan.csv", CHINESE)),
    ):
        obj = written(tmp_path, checkout, name, file)
        trial = dry_read(obj, file)
        assert (trial.good, trial.refused, trial.unknown, trial.never_filled) == (trial.delivered, 0, {}, ()), name


def test_no_value_of_the_sample_is_written(tmp_path: Path, checkout: Path) -> None:
    before = {p: p.read_text(encoding="utf-8") for p in checkout.rglob("*") if p.is_file()}
    values = set()
    for name, file in (
        ("boutique", write(tmp_path, "visits.csv", VISITS)),
        ("club", write(tmp_path, "members.jsonl", MEMBERS)),
        ("huiyuan", write(tmp_path, "huiyuan.csv", CHINESE)),
    ):
        new_source(name, file, project=checkout)
        columns = read_sample(file).columns
        values |= {
            v for column in columns.values() for v in column if v and len(v) > 3 and v != "true" and v != "false"
        }
    assert len(values) > 40
    for path in checkout.rglob("*"):
        if path.is_file() and before.get(path) != (text := path.read_text(encoding="utf-8")):
            new = "\n".join(set(text.splitlines()) - set(before.get(path, "").splitlines()))
            assert [v for v in values if re.search(rf"(?<![\w]){re.escape(v)}(?![\w])", new)] == [], path.name


def test_a_header_of_two_lines_is_the_path_of_its_column(tmp_path: Path, checkout: Path) -> None:
    obj = written(tmp_path, checkout, "tills", write(tmp_path, "slips.csv", '"Slip\nNo",Spend\n7,1.50\n8,2.50\n'))
    assert obj.field("slip_no").paths == ("Slip\nNo",)


def test_nothing_is_overwritten(tmp_path: Path, checkout: Path) -> None:
    file = write(tmp_path, "visits.csv", VISITS)
    new_source("boutique", file, project=checkout)
    before = {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()}
    with pytest.raises(ScaffoldError, match=r"contracts/boutique\.yml exists"):
        new_source("boutique", file, project=checkout)
    with pytest.raises(ScaffoldError, match=r"source 'My Shop' must be"):
        new_source("My Shop", file, project=checkout)
    with pytest.raises(ScaffoldError, match=r"no touchpoint 'nowhere'"):
        new_source("other", file, project=checkout, touchpoint="nowhere")
    # A contract with one of these would stop every command that reads contracts.
    with pytest.raises(ScaffoldError, match=r"other\.yml: timezone: unknown timezone 'Mars/Base'"):
        new_source("other", file, project=checkout, timezone="Mars/Base")
    with pytest.raises(ScaffoldError, match=r"other\.yml: .*channel.*'teleport'"):
        new_source("other", file, project=checkout, channel="teleport")
    with pytest.raises(ScaffoldError, match=r"region 'XX' is no country"):
        new_source("other", file, project=checkout, region="XX")
    assert {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()} == before


def test_a_personal_key_is_hashed_and_parts_are_found(tmp_path: Path, checkout: Path) -> None:
    file = write(
        tmp_path, "signups.csv", "Email,Signed up,City\na@example.com,2025-01-01,X\nb@example.com,2025-01-02,Y\n"
    )
    obj = written(tmp_path, checkout, "news", file)
    assert (obj.key, obj.field("signed_up").tag) == (("email",), "EVT")
    middle = checkout / "dbt_project" / "models" / "intermediate" / "news"
    assert "keyed_hash(['email'])" in (middle / "int_news__signups_persons.sql").read_text()
    assert "keyed_hash(['email'])" in (middle / "int_news__interactions.sql").read_text()
    parts = (checkout / "dbt_project" / "macros" / "connectors.sql").read_text()
    assert parts.count("'news',") == 3


def test_the_command_says_what_to_review(tmp_path: Path, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "visits.csv", VISITS)
    assert main(["source", "new", "boutique", "--from", str(file), "--out", str(checkout)]) == 0
    out = capsys.readouterr().out
    assert "  cdp_pipeline/sources/contracts/boutique.yml\n" in out
    assert "  key: `visit_id` is filled and unique in 4 rows\n" in out
    assert "personal data: guest_name, e_mail, mobile, remark, served_by_staff;" in out
    assert main(["source", "new", "boutique", "--from", str(tmp_path / "none.csv"), "--out", str(checkout)]) == 2
    assert capsys.readouterr().err == f"cdp: {tmp_path / 'none.csv'}: no such file\n"


def test_a_sample_against_a_contract(tmp_path: Path, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    obj = written(tmp_path, checkout, "boutique", write(tmp_path, "visits.csv", VISITS))
    worse = write(
        tmp_path,
        "worse.csv",
        "Visit ID,Visited At,Spend,Stylist\nV-1,2025-03-06 10:00,1.00,Kim\nV-2,soon,1.00,Kim\n"
        ",2025-03-06 10:00,x,Kim\n",
    )
    trial = dry_read(obj, worse)
    assert (trial.good, trial.refused, trial.is_over_budget) == (1, 2, True)
    assert trial.reasons == {"field visited_at: not a timestamp": 1, "missing key visit_id": 1}
    assert trial.unknown == {"Stylist": 1}
    assert {"e_mail", "remark"} <= set(trial.never_filled)
    contract = checkout / "cdp_pipeline" / "sources" / "contracts" / "boutique.yml"
    assert main(["source", "validate", str(contract), "--sample", str(worse)]) == 2
    assert "1 rows good, 2 refused" in capsys.readouterr().out
    assert dry_read(obj, write(tmp_path, "x.jsonl", "{}\n")).fault == "jsonl is not among csv"


def profiled(columns: tuple[ColumnProfile, ...]) -> dict[str, ColumnProfile]:
    return {c.name: c for c in columns}


def test_a_profile_shows_no_value_of_a_person(tmp_path: Path) -> None:
    file = write(tmp_path, "visits.csv", VISITS)
    found = profiled(profile_file(file).columns)
    assert found["Visit ID"].shapes == (("A-9{4}", 1.0),)
    assert found["E-Mail"].shapes == (("a.a@a.a", 1.0),)
    assert found["Mobile"].shapes == (("+9 9{3} 9{3} 9{4}", 1.0),)
    assert (found["Spend"].least, found["Spend"].greatest) == ("0.0000", "1250.5000")
    assert (found["Visited At"].least, found["Visited At"].greatest) == ("2025-03-01 10:15:00", "2025-03-05 09:00:00")
    assert (found["Member No"].filled, found["Member No"].distinct, found["Member No"].valid) == (0.75, 2, 1.0)
    text = str(found)
    assert [v for v in ("Ada", "ada.brown", "0101", "likes", "M00012") if v in text] == []


def test_a_profile_of_raw_counts_what_was_refused(tmp_path: Path, checkout: Path) -> None:
    obj = written(tmp_path, checkout, "boutique", write(tmp_path, "visits.csv", VISITS))
    home = Home(tmp_path / "home")
    landed = home.landed("boutique", "visits", date(2025, 3, 6))
    landed.mkdir(parents=True)
    (landed / "a.csv").write_text(VISITS + "V-9,,,n/a,,never,,,,,,\n", encoding="utf-8")
    (landed / "b.csv").write_text(VISITS.splitlines()[0] + "\nV-10,,,none@,unknown,2025-03-06 10:00,,,,,,\n")
    with Ops(home.ops_db) as ops:
        ingest_partition(home, obj, date(2025, 3, 6), "r", ops)
    found = profile_object(home, obj)
    columns = profiled(found.columns)
    assert (found.rows, found.refused) == (5, 1)
    assert columns["visited_at"].conforming == round(5 / 6, 4)
    assert (columns["e_mail"].valid, columns["mobile"].valid) == (round(2 / 3, 4), 0.75)
    assert profile_object(Home(tmp_path / "none"), obj).columns == ()
