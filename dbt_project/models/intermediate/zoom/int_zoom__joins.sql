{{ config(materialized='table') }}
-- Joins of customers with their record: the registration, else the e-mail address, else the key that the company's own
-- link set. Waiting is no attendance; hosts and the company's mailboxes are left out.
select
    joins.*,
    case
        when registrants.record_id is not null then registrants.record_id
        when joins.email is not null then 'zoom:participants:' || {{ keyed_hash(['joins.email']) }}
        when joins.customer_key is not null then 'zoom:participants:' || {{ keyed_hash(["'customer_key'", 'joins.customer_key']) }}
    end as record_id,
    registrants.record_id is not null as is_registered
from {{ ref('stg_zoom__participants') }} as joins
left join {{ ref('int_zoom__registrants') }} as registrants on joins.registrant_id = registrants.registrant_id
left join {{ ref('int_zoom__hosts') }} as hosts on joins.email = hosts.email
where
    not joins.is_waiting
    and hosts.email is null
    and not coalesce({{ is_own_mailbox('joins.email') }}, false)
