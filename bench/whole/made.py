# ruff: noqa: E501  -- SQL reads better unwrapped
"""A made-up company of any size as its systems would deliver it: CRM, till, shop, web, e-mail, helpdesk, surveys, WeChat.

Every value is a function of a row number, computed in DuckDB: a million records take seconds, the same call writes the
same rows, and a slice of row numbers is a delivery, so that an increment goes on where the first load ended. Who is who
is known: `truth.parquet` has a row for each record with the person behind it.

Of n records about 0.45 n are different people; seven systems list them, and the tenth of them that have an account of
the site are told by its events. Interactions are ten times as many: 70% site events, 20% e-mail events, the rest
orders, purchases at tills, tickets, answers and WeChat menu clicks. A tenth of the people make half of the activity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
NAMES = ROOT / "cdp_pipeline" / "generate"
# A first load arrives in as many deliveries of events, each of the month behind it.
MONTHS = 12
FIRST_DAY = date(2025, 6, 30)

# Share of n by object: people's records, then what they do.
RECORDS: Mapping[str, float] = {
    "zoho_crm/contacts": 0.2,
    "square_pos/customers": 0.2,
    "shopify/customers": 0.2,
    "klaviyo/profiles": 0.17,
    "zendesk/users": 0.05,
    "delighted/people": 0.05,
    "wechat/mp_users": 0.03,
}
ACTIVITY: Mapping[str, float] = {
    "web_events/segment": 7.0,
    "klaviyo/events": 2.0,
    "square_pos/orders": 0.5,
    "shopify/orders": 0.3,
    "zendesk/tickets": 0.1,
    "delighted/survey_responses": 0.05,
    "wechat/mp_events": 0.05,
}

_MACROS = f"""
CREATE MACRO pick(k, tag, m) AS CAST(hash(k, tag) % CAST(m AS UBIGINT) AS BIGINT);
CREATE MACRO skewed(k, tag, m) AS CAST(floor(pow(pick(k, tag, 1000003) / 1000003.0, 3) * m) AS BIGINT);
CREATE TABLE given AS SELECT list(name) AS names FROM read_csv('{NAMES}/given_names.csv');
CREATE TABLE family AS SELECT list(name) AS names FROM read_csv('{NAMES}/surnames.csv');
CREATE TABLE street AS SELECT list(name) AS names FROM read_csv('{NAMES}/streets.csv') WHERE country = 'US';
CREATE TABLE city AS SELECT list({{'city': name, 'region': region, 'zip': zip_prefix}}) AS cities
FROM read_csv('{NAMES}/cities.csv', all_varchar = true) WHERE country = 'US';
CREATE MACRO of_list(names, k, tag) AS names[1 + pick(k, tag, len(names))];
CREATE MACRO area(k) AS ['201','212','213','214','216','240','253','301','302','303','305','312','313','314','315','330','404',
  '405','407','408','410','412','414','415','419','425','435','469','480','502','503','504','512','513','515','518','585','602',
  '603','605','609','612','614','615','617','619','626','630','650','651','661','702','703','704','706','713','714','718','720',
  '732','757','770','773','781','801','802','803','804','805','808','810','813','814','815','816','817','818','828','831','832',
  '845','847','856','858','860','901','904','908','909','912','913','914','916','918','919','937','941','949','951','954','970','972']
  [1 + k % 100];
