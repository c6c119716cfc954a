# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Browsing (Segment calls), abandoned carts and marketing e-mail (Klaviyo)."""

from __future__ import annotations

from cdp_pipeline.generate._write import Export

KLAVIYO_PROFILE = "'01KL' || lpad({n}::VARCHAR, 12, '0')"

PREPARE = """
CREATE TABLE device AS
SELECT m.p, CASE WHEN hh.has_tablet AND rnd(m.p, 'on_tablet') < .7 THEN md5('tablet' || hh.h) ELSE md5('device' || m.p) END AS raw,
  raw[1:8] || '-' || raw[9:12] || '-4' || raw[13:15] || '-8' || raw[16:18] || '-' || raw[19:30] AS anonymous_id
FROM member m JOIN household hh USING (h);
CREATE TABLE visit AS  -- the browsing before an order, with the campaign that led there
SELECT o.b, o.p, d.anonymous_id, o.ts, any_value(c.campaign_id ORDER BY c.campaign_id) FILTER (rnd(o.b, 'led') < .3) AS campaign_id
FROM basket o JOIN device d USING (p) LEFT JOIN targeted t ON t.h = o.h
LEFT JOIN campaign c ON c.campaign_id = t.campaign_id AND o.ts BETWEEN c.start_date AND c.end_date
WHERE way IN ('shop', 'guest') AND rnd(o.b, 'tracked') < .7 GROUP BY ALL;
CREATE TABLE numbered_product AS
SELECT product_id, price_cents, product_type, row_number() OVER (ORDER BY product_id) - 1 AS i FROM product;
CREATE TABLE abandoned AS
WITH cart AS (
  SELECT s.p, s.h, s.email, s.n, s.aid, md5('left' || s.aid) AS cart_token,
    TIMESTAMP '2017-01-05 12:00:00' + INTERVAL (floor(rnd(s.aid, 'left_at') * 358.9 * 86400)::BIGINT) SECOND AS ts
  FROM shown s WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND rnd(s.aid, 'leaves') < .3
)
SELECT c.*, late(ts) AS dt, row_number() OVER (ORDER BY ts, aid) AS i, q.product_id, q.price_cents,
  (q.price_cents // 100)::VARCHAR || '.' || lpad((q.price_cents % 100)::VARCHAR, 2, '0') AS total_price,
  [{'product_id': 5000000000000 + q.product_id, 'variant_id': 5100000000000 + q.product_id, 'sku': q.product_id::VARCHAR, 'quantity': 1,
    'price': (q.price_cents // 100)::VARCHAR || '.' || lpad((q.price_cents % 100)::VARCHAR, 2, '0')}] AS line_items
FROM (SELECT *, floor(rnd(aid, 'left_what') * (SELECT count(*) FROM product))::BIGINT AS what FROM cart) c JOIN numbered_product q ON q.i = c.what;
CREATE TABLE web_user AS SELECT * FROM shown WHERE src = 'web_events' AND v = 1;
CREATE TABLE session AS
WITH start AS (
  SELECT 'o' || b AS sid, p, anonymous_id, ts - INTERVAL 12 MINUTE AS ts, b, campaign_id, NULL::BIGINT AS sku, 'order' AS what FROM visit
  UNION ALL SELECT 'c' || i, p, anonymous_id, ts - INTERVAL 6 MINUTE, NULL, NULL, product_id, 'cart' FROM abandoned JOIN device USING (p)
  UNION ALL SELECT 'i' || p, p, anonymous_id, created_at, NULL, NULL, NULL, 'signup' FROM web_user JOIN device USING (p)
  UNION ALL
  SELECT 'b' || p || '-' || k, p, anonymous_id, TIMESTAMP '2017-01-02 10:00:00' + INTERVAL (floor(rnd(p || '-' || k, 'browse_at') * 363 * 86400)::BIGINT) SECOND,
    NULL, NULL, q.product_id, 'browse'
  FROM (SELECT p, k, floor(rnd(p || '-' || k, 'browse_what') * (SELECT count(*) FROM product))::BIGINT AS what
        FROM (SELECT DISTINCT p FROM shown WHERE src IN ('web_events', 'shopify')) CROSS JOIN range(3) t(k)
        WHERE rnd(p || '-' || k, 'browses') < .35)
  JOIN device USING (p) JOIN numbered_product q ON q.i = what
)
SELECT s.*, late(s.ts) AS dt, u.customer_no,
  s.what = 'signup' OR (u.aid IS NOT NULL AND s.ts > u.created_at AND rnd(sid, 'logs_in') < .4) AS is_known,
  pick(['desktop', 'mobile', 'mobile', 'tablet'], rnd(s.p, 'device')) AS device_type
FROM start s LEFT JOIN web_user u USING (p)
"""

