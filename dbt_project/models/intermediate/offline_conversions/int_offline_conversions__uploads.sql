{{ config(materialized='table') }}
select
    uploads.*,
    -- Plain and hashed forms of one address are one person.
    'offline_conversions:people:' || {{ keyed_hash(['coalesce(uploads.email_sha256, uploads.phone_sha256)']) }} as record_id,
    emails.value as known_email,
    phones.value as known_phone
from {{ ref('stg_offline_conversions__uploads') }} as uploads
left join {{ ref('int_offline_conversions__known_contacts') }} as emails
    on
        emails.kind = 'email'
        and uploads.is_email_hashed
        and uploads.email_sha256 = emails.sha256
left join {{ ref('int_offline_conversions__known_contacts') }} as phones
    on
        phones.kind = 'phone'
        and uploads.is_phone_hashed
        and uploads.phone_sha256 = phones.sha256
