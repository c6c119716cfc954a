{{ config(materialized='table') }}
-- Mails that asked for a review, with what became of them.
with people as (
    select distinct
        email,
        record_id
    from {{ ref('int_yotpo__reviewers') }}
)

select
    left({{ hex_digest("concat_ws('|', lower(log.email), coalesce(log.order_id, ''), coalesce(log.sku, ''), cast(log.sent_at as varchar))") }}, 24) as request_id,
    people.record_id,
    coalesce(log.email_type, 'review_request') as email_type,
    log.sku,
    log.sent_at,
    log.opened_at,
    log.clicked_at,
    log.invalid_address_at as bounced_at,
    coalesce(log.unsubscribed_at, log.marked_spam_at) as unsubscribed_at
from {{ ref('stg_yotpo__request_log') }} as log
left join people on lower(log.email) = people.email
