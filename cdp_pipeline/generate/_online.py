# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Paid ads with their costs, a campaign site measured by GA4, a help site by Snowplow, the app's attribution, a second
newsletter, and surveys.

The shop itself stays with the Segment calls of `_digital.py`; GA4 and Snowplow measure other sites, so that no visit is
told twice.
"""

from __future__ import annotations

from cdp_pipeline.generate._area import Area
from cdp_pipeline.generate._write import Export

_LIST = "list0000001"

PREPARE = f"""
CREATE TABLE ad_campaign AS SELECT * FROM (VALUES
  (2000000001, 'Brand search', 'SEARCH', .55), (2000000002, 'Groceries search', 'SEARCH', 1.10), (2000000003, 'Recipe videos', 'CONTENT', .30))
  t(campaign_id, name, network, cost_per_click);
CREATE TABLE ad_click AS  -- every click lands on the campaign site
WITH drawn AS (
  SELECT p, k, p || '-' || k AS c FROM (SELECT DISTINCT p FROM shown WHERE src IN ('web_events', 'shopify')), range(2) t(k)
  WHERE rnd(p || '-' || k, 'ad_click') < .09
)
SELECT d.p, c, 'EXAMPLE' || upper(md5('gclid' || c)[1:6]) || md5('gclid' || c)[7:20] AS gclid, a.*,
  TIMESTAMP '2017-10-02 08:00:00' + INTERVAL (floor(rnd(c, 'clicked_at') * 89.5 * 86400)::BIGINT) SECOND AS ts,
  (1000000000 + d.p * 7919) || '.' || (1480000000 + d.p) AS pseudo_id, u.customer_no, rnd(c, 'ga_login') < .5 AS logs_in
FROM drawn d JOIN ad_campaign a ON a.campaign_id = 2000000001 + floor(rnd(c, 'which_ad') * 3)::INT
LEFT JOIN web_user u ON u.p = d.p;
CREATE TABLE newsletter AS  -- one account per address: a shared mailbox has one subscription
SELECT *, md5(lower(email)) AS member_id, md5('contact' || p) AS contact_id,
  TIMESTAMP '2016-05-01 10:00:00' + INTERVAL (floor(rnd(p, 'newsletter') * 500 * 86400)::BIGINT) SECOND AS joined_at,
  CASE WHEN rnd(p, 'news_state') < .78 THEN 'subscribed' WHEN rnd(p, 'news_state') < .93 THEN 'unsubscribed' ELSE 'cleaned' END AS status
FROM (SELECT p, email, given, family FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own'
      AND rnd(p, 'reads_news') < .15 QUALIFY row_number() OVER (PARTITION BY lower(email) ORDER BY aid) = 1);
CREATE TABLE respondent AS
SELECT p, email, given, family, CASE WHEN strong_kind = 'own' THEN customer_no END AS customer_no, culture, rnd(p, 'promotes') AS mood,
  TIMESTAMP '2017-09-01 09:00:00' + INTERVAL (floor(rnd(p, 'surveyed') * 118 * 86400)::BIGINT) SECOND AS ts
FROM (SELECT * FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own' AND rnd(p, 'surveyed_at_all') < .12
      QUALIFY row_number() OVER (PARTITION BY lower(email) ORDER BY aid) = 1);
CREATE TABLE app_user AS
SELECT p, customer_no, '1480000000000-' || (1000000 + p) AS appsflyer_id, rnd(p, 'app_media') < .6 AS is_paid,
  TIMESTAMP '2017-06-01 09:00:00' + INTERVAL (floor(rnd(p, 'installed') * 205 * 86400)::BIGINT) SECOND AS installed_at
