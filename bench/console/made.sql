-- Tables of a made-up warehouse. The size, the day and the names are bound by made.py, which also fills in the features.
CREATE SCHEMA profiles; CREATE SCHEMA segments; CREATE SCHEMA features; CREATE SCHEMA insights; CREATE SCHEMA quality;
CREATE SCHEMA pii;
CREATE MACRO pid(i) AS 'p' || substr(md5(i::VARCHAR), 1, 20);
CREATE MACRO pick(names, i, salt) AS names[1 + (hash(i, salt) % len(names))::INTEGER];
CREATE TABLE people AS SELECT i, pid(i) AS profile_id, pick($given, i, 1) || chr(97 + (i % 26)::INTEGER) || chr(97 + (i // 26 % 26)::INTEGER) AS given,
    pick($family, i, 2) || chr(97 + (i // 7 % 26)::INTEGER) || chr(97 + (i // 91 % 26)::INTEGER) AS family, (DATE '2021-01-01' + (hash(i, 3) % 1900)::INTEGER)::TIMESTAMP AS first_seen_at,
    pick(['US', 'CN', 'DE', 'FR'], i, 4) AS country FROM range($profiles) t(i);
CREATE TABLE records AS SELECT i, profile_id, given, family, country, first_seen_at, k,
    ['crm', 'shop', 'store'][k + 1] AS source, ['crm', 'shop', 'store'][k + 1] || ':people:' || (i * 3 + k) AS record_id
    FROM people, range(3) r(k);

CREATE TABLE profiles.customer_profile AS SELECT profile_id, 'person' AS entity_type,
    upper(given[1]) || '. ' || upper(family[1]) || '.' AS initials, given[1] || '***@example.com' AS email_masked,
    '+1202***' || (100 + i % 900) AS phone_masked, 1940 + (i % 60)::INTEGER AS birth_year, 'female' AS gender, country,
    'R' || i % 40 AS region, lpad((i % 100)::VARCHAR, 2, '0') AS postcode_prefix, 'en' AS language, 3::BIGINT AS n_records,
    3::BIGINT AS n_sources, ['crm', 'shop', 'store'] AS sources, first_seen_at,
    first_seen_at + to_days((i % 90)::INTEGER) AS last_seen_at, true AS has_email, true AS has_phone,
    'h' || i // 2 AS household_id FROM people ORDER BY hash(i);
CREATE TABLE profiles.profile_members AS SELECT record_id, profile_id, DATE '2026-06-01' AS since, source FROM records;
CREATE TABLE profiles.profile_events AS SELECT 'e' || i AS event_id, DATE '2026-06-01' AS as_of, 'r' AS run_id,
    'created' AS event, profile_id, NULL::VARCHAR AS related_profile_id, 'new cluster' AS reason FROM people;
CREATE TABLE profiles.profile_aliases AS SELECT 'a' || profile_id AS alias_profile_id, profile_id FROM people WHERE i % 50 = 0;
CREATE TABLE profiles.consent AS SELECT profile_id, 'marketing' AS purpose, channel,
    CASE WHEN hash(i, channel) % 3 = 0 THEN 'denied' ELSE 'granted' END AS state, 'shop' AS source, first_seen_at AS occurred_at
    FROM people, (VALUES ('email'), ('sms')) c(channel);
CREATE TABLE profiles.households AS SELECT 'h' || i // 2 AS household_id, profile_id, 2::BIGINT AS n_members FROM people;
CREATE TABLE profiles.attribute_provenance AS SELECT profile_id, attribute, 'crm:people:' || i * 3 AS record_id, 'crm' AS source,
    'source_priority' AS rule, 3::BIGINT AS n_candidates, 2::BIGINT AS n_agreeing
    FROM people, (VALUES ('name'), ('address'), ('email'), ('phone'), ('birth_date')) a(attribute);

CREATE TABLE segments.definition AS SELECT 'segment_' || s AS segment, 'Segment ' || s AS title,
    'Made-up people of kind ' || s AS description, 'crm' AS owner, 'marketing' AS purpose, 'orders_total > ' || s AS condition,
    md5(s::VARCHAR)[:12] AS definition_version, 1::INTEGER AS version FROM range(20) t(s);
CREATE TABLE segments.membership AS SELECT profile_id, 'segment_' || s AS segment,
    DATE '2026-06-01' + (hash(i, s, 5) % 29)::INTEGER AS entered_at,
    CASE WHEN hash(i, s, 6) % 10 = 0 THEN DATE '2026-06-30' END AS exited_at, md5(s::VARCHAR)[:12] AS definition_version
    FROM people, range(20) t(s) WHERE hash(i, s) % (4 + s) = 0;
CREATE TABLE segments.current AS SELECT profile_id, segment FROM segments.membership WHERE exited_at IS NULL;
CREATE TABLE segments.summary AS SELECT segment, $as_of::DATE AS as_of, count(*) FILTER (WHERE exited_at IS NULL) AS members,
    count(*) FILTER (WHERE exited_at IS NULL) / $profiles::DOUBLE AS share, count(*) FILTER (WHERE entered_at = '2026-06-29') AS entered,
    count(exited_at) AS exited, 120.5::DECIMAL(18, 2) AS average_net_amount_12m FROM segments.membership GROUP BY segment;
alter table segments.definition add column on_breach varchar default 'warn';
alter table segments.summary add column breach varchar;
create table segments.definition_versions as select segment, definition_version, date '2023-12-01' as valid_from,
    null::date as valid_to from segments.definition;
create table segments.events as select row_number() over (order by entered_at, segment, profile_id) as cursor, profile_id,
    segment, 'entered' as event, entered_at as as_of, 'condition' as reason, definition_version from segments.membership;
create table segments.overlap as select a.segment as segment_a, b.segment as segment_b, count(*) as members_both
    from segments.current a join segments.current b on a.profile_id = b.profile_id and a.segment <> b.segment
    group by all;

CREATE TABLE features.profile_features AS SELECT profile_id, $as_of::DATE AS as_of, 'USD' AS currency, country,
    (hash(i, 10) % 30)::BIGINT AS orders_total, (hash(i, 11) % 10)::BIGINT AS orders_12m,
    ((hash(i, 12) % 100000) / 100)::DECIMAL(18, 2) AS net_amount_12m, ((hash(i, 13) % 9000) / 100)::DECIMAL(18, 2) AS average_order_amount,
    (hash(i, 14) % 700)::BIGINT AS recency_days, (hash(i, 15) % 1500)::BIGINT AS tenure_days,
    (hash(i, 16) % 100) / 100.0::DOUBLE AS online_order_share, (hash(i, 17) % 100) / 100.0::DOUBLE AS coupon_order_share,
    (hash(i, 18) % 20)::BIGINT AS interactions_30d, (hash(i, 19) % 100) / 100.0::DOUBLE AS email_click_rate,
    (hash(i, 20) % 3)::BIGINT AS tickets_90d, hash(i, 21) % 2 = 0 AS is_email_marketing_allowed, false AS has_wechat, {features} FROM people;
CREATE TABLE features.product_affinity AS SELECT profile_id, 'tea' AS product_category, 0.5 AS score FROM people WHERE i % 10 = 0;
CREATE TABLE features.product_neighbours AS SELECT 'sku1' AS product_id, 'sku2' AS neighbour_product_id, 0.5 AS score;

CREATE TABLE insights.touchpoints AS SELECT 'touchpoint_' || n AS touchpoint, ['website', 'store', 'email', 'phone'][1 + n % 4] AS channel,
    'online' AS kind, 'crm' AS owner, 'Made-up touchpoint' AS purpose, 'delivering' AS status, 'shop' AS sources,
    100000 * (n + 1) AS interactions, 1000 * n AS interactions_30d, 50000 AS inbound_interactions, 40000 AS profiles, 0.6 AS identified_share,
    0.6 AS identified_share_30d, TIMESTAMP '2025-01-01' AS first_seen_at, TIMESTAMP '2026-06-30' AS last_seen_at, 0 AS days_silent,
    1000.0 AS cost_amount, 100.0 AS cost_amount_30d, 0.01 AS cost_per_interaction, 'USD' AS currency FROM range(90) t(n);
CREATE TABLE insights.touchpoint_kpis AS SELECT t.channel, t.touchpoint, (DATE '2026-06-01' - to_months(m::INTEGER))::DATE AS month,
    (1000 + hash(t.touchpoint, m) % 5000)::BIGINT AS interactions, 800::BIGINT AS inbound_interactions, 500::BIGINT AS profiles, 0.6 AS identified_share,
    (hash(m, t.touchpoint) % 90)::BIGINT AS orders, (hash(m, t.touchpoint) % 9000)::DECIMAL(18, 2) AS revenue_amount, 'USD' AS currency
    FROM insights.touchpoints t, range(24) r(m);
CREATE TABLE insights.feedback AS SELECT touchpoint, channel, month, 100::BIGINT AS n, 100::BIGINT AS n_nps, 50::BIGINT AS promoters,
    30::BIGINT AS passives, 20::BIGINT AS detractors, 30.0 AS nps, 50::BIGINT AS n_csat, 80.0 AS csat FROM insights.touchpoint_kpis;
CREATE TABLE insights.service_kpis AS SELECT 'month' AS period, month AS period_start, channel, team, touchpoint AS queue, 'all' AS segment,
    10::BIGINT AS tickets, 2::BIGINT AS backlog, 12.0 AS median_first_reply_business_minutes, 300.0 AS median_resolution_business_minutes,
    0.1 AS first_reply_breach_share_business FROM insights.touchpoint_kpis, (VALUES ('all'), ('a'), ('b')) t(team)
    UNION ALL SELECT DISTINCT 'month', month, channel, 'all', 'all', 'all', 100, 20, 12.0, 300.0, 0.1 FROM insights.touchpoint_kpis;
CREATE TABLE insights.scorecards AS SELECT 'metric_' || m AS metric, 'Metric ' || m AS title, 'share' AS unit, touchpoint, 'month' AS period,
    month AS period_start, true AS is_complete, 0.5 AS value, 0.4 AS previous_value, 'better' AS trend, 0.6 AS target, 'missed' AS status,
    100::BIGINT AS n FROM insights.touchpoint_kpis, range(20) t(m);
CREATE TABLE insights.recurring_problems AS SELECT n AS rank, 'topic_' || n AS topic, 'touchpoint_' || n AS touchpoint, 9::BIGINT AS texts,
    8::BIGINT AS profiles, 0.5 AS severity, TIMESTAMP '2026-06-01' AS last_named_at FROM range(80) t(n);
CREATE TABLE insights.journeys AS SELECT a.touchpoint, b.touchpoint AS next_touchpoint, 10::BIGINT AS transitions, 9::BIGINT AS profiles,
    5.0 AS median_hours, 0.01 AS share FROM insights.touchpoints a, insights.touchpoints b;
CREATE TABLE quality.checks AS SELECT 'check_' || n AS check_name, 'Rows that should not be' AS description, $as_of::DATE AS as_of,
    0::BIGINT AS failures, true AS is_passed FROM range(12) t(n);
CREATE TABLE quality.identity AS SELECT m AS metric, $as_of::DATE AS as_of, 0.9::DOUBLE AS value
    FROM (VALUES ('match_rate'), ('records'), ('profiles')) t(m);
CREATE TABLE quality.ingest AS SELECT 'source_' || s AS source, 'object_' || s % 3 AS object, (DATE '2026-06-30' - d::INTEGER)::DATE AS dt,
    'source_' || s || '/file-' || d AS file, 1000::BIGINT AS rows_delivered, 999::BIGINT AS rows_raw, 1::BIGINT AS rows_quarantined,
    true AS is_reconciled, 'ok' AS status, '' AS message, 'invalid JSON: 1' AS quarantine_reasons FROM range(45) t(s), range(365) r(d);

CREATE TABLE pii.golden_record AS SELECT profile_id, given AS given_name, family AS family_name, given || ' ' || family AS full_name,
    NULL::VARCHAR AS native_name, DATE '1980-01-01' + (i % 9000)::INTEGER AS birth_date, 'female' AS gender, 'user' || i || '@example.com' AS email,
    '+1202' || lpad((i % 10000000)::VARCHAR, 7, '0') AS phone, i || ' Elm Street' AS street, NULL::VARCHAR AS unit, 'Springfield' AS locality,
    'R' || i % 40 AS region, lpad((i % 99999)::VARCHAR, 5, '0') AS postcode, country, 'en' AS language, NULL::VARCHAR AS organisation,
    3::BIGINT AS n_records, 3::BIGINT AS n_sources, first_seen_at, first_seen_at AS last_seen_at FROM people ORDER BY hash(i, 9);
CREATE TABLE pii.records AS SELECT profile_id, record_id, source, 'people' AS object, 'person' AS entity_type, given AS given_name,
    family AS family_name, given || ' ' || family AS full_name, NULL::VARCHAR AS native_name, NULL::VARCHAR AS organisation,
    NULL::DATE AS birth_date, 'female' AS gender, i || ' Elm Street' AS street, NULL::VARCHAR AS unit, 'Springfield' AS locality, NULL::VARCHAR AS region,
    NULL::VARCHAR AS postcode, country, 'en' AS language, false AS is_guest, first_seen_at AS created_at, first_seen_at AS updated_at FROM records;
CREATE TABLE pii.search_index AS SELECT given || ' ' || family AS term, 'name' AS kind, profile_id FROM people
    UNION ALL SELECT family || ' ' || given, 'name', profile_id FROM people
    UNION ALL SELECT 'office' || i // 20 || '@example.com', 'email', profile_id FROM people WHERE i % 10 = 0;
CREATE TABLE pii.identifiers AS SELECT profile_id, record_id, kind, CASE kind WHEN 'external_id' THEN source ELSE '' END AS namespace, value AS value_raw,
    value, kind <> 'device_id' AS is_trusted, NULL::VARCHAR AS reason, first_seen_at, first_seen_at AS last_seen_at FROM (
    SELECT *, 'email' AS kind, 'user' || i || '@example.com' AS value FROM records
    UNION ALL SELECT *, 'phone', '+1202' || lpad((i % 10000000)::VARCHAR, 7, '0') FROM records WHERE k < 2
    UNION ALL SELECT *, 'external_id', 'x' || (i * 3 + k) FROM records
    UNION ALL SELECT *, 'device_id', 'd' || i // 3 FROM records WHERE k = 0);
CREATE TABLE pii.edges AS SELECT a.profile_id, a.record_id AS record_id_l, b.record_id AS record_id_r, 12.0 AS match_weight,
    0.999 AS match_probability, 'probabilistic' AS kind, 'score' AS rule, 'm1' AS model_version
    FROM records a JOIN records b ON a.i = b.i AND a.k < b.k;
CREATE TABLE pii.review_queue AS SELECT 'crm:people:' || i * 3 AS record_id_l, 'shop:people:' || ((i + 1) % $profiles) * 3 + 1 AS record_id_r,
    profile_id AS profile_id_l, pid((i + 1) % $profiles) AS profile_id_r, 1.0 AS match_weight, 0.5 AS match_probability,
    'below_threshold' AS reason, (hash(i, 30) % 1000) / 10.0 AS worth,
    row_number() OVER (ORDER BY hash(i, 30) % 1000 DESC, i) AS place FROM people WHERE i % 4 = 0;
CREATE TABLE pii.timeline AS SELECT profile_id, 'i' || i || '-' || n AS interaction_id,
    first_seen_at + to_hours((hash(i, n, 40) % 9000)::INTEGER) AS occurred_at, pick(['website', 'store', 'email', 'phone'], i + n, 41) AS channel,
    'touchpoint_' || (i + n) % 90 AS touchpoint, 'purchase' AS interaction_type, 'inbound' AS direction, 'shop' AS source, 12.5::DECIMAL(18, 2) AS amount,
    'USD' AS currency, 'sku' || n AS product_id, NULL::VARCHAR AS campaign_id FROM people, range($interactions) t(n);
DROP TABLE records; DROP TABLE people;
