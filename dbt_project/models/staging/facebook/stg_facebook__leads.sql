with versions as (
    {{ first_by_key(source('facebook', 'leads'), ['lead_id']) }}
)

select
    trim(lead_id) as lead_id,
    submitted_at,
    trim(ad_id) as ad_id,
    trim(campaign_id) as campaign_id,
    campaign_name,
    trim(form_id) as form_id,
    platform,
    is_organic,
    answers,
    disclaimers,
    _dt as delivered_date
from versions
