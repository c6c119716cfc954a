select
    cast(profile_id as varchar) as profile_id,
    cast(expected_orders as double) as expected_orders,
    cast(probability_alive as double) as probability_alive,
    cast(expected_order_value as double) as expected_order_value,
    cast(lifetime_value as double) as lifetime_value,
    cast(churn_probability as double) as churn_probability,
    cast(missing_reason as varchar) as missing_reason
from {{ source('analytics', 'profile_scores') }}
