-- Quintiles among the live profiles that ever completed an order, and the class that marketers know them by.
with quintiles as (
    select
        profile_id,
        date_diff('day', cast(first_order_at as date), {{ as_of_date() }}) as tenure_days,
        {{ quintile('last_order_at') }} as rfm_recency,
        {{ quintile('orders_12m') }} as rfm_frequency,
        {{ quintile('net_amount_12m') }} as rfm_monetary,
        {{ decile('last_order_at') }} as rfm_recency_decile,
        {{ decile('orders_12m') }} as rfm_frequency_decile,
        {{ decile('net_amount_12m') }} as rfm_monetary_decile
    from {{ ref('int_features_purchases') }}
    where
        last_order_at is not null
        and profile_id in (select live.profile_id from {{ ref('int_records_profiled') }} as live)
)

select
    profile_id,
    rfm_recency,
    rfm_frequency,
    rfm_monetary,
    rfm_recency_decile,
    rfm_frequency_decile,
    rfm_monetary_decile,
    {{ rfm_class('rfm_recency', 'round((rfm_frequency + rfm_monetary) / 2.0)', 'tenure_days') }} as rfm_class
from quintiles
