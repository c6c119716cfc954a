# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""The truth about generated records: which person and household stands behind each, and what the systems show of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from cdp_pipeline.generate._areas import AREAS
from cdp_pipeline.generate._base import MINI_APPID, MP_APPID, PAGE_ID
from cdp_pipeline.generate._digital import KLAVIYO_PROFILE
from cdp_pipeline.generate._retail import SHOPIFY_CUSTOMER, SHOPIFY_ORDER, SQUARE_CUSTOMER
from cdp_pipeline.generate._service import DELIGHTED_PERSON, FACEBOOK_LEAD, PSID, ZENDESK_USER, ZOHO
from cdp_pipeline.generate._wechat import OPENID, WECOM_CONTACT
from cdp_pipeline.sql_text import literal

# record objects whose native key is personal; the warehouse replaces it by a keyed hash of the parts joined by '|'
HASHED_OBJECTS = (
    "wechat:mp_users:",
    "wechat:mini_users:",
    "facebook:psids:",
    *(prefix for area in AREAS for prefix in area.hashed_objects),
)

_NATIVE = {
    ("zoho_crm", "contacts"): ZOHO["contacts"].format(n="n"),
    ("zoho_crm", "leads"): ZOHO["leads"].format(n="n"),
    ("square_pos", "customers"): SQUARE_CUSTOMER.format(n="n"),
    ("square_pos", "loyalty_accounts"): "'LOY' || lpad(n::VARCHAR, 8, '0')",
    ("shopify", "customers"): SHOPIFY_CUSTOMER.format(n="n"),
    ("shopify", "orders"): SHOPIFY_ORDER.format(n="order_n"),
    ("klaviyo", "profiles"): KLAVIYO_PROFILE.format(n="n"),
    ("zendesk", "users"): ZENDESK_USER.format(n="n"),
    ("delighted", "people"): DELIGHTED_PERSON.format(n="n"),
    ("facebook", "leads"): FACEBOOK_LEAD.format(n="n"),
    ("facebook", "psids"): f"'{PAGE_ID}|' || {PSID.format(n='n')}",
    ("web_events", "users"): "customer_no",
    ("wechat", "mp_users"): f"'{MP_APPID}|' || {OPENID['mp_users']}",
    ("wechat", "mini_users"): f"'{MINI_APPID}|' || {OPENID['mini_users']}",
    ("wechat", "wecom_contacts"): WECOM_CONTACT,
}


def write_truth(con: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Write `entities.csv` and `records.parquet` into `folder` and return the number of records.

    entities.csv: source, record_id, entity_id, household_id. records.parquet: record_id, person_id, first_name,
    last_name, dob, zip, street, phone, email, all text, as the newest version of the record shows them; without the
    records of the areas, whose sources show little more than an identifier.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cases = " ".join(f"WHEN src = '{s}' AND obj = '{o}' THEN ({e})::VARCHAR" for (s, o), e in _NATIVE.items())
    con.execute(
        f"""CREATE TABLE truth AS
        SELECT s.src AS source, s.src || ':' || s.obj || ':' || CASE {cases} END AS record_id, s.person_id,
          'H' || lpad(s.h::VARCHAR, 7, '0') AS household_id,
          given AS first_name, family AS last_name, dob, postcode AS zip, street, phone, email
        FROM (SELECT shown.*, g.n AS order_n FROM shown LEFT JOIN (SELECT 'guest|' || b AS aid, n FROM shop_order WHERE is_guest) g USING (aid)
              QUALIFY row_number() OVER (PARTITION BY shown.aid ORDER BY v DESC) = 1) s"""
    )
    con.execute(
        "CREATE TABLE entity AS SELECT source, record_id, person_id AS entity_id, household_id FROM truth UNION ALL "
        "SELECT e.source, e.record_id, m.person_id, 'H' || lpad(m.h::VARCHAR, 7, '0') FROM extra_record e JOIN member m USING (p)"
    )
    con.execute(
        f"COPY (SELECT source, record_id, entity_id, household_id FROM entity ORDER BY record_id) "
        f"TO '{folder / 'entities.csv'}' (FORMAT csv, HEADER true)"
    )
    con.execute(
        "COPY (SELECT record_id, person_id, first_name, last_name, dob, zip, street, phone, email FROM truth ORDER BY record_id) "
        f"TO '{folder / 'records.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
    )
    return int(con.execute("SELECT count(*) FROM entity").fetchall()[0][0])


def hash_record_id(record_id: str, hash_key: str) -> str:
    """The record id as the warehouse writes it: first 24 hex digits of sha256(hash_key | native key) for personal keys."""
    for prefix in HASHED_OBJECTS:
        if record_id.startswith(prefix):
            native = record_id[len(prefix) :]
            return prefix + hashlib.sha256(f"{hash_key}|{native}".encode()).hexdigest()[:24]
    return record_id


def hash_truth(source: Path, target: Path, hash_key: str) -> int:
    """Copy the truth CSV or Parquet `source` to `target` with record ids as a home with `hash_key` writes them.

    Returns the number of rows. The key is bound as a parameter and appears in no message.
    """
    starts = " OR ".join(f"starts_with(record_id, '{prefix}')" for prefix in HASHED_OBJECTS)
    hashed = (
        "concat_ws(':', split_part(record_id, ':', 1), split_part(record_id, ':', 2), "
        "left(sha256($key || '|' || split_part(record_id, ':', 3)), 24))"
    )
    reader = "read_parquet" if source.suffix == ".parquet" else "read_csv"
    options = "" if source.suffix == ".parquet" else ", header = true, all_varchar = true"
    style = "FORMAT parquet" if target.suffix == ".parquet" else "FORMAT csv, HEADER true"
    with duckdb.connect() as con:
        con.execute(
            f"CREATE TABLE t AS SELECT * REPLACE (CASE WHEN {starts} THEN {hashed} ELSE record_id END AS record_id) "
            f"FROM {reader}($path{options})",
            {"key": hash_key, "path": str(source)},
        )
        con.execute(f"COPY (SELECT * FROM t ORDER BY record_id) TO {literal(target)} ({style})")
        return int(con.execute("SELECT count(*) FROM t").fetchall()[0][0])
