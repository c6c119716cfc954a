select
    interaction_id as touch_id,
    'lob' as source,
    record_id,
    campaign_id,
    campaign_id as campaign_name,
    'direct_mail' as touchpoint,
    touch_type,
    occurred_at
from {{ ref('int_lob__events') }}
where
    touch_type is not null
    and campaign_id is not null
    and occurred_at is not null
