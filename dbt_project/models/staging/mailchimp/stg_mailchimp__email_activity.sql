-- Flat rows as they are, and the API's `activity` of one address with one row per act.
with deliveries as (
    select *
    from {{ source('mailchimp', 'email_activity') }}
    where {{ delivered() }}
),

acts as (
    select
        campaign_id,
        list_id,
        member_id,
        email,
        action,
        bounce_type,
        occurred_at,
        url,
        _dt,
        _file,
        _line
    from deliveries
    where action is not null
    union all
    select
        deliveries.campaign_id,
        deliveries.list_id,
        deliveries.member_id,
        deliveries.email,
        {{ json_text('act.item', '$.action') }} as action,
        {{ json_text('act.item', '$.type') }} as bounce_type,
        {{ iso_to_timestamp(json_text('act.item', '$.timestamp')) }} as occurred_at,
        {{ json_text('act.item', '$.url') }} as url,
        deliveries._dt,
        deliveries._file,
        deliveries._line
    from deliveries
    {{ unnest_json('deliveries.activity', 'act') }}
    where deliveries.action is null
),

numbered as (
    select
        *,
        row_number() over (
            partition by campaign_id, lower(member_id), action, occurred_at, coalesce(url, '')
            order by _dt, _file, _line
        ) as _version_rank
    from acts
    where occurred_at is not null
)

select
    left({{ hex_digest("concat_ws('|', campaign_id, lower(member_id), action, cast(occurred_at as varchar), coalesce(url, ''))") }}, 24)
        as event_key,
    trim(campaign_id) as campaign_id,
    trim(list_id) as list_id,
    lower(trim(member_id)) as member_id,
    trim(email) as email,
    action,
    bounce_type,
    occurred_at,
    url,
    _dt as delivered_date
from numbered
where _version_rank = 1
