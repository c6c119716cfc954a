{%- for touch in ['sent', 'opened', 'clicked', 'bounced', 'unsubscribed'] %}
select
    'yotpo:' || request_id || ':{{ touch }}' as touch_id,
    'yotpo' as source,
    record_id,
    email_type as campaign_id,
    email_type as campaign_name,
    'review_request' as touchpoint,
    '{{ touch }}' as touch_type,
    {{ touch }}_at as occurred_at
from {{ ref('int_yotpo__requests') }}
where {{ touch }}_at is not null
{{ "union all" if not loop.last }}
{%- endfor %}
