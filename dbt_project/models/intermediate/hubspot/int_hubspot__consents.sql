-- Opting out of all e-mail is a denial; the flag's absence is no grant.
select
    'hubspot:contacts:' || contact_id as record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'hubspot' as source
from {{ ref('stg_hubspot__contacts') }}
where is_opted_out
union all
select
    record_id,
    'email' as channel,
    case interaction_type when 'email_subscribed' then 'granted' else 'denied' end as state,
    occurred_at,
    'hubspot' as source
from {{ ref('int_hubspot__events') }}
where
    record_id is not null
    and interaction_type in ('email_subscribed', 'email_unsubscribed', 'email_marked_as_spam')