FROM web_user WHERE rnd(p, 'has_app') < .3;
CREATE TABLE partner AS  -- contacts of a club that another team runs
SELECT p, 70000000 + p AS hubspot_id, email, given, family, TIMESTAMP '2016-02-01 09:00:00' + INTERVAL (floor(rnd(p, 'club') * 600 * 86400)::BIGINT) SECOND AS joined_at
FROM (SELECT p, email, given, family FROM shown WHERE src = 'zoho_crm' AND obj = 'contacts' AND v = 1 AND email_kind = 'own' AND rnd(p, 'in_club') < .1
      QUALIFY row_number() OVER (PARTITION BY lower(email) ORDER BY aid) = 1);
CREATE TABLE uploaded AS  -- conversions told to the ad platform, most as a hash of the address
SELECT p, lower(email) AS email, rnd(p, 'plain') < .2 AS is_plain, TIMESTAMP '2017-11-01 12:00:00' + INTERVAL (floor(rnd(p, 'converted') * 59 * 86400)::BIGINT) SECOND AS ts
FROM (SELECT p, email FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own' AND rnd(p, 'uploaded') < .06
      QUALIFY row_number() OVER (PARTITION BY lower(email) ORDER BY aid) = 1);
INSERT INTO extra_record
SELECT 'hubspot', 'hubspot:contacts:' || hubspot_id, p FROM partner UNION ALL
SELECT 'offline_conversions', 'offline_conversions:people:' || sha256(email), p FROM uploaded UNION ALL
SELECT 'satismeter', 'satismeter:users:u' || p, p FROM app_user WHERE rnd(p, 'in_app_survey') < .4 UNION ALL
SELECT 'mailchimp', 'mailchimp:members:{_LIST}|' || contact_id, p FROM newsletter UNION ALL
SELECT 'qualtrics', 'qualtrics:respondents:' || coalesce(customer_no, lower(email)), p FROM respondent WHERE rnd(p, 'tool') < .6 UNION ALL
SELECT 'typeform', 'typeform:respondents:' || coalesce(customer_no, lower(email)), p FROM respondent WHERE rnd(p, 'tool') >= .6 UNION ALL
SELECT 'appsflyer', 'appsflyer:users:' || customer_no, p FROM app_user
"""

# GA4: a visit per click. Days of the delivery week come again the day after, one event richer, as GA4 rewrites them.
_GA4 = """
WITH step AS (
  SELECT *, 0 AS i, 'page_view' AS event_name, 'https://spring.example.com/?gclid=' || gclid AS url, NULL::VARCHAR AS user_id FROM ad_click
  UNION ALL SELECT *, 1, 'scroll', 'https://spring.example.com/', NULL FROM ad_click WHERE rnd(c, 'scrolls') < .5
  UNION ALL SELECT *, 2, 'user_engagement', 'https://spring.example.com/', NULL FROM ad_click WHERE rnd(c, 'stays') < .5
  UNION ALL SELECT *, 3, 'login', 'https://spring.example.com/club', customer_no FROM ad_click WHERE customer_no IS NOT NULL AND logs_in
), timed AS (
  SELECT *, ts + INTERVAL (i * 40) SECOND AS at_ts FROM step
), delivered AS (
  SELECT *, late(ts) AS dt FROM timed WHERE i < 3 OR ts < TIMESTAMP '2017-12-27'
  UNION ALL SELECT *, late(ts) + 1 FROM timed WHERE ts >= TIMESTAMP '2017-12-28' AND ts < TIMESTAMP '2017-12-31'
)
SELECT dt::DATE AS dt, (at_ts, c, i) AS o, strftime(ts, '%Y%m%d') AS event_date, epoch_us(at_ts)::VARCHAR AS event_timestamp, event_name,
  [{'key': 'ga_session_id', 'value': {'string_value': NULL::VARCHAR, 'int_value': epoch(ts)::BIGINT::VARCHAR, 'float_value': NULL::DOUBLE, 'double_value': NULL::DOUBLE}},
   {'key': 'page_location', 'value': {'string_value': url, 'int_value': NULL, 'float_value': NULL, 'double_value': NULL}}] AS event_params,
  i::VARCHAR AS event_bundle_sequence_id, user_id, CASE WHEN rnd(c, 'cookies') < .9 THEN pseudo_id END AS user_pseudo_id, '1000000001' AS stream_id, 'WEB' AS platform,
  {'category': 'mobile'} AS device, {'name': '(direct)', 'medium': '(none)', 'source': '(direct)'} AS traffic_source,
  CASE WHEN i = 0 THEN {'gclid': gclid, 'manual_campaign_name': '(not set)'} END AS collected_traffic_source,
  {'analytics_storage': 'Yes', 'ads_storage': CASE WHEN rnd(p, 'ads_ok') < .8 THEN 'Yes' ELSE 'No' END} AS privacy_info
