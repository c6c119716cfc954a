# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""The back office (ERP), events and fairs, direct mail, and what sales logs beside its calls.

The ERP repeats orders of the shop by their number and adds open ones, so that no revenue is told twice.
"""

from __future__ import annotations

from cdp_pipeline.generate._area import Area
from cdp_pipeline.generate._service import ZOHO
from cdp_pipeline.generate._write import Export

_CONTACT = f"{ZOHO['contacts'].format(n='n')}::VARCHAR"

PREPARE = """
CREATE TABLE office_person AS  -- people as the sales team knows them, one row each
SELECT * FROM shown WHERE src = 'zoho_crm' AND obj = 'contacts' AND v = 1 AND name_kind = 'exact' AND created_at < TIMESTAMP '2017-11-01'
QUALIFY row_number() OVER (PARTITION BY p ORDER BY aid) = 1;
CREATE TABLE erp_account AS
SELECT p, lpad((20000 + row_number() OVER (ORDER BY p))::VARCHAR, 10, '0') AS erp_no, full_name, CASE WHEN email_kind = 'own' THEN email END AS email,
  CASE WHEN phone_kind = 'own' THEN phone END AS mobile, street, postcode, locality, country, created_at,
  TIMESTAMP '2017-06-01 00:00:00' + INTERVAL (floor(rnd(p, 'erp_changed') * 200)::INT) DAY AS changed_at
FROM office_person WHERE rnd(p, 'in_erp') < .14 AND (email_kind = 'own' OR phone_kind = 'own');
CREATE TABLE erp_document AS
SELECT e.erp_no, o.ts, '#' || (1000 + o.n) AS customer_po, o.net_cents / 100.0 AS net, 'C' AS status FROM shop_order o JOIN erp_account e USING (p) WHERE NOT o.is_guest AND rnd(o.b, 'posted') < .8
UNION ALL SELECT erp_no, TIMESTAMP '2017-12-01 15:00:00' + INTERVAL (floor(rnd(p, 'asked') * 26)::INT) DAY, NULL, round(20 + rnd(p, 'asked_for') * 90, 2), 'A' FROM erp_account WHERE rnd(p, 'has_open') < .3;
CREATE TABLE ticket_holder AS
SELECT p, 1000000000 + p AS attendee_id, given, family, email, CASE WHEN phone_kind = 'own' THEN phone END AS mobile, rnd(p, 'blank_form') < .06 AS is_blank,
  rnd(p, 'comes') < .7 AS comes, TIMESTAMP '2017-11-20 09:00:00' + INTERVAL (floor(rnd(p, 'booked') * 15 * 86400)::BIGINT) SECOND AS booked_at
FROM (SELECT * FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own' AND name_kind = 'exact' AND rnd(p, 'tasting') < .06
      QUALIFY row_number() OVER (PARTITION BY p ORDER BY aid) = 1);
CREATE TABLE fair_visitor AS
SELECT p, 'B' || (70000 + row_number() OVER (ORDER BY p)) AS badge, upper(given) AS given, upper(family) AS family, CASE WHEN rnd(p, 'shares_mail') < .8 THEN email END AS email,
  CASE WHEN phone_kind = 'own' THEN phone END AS mobile, country, TIMESTAMP '2017-11-08 09:00:00' + INTERVAL (floor(rnd(p, 'at_stand') * 30000)::INT) SECOND AS scanned_at
FROM office_person WHERE email_kind = 'own' AND rnd(p, 'at_fair') < .06;
CREATE TABLE tea_guest AS
SELECT p, full_name, lower(email) AS email, CASE WHEN phone_kind = 'own' THEN phone END AS mobile, rnd(p, 'tea_comes') < .75 AS comes
FROM (SELECT * FROM shown WHERE v = 1 AND culture = 'zh' AND src = 'shopify' AND obj = 'customers' AND email_kind = 'own' AND name_kind = 'exact' AND rnd(p, 'tea') < .2
      QUALIFY row_number() OVER (PARTITION BY p ORDER BY aid) = 1);
CREATE TABLE addressee AS  -- the company's own list of people with an address; our number links a letter to its receiver
SELECT p, m.customer_no, s.given, s.family, s.full_name, s.street, s.locality, s.region, s.postcode, s.country, rnd(p, 'print_service') < .4 AS by_lob, rnd(p, 'held_out') < .2 AS is_held_out,
  row_number() OVER (ORDER BY p) AS seq
