-- The marts of the company, over views of its records and of what the identity step made of them.
create schema profiles; create schema segments; create schema features; create schema insights; create schema quality;
create schema pii;
create view people as select m.profile_id, min(r.native_id::integer) as n, count(*) as n_records,
    count(distinct r.source) as n_sources, list(distinct r.source order by r.source) as sources,
    min(r.created_at) as first_seen_at, max(r.created_at) + interval 90 day as last_seen_at,
    max(r.given_name) as given_name, max(r.family_name) as family_name, max(r.full_name) as full_name,
    max(r.native_name) as native_name, max(r.birth_date)::date as birth_date, max(r.street) as street
    from members m join customer_records r using (record_id) group by m.profile_id;

create table profiles.profile_members as select record_id, profile_id, since, split_part(record_id, ':', 1) as source
    from members;
create table profiles.customer_profile as select profile_id, 'person' as entity_type, 'X. Y.' as initials,
    'p***@mail.example' as email_masked, '+1202***' as phone_masked, year(birth_date) as birth_year, null::varchar as gender,
    'US' as country, null::varchar as region, '62' as postcode_prefix, 'en' as language, n_records, n_sources, sources,
    first_seen_at, last_seen_at, 'h' || n // 2 as household_id from people;
create table profiles.households as select 'h' || n // 2 as household_id, profile_id, 2 as n_members from people;
create table profiles.profile_events as select 'e' || n as event_id, date '2024-01-31' as as_of, 'r' as run_id,
    'created' as event, profile_id, null::varchar as related_profile_id, 'new cluster' as reason from people;
create table profiles.profile_aliases as select 'retired-' || n as alias_profile_id, profile_id from people where n = 9
    union all select 'erased-1', null;
create table profiles.consent as select profile_id, 'marketing' as purpose, channel,
    case channel when 'sms' then 'denied' else 'granted' end as state, 'crm' as source, first_seen_at as occurred_at
    from people, (values ('email'), ('sms')) c(channel) where n < 20;
create table profiles.attribute_provenance as select profile_id, attribute, 'crm:people:' || n as record_id,
    'crm' as source, 'source_priority' as rule, n_records as n_candidates, 1 as n_agreeing
    from people, (values ('name'), ('address'), ('email')) a(attribute);

create table segments.definition as from (values
    ('early', 'Early customers', 'Came in the first year.', 'crm', 'marketing', 'tenure_days > 900', 'v1', 1),
    ('buyers', 'Buyers', 'Bought anything at all.', 'shop', 'marketing', 'orders_total > 0', 'v1', 1),
    ('nobody', 'Nobody', 'An empty segment.', 'crm', 'service', 'false', 'v1', 1))
    t(segment, title, description, owner, purpose, condition, definition_version, version);
create table segments.membership as select profile_id, segment, date '2023-12-01' + (n % 40)::integer as entered_at,
    case when n = 39 then date '2024-01-30' end as exited_at, 'v1' as definition_version
    from people, (values ('early'), ('buyers')) s(segment) where (segment = 'early' and n < 12) or segment = 'buyers';
create table segments.current as select profile_id, segment from segments.membership where exited_at is null;
create table segments.summary as select segment, date '2024-01-31' as as_of,
    count(*) filter (exited_at is null) as members, count(*) filter (exited_at is null) / 40.0 as share,
    count(*) filter (entered_at >= '2024-01-05') as entered, count(exited_at) as exited,
    100.0::decimal(18, 2) as average_net_amount_12m from segments.membership group by segment;
alter table segments.definition add column on_breach varchar default 'warn';
alter table segments.summary add column breach varchar;
create table segments.definition_versions as select segment, definition_version, date '2023-12-01' as valid_from,
    null::date as valid_to from segments.definition;
create table segments.events as select row_number() over (order by entered_at, segment, profile_id) as cursor, profile_id,
    segment, 'entered' as event, entered_at as as_of, 'condition' as reason, definition_version from segments.membership;
create table segments.overlap as select a.segment as segment_a, b.segment as segment_b, count(*) as members_both
    from segments.current a join segments.current b on a.profile_id = b.profile_id and a.segment <> b.segment
    group by all;
