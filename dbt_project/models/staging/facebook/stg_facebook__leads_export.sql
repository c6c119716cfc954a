with versions as (
    {{ latest_by_key(source('facebook', 'leads_export'), ['lead_id']) }}
)

select
    lead_id,
    submitted_at,
    ad_id,
    campaign_id,
    campaign_name,
    form_id,
    is_organic,
    platform,
    {%- for column in ['email', 'work_email', 'phone', 'work_phone', 'company_name', 'street', 'city', 'state', 'postcode', 'country', 'date_of_birth'] %}
    {{ clean_text(column) }} as {{ column }},
    {%- endfor %}
    {{ clean_name('full_name') }} as full_name,
    {{ clean_name('first_name') }} as first_name,
    {{ clean_name('last_name') }} as last_name,
    lower(gender) as gender,
    lead_status,
    _dt as delivered_date
from versions
