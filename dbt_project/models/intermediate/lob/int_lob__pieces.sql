{{ config(materialized='table', meta={'dated_by': 'stg_lob__postcards.sent_at'}) }}
-- Pieces that were sent. One that was deleted before printing, or is still to be sent, is no contact. The customer id
-- that the sender attached tells who it is for; without it the piece stands for itself.
select
    *,
    customer_id is not null or not is_household as is_person,
    case
        when customer_id is not null then 'lob:recipients:' || customer_id
        when not is_household and coalesce(recipient_name, recipient_company) is not null then 'lob:recipients:' || piece_id
    end as record_id
from {{ ref('stg_lob__postcards') }}
where
    not is_deleted
    and cast(sent_at as date) <= {{ as_of() }}
