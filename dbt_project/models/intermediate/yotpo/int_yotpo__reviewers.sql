{{ config(materialized='table') }}
-- Everybody who reviewed or was asked to, by address; staff who try the tool are nobody.
with mentions as (
    select
        email,
        case when reviewer_type <> 'anonymous_user' or reviewer_type is null then name end as name,
        created_at,
        updated_at,
        delivered_date
    from {{ ref('stg_yotpo__reviews') }}
    where not is_deleted
    union all
    select
        email,
        cast(null as varchar) as name,
        sent_at as created_at,
        sent_at as updated_at,
        delivered_date
    from {{ ref('stg_yotpo__request_log') }}
)

select
    lower(email) as email,
    {{ keyed_hash(['lower(email)']) }} as native_id,
    'yotpo:reviewers:' || {{ keyed_hash(['lower(email)']) }} as record_id,
    name,
    created_at,
    updated_at,
    delivered_date
from mentions
where
    email is not null
    and not coalesce({{ is_own_mailbox('email') }}, false)
