with versions as (
    {{ latest_by_key(source('lob', 'postcards'), ['piece_id'], updated_at='updated_at') }}
)

select
    trim(piece_id) as piece_id,
    coalesce(piece_type, 'postcard') as piece_type,
    description,
    {{ clean_name('recipient_name') }} as recipient_name,
    {{ is_household_name('recipient_name') }} as is_household,
    {{ clean_text('recipient_company') }} as recipient_company,
    {{ clean_text('recipient_phone') }} as recipient_phone,
    {{ clean_text('recipient_email') }} as recipient_email,
    street,
    unit,
    locality,
    region,
    {{ postal_code('postcode', 'country') }} as postcode,
    country,
    {{ clean_text('customer_id') }} as customer_id,
    {{ clean_text('campaign_id') }} as campaign_id,
    {{ clean_text('offer_code') }} as offer_code,
    mail_type,
    sent_at,
    tracking_events,
    coalesce(is_deleted, false) as is_deleted,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
