{{ config(alias='touchpoints') }}
select
    source,
    channel,
    touchpoint,
    count(*) as interactions,
    count(*) filter (where direction = 'inbound') as inbound_interactions,
    count(distinct profile_id) as profiles,
    round(count(profile_id) / cast(count(*) as double), 6) as identified_share,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at
from {{ ref('int_interactions_profiled') }}
group by source, channel, touchpoint
