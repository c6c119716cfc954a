with versions as (
    {{ latest_by_key(source('mailchimp', 'campaigns'), ['campaign_id']) }}
)

select
    trim(campaign_id) as campaign_id,
    trim(title) as title,
    subject,
    sent_at,
    _dt as delivered_date
from versions
