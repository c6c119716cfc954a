{{ config(materialized='table', meta={'dated_by': 'stg_mail_house__send_list.dropped_at'}) }}
-- Lines of the send lists without the sender's control addresses. A line for a household or whoever lives there is
-- nobody's, unless it carries a customer id.
select
    *,
    campaign_code || ':' || cast(cast(dropped_at as date) as varchar) || ':' || sequence_no as piece_id,
    not is_held_out and suppress_reason is null and cast(dropped_at as date) <= {{ as_of() }} as is_sent,
    case
        when customer_id is not null then 'mail_house:recipients:' || customer_id
        when not is_household and coalesce(given_name, family_name, full_name, company) is not null
            then 'mail_house:recipients:' || campaign_code || ':' || cast(cast(dropped_at as date) as varchar) || ':' || sequence_no
    end as record_id
from {{ ref('stg_mail_house__send_list') }}
where not is_seed
