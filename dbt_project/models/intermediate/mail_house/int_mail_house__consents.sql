-- Refused, deceased and do-not-mail stop letters; they say nothing about e-mail.
select
    record_id,
    'postal_mail' as channel,
    'denied' as state,
    returned_at as occurred_at,
    'mail_house' as source
from {{ ref('int_mail_house__returns') }}
where
    meaning in ('refused', 'deceased')
    and record_id is not null
union all
select
    record_id,
    'postal_mail' as channel,
    'denied' as state,
    dropped_at as occurred_at,
    'mail_house' as source
from {{ ref('int_mail_house__pieces') }}
where
    suppress_reason in ('DNM', 'DECEASED')
    and record_id is not null
