with versions as (
    {{ first_by_key(source('mailchimp', 'campaign_recipients'), ['campaign_id', 'list_id', 'member_id']) }}
)

select
    trim(campaign_id) as campaign_id,
    trim(list_id) as list_id,
    lower(trim(member_id)) as member_id,
    _dt as delivered_date
from versions
