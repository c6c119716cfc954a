{{ config(materialized='table') }}
select
    events.*,
    customer_user_id like '%@%' as is_user_id_email,
    case
        when customer_user_id is null then null
        when customer_user_id like '%@%' then 'appsflyer:users:' || {{ keyed_hash(['lower(customer_user_id)']) }}
        else 'appsflyer:users:' || customer_user_id
    end as record_id,
    coalesce(types.interaction_type, events.event_name) as interaction_type,
    -- Organic installs had no ad.
    coalesce(lower(media_source), 'organic') <> 'organic' and touched_at is not null as has_ad
from {{ ref('stg_appsflyer__events') }} as events
left join {{ ref('web_event_types') }} as types on events.event_name = types.event_name
