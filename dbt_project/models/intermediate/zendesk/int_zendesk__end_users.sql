{{ config(materialized='table') }}
-- Only end-users are customers; the same file holds all staff.
select
    *,
    'zendesk:users:' || user_id as record_id
from {{ ref('stg_zendesk__users') }}
where role = 'end-user'
