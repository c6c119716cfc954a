{{ config(materialized='table') }}
select
    registrants.*,
    'zoom:registrants:' || registrants.registrant_id as record_id
from {{ ref('stg_zoom__registrants') }} as registrants
left join {{ ref('int_zoom__hosts') }} as hosts on registrants.email = hosts.email
where
    hosts.email is null
    and not coalesce({{ is_own_mailbox('registrants.email') }}, false)