FROM delivered
"""

_SNOWPLOW = """
SELECT late(ts) AS dt, (ts, sp_id, i) AS o, 'help' AS app_id, 'web' AS platform, strftime(ts + INTERVAL (i) MINUTE, '%Y-%m-%d %H:%M:%S.%g') AS collector_tstamp,
  strftime(ts + INTERVAL (i) MINUTE, '%Y-%m-%d %H:%M:%S.%g') AS derived_tstamp, pick(['page_view', 'page_ping', 'page_view'], i / 3 + .01) AS event, md5(sp_id || '|' || i)[1:8] || '-0000-4000-8000-' || md5(sp_id || i)[1:12] AS event_id,
  CASE WHEN rnd(sp_id, 'sp_login') < .4 THEN customer_no END AS user_id, md5('sp' || p)[1:8] || '-0000-4000-8000-' || md5('sp' || p)[9:20] AS domain_userid,
  md5('visit' || sp_id)[1:8] || '-0000-4000-8000-' || md5(sp_id)[9:20] AS domain_sessionid, 'https://help.example.com/' || pick(['delivery', 'returns', 'loyalty'], rnd(sp_id || '|' || i, 'topic')) AS page_url,
  NULL::VARCHAR AS mkt_campaign, '198.51.100.7' AS user_ipaddress
FROM (SELECT p, customer_no, p || '-h' || visit_no AS sp_id, TIMESTAMP '2017-11-01 08:00:00' + INTERVAL (floor(rnd(p || '-h' || visit_no, 'helped') * 59.5 * 86400)::BIGINT) SECOND AS ts
      FROM web_user, range(2) t(visit_no) WHERE rnd(p || '-h' || visit_no, 'needs_help') < .2), range(3) s(i)
"""

_CLICK_VIEW = """
SELECT late(ts) AS dt, (ts, c) AS o, gclid AS "click_view.gclid", strftime(ts - INTERVAL 5 HOUR, '%Y-%m-%d') AS "segments.date", 1000000001 AS "customer.id", campaign_id AS "campaign.id",
  name AS "campaign.name", network AS "segments.ad_network_type", 'customers/1000000001/adGroupAds/3000000001~400' || right(campaign_id::VARCHAR, 7) AS "click_view.ad_group_ad" FROM ad_click
"""

# Costs per campaign and day; the delivery week's days are restated the day after.
_CAMPAIGN_COSTS = """
WITH day AS (
  SELECT a.*, (ts - INTERVAL 5 HOUR)::DATE AS d, count(*) AS n FROM ad_click JOIN ad_campaign a USING (campaign_id) GROUP BY ALL
), priced AS (
  SELECT *, (n + 3 + floor(rnd(campaign_id || '|' || d, 'others') * 12)) AS clicks FROM day
)
SELECT late(d) AS dt, (d, campaign_id, 0) AS o, campaign_id AS "campaign.id", name AS "campaign.name", d::VARCHAR AS "segments.date", network AS "segments.ad_network_type", 'USD' AS "customer.currency_code",
  (clicks * cost_per_click * 1000000)::BIGINT::VARCHAR AS "metrics.cost_micros", (clicks * 40)::BIGINT::VARCHAR AS "metrics.impressions", clicks::BIGINT::VARCHAR AS "metrics.clicks" FROM priced
