-- Orders come several times: pushed, cancelled, read again. A copy with missing parts says what has changed and leaves
-- the rest as it was.
{% set kept = ['store_id', 'recipient_name', 'confirmed_phone', 'recipient_address', 'member_info', 'member_no', 'open_uid', 'total_yuan', 'original_yuan', 'shipping_yuan', 'package_fen', 'pick_type', 'is_first_order', 'detail', 'extras'] %}
with versions as (
    {{ latest_by_key(source('meituan', 'orders'), ['order_id'], updated_at='updated_at', keep=kept) }}
),

whole as (
    select
        order_id,
        status,
        ordered_at,
        updated_at,
        cancelled_s,
        _dt,
        {%- for column in kept %}
        case when missing_parts = -1 then coalesce({{ column }}, _kept_{{ column }}) else {{ column }} end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from versions
)

select
    order_id,
    store_id,
    status,
    ordered_at,
    updated_at,
    -- 0 is "did not happen".
    case when cancelled_s > 0 then {{ epoch_to_timestamp('cancelled_s') }} end as cancelled_at,
    {{ real_name(strip_salutation('recipient_name')) }} as recipient_name,
    {{ salutation_gender('recipient_name') }} as recipient_gender,
    {{ plain_mobile('confirmed_phone') }} as confirmed_phone,
    -- What follows @# is the platform's own reading of the address.
    case
        when recipient_address not like '%*%' then nullif(trim({{ regexp_group('recipient_address', '^(.*?)(@#|$)', 1) }}), '')
    end as street,
    coalesce(
        member_no,
        {{ json_text('member_info', '$.card_code') }},
        {{ json_text('member_info', '$.card_no') }},
        {{ json_text('member_info', '$.member_card_no') }},
        {{ json_text('member_info', '$.member_no') }}
    ) as member_no,
    open_uid,
    total_yuan as total_amount,
    coalesce(original_yuan, total_yuan) as original_amount,
    shipping_yuan as shipping_amount,
    {{ from_minor_units('package_fen', "'CNY'") }} as package_amount,
    coalesce(pick_type, 0) = 1 as is_pick_up,
    is_first_order,
    detail,
    extras,
    _dt as delivered_date
from whole
