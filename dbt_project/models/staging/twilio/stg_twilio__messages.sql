with versions as (
    {{ latest_by_key(source('twilio', 'messages'), ['message_id'], updated_at='updated_at') }}
)

select
    message_id,
    lower(direction) as direction,
    {{ clean_text('from_number') }} as from_number,
    {{ clean_text('to_number') }} as to_number,
    lower(coalesce(from_number, '')) like 'whatsapp:%' or lower(coalesce(to_number, '')) like 'whatsapp:%' as is_whatsapp,
    body,
    lower(status) as status,
    error_code,
    segment_count,
    coalesce(sent_at, created_at, updated_at) as sent_at,
    updated_at,
    price_amount,
    upper(price_currency) as price_currency,
    _dt as delivered_date
from versions