UNION ALL
SELECT late(d) + 1, (d, campaign_id, 1), campaign_id, name, d::VARCHAR, network, 'USD', (clicks * cost_per_click * 1010000)::BIGINT::VARCHAR, (clicks * 41)::BIGINT::VARCHAR, clicks::BIGINT::VARCHAR
FROM priced WHERE d >= DATE '2017-12-27' AND d < DATE '2017-12-31'
"""

_INSIGHTS = """
WITH lead AS (SELECT created_at::DATE AS d, count(*) AS n FROM shown WHERE src = 'facebook' AND obj = 'leads' AND v = 1 GROUP BY ALL)
SELECT late(d) AS dt, d AS o, d::VARCHAR AS date_start, d::VARCHAR AS date_stop, '10000000001' AS account_id, 'USD' AS account_currency, '600000000000003' AS campaign_id, 'Spring leads' AS campaign_name,
  '600000000000001' AS ad_id, (2000 + n * 900)::BIGINT::VARCHAR AS impressions, (30 + n * 9)::BIGINT::VARCHAR AS clicks, printf('%.2f', 6 + n * 4.5 + rnd(d, 'spend') * 5) AS spend,
  [{'action_type': 'lead', 'value': n::VARCHAR}, {'action_type': 'onsite_conversion.lead_grouped', 'value': n::VARCHAR}] AS actions
FROM lead
"""

_APPSFLYER = """
WITH step AS (
  SELECT *, 'install' AS event_name, installed_at AS ts, NULL::VARCHAR AS known, NULL::VARCHAR AS event_value FROM app_user
  UNION ALL SELECT *, 'af_login', installed_at + INTERVAL 3 MINUTE, customer_no, NULL FROM app_user
  UNION ALL SELECT *, 'af_content_view', installed_at + INTERVAL 5 MINUTE, customer_no, json_object('af_content_id', floor(rnd(p, 'app_what') * 900000)::BIGINT::VARCHAR)::VARCHAR
  FROM app_user WHERE rnd(p, 'app_views') < .6
)
SELECT late(ts) AS dt, (ts, p, event_name) AS o, appsflyer_id, known AS customer_user_id, event_name, strftime(ts, '%Y-%m-%d %H:%M:%S.%g') AS event_time, event_value,
  CASE WHEN is_paid THEN 'sample_network' ELSE 'organic' END AS media_source, CASE WHEN is_paid THEN 'app_spring' END AS campaign, CASE WHEN is_paid THEN 'click' END AS attributed_touch_type,
  CASE WHEN is_paid THEN strftime(installed_at - INTERVAL 7 MINUTE, '%Y-%m-%d %H:%M:%S.%g') END AS attributed_touch_time, strftime(installed_at, '%Y-%m-%d %H:%M:%S.%g') AS install_time,
  CASE WHEN rnd(p, 'tracks') < .3 THEN upper(md5('idfa' || p)[1:8]) || '-0000-4000-8000-' || upper(md5('idfa' || p)[1:12]) ELSE '00000000-0000-0000-0000-000000000000' END AS idfa, 'ios' AS platform
FROM step
"""

_MEMBERS = f"""
SELECT late(joined_at) AS dt, p AS o, member_id AS id, '{_LIST}' AS list_id, email AS email_address, contact_id, status, {{'FNAME': given, 'LNAME': family}} AS merge_fields,
  '' AS timestamp_signup, strftime(joined_at, '%Y-%m-%dT%H:%M:%S+00:00') AS timestamp_opt,
  strftime(joined_at + INTERVAL (CASE status WHEN 'subscribed' THEN 0 ELSE 40 END) DAY, '%Y-%m-%dT%H:%M:%S+00:00') AS last_changed FROM newsletter
