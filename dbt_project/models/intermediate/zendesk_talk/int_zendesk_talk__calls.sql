{{ config(materialized='table') }}
-- Calls with the desk's user as the customer; staff who call each other are nobody.
select
    calls.*,
    users.record_id,
    calls.direction = 'inbound' as is_inbound,
    coalesce(calls.talk_seconds, 0) > 0
    or (calls.talk_seconds is null and calls.completion_status = 'completed') as is_talk
from {{ ref('stg_zendesk_talk__calls') }} as calls
left join {{ ref('int_zendesk__end_users') }} as users on calls.user_id = users.user_id