FROM (SELECT * FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND address_kind = 'new' AND name_kind = 'exact' AND NOT in_china AND rnd(p, 'mailed') < .6
      QUALIFY row_number() OVER (PARTITION BY p ORDER BY aid) = 1) s JOIN member m USING (p);
INSERT INTO extra_record
SELECT 'erp', 'erp:customers:' || erp_no, p FROM erp_account UNION ALL
SELECT 'eventbrite', 'eventbrite:attendees:' || attendee_id, p FROM ticket_holder UNION ALL
SELECT 'badge_scan', 'badge_scan:visitors:kitchen_fair_2017:' || badge, p FROM fair_visitor UNION ALL
SELECT 'event_registration', 'event_registration:registrations:EV2017-12|' || email || '|' || coalesce(mobile, '') || '|' || full_name, p FROM tea_guest UNION ALL
SELECT 'lob', 'lob:recipients:' || customer_no, p FROM addressee WHERE by_lob UNION ALL
SELECT 'mail_house', 'mail_house:recipients:' || customer_no, p FROM addressee WHERE NOT by_lob
"""

_ERP_CUSTOMERS = """
SELECT DATE '2017-12-27' AS dt, erp_no AS o, CASE WHEN rnd(p, 'stripped') < .1 THEN ltrim(erp_no, '0') ELSE erp_no END AS customer_no, full_name AS customer_name, 'B2C' AS customer_type,
  email, mobile, street, postcode AS postal_code, locality AS city, country, '00000000' AS birth_date, 'R1' AS sales_rep, strftime(created_at, '%Y-%m-%d') AS created_on, strftime(changed_at, '%Y-%m-%d') AS changed_on FROM erp_account
UNION ALL SELECT DATE '2017-12-27', '9999999999', '9999999999', 'Walk-in customer', 'CPD', NULL, NULL, NULL, NULL, NULL, 'US', '00000000', 'R1', '2014-01-01', '2014-01-01'
"""

_ERP_ORDERS = """
SELECT late(ts) AS dt, (ts, erp_no) AS o, lpad((50000 + row_number() OVER (ORDER BY ts, erp_no, customer_po))::VARCHAR, 10, '0') AS order_no, 'OR' AS order_type, strftime(ts, '%Y-%m-%d') AS order_date,
  erp_no AS sold_to, erp_no AS ship_to, customer_po, '10' AS channel, printf('%.2f', net) AS net_amount, '0.00' AS tax_amount, 'USD' AS currency, status, iso(ts + INTERVAL 6 HOUR) AS last_changed FROM erp_document
"""

_EVENTS = """
SELECT DATE '2017-12-27' AS dt, 1 AS o, '3000000001' AS id, {'text': 'Winter tasting', 'html': 'Winter tasting'} AS name,
  {'timezone': 'America/New_York', 'local': '2017-12-14T18:00:00', 'utc': '2017-12-14T23:00:00Z'} AS "start", {'timezone': 'America/New_York', 'local': '2017-12-14T21:00:00', 'utc': '2017-12-15T02:00:00Z'} AS "end",
  false AS online_event, 'completed' AS status, '2017-12-15T03:00:00Z' AS changed
"""

_ATTENDEES = """
SELECT DATE '2017-12-27' AS dt, p AS o, attendee_id::VARCHAR AS id, (2000000000 + p)::VARCHAR AS order_id, '3000000001' AS event_id, 'Guest list' AS ticket_class_name, 1 AS quantity, iso(booked_at) AS created,
  iso(CASE WHEN comes THEN TIMESTAMP '2017-12-14 23:05:00' + INTERVAL (floor(rnd(p, 'door') * 3000)::INT) SECOND ELSE booked_at END) AS changed, CASE WHEN comes THEN 'Checked In' ELSE 'Attending' END AS status,
  comes AS checked_in, false AS cancelled, false AS refunded, pick(['newsletter', 'store'], rnd(p, 'affiliate')) AS affiliate,
  {'first_name': CASE WHEN is_blank THEN 'Info Requested' ELSE given END, 'last_name': CASE WHEN is_blank THEN 'Info Requested' ELSE family END, 'email': email, 'cell_phone': mobile} AS profile,
  [{'question_id': '11', 'question': 'May we contact you?', 'type': 'multiple_choice', 'answer': CASE WHEN rnd(p, 'asked_ok') < .6 THEN 'Yes' WHEN rnd(p, 'asked_ok') < .8 THEN 'No' END}] AS answers,
  [{'barcode': attendee_id || '10', 'status': CASE WHEN comes THEN 'used' ELSE 'unused' END, 'changed': iso(TIMESTAMP '2017-12-14 23:05:00' + INTERVAL (floor(rnd(p, 'door') * 3000)::INT) SECOND)}] AS barcodes,
  {'gross': {'currency': 'USD', 'value': 0, 'major_value': '0.00', 'display': '$0.00'}} AS costs FROM ticket_holder
