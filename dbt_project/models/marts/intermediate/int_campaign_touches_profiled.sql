select
    touches.touch_id,
    members.profile_id,
    touches.source,
    touches.campaign_id,
    touches.campaign_name,
    touches.channel,
    touches.touchpoint,
    touches.touch_type,
    touches.occurred_at
from {{ ref('campaign_touches') }} as touches
left join {{ ref('stg_identity__profile_members') }} as members on touches.record_id = members.record_id
where touches.occurred_at < {{ as_of_end() }}