-- one contact per person: no two people share a number or an address
CREATE MACRO phone_of(p) AS CASE WHEN p % 4 = 0 OR p >= 1000000 THEN '+8613' || lpad(CAST(p AS VARCHAR), 9, '0')
  ELSE '+1' || area(p) || '555' || lpad(CAST(p // 100 AS VARCHAR), 4, '0') END;
CREATE MACRO mail_of(given, family, p) AS lower(replace(replace(of_list(given, p, 'given') || '.' || of_list(family, p, 'family'), ' ', ''),
  '''', '')) || p || '@mail.example';
CREATE MACRO stamp(t) AS strftime(t, '%Y-%m-%dT%H:%M:%SZ');
CREATE MACRO customer_no(p) AS 'C' || lpad(CAST(p AS VARCHAR), 8, '0');
CREATE MACRO has_account(p) AS p % 9 < 2;
"""

# One record: id number `r`, person `p`, changed at `happened_at`. Typing errors, gaps and moves are of the record.
_PERSON = """
SELECT r, p, happened_at, created_at, is_update,
  of_list(given.names, p, 'given') AS given_name,
  CASE WHEN pick(r, '{object} typo', 40) = 0 THEN substr(full_family, 1, 2) || substr(full_family, 4) ELSE full_family END AS family_name,
  mail_of(given.names, family_names, p) AS mail,
  phone_of(p) AS mobile, DATE '1940-01-01' + CAST(pick(p, 'born', 23000) AS INT) AS born,
  (1 + pick(p + moved, 'house', 900)) || ' ' || of_list(street.names, p + moved, 'street') AS address,
  of_list(city.cities, p + moved, 'city').city AS city, of_list(city.cities, p + moved, 'city').region AS region,
  of_list(city.cities, p + moved, 'city').zip || lpad(CAST(pick(p + moved, 'zip', 100) AS VARCHAR), 2, '0') AS zip,
  pick(r, '{object} mail', 100) < 80 AS has_mail, pick(r, '{object} phone', 100) < 60 AS has_phone,
  pick(r, '{object} born', 100) < 50 AS has_born, pick(r, '{object} address', 100) < 60 AS has_address
FROM (
  SELECT *, family.names AS family_names, of_list(family.names, p, 'family') AS full_family, CASE WHEN is_update AND r % 3 = 0 THEN 7919 ELSE 0 END AS moved
  FROM numbered CROSS JOIN family) AS people CROSS JOIN given CROSS JOIN street CROSS JOIN city
"""

_RECORDS = {
    "zoho_crm/contacts": """
        SELECT CAST(5400000000000000000 + r AS VARCHAR) AS id, given_name AS "First_Name", family_name AS "Last_Name",
          given_name || ' ' || family_name AS "Full_Name", if(has_mail, mail, NULL) AS "Email", NULL::VARCHAR AS "Phone",
          if(has_phone, mobile, NULL) AS "Mobile", if(has_born, born, NULL) AS "Date_of_Birth",
          if(has_address, address, NULL) AS "Mailing_Street", if(has_address, city, NULL) AS "Mailing_City",
          if(has_address, region, NULL) AS "Mailing_State", if(has_address, zip, NULL) AS "Mailing_Zip",
          if(has_address, 'US', NULL) AS "Mailing_Country", 'Store' AS "Lead_Source",
          if(has_account(p), customer_no(p), NULL) AS "Customer_No", false AS "Email_Opt_Out", [{'name': 'customer'}] AS "Tag",
          stamp(created_at) AS "Created_Time", stamp(happened_at) AS "Modified_Time" FROM person""",
    "square_pos/customers": """
        SELECT 'CUST' || lpad(CAST(r AS VARCHAR), 10, '0') AS id, stamp(created_at) AS created_at, stamp(happened_at) AS updated_at,
          given_name, family_name, if(has_mail, mail, NULL) AS email_address, if(has_phone, mobile, NULL) AS phone_number,
          if(has_address, {'address_line_1': address, 'locality': city, 'administrative_district_level_1': region,
            'postal_code': zip, 'country': 'US'}, NULL) AS address, if(has_born, born, NULL) AS birthday,
          NULL::VARCHAR AS reference_id, {'email_unsubscribed': false} AS preferences, 'DIRECTORY' AS creation_source,
          2 AS version FROM person""",
    "shopify/customers": """
        SELECT 7000000000000 + r AS id, mail AS email, true AS verified_email, if(has_phone, mobile, NULL) AS phone,
          given_name AS first_name, family_name AS last_name,
          if(has_address, {'address1': address, 'address2': '', 'city': city, 'province_code': region, 'zip': zip,
            'country_code': 'US'}, NULL) AS default_address, NULL::VARCHAR AS multipass_identifier, 'enabled' AS state,
          {'state': 'subscribed', 'opt_in_level': 'single_opt_in', 'consent_updated_at': stamp(happened_at)} AS email_marketing_consent,
          '' AS tags, stamp(created_at) AS created_at, stamp(happened_at) AS updated_at FROM person""",
    "klaviyo/profiles": """
        SELECT 'profile' AS type, '01KL' || lpad(CAST(r AS VARCHAR), 12, '0') AS id,
          {'email': mail, 'phone_number': if(has_phone, mobile, NULL),
            'external_id': if(has_account(p), customer_no(p), NULL), 'anonymous_id': NULL::VARCHAR, 'first_name': given_name,
            'last_name': family_name, 'properties': {'birthday': if(has_born, born, NULL)},
            'subscriptions': {'email': {'marketing': {'consent': 'SUBSCRIBED', 'timestamp': stamp(created_at)}}},
            'created': stamp(created_at), 'updated': stamp(happened_at)} AS attributes FROM person""",
    "zendesk/users": """
        SELECT 900000000000 + r AS id, 'end-user' AS role, given_name || ' ' || family_name AS name, mail AS email,
          true AS verified, if(has_phone, mobile, NULL) AS phone, false AS shared_phone_number,
          if(has_account(p), customer_no(p), NULL) AS external_id, 'en-US' AS locale, true AS active, false AS suspended,
          stamp(created_at) AS created_at, stamp(happened_at) AS updated_at FROM person""",
    "delighted/people": """
        SELECT CAST(800000000 + r AS VARCHAR) AS id, given_name || ' ' || family_name AS name, mail AS email,
          if(has_phone, mobile, NULL) AS phone_number, CAST(epoch(created_at) AS BIGINT) AS created_at,
          CAST(epoch(happened_at) AS BIGINT) AS last_sent_at FROM person""",
    "wechat/mp_users": """
        SELECT 'wx0000000000000001' AS appid, 1 AS subscribe, 'oM' || left(md5('openid' || r), 26) AS openid, '' AS nickname,
          1 + r % 2 AS sex, 'zh_CN' AS language, CAST(epoch(created_at) AS BIGINT) AS subscribe_time,
          'oU' || left(md5('unionid' || p), 26) AS unionid, '' AS remark, 'ADD_SCENE_SEARCH' AS subscribe_scene FROM person""",
}

# One act: number `i`, at `happened_at`. {people}, {records[…]}: how many there are to act.
_ACTIVITY = {
    "web_events/segment": """
        SELECT kind AS type, 'msg-' || i AS "messageId", md5('device' || p || '-' || pick(i, 'device', 2)) AS "anonymousId",
          if(has_account(p) AND (kind = 'identify' OR pick(i, 'known', 3) = 0), customer_no(p), NULL) AS "userId",
          CASE WHEN kind = 'track' THEN ['Product Viewed', 'Product Viewed', 'Product Added', 'Products Searched'][1 + pick(i, 'event', 4)]
            END AS event,
          CASE WHEN kind = 'identify' THEN {'email': mail_of(given.names, family.names, p),
            'firstName': of_list(given.names, p, 'given'), 'lastName': of_list(family.names, p, 'family')} END AS traits,
          CASE WHEN kind = 'track' THEN {'sku': 'SKU' || skewed(i, 'sku', 5000), 'currency': 'USD'} END AS properties,
          {'page': {'path': '/products/' || skewed(i, 'sku', 5000), 'referrer': ''},
            'device': {'type': ['mobile', 'desktop', 'tablet'][1 + pick(i, 'screen', 3)]}, 'locale': 'en-US',
            'campaign': CASE WHEN pick(i, 'came', 20) = 0 THEN
              {'name': 'CAMP' || pick(i, 'campaign', 40), 'source': 'newsletter', 'medium': 'email'} END} AS context,
          stamp(happened_at) AS timestamp, stamp(happened_at + INTERVAL 1 SECOND) AS "receivedAt"
        FROM (SELECT *, CASE WHEN has_account(p) AND pick(i, 'kind', 20) = 0 THEN 'identify' WHEN pick(i, 'kind', 20) < 9 THEN 'page'
                ELSE 'track' END AS kind
              FROM (SELECT *, skewed(i, 'web', {people}) AS p FROM numbered)) CROSS JOIN given CROSS JOIN family""",
    "klaviyo/events": """
        SELECT 'event' AS type, 'E' || i AS id,
          {{'timestamp': CAST(epoch(happened_at) AS BIGINT), 'event_properties': {{'Campaign Name': 'CAMP' || pick(i // 50000, 'campaign', 40),
            'Subject': 'Offers of the week', '$event_id': 'E' || i}}}} AS attributes,
          {{'profile': {{'data': {{'type': 'profile', 'id': '01KL' || lpad(CAST(skewed(i, 'mail', {klaviyo}) AS VARCHAR), 12, '0')}}}},
            'metric': {{'data': {{'type': 'metric', 'id': ['M1', 'M1', 'M1', 'M2', 'M2', 'M3'][1 + pick(i, 'metric', 6)]}}}}}} AS relationships
        FROM numbered""",
    "square_pos/orders": """
        SELECT 'ORD' || (30000000000 + i) AS id, 'LOC' || (1 + pick(i, 'store', 50)) AS location_id,
          CASE WHEN pick(i, 'known', 5) < 3 THEN 'CUST' || lpad(CAST(skewed(i, 'buyer', {square}) AS VARCHAR), 10, '0') END AS customer_id,
          'COMPLETED' AS state, 2 AS version, stamp(happened_at) AS created_at, stamp(happened_at) AS updated_at, stamp(happened_at) AS closed_at,
          {{'name': 'Point of Sale'}} AS source,
          [{{'uid': 'u' || n, 'catalog_object_id': 'VAR' || skewed(i * 4 + n, 'sku', 5000), 'name': 'Article ' || skewed(i * 4 + n, 'sku', 5000),
            'quantity': '1', 'base_price_money': {{'amount': 500, 'currency': 'USD'}},
            'total_discount_money': {{'amount': 0, 'currency': 'USD'}}, 'total_money': {{'amount': 500, 'currency': 'USD'}}}}
            FOR n IN range(1 + pick(i, 'lines', 3))] AS line_items,
          {{'amount': 0, 'currency': 'USD'}} AS total_discount_money, {{'amount': 0, 'currency': 'USD'}} AS total_tax_money,
          {{'amount': 500 * (1 + pick(i, 'lines', 3)), 'currency': 'USD'}} AS total_money,
          {{'total_money': {{'amount': 500 * (1 + pick(i, 'lines', 3)), 'currency': 'USD'}}}} AS net_amounts,
          [{{'id': 'TEN' || i, 'type': 'CARD', 'payment_id': 'PAY' || i}}] AS tenders
        FROM numbered""",
    "shopify/orders": """
        SELECT 6000000000000 + i AS id, '#' || (1000 + i) AS name, NULL::VARCHAR AS email, {{'id': 7000000000000 + r}} AS customer,
          'USD' AS currency, CAST(12 * lines AS VARCHAR) || '.00' AS subtotal_price, '0.00' AS total_discounts, '0.00' AS total_tax,
          CAST(12 * lines AS VARCHAR) || '.00' AS total_price, 'paid' AS financial_status, false AS test, 'web' AS source_name,
          CASE WHEN pick(i, 'came', 5) = 0 THEN '/?utm_source=newsletter&utm_medium=email&utm_campaign=CAMP' || pick(i, 'campaign', 40)
            ELSE '/' END AS landing_site, md5('cart' || i) AS cart_token, md5('checkout' || i) AS checkout_token,
          CASE WHEN pick(i, 'coupon', 10) = 0 THEN [{{'code': 'CAMP' || pick(i, 'campaign', 40) || '-' || i, 'amount': '0.00'}}] ELSE [] END
            AS discount_codes,
          [{{'name': 'anonymous_id', 'value': md5('device' || r || '-0')}}] AS note_attributes,
          [{{'id': 9000000000000 + i * 4 + n, 'product_id': 5000000000000 + skewed(i * 4 + n, 'sku', 5000),
            'variant_id': 5100000000000 + skewed(i * 4 + n, 'sku', 5000), 'sku': 'SKU' || skewed(i * 4 + n, 'sku', 5000),
            'title': 'Article ' || skewed(i * 4 + n, 'sku', 5000), 'quantity': 1, 'price': '12.00', 'total_discount': '0.00'}}
            FOR n IN range(lines)] AS line_items,
          stamp(happened_at) AS created_at, stamp(happened_at) AS processed_at, NULL::VARCHAR AS cancelled_at, stamp(happened_at) AS updated_at
        FROM (SELECT *, skewed(i, 'shopper', {shopify}) AS r, 1 + pick(i, 'lines', 3) AS lines FROM numbered)""",
    "zendesk/tickets": """
        SELECT 50000 + i AS id, 900000000000 + skewed(i, 'asker', {zendesk}) AS requester_id, 900000000002 AS assignee_id,
          {{'channel': 'email'}} AS via, 'support@example.com' AS recipient,
          ['Where is my parcel', 'Wrong size', 'Invoice', 'Opening hours'][1 + pick(i, 'subject', 4)] AS subject,
          'The parcel has not arrived and nobody answers.' AS description, 'question' AS type, 'normal' AS priority, 'solved' AS status,
          ['neutral'] AS tags, stamp(happened_at) AS created_at, stamp(happened_at + INTERVAL 5 HOUR) AS updated_at FROM numbered""",
    "delighted/survey_responses": """
        SELECT CAST(900000000 + i AS VARCHAR) AS id, CAST(800000000 + skewed(i, 'asked', {delighted}) AS VARCHAR) AS person,
          'nps' AS survey_type, pick(i, 'score', 11) AS score,
          CASE WHEN i % 4 = 0 THEN ['Delivery was late', 'Friendly staff, quick answer', 'Too expensive'][1 + pick(i, 'text', 3)] END AS comment,
          CAST(epoch(happened_at) AS BIGINT) AS created_at, NULL::BIGINT AS updated_at, {{'Delighted Source': 'Email'}} AS person_properties,
          ['purchase'] AS tags FROM numbered""",
    "wechat/mp_events": """
        SELECT 'wx0000000000000001' AS appid, 'gh_000000000001' AS "ToUserName",
          'oM' || left(md5('openid' || skewed(i, 'fan', {wechat})), 26) AS "FromUserName", CAST(epoch(happened_at) AS BIGINT) AS "CreateTime",
          'event' AS "MsgType", 'CLICK' AS "Event", ['OFFERS', 'STORES', 'ME'][1 + pick(i, 'menu', 3)] AS "EventKey",
          CAST(20000000000 + i AS VARCHAR) AS "MsgId" FROM numbered""",
}

_METRICS = (("M1", "Received Email"), ("M2", "Opened Email"), ("M3", "Clicked Email"))

# Native id, as the record id holds it, of an id number r.
_NATIVE = {
    "zoho_crm/contacts": "CAST(5400000000000000000 + r AS VARCHAR)",
    "square_pos/customers": "'CUST' || lpad(CAST(r AS VARCHAR), 10, '0')",
    "shopify/customers": "CAST(7000000000000 + r AS VARCHAR)",
    "klaviyo/profiles": "'01KL' || lpad(CAST(r AS VARCHAR), 12, '0')",
    "zendesk/users": "CAST(900000000000 + r AS VARCHAR)",
    "delighted/people": "CAST(800000000 + r AS VARCHAR)",
}


@dataclass(frozen=True)
class Delivered:
    """Rows that one call wrote: of people's records, updates included, and of what they did; bytes as landed."""

    records: int
    interactions: int
    size: int


def write(landing: Path, records: int, *, start: float = 0.0, stop: float = 1.0, day: date = FIRST_DAY) -> Delivered:
    """Write the part from `start` to `stop` (shares of a company of `records` records) as delivered on `day`.

    A first load (`start` 0) has `MONTHS` deliveries of events, the last one on `day`, with the records. A later part
    happens on `day`: every second of its records is a new version of one of the first load.
    """
    people = max(1, round(records * 0.45))
    counts = {name.partition("/")[0]: max(1, round(records * share)) for name, share in RECORDS.items()}
    numbers = {"people": people, "klaviyo": counts["klaviyo"], "square": counts["square_pos"]}
    numbers |= {name: counts[name] for name in ("shopify", "zendesk", "delighted", "wechat")}
    done, acts, size = 0, 0, 0
    with duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as con:
        con.execute(_MACROS)
        if not start:
            metrics = landing / "klaviyo" / "metrics" / f"dt={day}" / "metrics.jsonl"
            listed = ", ".join(f"('{i}', '{name}')" for i, name in _METRICS)
            _copy(
                con,
                f"SELECT 'metric' AS type, id, {{'name': name, 'updated': '2023-01-01T00:00:00Z'}} AS attributes FROM (VALUES {listed}) AS m (id, name)",
                metrics,
            )
        for name, share in RECORDS.items():
            low, high = round(records * share * start), round(records * share * stop)
            _number_records(con, name, low, high, round(records * share), people, day, first=not start)
            target = landing / name / f"dt={day}" / f"{name.partition('/')[2]}.jsonl"
            done += _copy(con, _RECORDS[name], target)
            size += target.stat().st_size if target.exists() else 0
        for name, share in ACTIVITY.items():
            query = (
                _ACTIVITY[name].replace("{people}", str(people))
                if name == "web_events/segment"
                else _ACTIVITY[name].format(**numbers)
            )
            low, high = round(records * share * start), round(records * share * stop)
            for number, (delivered, begin, end) in enumerate(_periods(day, first=not start)):
                parts = MONTHS if not start else 1
                first, last = low + (high - low) * number // parts, low + (high - low) * (number + 1) // parts
                span = (end - begin).total_seconds()
                con.execute(
                    f"""CREATE OR REPLACE TEMP VIEW numbered AS SELECT range AS i, TIMESTAMP '{begin}'
                    + to_microseconds(CAST((range - {first}) * {span * 1e6} / {max(1, last - first)} AS BIGINT)) AS happened_at
                    FROM range({first}, {last})"""
                )
                suffix = ".jsonl.zst" if last - first > 100_000 else ".jsonl"
                target = landing / name / f"dt={delivered}" / f"{name.partition('/')[2]}{suffix}"
                acts += _copy(con, query, target)
                size += target.stat().st_size if target.exists() else 0
    return Delivered(done, acts, size)


def write_truth(path: Path, records: int) -> None:
    """Who is who in the first load: `record_id`, `entity_id`. Without records whose id is hashed with the home's key."""
    people = max(1, round(records * 0.45))
    with duckdb.connect() as con:
        con.execute(_MACROS)
        parts = []
        for name, native in _NATIVE.items():
            source, _, obj = name.partition("/")
            parts.append(
                f"""SELECT '{source}:{obj}:' || {native} AS record_id, pick(r, '{name}', {people}) AS entity_id
                FROM (SELECT range AS r FROM range({round(records * RECORDS[name])}))"""
            )
        parts.append(
            f"SELECT 'web_events:users:' || customer_no(range), range FROM range({people}) WHERE has_account(range)"
        )
        con.execute(f"COPY ({' UNION ALL '.join(parts)}) TO '{path}' (FORMAT parquet)")


def _number_records(
    con: duckdb.DuckDBPyConnection, name: str, low: int, high: int, base: int, people: int, day: date, *, first: bool
) -> None:
    """The view `person`: a row for each record from `low` to `high`; in a later part every second one exists already."""
    number = "range" if first else f"CASE WHEN range % 2 = 1 THEN pick(range, 'again', {max(1, base)}) ELSE range END"
    at = (
        f"TIMESTAMP '{day}' - to_seconds(pick(range, 'changed', {MONTHS * 30 * 86400}))"
        if first
        else f"TIMESTAMP '{day}' + to_seconds(range % 80000)"
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW numbered AS
        SELECT *, CASE WHEN r < {base} THEN pick(r, '{name}', {people}) ELSE {people} + r END AS p
        FROM (SELECT {number} AS r, {at} AS happened_at, TIMESTAMP '2023-01-01' + to_seconds(pick(range, 'made', 31536000)) AS created_at,
          {"false" if first else "range % 2 = 1"} AS is_update FROM range({low}, {high}))"""
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW person AS {_PERSON.format(object=name)}")


def _periods(day: date, *, first: bool) -> list[tuple[date, datetime, datetime]]:
    """Delivery day, and the first and last instant that it tells of."""
    end = datetime(day.year, day.month, day.day) + timedelta(hours=23)
    if not first:
        return [(day, end - timedelta(hours=23), end)]
    step = timedelta(days=30)
    ends = [end - step * (MONTHS - 1 - number) for number in range(MONTHS)]
    return [(e.date(), e - step, e) for e in ends]


def _copy(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write the query as JSON lines; a file without rows is not written. Returns the rows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    codec = "zstd" if target.suffix == ".zst" else "none"
    ((rows,),) = con.execute(f"COPY ({query}) TO '{target}' (FORMAT json, COMPRESSION {codec})").fetchall()
    if not rows:
        target.unlink()
        target.parent.rmdir()
    return int(rows)
