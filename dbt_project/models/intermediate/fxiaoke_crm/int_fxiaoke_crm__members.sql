{{ config(materialized='table') }}
-- A member is known by the moves of the growth value only.
select
    member_id,
    'fxiaoke_crm:members:' || member_id as record_id,
    min(changed_at) as created_at,
    max(changed_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('stg_fxiaoke_crm__MemberGrowthValueDetailObj') }}
where not is_deleted
group by member_id
