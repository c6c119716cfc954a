# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Native exports of the CRM (Zoho), the support desk (Zendesk), surveys (Delighted) and the Facebook page."""

from __future__ import annotations

from cdp_pipeline.generate._base import PAGE_ID
from cdp_pipeline.generate._write import Export

ZOHO = {"contacts": "(5400000000000000000 + {n})", "leads": "(5400000000100000000 + {n})"}
ZENDESK_USER = "(900000000100 + {n})"
DELIGHTED_PERSON = "(800000000 + {n})"
FACEBOOK_LEAD = "(500000000000000 + {n})"
PSID = "(7000000000000000 + {n})"
_CONTACT, _LEAD = (f"{ZOHO[key].format(n='n')}::VARCHAR" for key in ("contacts", "leads"))
_USER = ZENDESK_USER.format(n="n")

PREPARE = """
CREATE MACRO tongue(culture) AS CASE culture WHEN 'zh' THEN 'zh' ELSE 'en' END;
CREATE TABLE wording AS  -- all texts of one kind, tone and language
SELECT kind, tone, culture AS tongue, list(title ORDER BY i) AS titles, list(body ORDER BY i) AS bodies FROM texts GROUP BY ALL;
CREATE TABLE last_trip AS SELECT p, max(ts) AS ts, arg_max(b, ts) AS b FROM basket GROUP BY p;
CREATE TABLE ticket AS
WITH asked AS (
  SELECT s.*, q, s.aid || '-' || q AS tid,
    greatest(s.created_at, TIMESTAMP '2017-01-03 08:00:00' + INTERVAL (floor(rnd(s.aid || '-' || q, 'asked') * 362.5 * 86400)::BIGINT) SECOND) AS ts
  FROM shown s, range(4) t(q) WHERE src = 'zendesk' AND v = 1 AND rnd(s.aid, 'asks') > q * .3
), toned AS (
  SELECT *, CASE WHEN rnd(tid, 'tone') < .55 THEN 'negative' WHEN rnd(tid, 'tone') < .92 THEN 'neutral' ELSE 'positive' END AS tone,
    row_number() OVER (ORDER BY ts, tid) AS t,
    (5 + floor(pow(rnd(tid, 'reply'), 3) * 2400))::INT AS reply_minutes FROM asked
), worded AS (
  SELECT t.*, w.titles[1 + floor(rnd(tid, 'what') * len(titles))::INT] AS subject, w.bodies[1 + floor(rnd(tid, 'what') * len(titles))::INT] AS body,
    reply_minutes + (10 + floor(pow(rnd(tid, 'solve'), 2) * 5000))::INT AS solve_minutes
  FROM toned t JOIN wording w ON w.kind = 'ticket' AND w.tone = t.tone AND w.tongue = CASE WHEN script IN ('han', 'traditional') THEN 'zh' ELSE 'en' END
)
SELECT *, ts + INTERVAL (solve_minutes) MINUTE AS solved_at, ts + INTERVAL (solve_minutes) MINUTE < TIMESTAMP '2017-12-31 23:00:00' AS is_solved,
  late(ts) AS asked_dt, late(ts + INTERVAL (solve_minutes) MINUTE) AS solved_dt FROM worded
"""


def _reply(key: str) -> str:
    return f"(SELECT w.bodies[1 + floor(rnd({key}, 'reply_text') * len(w.bodies))::INT] FROM wording w WHERE w.kind = 'reply' AND w.tongue = tongue(x.culture))"


def _chat(key: str) -> str:
    return f"""(SELECT w.bodies[1 + floor(rnd({key}, 'chat_text') * len(w.bodies))::INT] FROM wording w WHERE w.kind = 'chat'
      AND w.tongue = tongue(x.culture) AND w.tone = CASE WHEN rnd({key}, 'mood') < .6 THEN 'neutral' WHEN rnd({key}, 'mood') < .8 THEN 'negative' ELSE 'positive' END)"""


