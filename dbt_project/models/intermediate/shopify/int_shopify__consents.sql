-- What customers said about marketing; "not subscribed" is silence.
{% for channel in ['email', 'sms'] %}
select
    record_id,
    '{{ channel }}' as channel,
    case lower({{ json_text(channel ~ '_consent', '$.state') }}) when 'subscribed' then 'granted' else 'denied' end as state,
    coalesce({{ iso_to_timestamp(json_text(channel ~ '_consent', '$.consent_updated_at')) }}, updated_at) as occurred_at,
    'shopify' as source
from {{ ref('int_shopify__customers') }}
where lower({{ json_text(channel ~ '_consent', '$.state') }}) in ('subscribed', 'unsubscribed', 'redacted')
union all
select
    record_id,
    '{{ channel }}' as channel,
    'granted' as state,
    cast(exported_date as timestamp) as occurred_at,
    'shopify' as source
from {{ ref('int_shopify__customers') }}
where
    is_{{ channel }}_subscribed
    and {{ channel }}_consent is null
{{ "union all" if not loop.last }}
{% endfor %}
