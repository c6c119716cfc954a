"""A home of a few hand-made files, and a run over it that is real but for dbt: ingest, core in plain SQL, identity."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import zstandard

import identity
from cdp_pipeline import warehouse
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.store import erasures
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import ensure_tables, ingest_partition, pending, reconcile

DAY, AS_OF = "2025-03-01", date(2025, 3, 1)
SOURCES = ("shopify", "zendesk", "wechat", "mailchimp", "badge_scan", "consent_desk")
# Each stands in nobody else's row: name, address, e-mail, telephone, free texts, the id of the account.
CANARIES = (
    "Zyxwanda", "Quillfeather", "77 Xanthic Alley", "zyx.canary@quill.example", "2125550177", "canaryfreetextalpha",
    "canaryfreetextbeta", "900000000777", "wmcanaryuser0777", "refusedcanarytext",
)  # fmt: skip
SHARED_PHONE = "+12125550142"
# The cookie of somebody who never said who it is.
VISITOR = "cookie-of-nobody-0001"


def _customer(number: int, first: str, last: str, email: str, phone: str | None, street: str) -> dict[str, object]:
    return {
        "id": number, "email": email, "verified_email": True, "phone": phone, "first_name": first, "last_name": last,
        "created_at": "2025-01-02T00:00:00Z", "updated_at": "2025-02-03T00:00:00Z",
        "default_address": {"address1": street, "city": "Springfield", "zip": "02108", "country_code": "US"},
    }  # fmt: skip


CUSTOMERS = [
    _customer(7001, "Zyxwanda", "Quillfeather", "zyx.canary@quill.example", "+12125550177", "77 Xanthic Alley"),
    _customer(7002, "Tobias", "Quillan", "tobias@quill.example", SHARED_PHONE, "1 Elm Street"),
    _customer(7003, "Olive", "Other", "olive@other.example", None, "2 Oak Street"),
]


def land(home: Home) -> None:
    """Deliver the files, in several formats, compressions and layouts."""
    users = [
        {"id": 900000000777, "role": "end-user", "name": "Zyxwanda Quillfeather", "email": "Zyx.Canary@quill.example",
         "phone": "(212) 555-0142", "created_at": "2025-01-05T00:00:00Z", "updated_at": "2025-01-06T00:00:00Z"},
        {"id": 900000000778, "role": "end-user", "name": "Olive Other", "email": "olive@other.example",
         "created_at": "2025-01-05T00:00:00Z", "updated_at": "2025-01-06T00:00:00Z"},
        {"id": 900000000779, "role": "end-user", "name": "Zyxwanda refusedcanarytext",
         "email": "zyx.canary@quill.example"},
    ]  # fmt: skip
    tickets = [
        {"id": 42, "requester_id": 900000000777, "subject": "canaryfreetextalpha", "description": "It is broken.",
         "status": "open", "created_at": "2025-02-01T00:00:00Z", "updated_at": "2025-02-01T00:00:00Z"},
        {"id": 41, "requester_id": 900000000778, "subject": "Hello", "description": "Fine.", "status": "open",
         "created_at": "2025-02-01T00:00:00Z", "updated_at": "2025-02-01T00:00:00Z"},
        {"id": 43, "requester_id": 900000000777, "subject": "Again", "description": "Broken, again.",
         "status": "open", "created_at": "2025-02-02T00:00:00Z", "updated_at": "2025-02-02T00:00:00Z"},
    ]  # fmt: skip
    comments = [
        {"id": 51, "ticket_id": 41, "author_id": 900000000778, "plain_body": "Please ask zyx.canary@quill.example",
         "created_at": "2025-02-01T01:00:00Z"},
        {"id": 52, "ticket_id": 42, "author_id": 1, "plain_body": "canaryfreetextbeta", "public": True,
         "created_at": "2025-02-01T02:00:00Z"},
    ]  # fmt: skip
    group = {"errcode": 0, "group_chat": {"chat_id": "g1", "name": "Fans", "owner": "staff", "create_time": 1738000000,
             "member_list": [{"userid": "wmcanaryuser0777", "type": 2, "join_time": 1738000001},
                             {"userid": "wmotheruser00001", "type": 2, "join_time": 1738000002}]}}  # fmt: skip
    contacts = [
        {"external_contact": {"external_userid": "wmcanaryuser0777", "name": "Zyx", "unionid": "uncanary0777"}},
        {"external_contact": {"external_userid": "wmotheruser00001", "name": "Olive", "unionid": "unother00001"}},
    ]
    audience = (
        "Email Address,First Name,Last Name,LAST_CHANGED\r\n"
        "olive@other.example,Olive,Other,2025-01-01 00:00:00\r\n"
        'zyx.canary@quill.example,"Zyx\r\nwanda",Quillfeather,2025-01-02 00:00:00\r\n'
    )
    _put(home, "shopify/customers", "customers.jsonl.gz", _lines(CUSTOMERS))
    _put(home, "shopify/customers", "copy.jsonl.gz", _lines(CUSTOMERS))
    _put(home, "zendesk/users", "users.jsonl.zst", _lines(users))
    _put(home, "zendesk/tickets", "tickets.json", json.dumps({"tickets": tickets, "count": 3}, indent=1))
    _put(home, "zendesk/ticket_comments", "comments.jsonl", _lines(comments))
    _put(home, "wechat/wecom_groups", "groups.json", json.dumps(group))
    _put(home, "wechat/wecom_contacts", "contacts.jsonl", _lines(contacts))
    # both were at the same fair
    scans = (
        "Event Name,Lead ID,Badge ID,First Name,Last Name,Email,Scan Time\n"
        "Tea Fair,L000001,B70001,Zyxwanda,Quillfeather,zyx.canary@quill.example,02/08/2025 09:06\n"
        "Tea Fair,L000002,B70002,Olive,Other,olive@other.example,02/08/2025 09:07\n"
    )
    _put(home, "badge_scan/scans", "fair.csv", scans)
    _put(home, "mailchimp/audience", "subscribed.csv", audience)
    clicks = [
        {"id": f"px{n}", "name": "page_viewed", "clientId": device, "timestamp": f"2025-02-1{n}T00:00:00Z",
         "data": {"note": f"seen by {device}"}}
        for n, device in enumerate((VISITOR, VISITOR, "cookie-of-nobody-0002"))
    ]  # fmt: skip
    _put(home, "shopify/pixel_events", "clicks.jsonl", _lines(clicks))
    _put(home, "shopify/customers", "torn.json", '{"customers": "zyx.canary@quill.example', day="2025-02-28")


def run(home: Home) -> None:
    """Ingest what is new, make core from raw, resolve; ``warehouse.duckdb`` holds core."""
    contracts = {name: contract for name, contract in load_contracts().items() if name in SOURCES}
    ensure_tables(home, contracts)
    warehouse.hash_key(home)
    with Ops(home.ops_db) as ops:
        for partition in pending(home, contracts):
            ingest_partition(home, contracts[partition.source].objects[partition.obj], partition.dt, "run", ops)
        assert reconcile(home, ops).ok, reconcile(home, ops).mismatches
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute(_CORE.replace("LAKE", str(home.lake / "raw")))
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            target = home.core / table / "part-0.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"COPY {table} TO '{target}' (FORMAT parquet)")
    base = 0
    if home.identity_db.exists():
        with duckdb.connect(str(home.identity_db), read_only=True) as con:
            ((base,),) = con.execute("SELECT coalesce(max(generation), 0) FROM generations").fetchall()
    identity.run_pipeline(
        home.core, home.identity, home.identity_db, home.models, as_of=AS_OF, run_id="run", base_generation=int(base),
        judgements=[identity.Judgement(*judged) for judged in _JUDGED],
        is_erasure=bool(erasures(home, pending=True)),
    )  # fmt: skip


# So few records teach no model: a steward has linked the person's.
_MAILED = "mailchimp:members:" + hashlib.sha256(b"zyx.canary@quill.example").hexdigest()[:24]
_JUDGED = [
    ("shopify:customers:7001", "zendesk:users:900000000777", "positive"),
    (_MAILED, "shopify:customers:7001", "positive"),
    ("shopify:customers:7002", "zendesk:users:900000000777", "negative"),
    ("shopify:customers:7002", "shopify:customers:7001", "negative"),
]


def _lines(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _put(home: Home, place: str, name: str, text: str, day: str = DAY) -> None:
    path = home.landing / place / f"dt={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    elif name.endswith(".zst"):
        data = zstandard.ZstdCompressor().compress(data)
    path.write_bytes(data)


def again(home: Home, originals: Path) -> None:
    """Deliver the original files once more, under other names."""
    for path in sorted(originals.rglob("*")):
        if path.is_file():
            target = home.landing / path.relative_to(originals).parent / f"again-{path.name}"
            shutil.copyfile(path, target)


_RAW = "read_parquet('LAKE/{}/*/*.parquet', hive_partitioning = false, union_by_name = true)"
_SHOPIFY, _USERS, _CONTACTS, _AUDIENCE = (
    _RAW.format(name) for name in ("shopify/customers", "zendesk/users", "wechat/wecom_contacts", "mailchimp/audience")
)
_PERSON = """'person' AS entity_type, {given} AS given_name, NULL::VARCHAR AS middle_name, {family} AS family_name,
  {full} AS full_name, NULL::VARCHAR AS native_name, NULL::VARCHAR AS organisation, NULL::VARCHAR AS birth_date,
  NULL::VARCHAR AS gender, {street} AS street, NULL::VARCHAR AS unit, {city} AS locality, NULL::VARCHAR AS region,
  {zip} AS postcode, 'US' AS country, NULL::VARCHAR AS language, 'US' AS default_region, false AS is_guest,
  {created} AS created_at, {created} AS updated_at, _dt AS delivered_date, false AS is_deleted"""
_NONE = {"given": "NULL::VARCHAR", "family": "NULL::VARCHAR", "full": "NULL::VARCHAR", "street": "NULL::VARCHAR",
         "city": "NULL::VARCHAR", "zip": "NULL::VARCHAR", "created": "NULL::TIMESTAMP"}  # fmt: skip


def _person(**columns: str) -> str:
    return _PERSON.format(**{**_NONE, **columns})


def _identifier(record: str, kind: str, value: str, relation: str, namespace: str = "") -> str:
    return f"""SELECT DISTINCT {record} AS record_id, '{kind}' AS kind, '{namespace}' AS namespace,
      {value} AS value_raw,
      trim({value}) AS value, true AS is_trusted, NULL::VARCHAR AS reason, NULL::TIMESTAMP AS first_seen_at,
      NULL::TIMESTAMP AS last_seen_at FROM {relation} WHERE {value} IS NOT NULL"""


_SHOP, _DESK, _WECOM, _MAIL = (
    "'shopify:customers:' || customer_id", "'zendesk:users:' || user_id", "'wechat:wecom_contacts:' || external_userid",
    "'mailchimp:members:' || left(sha256(lower(email)), 24)",
)  # fmt: skip
_SHOP_PERSON = _person(given="given_name", family="family_name", street="street", city="locality", zip="postcode",
                       created="created_at")  # fmt: skip
_CORE = f"""
CREATE OR REPLACE TABLE customer_records AS
SELECT DISTINCT {_SHOP} AS record_id, 'shopify' AS source, 'customers' AS object, customer_id AS native_id,
  {_SHOP_PERSON}