"""

_SCANS = """
SELECT DATE '2017-12-27' AS dt, (scanned_at, badge, i) AS o, 'Kitchen Fair 2017' AS "Event Name", 'L' || lpad((row_number() OVER (ORDER BY scanned_at, badge, i))::VARCHAR, 6, '0') AS "Lead ID", badge AS "Badge ID",
  given AS "First Name", family AS "Last Name", email AS "Email", mobile AS "Mobile", country AS "Country", strftime(scanned_at + INTERVAL (i * 20) MINUTE, '%m/%d/%Y %H:%M') AS "Scan Time", 'Stand iPad ' || (1 + i) AS "Captured By",
  CASE i WHEN 0 THEN 'Mugs;Teapots' END AS "Products of Interest", CASE i WHEN 0 THEN 'Wants the price list' ELSE 'Asked about delivery' END AS "Notes", CASE WHEN rnd(p, 'fair_opt') < .5 THEN 'Y' END AS "Opt-in"
FROM fair_visitor, range(2) t(i) WHERE i = 0 OR rnd(p, 'second_scan') < .2
"""

_REGISTRATIONS = """
SELECT DATE '2017-12-27' AS dt, p AS o, 'EV2017-12' AS event_id, '茶艺体验日' AS event_name, '2017-12-16' AS event_date, strftime(TIMESTAMP '2017-12-05 10:00:00' + INTERVAL (floor(rnd(p, 'tea_booked') * 800000)::INT) SECOND, '%Y-%m-%d %H:%M:%S') AS registration_time,
  full_name AS name, email, mobile AS phone, NULL::VARCHAR AS company, pick(['qr_store_012', 'invitation'], rnd(p, 'tea_way')) AS source, CASE WHEN comes THEN '是' ELSE '否' END AS attended,
  CASE WHEN comes THEN '2017-12-16 13:' || lpad((floor(rnd(p, 'tea_door') * 60)::INT)::VARCHAR, 2, '0') || ':00' END AS check_in_time, 'Y' AS consent FROM tea_guest
"""

_PIECES = """
SELECT DATE '2017-12-27' AS dt, seq AS o, 'psc_' || lpad(seq::VARCHAR, 16, '0') AS id, 'postcard' AS object, 'Winter card' AS description, {'customer_id': customer_no, 'campaign': 'winter-card', 'offer_code': 'CARD17'} AS metadata,
  {'id': 'adr_' || lpad(seq::VARCHAR, 16, '0'), 'name': upper(full_name), 'address_line1': upper(street), 'address_city': upper(locality), 'address_state': region, 'address_zip': postcode || '-0000', 'address_country': 'UNITED STATES'} AS "to",
  {'name': 'EXAMPLE KITCHEN SHOP'} AS "from", 'usps_first_class' AS mail_type, '2017-12-04T00:00:00.000Z' AS send_date,
  CASE WHEN rnd(p, 'scanned') < .7 THEN [{'id': 'evnt_' || seq, 'name': CASE WHEN rnd(p, 'comes_back') < .05 THEN 'Returned to Sender' ELSE 'Processed for Delivery' END, 'time': '2017-12-08T12:00:00.000Z'}] ELSE [] END AS tracking_events,
  '2017-12-01T15:00:00.000Z' AS date_created, '2017-12-08T12:05:00.000Z' AS date_modified, false AS deleted FROM addressee WHERE by_lob
"""

_SEND_LIST = """
SELECT DATE '2017-12-27' AS dt, seq AS o, 'WIN17' AS campaign_code, lpad(seq::VARCHAR, 6, '0') AS sequence_no, customer_no AS customer_id, given AS first_name, family AS last_name, street AS address1, locality AS city, region AS state,
  ltrim(postcode, '0') AS zip, 'USA' AS country, pick(['VIP', 'BASE'], rnd(p, 'mail_cell')) AS segment, CASE WHEN NOT is_held_out THEN 'HOUSE17' END AS offer_code, '12/04/2017' AS drop_date, 'N' AS seed,
  CASE WHEN is_held_out THEN 'Y' ELSE 'N' END AS control_group FROM addressee WHERE NOT by_lob