_CONTEXT = """{'page': {'path': page_path, 'referrer': CASE WHEN campaign_id IS NULL THEN '' ELSE 'https://mail.example/' END},
 'device': {'type': device_type}, 'locale': 'en-US',
 'campaign': CASE WHEN campaign_id IS NULL THEN NULL ELSE {'name': 'CAMP' || campaign_id, 'source': 'newsletter', 'medium': 'email'} END}"""

_SEGMENT = f"""
WITH step AS (
  SELECT *, 0 AS i, 'page' AS type, NULL::VARCHAR AS event, '/' AS page_path, NULL::BIGINT AS product_id, NULL::DOUBLE AS total FROM session
  UNION ALL SELECT *, 1, 'identify', NULL, '/account', NULL, NULL FROM session WHERE is_known AND (what = 'signup' OR rnd(sid, 'again') < .5)
  UNION ALL SELECT *, 2, 'track', 'Product Viewed', '/products/' || sku, sku, NULL FROM session WHERE sku IS NOT NULL
  UNION ALL SELECT s.*, 1 + l.line_no, 'track', 'Product Viewed', '/products/' || l.product_id, l.product_id, NULL
            FROM session s JOIN line l ON l.b = s.b WHERE l.line_no <= 2
  UNION ALL SELECT *, 4, 'track', 'Product Added', '/cart', sku, NULL FROM session WHERE what = 'cart'
  UNION ALL SELECT s.*, 5, 'track', 'Order Completed', '/thanks', NULL, o.net_cents / 100 FROM session s JOIN shop_order o USING (b)
)
SELECT s.dt, (s.ts, sid, i) AS o, s.type, 'msg-' || sid || '-' || i AS "messageId", anonymous_id AS "anonymousId",
  CASE WHEN is_known AND (i > 0 OR what <> 'signup') THEN s.customer_no END AS "userId", event,
  CASE WHEN s.type <> 'identify' THEN NULL ELSE {{'email': u.email, 'phone': u.phone, 'firstName': u.given, 'lastName': u.family, 'birthday': u.dob}} END AS traits,
  CASE WHEN product_id IS NULL AND total IS NULL THEN NULL ELSE {{'sku': product_id::VARCHAR, 'order_id': CASE WHEN total IS NOT NULL THEN (6000000000000 + o.n)::VARCHAR END,
    'total': total, 'currency': CASE WHEN total IS NOT NULL THEN 'USD' END}} END AS properties,
  {_CONTEXT} AS context, iso(s.ts + INTERVAL (i * 2) MINUTE) AS timestamp, iso(s.ts + INTERVAL (i * 2) MINUTE + INTERVAL 1 SECOND) AS "receivedAt"
FROM step s LEFT JOIN web_user u ON u.p = s.p AND s.type = 'identify' LEFT JOIN shop_order o ON o.b = s.b AND total IS NOT NULL
"""

