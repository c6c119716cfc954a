with versions as (
    {{ latest_by_key(source('mail_house', 'send_list'), ['campaign_code', 'drop_date', 'sequence_no']) }}
)

select
    trim(campaign_code) as campaign_code,
    trim(sequence_no) as sequence_no,
    {{ clean_text('customer_id') }} as customer_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_name('full_name') }} as full_name,
    {{ is_household_name("concat_ws(' ', prefix, given_name, family_name, full_name, suffix)") }} as is_household,
    {{ clean_text('company') }} as company,
    case when lower(trim(prefix)) in ('mr', 'mr.') then 'male' when lower(trim(prefix)) in ('mrs', 'mrs.', 'ms', 'ms.', 'miss') then 'female' end as gender,
    street,
    unit,
    locality,
    region,
    {{ postal_code('postcode', 'country') }} as postcode,
    country,
    segment,
    mail_version,
    {{ clean_text('offer_code') }} as offer_code,
    {{ clean_text('key_code') }} as key_code,
    drop_date as dropped_at,
    coalesce({{ yes_or_no('seed') }}, false) as is_seed,
    coalesce({{ yes_or_no('control_group') }}, false) as is_held_out,
    upper({{ clean_text('suppress_reason') }}) as suppress_reason,
    _dt as delivered_date
from versions
