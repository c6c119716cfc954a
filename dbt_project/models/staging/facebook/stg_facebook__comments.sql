with versions as (
    {{ first_by_key(source('facebook', 'comments'), ['comment_id']) }}
)

select
    trim(comment_id) as comment_id,
    occurred_at,
    trim(from_id) as from_id,
    from_name,
    content,
    like_count,
    _dt as delivered_date
from versions
