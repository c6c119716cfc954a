{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_views_changed')) }}"
) }}
-- One row per profile that looked at a product: which categories it looks at, and what came to nothing so far.
-- depends_on: {{ ref('int_views_changed') }}
with views as (
    select
        events.profile_id,
        events.interaction_id,
        events.occurred_at,
        products.category,
        purchases.last_order_at is null or events.occurred_at > purchases.last_order_at as is_since_order
    from {{ ref('int_interactions_profiled') }} as events
    left join {{ ref('products') }} as products on events.product_id = products.product_id
    left join {{ ref('int_features_purchases') }} as purchases on events.profile_id = purchases.profile_id
    where
        events.profile_id is not null
        and {{ is_product_view('events.interaction_type') }}
        and {{ of_changed(ref('int_views_changed'), column='events.profile_id') }}
),

tops as (
    select
        profile_id,
        arg_max(category, (n, category)) as top_viewed_category_30d
    from (
        select
            profile_id,
            category,
            count(*) as n
        from views
        where category is not null and {{ within_days('occurred_at', 30) }}
        group by profile_id, category
    ) as by_category
    group by profile_id
)

select
    views.profile_id,
    arg_max(views.category, (views.occurred_at, views.interaction_id)) filter (where views.category is not null)
        as last_viewed_category,
    any_value(tops.top_viewed_category_30d) as top_viewed_category_30d,
    count(*) filter (where views.is_since_order) as product_views_since_order
from views
left join tops on views.profile_id = tops.profile_id
group by views.profile_id
