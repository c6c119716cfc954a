{{ config(materialized='table') }}
-- Reviews with their reviewer; staff who try the tool are nobody. An imported review holds a made-up address.
select
    review_id,
    coalesce(reviewer_id, case when email is not null then {{ keyed_hash(['lower(email)']) }} end) as native_id,
    'judgeme:reviewers:' || coalesce(reviewer_id, case when email is not null then {{ keyed_hash(['lower(email)']) }} end) as record_id,
    shop_customer_id,
    email,
    phone,
    name,
    unsubscribed_at,
    coalesce(review_source = 'import', false) as is_imported,
    created_at,
    updated_at,
    delivered_date
from {{ ref('stg_judgeme__reviews') }}
where
    coalesce(reviewer_id, email) is not null
    and not coalesce({{ is_own_mailbox('email') }}, false)
