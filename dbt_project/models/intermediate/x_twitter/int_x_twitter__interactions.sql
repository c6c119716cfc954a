select
    'x_twitter:posts:' || talk.post_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'x_post'",
        'direction': "case when talk.is_brand then 'outbound' else 'inbound' end",
        'interaction_type': 'talk.post_type',
        'occurred_at': 'talk.posted_at',
        'properties': json_object({
            'language': 'talk.language', 'reposts': 'talk.reposts', 'replies': 'talk.replies', 'likes': 'talk.likes'
        })
    }) }}
from {{ ref('int_x_twitter__talk') }} as talk
left join {{ ref('int_x_twitter__people') }} as people on talk.user_id = people.user_id
union all
select
    'x_twitter:dm_events:' || messages.event_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'x_message'",
        'direction': "case when messages.is_brand then 'outbound' else 'inbound' end",
        'interaction_type': "'message'",
        'occurred_at': 'messages.created_at'
    }) }}
from {{ ref('int_x_twitter__direct_messages') }} as messages
left join {{ ref('int_x_twitter__people') }} as people on messages.user_id = people.user_id
