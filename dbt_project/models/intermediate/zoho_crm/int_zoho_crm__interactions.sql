select
    'zoho_crm:calls:' || call_id as interaction_id,
    'zoho_crm:contacts:' || contact_id as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_call'",
        'direction': "case when lower(call_type) = 'outbound' then 'outbound' else 'inbound' end",
        'interaction_type': "'call'",
        'occurred_at': 'started_at',
        'properties': json_object({'duration_seconds': 'duration_seconds', 'result': 'call_result'})
    }) }}
from {{ ref('stg_zoho_crm__calls') }}
union all
select
    'zoho_crm:leads:' || lead_id as interaction_id,
    'zoho_crm:leads:' || lead_id as record_id,
    {{ interaction_columns({
        'touchpoint': "case when " ~ regexp_like('lower(lead_source)', 'trade show|seminar|conference|event|展会') ~ " then 'trade_fair_lead'"
            ~ " when " ~ regexp_like('lower(lead_source)', 'web|download|online store|form') ~ " then 'web_download'"
            ~ " when " ~ regexp_like('lower(lead_source)', 'mail(ing|er)|catalog|letter') ~ " then 'direct_mail'"
            ~ " else 'sales_lead' end",
        'interaction_type': "'lead_created'",
        'occurred_at': 'coalesce(created_at, updated_at)',
        'properties': json_object({'lead_source': 'lead_source', 'lead_status': 'lead_status'})
    }) }}
from {{ ref('stg_zoho_crm__leads') }}
