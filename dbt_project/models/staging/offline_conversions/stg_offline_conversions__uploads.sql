-- E-mail and phone come plain or as the SHA-256 of their normalised form: trimmed and in lower case, or E.164.
with versions as (
    {{ first_by_key(source('offline_conversions', 'uploads'), ['gclid', 'conversion_name', 'occurred_at', 'order_id', 'email', 'phone']) }}
),

told_apart as (
    select
        *,
        {{ regexp_like("coalesce(trim(email), '')", '^[0-9a-fA-F]{64}$') }} as is_email_hashed,
        {{ regexp_like("coalesce(trim(phone), '')", '^[0-9a-fA-F]{64}$') }} as is_phone_hashed
    from versions
)

select
    left({{ hex_digest("concat_ws('|', coalesce(gclid, ''), conversion_name, cast(occurred_at as varchar), coalesce(order_id, ''), coalesce(email, ''), coalesce(phone, ''))") }}, 24)
        as event_key,
    trim(gclid) as gclid,
    conversion_name,
    occurred_at,
    value,
    upper(currency) as currency,
    trim(order_id) as order_id,
    case when not is_email_hashed then trim(email) end as email,
    case when not is_phone_hashed then trim(phone) end as phone,
    is_email_hashed,
    is_phone_hashed,
    case when is_email_hashed then lower(trim(email)) else {{ hex_digest('lower(trim(email))') }} end as email_sha256,
    case when is_phone_hashed then lower(trim(phone)) else {{ hex_digest(e164('phone')) }} end as phone_sha256,
    _dt as delivered_date
from told_apart