FROM {_SHOPIFY}
UNION SELECT {_DESK}, 'zendesk', 'users', user_id, {_person(full="name", created="created_at")} FROM {_USERS}
UNION SELECT {_WECOM}, 'wechat', 'wecom_contacts', external_userid, {_person(full="name")} FROM {_CONTACTS}
UNION SELECT {_MAIL}, 'mailchimp', 'members', left(sha256(lower(email)), 24),
  {_person(given="given_name", family="family_name")} FROM {_AUDIENCE};
CREATE OR REPLACE TABLE record_identifiers AS
{_identifier(_SHOP, "email", "email", _SHOPIFY)}
UNION {_identifier(_SHOP, "phone", "phone", _SHOPIFY)}
UNION {_identifier(_DESK, "email", "email", _USERS)}
UNION {_identifier(_DESK, "phone", "phone", _USERS)}
UNION {_identifier(_WECOM, "external_id", "external_userid", _CONTACTS, "wecom")}
UNION {_identifier(_WECOM, "wechat_unionid", "unionid", _CONTACTS)}
UNION {_identifier(_MAIL, "email", "email", _AUDIENCE)};
CREATE OR REPLACE TABLE tickets AS
SELECT DISTINCT 'zendesk:' || ticket_id AS ticket_id, 'zendesk' AS source,
  'zendesk:users:' || requester_id AS record_id,
  subject, created_at FROM {_RAW.format("zendesk/tickets")};
