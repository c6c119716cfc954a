-- What the log's rows cost, added up per campaign and day (UTC).
select
    concat_ws(':', 'ad_server', campaign_id, cast(cast(occurred_at as date) as varchar), coalesce(currency, '{{ var("reporting_currency") }}')) as cost_id,
    'ad_server' as source,
    'display_ad' as touchpoint,
    campaign_id,
    max(campaign_name) as campaign_name,
    cast(occurred_at as date) as cost_date,
    sum(cost_amount) as amount,
    coalesce(currency, '{{ var("reporting_currency") }}') as currency,
    count(case when event_type = 'impression' then 1 end) as impressions,
    count(case when event_type = 'click' then 1 end) as clicks
from {{ ref('stg_ad_server__log') }}
where
    cost_amount is not null
    and occurred_at is not null
group by campaign_id, cast(occurred_at as date), coalesce(currency, '{{ var("reporting_currency") }}')
