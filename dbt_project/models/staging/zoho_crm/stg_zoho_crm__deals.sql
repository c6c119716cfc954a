with versions as (
    {{ latest_by_key(source('zoho_crm', 'deals'), ['deal_id'], updated_at='updated_at') }}
)

select
    trim(deal_id) as deal_id,
    deal_name,
    trim(contact_id) as contact_id,
    trim(account_id) as account_id,
    amount,
    upper(trim(currency)) as currency,
    stage,
    case
        when lower(stage) like '%won%' or stage like '%赢单%' then 'won'
        when lower(stage) like '%lost%' or stage like '%输单%' then 'lost'
        else 'open'
    end as outcome,
    closing_date as closed_at,
    {{ clean_text('campaign_id') }} as campaign_id,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
