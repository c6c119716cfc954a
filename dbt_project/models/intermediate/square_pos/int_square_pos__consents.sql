-- Not unsubscribed is no grant.
select
    record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'square_pos' as source
from {{ ref('int_square_pos__customers') }}
where is_email_unsubscribed