create table features.profile_features as select profile_id, date '2024-01-31' as as_of, (n % 7)::bigint as orders_12m,
    (n * 10.5)::decimal(18, 2) as net_amount_12m, n::bigint as recency_days, 0.5 as online_order_share,
    n % 2 = 0 as is_email_marketing_allowed, year(birth_date) as birth_year, 'tea' as top_category from people;
create table features.product_affinity as select profile_id, 'tea' as product_category from people;
create table features.product_neighbours as select 'tea' as product_id, 'pot' as neighbour_product_id;

create table insights.touchpoints as from (values
    ('web_cart', 'website', 'delivering', 900, 90, 30, 0.5, 12.5), ('store_till', 'store', 'stale', 300, 0, 20, 0.9, null),
    ('support_call', 'phone', 'silent', 0, 0, 0, null, null)) t(touchpoint, channel, status, interactions,
    interactions_30d, profiles, identified_share, cost_amount);
alter table insights.touchpoints add column purpose varchar default 'What it is for';
alter table insights.touchpoints add column sources varchar default 'shop';
alter table insights.touchpoints add column currency varchar default 'USD';
alter table insights.touchpoints add column last_seen_at timestamp default timestamp '2024-01-30';
create table insights.touchpoint_kpis as select channel, touchpoint, month::date as month, 100 + month(month) as interactions,
    20 as profiles, 5 as orders, 250.0::decimal(18, 2) as revenue_amount, 'USD' as currency
    from insights.touchpoints, generate_series(timestamp '2023-06-01', timestamp '2024-01-01', interval 1 month) m(month)
    where interactions > 0;
create table insights.feedback as select touchpoint, channel, month, 10 as n, 5 as promoters, 3 as passives,
    2 as detractors, 10 as n_nps, 4 as n_csat, 75.0 as csat from insights.touchpoint_kpis;
create table insights.service_kpis as select 'month' as period, month as period_start, channel, 'all' as team,
    'all' as queue, 'all' as segment, 10 as tickets, 2 as backlog, 12.0 as median_first_reply_business_minutes,
    4000.0 as median_resolution_business_minutes, 0.25 as first_reply_breach_share_business from insights.touchpoint_kpis
    union all select 'month', month, 'all', 'all', 'all', 'all', 99, 99, 1, 1, 1 from insights.touchpoint_kpis;
create table insights.scorecards as from (values
    ('reply_time', 'First reply', 'minutes', 'all', 90.0, 60.0, 'worse', 45.0, 'missed'),
    ('nps', 'NPS', 'points', 'all', 30.0, 20.0, 'better', 25.0, 'met'),
    ('nps', 'NPS', 'points', 'web_cart', 10.0, null, null, null, 'no_target'))
    t(metric, title, unit, touchpoint, value, previous_value, trend, target, status);
alter table insights.scorecards add column period varchar default 'month';
alter table insights.scorecards add column period_start date default date '2023-12-01';
alter table insights.scorecards add column is_complete boolean default true;
alter table insights.scorecards add column n bigint default 50;
create table insights.recurring_problems as select 1 as rank, 'late_delivery' as topic, 'web_cart' as touchpoint,
    'website' as channel, 12 as texts, 9 as profiles, 0.5 as severity, timestamp '2024-01-20' as last_named_at;
create table insights.consistency as from (values ('birth_date', 'crm', 'shop', 40, 0.125), ('phone', 'crm', 'shop', 9, 0.9))
    t(attribute, source_l, source_r, profiles, disagreement_share);
create table insights.journeys as select 'web_cart' as touchpoint, 'store_till' as next_touchpoint, 17 as transitions,
    0.4 as share;
create table quality.checks as from (values
    ('record_in_one_profile', 'Records that are members of more than one profile', date '2024-01-31', 0, true, 'error'),
    ('event_after_as_of', 'Events later than the as-of', date '2024-01-31', 6, false, 'warn'),
    ('segment_sizes_within_bounds', 'Segments beyond a bound', date '2024-01-31', 0, true, 'gate'),
    ('files_reconcile', 'Files whose rows do not add up', date '2024-01-31', 1, false, 'error'))
    t(check_name, description, as_of, failures, is_passed, severity);