def zoho_exports() -> list[Export]:
    """Objects of `zoho_crm`."""
    address = (
        "street AS {0}_Street, locality AS {0}_City, region AS {0}_State, postcode AS {0}_Zip, country AS {0}_Country"
    )
    contacts = f"""SELECT dt, (n, v) AS o, {_CONTACT} AS id, full_name AS "Full_Name", given AS "First_Name", coalesce(family, '-') AS "Last_Name",
      email AS "Email", CASE WHEN phone_kind IN ('landline', 'mate') THEN phone END AS "Phone",
      CASE WHEN phone_kind NOT IN ('landline', 'mate') THEN phone END AS "Mobile", dob AS "Date_of_Birth",
      {address.format("Mailing")}, pick(['Web', 'Store', 'Trade Show', 'Referral'], rnd(aid, 'lead_source')) AS "Lead_Source", customer_no AS "Customer_No",
      rnd(aid, 'opted_out') < .08 AS "Email_Opt_Out", [{{'name': CASE WHEN rnd(aid, 'vip') < .1 THEN 'vip' ELSE 'customer' END}}] AS "Tag",
      iso(created_at) AS "Created_Time", iso(updated_at) AS "Modified_Time" FROM shown WHERE src = 'zoho_crm' AND obj = 'contacts'"""
    leads = f"""SELECT dt, n AS o, {_LEAD} AS id, given AS "First_Name", coalesce(family, '-') AS "Last_Name", NULL::VARCHAR AS "Company", email AS "Email",
      phone AS "Mobile", street AS "Street", locality AS "City", region AS "State", postcode AS "Zip_Code", country AS "Country",
      'Web Download' AS "Lead_Source", pick(['Contacted', 'Not Contacted', 'Qualified'], rnd(aid, 'stage')) AS "Lead_Status", false AS "Converted__s",
      false AS "Email_Opt_Out", iso(created_at) AS "Created_Time", iso(updated_at) AS "Modified_Time" FROM shown WHERE src = 'zoho_crm' AND obj = 'leads'"""
    calls = f"""SELECT late(ts) AS dt, (ts, aid) AS o, (5400000000200000000 + row_number() OVER (ORDER BY ts, aid))::VARCHAR AS id, 'Call' AS "Subject",
      pick(['Outbound', 'Inbound', 'Missed'], rnd(aid, 'call_type')) AS "Call_Type", iso(ts) AS "Call_Start_Time",
      (20 + floor(rnd(aid, 'talk') * 700))::INT AS "Call_Duration_in_seconds", {{'id': {_CONTACT}, 'name': full_name}} AS "Who_Id",
      pick(['Interested', 'Not Interested', 'No response'], rnd(aid, 'result')) AS "Call_Result", iso(ts + INTERVAL 20 MINUTE) AS "Modified_Time"
      FROM (SELECT *, greatest(created_at, TIMESTAMP '2017-01-04 15:00:00' + INTERVAL (floor(rnd(aid, 'call_at') * 360)::INT) DAY) AS ts
            FROM shown WHERE src = 'zoho_crm' AND obj = 'contacts' AND v = 1 AND rnd(aid, 'called') < .3)"""
    deleted = f"""SELECT late(ts) AS dt, (ts, aid) AS o, CASE obj WHEN 'leads' THEN {_LEAD} ELSE {_CONTACT} END AS id, iso(ts) AS deleted_time, 'recycle' AS type
      FROM (SELECT *, TIMESTAMP '2017-12-28 10:00:00' + INTERVAL (floor(rnd(aid, 'gone_at') * 84)::INT) HOUR AS ts FROM shown
            WHERE src = 'zoho_crm' AND v = 1 AND first_dt = DATE '2017-12-27' AND rnd(aid, 'gone') < .012)"""
    return [
        Export("zoho_crm", "contacts", contacts, later="json", envelope="data"),
        Export("zoho_crm", "leads", leads, later="json", envelope="data"),
        Export("zoho_crm", "calls", calls, first="jsonl.gz"),
        Export("zoho_crm", "deleted_records", deleted, later="json", envelope="data"),
    ]


