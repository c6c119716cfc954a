select
    cast(experiment_id as varchar) as experiment_id,
    cast(variant as varchar) as variant,
    cast(is_control as boolean) as is_control,
    cast(kind as varchar) as kind,
    cast(campaign_id as varchar) as campaign_id,
    cast(exposed_people as bigint) as exposed_people,
    cast(people as bigint) as people,
    cast(converted_people as bigint) as converted_people,
    cast(orders as bigint) as orders,
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(excluded_people as bigint) as excluded_people,
    cast(planned_share as double) as planned_share,
    cast(split_p_value as double) as split_p_value,
    cast(is_split_suspect as boolean) as is_split_suspect,
    cast(window_days as integer) as window_days,
    cast(first_exposed_at as timestamp) as first_exposed_at,
    cast(last_exposed_at as timestamp) as last_exposed_at
from {{ source('analytics', 'experiment_arms') }}
