select
    numbers.record_id,
    texts.channel,
    case when texts.is_opt_out then 'denied' else 'granted' end as state,
    texts.sent_at as occurred_at,
    'twilio' as source
from {{ ref('int_twilio__texts') }} as texts
inner join {{ ref('int_twilio__numbers') }} as numbers on texts.customer_number = numbers.customer_number
where
    texts.is_opt_out
    or texts.is_opt_in