"""

_ACTIVITY = f"""
WITH mailing AS (SELECT i, 'cmp' || lpad(i::VARCHAR, 7, '0') AS campaign_id, TIMESTAMP '2017-10-12 09:00:00' + INTERVAL (i * 21) DAY AS sent_at FROM range(1, 4) t(i)),
act AS (
  SELECT n.*, m.*, 'open' AS action, 3 AS hours FROM newsletter n, mailing m WHERE status = 'subscribed' AND rnd(p || '-' || i, 'news_open') < .4
  UNION ALL SELECT n.*, m.*, 'click', 4 FROM newsletter n, mailing m WHERE status = 'subscribed' AND rnd(p || '-' || i, 'news_open') < .09
  UNION ALL SELECT n.*, m.*, 'bounce', 0 FROM newsletter n, mailing m WHERE status = 'cleaned' AND i = 1
)
SELECT late(sent_at) AS dt, (sent_at, p, action) AS o, campaign_id, '{_LIST}' AS list_id, member_id AS email_id, email AS email_address, action, CASE action WHEN 'bounce' THEN 'hard' END AS type,
  strftime(sent_at + INTERVAL (hours) HOUR + INTERVAL (p % 3600) SECOND, '%Y-%m-%dT%H:%M:%S+00:00') AS timestamp, CASE action WHEN 'click' THEN 'https://shop.example.com/?utm_campaign=' || campaign_id END AS url
FROM act
"""

_CAMPAIGNS = """
SELECT DATE '2017-12-27' AS dt, i AS o, 'cmp' || lpad(i::VARCHAR, 7, '0') AS id, strftime(TIMESTAMP '2017-10-12 09:00:00' + INTERVAL (i * 21) DAY, '%Y-%m-%dT%H:%M:%S+00:00') AS send_time,
  {'title': 'Kitchen letter ' || i, 'subject_line': 'What to cook now'} AS settings FROM range(1, 4) t(i)
"""

# One in twelve is a preview or was not finished.
_QUALTRICS = """
SELECT late(ts) AS dt, (ts, p) AS o, strftime(ts, '%Y-%m-%d %H:%M:%S') AS "StartDate", strftime(ts + INTERVAL 2 MINUTE, '%Y-%m-%d %H:%M:%S') AS "EndDate", '0' AS "Status",
  CASE WHEN rnd(p, 'finishes') < .08 THEN 50 ELSE 100 END AS "Progress", CASE WHEN rnd(p, 'finishes') < .08 THEN 0 ELSE 1 END AS "Finished", strftime(ts + INTERVAL 2 MINUTE, '%Y-%m-%d %H:%M:%S') AS "RecordedDate",
  'R_SAMPLE' || lpad(p::VARCHAR, 7, '0') AS "ResponseId", email AS "RecipientEmail", given AS "RecipientFirstName", family AS "RecipientLastName", customer_no AS "ExternalReference", 'email' AS "DistributionChannel",
  floor(11 * sqrt(mood))::INT AS "NPS", CASE WHEN floor(11 * sqrt(mood)) >= 9 THEN 3 WHEN floor(11 * sqrt(mood)) >= 7 THEN 2 ELSE 1 END AS "NPS_NPS_GROUP",
  pick(CASE WHEN mood > .66 THEN ['Friendly people', 'Good selection', 'Always fresh'] WHEN mood > .3 THEN ['It is fine', 'Nothing special'] ELSE ['Too long at the till', 'Prices went up', 'Half of it was sold out'] END, rnd(p, 'says')) AS "NPS_comment"