def zendesk_exports() -> list[Export]:
    """Objects of `zendesk`."""
    users = f"""SELECT dt, (1, n, v) AS o, {_USER} AS id, 'end-user' AS role, coalesce(full_name, 'Caller') AS name, email, rnd(aid, 'verified') < .7 AS verified, phone,
      phone_kind IN ('landline', 'mate') AND rnd(aid, 'shared') < .6 AS shared_phone_number, customer_no AS external_id, {{'segment': 'retail'}} AS user_fields,
      CASE culture WHEN 'zh' THEN 'zh-CN' ELSE 'en-US' END AS locale, true AS active, false AS suspended, iso(created_at) AS created_at, iso(updated_at) AS updated_at
      FROM shown WHERE src = 'zendesk'
      UNION ALL BY NAME SELECT DATE '2017-12-27' AS dt, (0, i, 1) AS o, 900000000000 + i AS id, 'agent' AS role, 'Agent ' || i AS name,
      'agent' || i || '@support.example' AS email, true AS verified, false AS shared_phone_number, 'en-US' AS locale, true AS active, false AS suspended,
      '2014-01-01T00:00:00Z' AS created_at, '2014-01-01T00:00:00Z' AS updated_at FROM range(1::BIGINT, 6::BIGINT) t(i)"""
    identities = f"""SELECT dt, (n, kind) AS o, 910000000000 + n * 2 + CASE kind WHEN 'email' THEN 0 ELSE 1 END AS id, {_USER} AS user_id, kind AS type, value,
      true AS verified, iso(created_at) AS created_at, iso(created_at) AS updated_at
      FROM (SELECT s.*, 'email' AS kind, m.email_2 AS value FROM shown s JOIN member m USING (p) WHERE src = 'zendesk' AND v = 1 AND m.email_2 IS NOT NULL AND rnd(aid, 'second') < .5
            UNION ALL SELECT s.*, 'phone_number', m.mobile FROM shown s JOIN member m USING (p) WHERE src = 'zendesk' AND v = 1 AND rnd(aid, 'mobile') < .2)"""
    ticket = f"""50000 + t AS id, {_USER} AS requester_id, 900000000001 + t % 5 AS assignee_id, {{'channel': pick(['email', 'web', 'voice', 'chat'], rnd(tid, 'via'))}} AS via,
      'support@example.com' AS recipient, subject, body AS description, CASE tone WHEN 'negative' THEN 'problem' ELSE 'question' END AS type,
      pick(['low', 'normal', 'normal', 'high'], rnd(tid, 'priority')) AS priority"""
    tickets = f"""SELECT asked_dt AS dt, (t, 0) AS o, {ticket}, CASE WHEN is_solved AND solved_dt = asked_dt THEN 'solved' ELSE 'open' END AS status, [tone] AS tags, iso(ts) AS created_at,
      iso(CASE WHEN is_solved AND solved_dt = asked_dt THEN solved_at ELSE ts END) AS updated_at FROM ticket
      UNION ALL BY NAME SELECT solved_dt AS dt, (t, 1) AS o, {ticket}, 'solved' AS status, [tone] AS tags, iso(ts) AS created_at, iso(solved_at) AS updated_at
      FROM ticket WHERE is_solved AND solved_dt > asked_dt"""
    comments = f"""SELECT asked_dt AS dt, (t, 0) AS o, 920000000000 + t * 4 AS id, 50000 + t AS ticket_id, {_USER} AS author_id, true AS public, body AS plain_body, {{'channel': 'email'}} AS via, iso(ts) AS created_at FROM ticket
      UNION ALL BY NAME SELECT late(ts + INTERVAL (reply_minutes) MINUTE) AS dt, (t, 1) AS o, 920000000001 + t * 4 AS id, 50000 + t AS ticket_id, 900000000001 + t % 5 AS author_id,
      rnd(tid, 'note') >= .1 AS public, {_reply("tid")} AS plain_body, {{'channel': 'email'}} AS via, iso(ts + INTERVAL (reply_minutes) MINUTE) AS created_at
      FROM ticket x WHERE ts + INTERVAL (reply_minutes) MINUTE < TIMESTAMP '2017-12-31 23:00:00'"""
    metrics = """SELECT solved_dt AS dt, t AS o, 930000000000 + t AS id, 50000 + t AS ticket_id, 1 + (rnd(tid, 'more') < .3)::INT AS replies, (rnd(tid, 'reopened') < .07)::INT AS reopens,
      {'calendar': reply_minutes, 'business': reply_minutes // 2} AS reply_time_in_minutes, {'calendar': solve_minutes} AS first_resolution_time_in_minutes,
      {'calendar': solve_minutes} AS full_resolution_time_in_minutes, iso(solved_at) AS solved_at, iso(ts) AS created_at, iso(solved_at) AS updated_at FROM ticket WHERE is_solved"""
    ratings = f"""SELECT solved_dt AS dt, t AS o, 940000000000 + t AS id, 50000 + t AS ticket_id, {_USER} AS requester_id,
      CASE WHEN rnd(tid, 'rates') > .5 THEN 'offered' WHEN rnd(tid, 'good') < CASE WHEN solve_minutes > 2500 THEN .4 ELSE .85 END THEN 'good' ELSE 'bad' END AS score,
      NULL::VARCHAR AS comment, iso(solved_at + INTERVAL 5 MINUTE) AS created_at, iso(solved_at + INTERVAL 30 MINUTE) AS updated_at FROM ticket WHERE is_solved"""
    deleted = """SELECT late(gone_at) AS dt, t AS o, 50000 + t AS id, iso(gone_at) AS deleted_at, 'open' AS previous_state
      FROM (SELECT *, TIMESTAMP '2017-12-28 12:00:00' + INTERVAL (floor(rnd(tid, 'gone_at') * 80)::INT) HOUR AS gone_at FROM ticket WHERE asked_dt = DATE '2017-12-27' AND rnd(tid, 'gone') < .012)"""
    return [
        Export("zendesk", "users", users, later="json", envelope="users"),
        Export("zendesk", "user_identities", identities, first="jsonl.gz"),
        Export("zendesk", "tickets", tickets, later="json", envelope="tickets"),
        Export("zendesk", "ticket_comments", comments),
        Export("zendesk", "ticket_metrics", metrics),
        Export("zendesk", "satisfaction_ratings", ratings),
        Export("zendesk", "deleted_tickets", deleted),
    ]


