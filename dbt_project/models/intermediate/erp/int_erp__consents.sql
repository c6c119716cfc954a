-- `marketing_consent` speaks of e-mail, `no_mail` of letters; a header with the inverse meaning is mapped to the other.
select
    record_id,
    'email' as channel,
    case when is_marketing_allowed then 'granted' else 'denied' end as state,
    updated_at as occurred_at,
    'erp' as source
from {{ ref('int_erp__customers') }}
where is_marketing_allowed is not null
union all
select
    record_id,
    'postal_mail' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'erp' as source
from {{ ref('int_erp__customers') }}
where is_mail_forbidden
