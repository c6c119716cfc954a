-- A device may serve several people: its id is evidence at most.
with seen as (
    select
        record_id,
        case when not is_user_id_email then known_user_id end as customer_no,
        case when is_user_id_email then known_user_id end as user_id_email,
        email,
        phone,
        anonymous_id,
        advertising_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_web_events__calls') }}
    where record_id is not null
    group by all
),

aliases as (
    select
        *,
        case when not is_user_id_email then known_user_id end as customer_no,
        case when is_user_id_email then known_user_id end as user_id_email,
        occurred_at as created_at,
        occurred_at as updated_at
    from {{ ref('int_web_events__aliases') }}
),

snowplow as (
    select
        record_id,
        case when not is_user_id_email then known_user_id end as customer_no,
        case when is_user_id_email then known_user_id end as user_id_email,
        device,
        apple_idfa,
        android_idfa,
        apple_idfv,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_web_events__snowplow') }}
    where record_id is not null
    group by all
),

ga4 as (
    select
        record_id,
        case when not is_user_id_email then known_user_id end as customer_no,
        case when is_user_id_email then known_user_id end as user_id_email,
        device,
        advertising_id,
        vendor_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_web_events__ga4') }}
    where record_id is not null
    group by all
)
{%- set person = [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'},
    {'kind': 'email', 'column': 'user_id_email'}
] %}
{{ identifier_rows('seen', person + [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    device_entry('anonymous_id', 'web', 'anonymous_id'),
    device_entry('device_id', 'advertising', 'advertising_id')
]) }}
union all
{{ identifier_rows('aliases', person + [
    {'kind': 'email', 'column': 'previous_email', 'reason': "'unverified'"},
    device_entry('anonymous_id', 'web', 'anonymous_id')
]) }}
union all
{{ identifier_rows('snowplow', person + [
    device_entry('anonymous_id', 'snowplow', 'device'),
    device_entry('device_id', 'advertising', 'apple_idfa'),
    device_entry('device_id', 'advertising', 'android_idfa'),
    device_entry('device_id', 'vendor', 'apple_idfv')
]) }}
union all
{{ identifier_rows('ga4', person + [
    device_entry('anonymous_id', 'ga4', 'device'),
    device_entry('device_id', 'advertising', 'advertising_id'),
    device_entry('device_id', 'vendor', 'vendor_id')
]) }}