def delighted_exports() -> list[Export]:
    """Objects of `delighted`."""
    asked = """SELECT s.*, t.b, q, s.aid || '-' || q AS rid, least(greatest(coalesce(t.ts, s.created_at), s.created_at) - INTERVAL (q * 60) DAY + INTERVAL (2 + floor(rnd(s.aid || '-' || q, 'answer') * 50)::INT) HOUR,
        TIMESTAMP '2017-12-31 21:00:00') AS ts FROM shown s LEFT JOIN last_trip t USING (p), range(2) r(q)
      WHERE src = 'delighted' AND v = 1 AND rnd(s.aid || '-' || q, 'answers') < CASE q WHEN 0 THEN .8 ELSE .25 END"""
    scored = f"""SELECT *, CASE WHEN rnd(rid, 'nps') < .48 THEN 9 + (rnd(rid, 'top') < .5)::INT WHEN rnd(rid, 'nps') < .77 THEN 7 + (rnd(rid, 'top') < .6)::INT
      ELSE floor(rnd(rid, 'top') * 7)::INT END AS score FROM ({asked})"""
    responses = f"""SELECT late(ts) AS dt, (ts, rid) AS o, (900000000 + row_number() OVER (ORDER BY ts, rid))::VARCHAR AS id, {DELIGHTED_PERSON.format(n="n")}::VARCHAR AS person, 'nps' AS survey_type, score,
      CASE WHEN rnd(rid, 'says') < .6 THEN (SELECT w.bodies[1 + floor(rnd(rid, 'words') * len(w.bodies))::INT] FROM wording w WHERE w.kind = 'survey' AND w.tongue = tongue(x.culture)
        AND w.tone = CASE WHEN score >= 9 THEN 'positive' WHEN score >= 7 THEN 'neutral' ELSE 'negative' END) END AS comment,
      epoch(ts)::BIGINT AS created_at, NULL::BIGINT AS updated_at,
      {{'Delighted Source': 'Email', 'Order ID': CASE WHEN b IS NULL THEN NULL ELSE 'ORD' || b END}} AS person_properties, ['purchase'] AS tags FROM ({scored}) x"""
    people = f"""SELECT dt, n AS o, {DELIGHTED_PERSON.format(n="n")}::VARCHAR AS id, full_name AS name, email, phone AS phone_number, epoch(created_at)::BIGINT AS created_at,
      epoch(updated_at)::BIGINT AS last_sent_at, NULL::BIGINT AS last_responded_at FROM shown WHERE src = 'delighted'"""
    return [
        Export("delighted", "survey_responses", responses),
        Export("delighted", "people", people, first="jsonl.gz"),
    ]