FROM respondent WHERE rnd(p, 'tool') < .6
"""
_QUALTRICS_HEAD = (
    "Start Date,End Date,Response Type,Progress,Finished,Recorded Date,Response ID,Recipient Email,Recipient First Name,"
    'Recipient Last Name,External Data Reference,Distribution Channel,"How likely are you\nto recommend us?",'
    '"How likely are you\nto recommend us? - Group",Why?\n'
    + ",".join(
        f'"{{""ImportId"":""{name}""}}"'
        for name in (
            *("startDate", "endDate", "status", "progress", "finished", "recordedDate", "_recordId", "recipientEmail"),
            *("recipientFirstName", "recipientLastName", "externalDataReference", "distributionChannel"),
            *("QID1", "QID1_NPS_GROUP", "QID2_TEXT"),
        )
    )
    + "\n"
)

_TYPEFORM = """
SELECT late(ts) AS dt, (ts, p) AS o, 'token' || lpad(p::VARCHAR, 9, '0') AS response_id, 'token' || lpad(p::VARCHAR, 9, '0') AS token, 'FORM07' AS form_id, iso(ts) AS landed_at,
  CASE WHEN rnd(p, 'submits') < .1 THEN '0001-01-01T00:00:00Z' ELSE iso(ts + INTERVAL 90 SECOND) END AS submitted_at, {'customer_id': customer_no} AS hidden,
  CASE WHEN rnd(p, 'submits') < .1 AND customer_no IS NOT NULL THEN NULL ELSE list_concat(
    [{'field': {'id': 'f1', 'type': 'rating', 'ref': 'csat_main'}, 'type': 'number', 'number': 1 + floor(5 * sqrt(mood))::INT, 'email': NULL::VARCHAR}],
    [{'field': {'id': 'f2', 'type': 'email', 'ref': 'email'}, 'type': 'email', 'number': NULL, 'email': email}]) END AS answers
FROM respondent WHERE rnd(p, 'tool') >= .6
"""

_CONTACTS = """
SELECT late(joined_at) AS dt, p AS o, hubspot_id AS id, email AS property_email, given AS property_firstname, family AS property_lastname,
  CASE WHEN rnd(p, 'absorbed') < .1 THEN (90000000 + p) || ';' || (91000000 + p) END AS property_hs_merged_object_ids, CASE WHEN rnd(p, 'opts_out') < .06 THEN 'true' END AS property_hs_email_optout,
  strftime(joined_at, '%Y-%m-%d %H:%M:%S') AS property_createdate, strftime(joined_at + INTERVAL 30 DAY, '%Y-%m-%d %H:%M:%S') AS property_lastmodifieddate FROM partner
"""

# A scanner opens and clicks within seconds; `filtered_event` says so.
_EVENTS = """
WITH act AS (
  SELECT *, 0 AS i, 'SENT' AS type, 0 AS seconds, false AS filtered FROM partner
  UNION ALL SELECT *, 1, 'OPEN', 4, true FROM partner WHERE rnd(p, 'scanned') < .3
  UNION ALL SELECT *, 2, 'CLICK', 5, true FROM partner WHERE rnd(p, 'scanned') < .3
  UNION ALL SELECT *, 3, 'OPEN', 5400, false FROM partner WHERE rnd(p, 'club_open') < .4
  UNION ALL SELECT *, 4, 'CLICK', 5460, false FROM partner WHERE rnd(p, 'club_open') < .1
)
SELECT DATE '2017-12-27' AS dt, (p, i) AS o, 'ee' || lpad(p::VARCHAR, 6, '0') || '-0000-3f07-8b50-00000000000' || i AS id, type, email AS recipient, 2000001 AS email_campaign_id,
  strftime(TIMESTAMP '2017-11-20 09:00:00' + INTERVAL (p % 600 + seconds) SECOND, '%Y-%m-%d %H:%M:%S.%g') AS created, filtered AS filtered_event FROM act
"""

_SATISMETER = """
SELECT late(ts) AS dt, p AS o, 'completed' AS event, {'id': 'cmp1', 'name': 'App'} AS campaign,
  {'id': 'resp' || p, 'created': iso(ts), 'rating': score, 'feedback': CASE WHEN score >= 9 THEN 'Quick to use' WHEN score < 6 THEN 'It asks too often' END,
   'category': CASE WHEN score >= 9 THEN 'promoter' WHEN score >= 7 THEN 'passive' ELSE 'detractor' END, 'score': CASE WHEN score >= 9 THEN 100 WHEN score >= 7 THEN 0 ELSE -100 END,
   'answers': [{'id': 'a1', 'label': 'How likely are you to recommend the app?', 'type': 'scale', 'metric': 'nps', 'value': score}],
   'user': {'id': 'u' || p, 'userId': CASE WHEN rnd(p, 'sm_id') < .15 THEN 'No response' ELSE customer_no END}, 'method': 'In-app', 'dismissed': false, 'pending': false} AS response
