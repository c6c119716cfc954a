with versions as (
    {{ latest_by_key(source('mail_house', 'returns'), ['campaign_code', 'sequence_no', 'customer_id', 'returned_at']) }}
)

select
    trim(campaign_code) as campaign_code,
    trim(sequence_no) as sequence_no,
    {{ clean_text('customer_id') }} as customer_id,
    returned_at,
    upper(trim(return_code)) as return_code,
    upper(trim(move_type)) as move_type,
    effective,
    {{ clean_text('new_street') }} as new_street,
    {{ clean_text('new_locality') }} as new_locality,
    {{ clean_text('new_region') }} as new_region,
    {{ postal_code('new_postcode', "'US'") }} as new_postcode,
    _dt as delivered_date
from versions