_KLAVIYO_EVENTS = f"""
WITH sent AS (
  SELECT s.n, c.campaign_id, 'E' || c.campaign_id || 'N' || s.n AS e, start_date + INTERVAL (9 * 3600 + s.n % 3600) SECOND AS ts
  FROM targeted t JOIN campaign c USING (campaign_id) JOIN shown s ON s.h = t.h AND s.src = 'klaviyo' AND s.v = 1 AND s.created_at < c.start_date
  WHERE c.start_date >= DATE '2017-01-01'
), touch AS (
  SELECT *, 'M1' AS metric, 0 AS hours FROM sent
  UNION ALL SELECT *, 'M2', 1 + floor(rnd(e, 'open_h') * 40) FROM sent WHERE rnd(e, 'bounce') >= .012 AND rnd(e, 'open') < .38
  UNION ALL SELECT *, 'M3', 42 + floor(rnd(e, 'click_h') * 20) FROM sent WHERE rnd(e, 'bounce') >= .012 AND rnd(e, 'open') < .12
  UNION ALL SELECT *, 'M4', 0 FROM sent WHERE rnd(e, 'bounce') < .012
  UNION ALL SELECT *, 'M5', 70 FROM sent WHERE rnd(e, 'bounce') >= .012 AND rnd(e, 'leave') < .006
), timed AS (SELECT *, least(ts + INTERVAL (hours::BIGINT) HOUR, TIMESTAMP '2017-12-31 22:00:00') AS at_ts FROM touch)
SELECT late(at_ts) AS dt, (at_ts, e, metric) AS o, 'event' AS type, e || metric AS id,
  {{'timestamp': epoch(at_ts)::BIGINT, 'event_properties': {{'Campaign Name': 'CAMP' || campaign_id, 'Subject': 'Offers of campaign ' || campaign_id,
    'URL': CASE metric WHEN 'M3' THEN 'https://shop.example.com/?utm_campaign=CAMP' || campaign_id END, '$event_id': e}}}} AS attributes,
  {{'profile': {{'data': {{'type': 'profile', 'id': {KLAVIYO_PROFILE.format(n="n")}}}}}, 'metric': {{'data': {{'type': 'metric', 'id': metric}}}}}} AS relationships
FROM timed
"""


def web_exports() -> list[Export]:
    """Objects of `web_events`."""
    return [Export("web_events", "segment", _SEGMENT)]


def klaviyo_exports() -> list[Export]:
    """Objects of `klaviyo`."""
    profiles = f"""SELECT dt, (n, v) AS o, 'profile' AS type, {KLAVIYO_PROFILE.format(n="n")} AS id,
      {{'email': email, 'phone_number': phone, 'external_id': customer_no,
        'anonymous_id': CASE WHEN rnd(aid, 'cookie') < .2 THEN (SELECT d.anonymous_id FROM device d WHERE d.p = shown.p AND d.raw = md5('device' || d.p)) END,
        'first_name': given, 'last_name': family,
        'location': CASE WHEN street IS NULL THEN NULL ELSE {{'address1': street, 'city': locality, 'region': region, 'zip': postcode, 'country': country}} END,
        'properties': {{'birthday': dob}},
        'subscriptions': {{'email': {{'marketing': {{'consent': CASE WHEN rnd(aid, 'consent') < .8 THEN 'SUBSCRIBED' WHEN rnd(aid, 'consent') < .9 THEN 'UNSUBSCRIBED' ELSE 'NEVER_SUBSCRIBED' END,
          'timestamp': strftime(created_at, '%Y-%m-%dT%H:%M:%S+00:00'), 'suppressions': []::VARCHAR[]}}}},
          'sms': CASE WHEN phone IS NULL THEN NULL ELSE {{'marketing': {{'consent': CASE WHEN rnd(aid, 'sms') < .3 THEN 'SUBSCRIBED' ELSE 'NEVER_SUBSCRIBED' END,
            'consent_timestamp': strftime(created_at, '%Y-%m-%dT%H:%M:%S+00:00')}}}} END}},
        'created': strftime(created_at, '%Y-%m-%dT%H:%M:%S+00:00'), 'updated': strftime(updated_at, '%Y-%m-%dT%H:%M:%S+00:00')}} AS attributes
      FROM shown WHERE src = 'klaviyo'"""
    metrics = """SELECT DATE '2017-12-27' AS dt, id AS o, 'metric' AS type, id, {'name': name, 'created': '2016-01-01T00:00:00+00:00',
      'updated': '2016-01-01T00:00:00+00:00'} AS attributes
      FROM (VALUES ('M1', 'Received Email'), ('M2', 'Opened Email'), ('M3', 'Clicked Email'), ('M4', 'Bounced Email'), ('M5', 'Unsubscribed')) t(id, name)"""
    return [
        Export("klaviyo", "profiles", profiles, later="json", envelope="data"),
        Export("klaviyo", "events", _KLAVIYO_EVENTS),
        Export("klaviyo", "metrics", metrics, first="jsonl"),
    ]
