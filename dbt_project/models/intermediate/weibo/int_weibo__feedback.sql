-- What people write in public; the brand's own answers are no feedback.
{% for posts, survey_type, id in [('comments', 'comment', 'comment_id'), ('mentions', 'mention', 'post_id')] %}
select
    'weibo:{{ posts }}:' || posts.{{ id }} as feedback_id,
    'weibo' as source,
    people.record_id,
    '{{ survey_type }}' as survey_type,
    cast(null as bigint) as score,
    posts.content as comment,
    posts.occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_weibo__' ~ posts) }} as posts
left join {{ ref('int_weibo__people') }} as people on posts.user_id = people.user_id
where
    posts.content is not null
    and coalesce(posts.user_id, '') not in {{ brand_accounts() }}
{{ 'union all' if not loop.last }}
{% endfor %}