create table quality.model_drift as from (values ('records', 60.0, 60.0, null, 'ok'),
    ('completeness:email', 0.5, 0.4, 0.12, 'watch'), ('match_rate', 0.2, 0.5, 0.36, 'retrain'))
    t(measure, trained_value, current_value, psi, verdict);
create table quality.identity as from (values ('match_rate', 0.5), ('records', 60.0)) t(metric, value);
alter table quality.identity add column as_of date default date '2024-01-31';
create table quality.ingest as select source, 'people' as object, dt::date as dt, source || '/people/' || dt::date as file,
    100 as rows_delivered, 97 as rows_raw, 3 as rows_quarantined, source = 'crm' or dt < '2024-01-30' as is_reconciled,
    'ok' as status, '' as message, 'invalid JSON: 2, missing key id: 1' as quarantine_reasons
    from (values ('crm'), ('shop')) s(source),
    generate_series(timestamp '2024-01-20', timestamp '2024-01-31', interval 1 day) d(dt);

create table pii.golden_record as select profile_id, given_name, family_name,
    coalesce(full_name, given_name || ' ' || family_name) as full_name, native_name, birth_date, null::varchar as gender,
    'person' || n || '@mail.example' as email, '+1202555' || (1000 + n) as phone, street, null::varchar as unit,
    'Springfield' as locality, null::varchar as region, '62701' as postcode, 'US' as country, 'en' as language,
    null::varchar as organisation, n_records, n_sources, first_seen_at, last_seen_at from people;
create table pii.records as select m.profile_id, r.record_id, r.source, r.object, r.entity_type, r.given_name,
    r.family_name, r.full_name, r.native_name, r.organisation, r.birth_date::date as birth_date, r.gender, r.street,
    r.unit, r.locality, r.region, r.postcode, r.country, 'en' as language, false as is_guest, r.created_at,
    r.created_at as updated_at from customer_records r join members m using (record_id);
create table pii.search_index as
    select distinct term, kind, profile_id from (
        select given_name || ' ' || family_name as term, 'name' as kind, profile_id from people
        union all select family_name || ' ' || given_name, 'name', profile_id from people
        union all select native_name, 'name', profile_id from people
        union all select unnest(['wang xiaoming', 'lu fang']), 'name', profile_id from people where n = 8
        union all select '+12025551010', 'phone', profile_id from people where n in (10, 12)
        union all select 'L' || n // 2, 'loyalty_id', profile_id from people where n < 6) where term is not null;
create table pii.identifiers as select m.profile_id, i.* from identifiers i join members m using (record_id)
    union all select profile_id, 'crm:people:' || n, 'phone', '', '+12025551010', '+12025551010', false, 'shared_phone',
    timestamp '2023-01-01', timestamp '2024-01-01' from people where n in (10, 12);
create table pii.edges as select m.profile_id, e.* from edges e join members m on m.record_id = e.record_id_l;
create table pii.review_queue as select q.record_id_l, q.record_id_r, a.profile_id as profile_id_l,
    b.profile_id as profile_id_r, q.match_weight, q.match_probability, q.reason, q.worth,
    row_number() over (order by q.worth desc, q.record_id_l) as place from queue q
    join members a on a.record_id = q.record_id_l join members b on b.record_id = q.record_id_r;
create table pii.timeline as select profile_id, 'i' || n || '-' || k as interaction_id,
    timestamp '2023-06-01' + to_hours((k * 30)::integer) as occurred_at, ['website', 'store', 'email'][1 + k % 3] as channel,
    ['web_cart', 'store_till', 'marketing_email'][1 + k % 3] as touchpoint,
    ['product_added', 'purchase', 'email_sent'][1 + k % 3] as interaction_type,
    ['inbound', 'inbound', 'outbound'][1 + k % 3] as direction, ['shop', 'crm', 'crm'][1 + k % 3] as source,
    case k % 3 when 1 then 12.5::decimal(18, 2) end as amount, case k % 3 when 1 then 'USD' end as currency,
    null::varchar as product_id, null::varchar as campaign_id
    from people, range(120) t(k) where n = 0 or k < 2;
