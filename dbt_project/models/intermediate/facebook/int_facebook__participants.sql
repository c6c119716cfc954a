{{ config(materialized='table') }}
-- The people of inbox threads: everybody but the page.
with people as (
    select
        threads.conversation_id,
        '{{ var("facebook_page_id") }}' as page_id,
        {{ json_text('person.item', '$.id') }} as psid,
        {{ clean_name(json_text('person.item', '$.name')) }} as name,
        threads.message_count,
        threads.updated_at,
        threads.delivered_date
    from {{ ref('stg_facebook__conversations') }} as threads
    {{ unnest_json('threads.participants', 'person') }}
)

select *
from people
where
    psid is not null
    and psid <> page_id