FROM (SELECT *, floor(11 * sqrt(rnd(p, 'app_mood')))::INT AS score, least(installed_at + INTERVAL 20 DAY, TIMESTAMP '2017-12-31 12:00:00') AS ts FROM app_user WHERE rnd(p, 'in_app_survey') < .4)
"""

_AD_LOG = """
WITH shown_ad AS (
  SELECT i, TIMESTAMP '2017-12-01 06:00:00' + INTERVAL (floor(rnd(i, 'banner_at') * 30.5 * 86400)::BIGINT) SECOND AS ts, 'ck' || lpad((i % 97)::VARCHAR, 7, '0') AS cookie_id FROM range(1, 161) t(i)
)
SELECT late(ts) AS dt, (ts, i, 0) AS o, 'impression' AS event_type, epoch_ms(ts)::VARCHAR AS event_time, NULL::VARCHAR AS click_id, 'IMP' || i AS impression_id, cookie_id, 3000000001 AS campaign_id, 'cr01' AS creative_id,
  'pl01' AS placement_id, 'news.example.com' AS site, 'mobile' AS device, 1500 AS cost_micros FROM shown_ad
UNION ALL
SELECT late(ts), (ts, i, 1), 'click', iso(ts + INTERVAL 8 SECOND), 'CLK' || i, NULL, cookie_id, 3000000001, 'cr01', 'pl01', 'news.example.com', 'mobile', 420000 FROM shown_ad WHERE rnd(i, 'banner_click') < .12
"""

_UPLOADS = """
SELECT late(ts) AS dt, (ts, p) AS o, (SELECT min(gclid) FROM ad_click a WHERE a.p = uploaded.p) AS "Google Click ID", 'Purchase' AS "Conversion Name", shop_time(ts) AS "Conversion Time",
  printf('%.2f', 10 + rnd(p, 'worth') * 60) AS "Conversion Value", 'USD' AS "Conversion Currency", 'UP' || p AS "Order ID", CASE WHEN is_plain THEN email ELSE sha256(email) END AS "Email", NULL::VARCHAR AS "Phone Number"
FROM uploaded
"""


def _exports() -> list[Export]:
    return [
        Export("web_events", "ga4", _GA4, first="jsonl.gz"),
        Export("web_events", "snowplow", _SNOWPLOW, first="csv", later="csv"),
        Export("google_ads", "click_view", _CLICK_VIEW, first="jsonl"),
        Export("google_ads", "campaign_costs", _CAMPAIGN_COSTS, first="csv", later="csv"),
        Export("meta_ads", "insights", _INSIGHTS, first="jsonl", later="json", envelope="data"),
        Export("appsflyer", "events", _APPSFLYER, first="jsonl"),
        Export("mailchimp", "members", _MEMBERS, first="jsonl"),
        Export("mailchimp", "email_activity", _ACTIVITY, first="jsonl"),
        Export("mailchimp", "campaigns", _CAMPAIGNS, first="jsonl"),
        Export("qualtrics", "responses", _QUALTRICS, first="csv", later="csv", after_header=_QUALTRICS_HEAD),
        Export("hubspot", "contacts", _CONTACTS, first="csv", later="csv"),
        Export("hubspot", "events", _EVENTS, first="csv"),
        Export("satismeter", "responses", _SATISMETER, first="jsonl"),
        Export("ad_server", "log", _AD_LOG, first="csv", later="csv"),
        Export("offline_conversions", "uploads", _UPLOADS, first="csv", later="csv"),
        Export("typeform", "responses", _TYPEFORM, first="jsonl", later="json", envelope="items"),
    ]


ONLINE = Area(
    prepare=PREPARE,
    exports=_exports,
    hashed_objects=(
        "mailchimp:members:",
        "offline_conversions:people:",
        "qualtrics:respondents:",
        "typeform:respondents:",
    ),
)
