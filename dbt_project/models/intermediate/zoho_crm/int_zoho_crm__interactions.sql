-- A call may be with a lead.
select
    'zoho_crm:calls:' || calls.call_id as interaction_id,
    coalesce(people.record_id, 'zoho_crm:contacts:' || calls.contact_id) as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_call'",
        'direction': "case when lower(call_type) = 'outbound' then 'outbound' else 'inbound' end",
        'interaction_type': "'call'",
        'occurred_at': 'started_at',
        'properties': json_object({'duration_seconds': 'duration_seconds', 'result': 'call_result'})
    }) }}
from {{ ref('stg_zoho_crm__calls') }} as calls
left join {{ ref('int_zoho_crm__people') }} as people on calls.contact_id = people.native_id
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
union all
-- An opportunity is no sale: its amount is told, not counted.
select
    'zoho_crm:deals:' || deal_id || ':created' as interaction_id,
    coalesce('zoho_crm:contacts:' || contact_id, 'zoho_crm:accounts:' || account_id) as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_deal'",
        'direction': "'outbound'",
        'interaction_type': "'deal_created'",
        'occurred_at': 'created_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'deal_id': 'deal_id', 'deal_amount': 'amount', 'currency': 'currency', 'stage': 'stage'})
    }) }}
from {{ ref('stg_zoho_crm__deals') }}
where created_at is not null
union all
select
    'zoho_crm:deals:' || deal_id || ':closed' as interaction_id,
    coalesce('zoho_crm:contacts:' || contact_id, 'zoho_crm:accounts:' || account_id) as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_deal'",
        'interaction_type': "'deal_' || outcome",
        'occurred_at': 'coalesce(closed_at, updated_at)',
        'campaign_id': 'campaign_id',
        'properties': json_object({'deal_id': 'deal_id', 'deal_amount': 'amount', 'currency': 'currency', 'stage': 'stage'})
    }) }}
from {{ ref('stg_zoho_crm__deals') }}
where outcome <> 'open'
union all
select
    'zoho_crm:events:' || event_id || ':' || cast(seat as varchar) as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_meeting'",
        'direction': "'outbound'",
        'interaction_type': "'meeting'",
        'occurred_at': 'started_at',
        'properties': json_object({'event_id': 'event_id'})
    }) }}
from {{ ref('int_zoho_crm__meetings') }}
union all
-- To-dos count when they are done; a note is staff's text and no word of it goes along.
select
    'zoho_crm:tasks:' || tasks.task_id as interaction_id,
    coalesce(who.record_id, what.record_id) as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_follow_up'",
        'direction': "'outbound'",
        'interaction_type': "'task_completed'",
        'occurred_at': 'tasks.closed_at'
    }) }}
from {{ ref('stg_zoho_crm__tasks') }} as tasks
left join {{ ref('int_zoho_crm__people') }} as who on tasks.who_id = who.native_id
left join {{ ref('int_zoho_crm__people') }} as what on tasks.what_id = what.native_id
where tasks.is_completed
union all
select
    'zoho_crm:notes:' || notes.note_id as interaction_id,
    coalesce(people.record_id, 'zoho_crm:contacts:' || deals.contact_id, 'zoho_crm:accounts:' || deals.account_id) as record_id,
    {{ interaction_columns({
        'touchpoint': "'sales_follow_up'",
        'direction': "'outbound'",
        'interaction_type': "'note_taken'",
        'occurred_at': 'notes.created_at'
    }) }}
from {{ ref('stg_zoho_crm__notes') }} as notes
left join {{ ref('int_zoho_crm__people') }} as people on notes.parent_id = people.native_id
left join {{ ref('stg_zoho_crm__deals') }} as deals on notes.parent_id = deals.deal_id
