-- One row per page-scoped person from messages and comments.
with mentions as (
    select
        psid,
        name,
        message_id as mention_id,
        occurred_at,
        delivered_date
    from {{ ref('int_facebook__inbox') }}
    union all
    select
        from_id as psid,
        from_name as name,
        comment_id as mention_id,
        occurred_at,
        delivered_date
    from {{ ref('stg_facebook__comments') }}
),

people as (
    select
        psid,
        '{{ var("facebook_page_id") }}' as page_id,
        {{ latest_value('name', ['occurred_at', 'mention_id']) }} as full_name,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(delivered_date) as delivered_date
    from mentions
    where
        psid is not null
        and psid <> '{{ var("facebook_page_id") }}'
    group by psid
)

select
    *,
    {{ keyed_hash(['page_id', 'psid']) }} as native_id,
    'facebook:psids:' || {{ keyed_hash(['page_id', 'psid']) }} as record_id
from people
