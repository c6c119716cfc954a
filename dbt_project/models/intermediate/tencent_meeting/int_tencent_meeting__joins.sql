{{ config(materialized='table') }}
-- Joins of customers: corporate users, creators, hosts and co-hosts, internal guests and speakers are the company's side.
select
    meeting_id as session_key,
    meeting_id,
    session_uuid as session_user_id,
    name,
    open_id,
    customer_data,
    joined_at,
    left_at,
    delivered_date,
    case
        when open_id is not null then 'tencent_meeting:participants:' || {{ keyed_hash(['open_id']) }}
        when customer_data is not null then 'tencent_meeting:participants:' || {{ keyed_hash(["'customer_data'", 'customer_data']) }}
    end as record_id
from {{ ref('stg_tencent_meeting__participants') }}
where
    userid is null
    and coalesce(user_role, 0) not in (1, 2, 3, 6, 7)
    and coalesce(member_role, 0) not in (1, 2)
