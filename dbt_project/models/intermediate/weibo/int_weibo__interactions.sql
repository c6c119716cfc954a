select
    'weibo:comments:' || comments.comment_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'weibo_comment'",
        'direction': "case when comments.user_id in " ~ brand_accounts() ~ " then 'outbound' else 'inbound' end",
        'interaction_type': "'comment'",
        'occurred_at': 'comments.occurred_at',
        'properties': json_object({
            'post_id': 'comments.post_id',
            'is_own_post': "comments.post_author_id in " ~ brand_accounts(),
            'reply_to': 'comments.reply_to',
            'likes': 'comments.likes'
        })
    }) }}
from {{ ref('stg_weibo__comments') }} as comments
left join {{ ref('int_weibo__people') }} as people on comments.user_id = people.user_id
union all
select
    'weibo:mentions:' || posts.post_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'weibo_mention'",
        'direction': "case when posts.user_id in " ~ brand_accounts() ~ " then 'outbound' else 'inbound' end",
        'interaction_type': "case when posts.reposted_id is null then 'mention' else 'repost' end",
        'occurred_at': 'posts.occurred_at',
        'properties': json_object({
            'reposts': 'posts.reposts', 'comments': 'posts.comments', 'likes': 'posts.likes', 'is_truncated': 'posts.is_truncated'
        })
    }) }}
from {{ ref('stg_weibo__mentions') }} as posts
left join {{ ref('int_weibo__people') }} as people on posts.user_id = people.user_id
union all
select
    'weibo:messages:' || messages.message_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "case when messages.message_type = 'event' then 'weibo_account' else 'weibo_message' end",
        'direction': "case when messages.is_inbound then 'inbound' else 'outbound' end",
        'interaction_type': "case when messages.message_type <> 'event' then 'message' else coalesce(messages.event_type, 'event') end",
        'occurred_at': 'messages.occurred_at',
        'properties': json_object({'message_type': 'messages.message_type'})
    }) }}
from {{ ref('int_weibo__dialogue') }} as messages
left join {{ ref('int_weibo__people') }} as people on messages.user_id = people.user_id
