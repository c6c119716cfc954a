-- The price of a leg or message is what the company pays, written as a negative number.
with prices as (
    select
        'calls' as object,
        'support_call' as touchpoint,
        cast(started_at as date) as cost_date,
        price_currency as currency,
        -price_amount as amount
    from {{ ref('stg_twilio__calls') }}
    union all
    select
        'messages' as object,
        case when is_whatsapp then 'support_social' else 'support_sms' end as touchpoint,
        cast(sent_at as date) as cost_date,
        price_currency as currency,
        -price_amount as amount
    from {{ ref('stg_twilio__messages') }}
)

select
    'twilio:' || object || ':' || touchpoint || ':' || cast(cost_date as varchar) || ':' || currency as cost_id,
    'twilio' as source,
    touchpoint,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as campaign_name,
    cost_date,
    sum(amount) as amount,
    currency,
    cast(null as bigint) as impressions,
    cast(null as bigint) as clicks
from prices
where
    amount is not null
    and currency is not null
    and cost_date is not null
group by object, touchpoint, cost_date, currency