UNION ALL SELECT DATE '2017-12-27', 900000, 'WIN17', '900000', NULL, 'Control', 'Address', '1 Example Ave', 'Springfield', 'IL', '62701', 'USA', NULL, 'HOUSE17', '12/04/2017', 'Y', 'N'
UNION ALL SELECT DATE '2017-12-27', 900001, 'WIN17', '900001', NULL, 'The Example', 'Family', '3 Orchard Road', 'Springfield', 'IL', '62702', 'USA', 'BASE', 'HOUSE17', '12/04/2017', 'N', 'N'
"""

_RETURNS = """
SELECT DATE '2017-12-28' AS dt, seq AS o, 'WIN17' AS campaign_code, lpad(seq::VARCHAR, 6, '0') AS sequence_no, customer_no AS customer_id, '2017-12-15' AS scan_date,
  pick(['IA', 'R', 'V'], rnd(p, 'return_code')) AS return_code FROM addressee WHERE NOT by_lob AND NOT is_held_out AND rnd(p, 'bounces') < .06
"""

_DEALS = f"""
SELECT late(ts) AS dt, (ts, p) AS o, (5400000000300000000 + row_number() OVER (ORDER BY ts, p))::VARCHAR AS id, 'Catering enquiry' AS "Deal_Name", round(100 + rnd(p, 'deal_size') * 900, 2) AS "Amount",
  pick(['Qualification', 'Closed Won', 'Closed Lost'], rnd(p, 'deal_stage')) AS "Stage", strftime(ts + INTERVAL 9 DAY, '%Y-%m-%d') AS "Closing_Date", {{'id': {_CONTACT}, 'name': full_name}} AS "Contact_Name",
  iso(ts) AS "Created_Time", iso(ts + INTERVAL 9 DAY) AS "Modified_Time"
FROM (SELECT *, TIMESTAMP '2017-11-02 10:00:00' + INTERVAL (floor(rnd(p, 'deal_at') * 45)::INT) DAY AS ts FROM office_person WHERE rnd(p, 'deals') < .05)
"""

_MEETINGS = f"""
SELECT DATE '2017-12-27' AS dt, (ts, p) AS o, (5400000000400000000 + row_number() OVER (ORDER BY ts, p))::VARCHAR AS id, 'Tasting talk' AS "Event_Title", iso(ts) AS "Start_DateTime", iso(ts + INTERVAL 1 HOUR) AS "End_DateTime",
  {{'id': {_CONTACT}, 'name': full_name}} AS "Who_Id", [{{'type': 'user', 'participant': '5400000000000002001'}}, {{'type': 'contact', 'participant': {_CONTACT}}}] AS "Participants", iso(ts + INTERVAL 2 HOUR) AS "Modified_Time"
FROM (SELECT *, TIMESTAMP '2017-11-02 10:00:00' + INTERVAL (floor(rnd(p, 'met_at') * 45)::INT) DAY AS ts FROM office_person WHERE rnd(p, 'meets') < .04)
"""


def _exports() -> list[Export]:
    return [
        Export("erp", "customers", _ERP_CUSTOMERS, first="csv", later="csv"),
        Export("erp", "orders", _ERP_ORDERS, first="csv", later="csv"),
        Export("eventbrite", "events", _EVENTS, first="jsonl"),
        Export("eventbrite", "attendees", _ATTENDEES, first="jsonl.gz"),
        Export("badge_scan", "scans", _SCANS, first="csv"),
        Export("event_registration", "registrations", _REGISTRATIONS, first="csv"),
        Export("lob", "postcards", _PIECES, first="jsonl.gz"),
        Export("mail_house", "send_list", _SEND_LIST, first="csv"),
        Export("mail_house", "returns", _RETURNS, first="csv", later="csv"),
        Export("zoho_crm", "deals", _DEALS, first="jsonl", later="json", envelope="data"),
        Export("zoho_crm", "events", _MEETINGS, first="jsonl"),
    ]


COMMERCE = Area(prepare=PREPARE, exports=_exports, hashed_objects=("event_registration:registrations:",))
