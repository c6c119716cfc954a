{{ config(materialized='table') }}
-- One row per registration; the same number or address at several meetings is one record.
select
    *,
    {{ keyed_hash(["coalesce(phone, '')", "case when phone is null then coalesce(email, name, '') else '' end"]) }} as native_id,
    'tencent_meeting:registrations:' || {{ keyed_hash(["coalesce(phone, '')", "case when phone is null then coalesce(email, name, '') else '' end"]) }}
        as record_id
from {{ ref('stg_tencent_meeting__registrations') }}
where
    coalesce(phone, email, name) is not null
    and not coalesce({{ is_own_mailbox('email') }}, false)
