with answers as (
    select
        orders.order_id,
        orders.record_id,
        orders.ordered_at,
        offers.campaign_id,
        row_number() over (partition by orders.order_id order by offers.valid_from desc, offers.campaign_id) as offer_rank
    from {{ ref('int_orders') }} as orders
    inner join {{ ref('int_mail_house__offers') }} as offers
        on
            upper(orders.coupon_code) = offers.code
            and orders.ordered_at >= offers.valid_from
            and orders.ordered_at < offers.valid_to
    where orders.state = 'completed'
)

select
    'mail_house:pieces:' || piece_id as touch_id,
    'mail_house' as source,
    record_id,
    campaign_code as campaign_id,
    campaign_code as campaign_name,
    'direct_mail' as touchpoint,
    'sent' as touch_type,
    dropped_at as occurred_at
from {{ ref('int_mail_house__pieces') }}
where is_sent
union all
select
    'mail_house:returns:' || coalesce(campaign_code, '') || ':' || sequence_no || ':' || cast(cast(returned_at as date) as varchar) as touch_id,
    'mail_house' as source,
    record_id,
    campaign_code as campaign_id,
    campaign_code as campaign_name,
    'direct_mail' as touchpoint,
    'bounced' as touch_type,
    returned_at as occurred_at
from {{ ref('int_mail_house__returns') }}
where
    meaning <> 'moved'
    and campaign_code is not null
union all
-- The code that came back in an order, credited to the mailing that printed it.
select
    'mail_house:answers:' || order_id as touch_id,
    'mail_house' as source,
    record_id,
    campaign_id,
    campaign_id as campaign_name,
    'direct_mail' as touchpoint,
    'coupon_redeemed' as touch_type,
    ordered_at as occurred_at
from answers
where offer_rank = 1
