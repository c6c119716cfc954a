-- Accepting the mails that ask for reviews is no consent to marketing; leaving them is a refusal.
select
    record_id,
    'email' as channel,
    'denied' as state,
    unsubscribed_at as occurred_at,
    'judgeme' as source
from {{ ref('int_judgeme__reviewers') }}
where unsubscribed_at is not null
