-- Touchpoints of every source in one shape; purchases and answers come from the conformed orders and feedback.
select
    'zoho_crm' as source,
    *
from {{ ref('int_zoho_crm__interactions') }}
union all
select
    'square_pos' as source,
    *
from {{ ref('int_square_pos__interactions') }}
union all
select
    'shopify' as source,
    *
from {{ ref('int_shopify__interactions') }}
union all
select
    'wechat' as source,
    *
from {{ ref('int_wechat__interactions') }}
union all
select
    'facebook' as source,
    *
from {{ ref('int_facebook__interactions') }}
union all
select
    'zendesk' as source,
    *
from {{ ref('int_zendesk__interactions') }}
union all
select
    'delighted' as source,
    *
from {{ ref('int_delighted__interactions') }}
union all
select
    'klaviyo' as source,
    *
from {{ ref('int_klaviyo__interactions') }}
union all
select
    'web_events' as source,
    *
from {{ ref('int_web_events__interactions') }}
union all
select
    source,
    source || ':orders:' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': 'touchpoint',
        'interaction_type': "'purchase'",
        'occurred_at': 'ordered_at',
        'amount': 'paid_amount',
        'currency': 'currency',
        'campaign_id': 'campaign_id',
        'properties': json_object({'order_id': 'order_id', 'store_id': 'store_id', 'coupon_code': 'coupon_code'})
    }) }}
from {{ ref('int_orders') }}
where state = 'completed'
union all
select
    source,
    'feedback:' || feedback_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'interaction_type': "'feedback_given'",
        'occurred_at': 'occurred_at',
        'properties': json_object({'feedback_type': 'feedback_type', 'score': 'score', 'score_max': 'score_max'})
    }) }}
from {{ ref('int_feedback') }}
where feedback_type <> 'comment'
