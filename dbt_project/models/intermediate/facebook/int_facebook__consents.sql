-- Disclaimers that a person ticked in a lead form.
select
    leads.record_id,
    'email' as channel,
    'granted' as state,
    leads.submitted_at as occurred_at,
    'facebook' as source
from {{ ref('int_facebook__lead_mentions') }} as leads
{{ unnest_json('leads.disclaimers', 'disclaimer') }}
where lower({{ json_text('disclaimer.item', '$.is_checked') }}) in ('1', 'true')
