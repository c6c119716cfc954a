-- Live chats in which a bot took part and that ended by the as-of: contained (nobody was asked to take over and no
-- person answered) or handed over.
with ended as (
    select
        {{ json_text('properties', '$.conversation_id') }} as conversation_id,
        record_id,
        channel,
        touchpoint,
        occurred_at as ended_at,
        {{ json_text('properties', '$.is_bot_contained') }} = 'true' as is_contained
    from {{ ref('interactions') }}
    where
        interaction_type = 'chat_ended'
        and {{ known_by('occurred_at') }}
        and {{ json_text('properties', '$.has_bot') }} = 'true'
),

handovers as (
    select
        {{ json_text('properties', '$.conversation_id') }} as conversation_id,
        min(cast({{ json_text('properties', '$.handover_seconds') }} as bigint)) as handover_seconds
    from {{ ref('interactions') }}
    where interaction_type = 'bot_handover' and {{ known_by('occurred_at') }}
    group by 1
)

select
    ended.conversation_id,
    members.profile_id,
    coalesce(ended.channel, 'unknown') as channel,
    coalesce(ended.touchpoint, 'unknown') as queue,
    coalesce(own.team, other.team) as team,
    ended.ended_at,
    coalesce(ended.is_contained, false) as is_contained,
    handovers.conversation_id is not null as is_handed_over,
    handovers.handover_seconds
from ended
left join handovers on ended.conversation_id = handovers.conversation_id
left join {{ ref('stg_identity__profile_members') }} as members on ended.record_id = members.record_id
left join {{ ref('service_teams') }} as own on ended.touchpoint = own.touchpoint
left join {{ ref('service_teams') }} as other on other.touchpoint = '*'