CREATE OR REPLACE TABLE ticket_messages AS
SELECT DISTINCT 'zendesk:' || comment_id AS message_id, 'zendesk:' || c.ticket_id AS ticket_id,
  'zendesk:users:' || t.requester_id AS record_id, body, c.created_at AS occurred_at
FROM {_RAW.format("zendesk/ticket_comments")} c JOIN {_RAW.format("zendesk/tickets")} t USING (ticket_id);
CREATE OR REPLACE TABLE interactions AS
SELECT DISTINCT 'wechat:wecom_groups:' || chat_id AS interaction_id,
  'wechat:wecom_contacts:' || (m->>'userid') AS record_id, NULL::VARCHAR AS anonymous_id, created_at AS occurred_at
FROM (SELECT chat_id, created_at, unnest(members::JSON[]) AS m FROM {_RAW.format("wechat/wecom_groups")})
UNION ALL SELECT 'shopify:pixel_events:' || event_id, NULL, client_id, occurred_at
FROM {_RAW.format("shopify/pixel_events")};
CREATE OR REPLACE TABLE consents AS SELECT record_id, purpose, channel, state, occurred_at, 'consent_desk' AS source
FROM {_RAW.format("consent_desk/changes")};
CREATE OR REPLACE TABLE orders (
  order_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, ordered_at TIMESTAMP);
CREATE OR REPLACE TABLE feedback (feedback_id VARCHAR, record_id VARCHAR, comment VARCHAR, occurred_at TIMESTAMP);
CREATE OR REPLACE TABLE campaign_touches (touch_id VARCHAR, record_id VARCHAR, occurred_at TIMESTAMP);
CREATE OR REPLACE TABLE anonymous_sightings (
  anonymous_id VARCHAR, record_id VARCHAR, kind VARCHAR, occurred_at TIMESTAMP);
"""
