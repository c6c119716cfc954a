{{ config(materialized='table') }}
-- A line that names nobody is a visitor all the same: an interaction without a record.
select
    *,
    {{ keyed_hash(['event_id', "coalesce(email, '')", "coalesce(phone, '')", "coalesce(full_name, '')"]) }} as native_id,
    case
        when coalesce(email, phone, full_name) is not null
            then 'event_registration:registrations:' || {{ keyed_hash(['event_id', "coalesce(email, '')", "coalesce(phone, '')", "coalesce(full_name, '')"]) }}
    end as record_id,
    coalesce(registered_at, checked_in_at, held_at) as created_at,
    coalesce(checked_in_at, registered_at, held_at) as updated_at
from {{ ref('stg_event_registration__registrations') }}
