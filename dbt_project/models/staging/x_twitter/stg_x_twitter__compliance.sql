with versions as (
    {{ first_by_key(source('x_twitter', 'compliance'), ['post_id']) }}
)

select
    post_id,
    action,
    redacted_at,
    _dt as delivered_date
from versions