def facebook_exports() -> list[Export]:
    """Objects of `facebook`."""
    psid = f"{PSID.format(n='n')}::VARCHAR"
    page = f"{{'name': 'Sample Grocery', 'email': '{PAGE_ID}@facebook.com', 'id': '{PAGE_ID}'}}"
    person = f"{{'name': full_name, 'email': {psid} || '@facebook.com', 'id': {psid}}}"
    spoken = """SELECT *, aid || '-' || q AS mid, greatest(created_at, TIMESTAMP '2017-01-06 11:00:00' + INTERVAL (floor(rnd(aid || '-' || q, 'says_at') * 358 * 86400)::BIGINT) SECOND) AS ts
      FROM shown, range(3) t(q) WHERE src = 'facebook' AND obj = 'psids' AND v = 1 AND rnd(aid, 'talks') > q * .35"""
    stamp = "strftime({0}, '%Y-%m-%dT%H:%M:%S+0000')"
    messages = f"""SELECT late(ts) AS dt, (ts, mid, 0) AS o, 'm_' || md5(mid)[1:16] AS id, {stamp.format("ts")} AS created_time, {person} AS "from", {{'data': [{page}]}} AS "to", {_chat("mid")} AS message FROM ({spoken}) x
      UNION ALL BY NAME SELECT late(ts) AS dt, (ts, mid, 1) AS o, 'm_' || md5('r' || mid)[1:16] AS id, {stamp.format("ts + INTERVAL (4 + floor(rnd(mid, 'wait') * 50)::INT) MINUTE")} AS created_time,
      {page} AS "from", {{'data': [{person}]}} AS "to", {_reply("mid")} AS message FROM ({spoken}) x WHERE rnd(mid, 'answered') < .8"""
    comments = f"""SELECT late(ts) AS dt, (ts, mid) AS o, '{PAGE_ID}_200000000000002_' || (300000000000000 + row_number() OVER (ORDER BY ts, mid)) AS id, {stamp.format("ts")} AS created_time,
      {{'id': {psid}, 'name': full_name}} AS "from", {_chat("mid || 'c'")} AS message, floor(rnd(mid, 'likes') * 9)::INT AS like_count FROM ({spoken}) x WHERE rnd(mid, 'comments') < .4"""
    leads = f"""SELECT dt, n AS o, {FACEBOOK_LEAD.format(n="n")}::VARCHAR AS id, {stamp.format("created_at")} AS created_time, '600000000000001' AS ad_id, '600000000000003' AS campaign_id, 'Spring leads' AS campaign_name,
      '600000000000004' AS form_id, pick(['fb', 'ig'], rnd(aid, 'platform')) AS platform, false AS is_organic,
      list_filter([{{'name': 'full_name', 'values': [full_name]}}, {{'name': 'email', 'values': [email]}}, {{'name': 'phone_number', 'values': [phone]}}, {{'name': 'date_of_birth', 'values': [CASE WHEN dob IS NOT NULL THEN dob[6:7] || '/' || dob[9:10] || '/' || dob[1:4] END]}},
        {{'name': 'street_address', 'values': [street]}}, {{'name': 'city', 'values': [locality]}}, {{'name': 'state', 'values': [region]}}, {{'name': 'zip_code', 'values': [postcode]}}], lambda f: f.values[1] IS NOT NULL) AS field_data,
      [{{'checkbox_key': 'marketing', 'is_checked': CASE WHEN rnd(aid, 'box') < .6 THEN '1' ELSE '' END}}] AS custom_disclaimer_responses FROM shown WHERE src = 'facebook' AND obj = 'leads'"""
    return [
        Export("facebook", "messages", messages, first="jsonl", later="json", envelope="data"),
        Export("facebook", "comments", comments, first="jsonl"),
        Export("facebook", "leads", leads, first="jsonl.gz"),
    ]
