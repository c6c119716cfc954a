{{ config(materialized='view') }}
-- Mobiles that staff typed into remarks, as text or as JSON numbers (which lose + and leading zeros): only numbers of
-- full length count, a Chinese mobile with or without 86 or an international number of 11 to 15 digits.
with entries as (
    select
        contacts.external_userid,
        {{ json_text('follow.item', '$.remark_mobiles') }} as mobiles
    from {{ ref('stg_wechat__wecom_contacts') }} as contacts
    {{ unnest_json('contacts.follow_user', 'follow') }}
    union all
    select
        external_userid,
        {{ json_text('follow_info', '$.remark_mobiles') }} as mobiles
    from {{ ref('stg_wechat__wecom_contacts') }}
),

numbers as (
    select
        entries.external_userid,
        {{ digits_of(json_text('mobile.item', '$')) }} as digits
    from entries
    {{ unnest_json('entries.mobiles', 'mobile') }}
    where {{ json_text('mobile.item', '$') }} not like '%*%'
)

select distinct
    contacts.record_id,
    case
        when {{ regexp_like('numbers.digits', '^1[3-9][0-9]{9}$') }} then '+86' || numbers.digits
        else '+' || numbers.digits
    end as phone,
    contacts.created_at,
    contacts.updated_at
from numbers
inner join {{ ref('int_wechat__wecom_contacts') }} as contacts on numbers.external_userid = contacts.external_userid
where
    {{ regexp_like('numbers.digits', '^1[3-9][0-9]{9}$') }}
    or {{ regexp_like('numbers.digits', '^861[3-9][0-9]{9}$') }}
    or {{ regexp_like('numbers.digits', '^[2-9][0-9]{10,14}$') }}
    or {{ regexp_like('numbers.digits', '^1[2-9][0-9]{2}[2-9][0-9]{6}$') }}
