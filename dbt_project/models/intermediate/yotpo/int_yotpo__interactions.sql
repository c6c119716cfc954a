{%- set kinds = {'sent': 'outbound', 'opened': 'inbound', 'clicked': 'inbound', 'bounced': 'inbound', 'unsubscribed': 'inbound'} %}
{%- for touch, direction in kinds.items() %}
select
    'yotpo:request_log:' || request_id || ':{{ touch }}' as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'review_request'",
        'direction': "'" ~ direction ~ "'",
        'interaction_type': "'email_" ~ touch ~ "'",
        'occurred_at': touch ~ '_at',
        'product_id': 'sku',
        'campaign_id': 'email_type'
    }) }}
from {{ ref('int_yotpo__requests') }}
where {{ touch }}_at is not null
{{ "union all" if not loop.last }}
{%- endfor %}
