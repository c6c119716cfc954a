{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'appends': true}
) }}
-- Calls with the person behind them. Some sites send the e-mail address as user id: then it is an e-mail, and the
-- record id holds its keyed hash.
with calls as (
    select
        *,
        {{ known_user_id('user_id') }} as known_user_id
    from {{ ref('stg_web_events__segment') }}
)

select
    message_id,
    call_type,
    nullif(anonymous_id, '') as anonymous_id,
    known_user_id,
    known_user_id like '%@%' as is_user_id_email,
    case
        when known_user_id is null then null
        when known_user_id like '%@%' then 'web_events:users:' || {{ keyed_hash(['lower(known_user_id)']) }}
        else 'web_events:users:' || known_user_id
    end as record_id,
    event,
    nullif(trim(email), '') as email,
    nullif(trim(phone), '') as phone,
    given_name,
    family_name,
    full_name,
    case when lower(gender) in ('female', 'f') then 'female' when lower(gender) in ('male', 'm') then 'male' end as gender,
    birthday,
    street,
    locality,
    region,
    postcode,
    country,
    properties,
    campaign_name,
    campaign_source,
    campaign_medium,
    page_path,
    page_url,
    referrer,
    device_type,
    {{ known_device_id('advertising_id') }} as advertising_id,
    locale,
    consent,
    -- A forged client clock can lie in the future, never the server's receipt.
    least(occurred_at, coalesce(received_at, occurred_at)) as occurred_at,
    delivered_date
from calls
where
    call_type not in ('group', 'alias')
    and not {{ is_robot('user_agent') }}
    {%- set last = last_appended() %}
    {%- if last %}
    and delivered_date > date '{{ last }}'
    {%- endif %}
