-- `Order Completed` repeats the shop's own order: an interaction without an amount, never revenue.
with calls as (
    select
        *,
        case
            when call_type = 'identify' then 'login'
            when call_type in ('page', 'screen') then call_type || '_viewed'
            else coalesce({{ snake_case('event') }}, 'event')
        end as interaction_type,
        call_type = 'screen' or lower(device_type) in ('ios', 'android') as is_app,
        coalesce({{ json_text('properties', '$.sku') }}, {{ json_text('properties', '$.product_id') }}) as product_id,
        coalesce(
            {{ json_text('properties', '$.experiment_id') }}, {{ json_text('properties', '$.experiment_name') }}
        ) as experiment_id,
        coalesce(
            {{ json_text('properties', '$.variation_id') }},
            {{ json_text('properties', '$.variation_name') }},
            {{ json_text('properties', '$.variant') }}
        ) as variant
    from {{ ref('int_web_events__calls') }}
)

select
    'web_events:segment:' || message_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': "case when is_app and interaction_type = 'login' then 'app_account'"
            ~ " when is_app and interaction_type like 'order%' then 'app_shop_order'"
            ~ " when is_app then 'app_browsing'"
            ~ " when interaction_type in ('login', 'signed_in', 'signed_up', 'logged_in', 'logged_out') then 'web_account'"
            ~ " when interaction_type like 'experiment%' then 'web_experiment'"
            ~ " when interaction_type like '%search%' then 'web_search'"
            ~ " when interaction_type like 'order%' then 'web_shop_order'"
            ~ " when interaction_type like 'checkout%' or interaction_type like 'coupon%' or interaction_type like 'payment%' then 'web_checkout'"
            ~ " when interaction_type like '%cart%' or interaction_type in ('product_added', 'product_removed') then 'web_cart'"
            ~ " when interaction_type like 'product%' then 'web_product_page'"
            ~ " else 'web_browsing' end",
        'interaction_type': 'interaction_type',
        'occurred_at': 'occurred_at',
        'product_id': 'product_id',
        'campaign_id': 'campaign_name',
        'experiment_id': 'experiment_id',
        'variant': 'case when experiment_id is not null then variant end',
        'properties': json_object({
            'page_path': 'page_path',
            'campaign_source': 'campaign_source',
            'campaign_medium': 'campaign_medium',
            'device_type': 'device_type',
            'query': json_text('properties', '$.query'),
            'category': json_text('properties', '$.category'),
            'order_id': json_text('properties', '$.order_id')
        })
    }) }}
from calls
