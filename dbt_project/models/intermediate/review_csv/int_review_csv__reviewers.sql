{{ config(materialized='table') }}
select
    review_id,
    email,
    {{ keyed_hash(['lower(email)']) }} as native_id,
    'review_csv:reviewers:' || {{ keyed_hash(['lower(email)']) }} as record_id,
    name,
    reviewed_at as created_at,
    reviewed_at as updated_at,
    delivered_date
from {{ ref('stg_review_csv__reviews') }}
where
    email is not null
    and not coalesce({{ is_own_mailbox('email') }}, false)
