select distinct
    consents.record_id,
    consents.purpose,
    consents.channel,
    consents.state,
    consents.occurred_at,
    consents.source
from {{ ref('int_consents_unioned') }} as consents
inner join {{ ref('customer_records') }} as records on consents.record_id = records.record_id
