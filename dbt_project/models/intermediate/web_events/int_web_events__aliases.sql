{{ config(materialized='table') }}
-- alias calls: an id that a person used before, which is a device's or the e-mail address the site took for an id.
with aliases as (
    select
        message_id,
        nullif(anonymous_id, '') as anonymous_id,
        {{ known_user_id('user_id') }} as known_user_id,
        {{ known_user_id('previous_id') }} as previous_id,
        least(occurred_at, coalesce(received_at, occurred_at)) as occurred_at,
        delivered_date
    from {{ ref('stg_web_events__segment') }}
    where call_type = 'alias'
)

select
    message_id,
    case
        when known_user_id like '%@%' then 'web_events:users:' || {{ keyed_hash(['lower(known_user_id)']) }}
        else 'web_events:users:' || known_user_id
    end as record_id,
    known_user_id,
    known_user_id like '%@%' as is_user_id_email,
    case when previous_id not like '%@%' then coalesce(previous_id, anonymous_id) else anonymous_id end as anonymous_id,
    case when previous_id like '%@%' then previous_id end as previous_email,
    occurred_at,
    delivered_date
from aliases
where known_user_id is not null
