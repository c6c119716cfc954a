{{ config(materialized='table') }}
-- One row per page-scoped person from messages, threads, comments and recommendations.
with mentions as (
    select
        psid,
        page_id,
        name,
        message_id as mention_id,
        occurred_at,
        delivered_date
    from {{ ref('int_facebook__inbox') }}
    union all
    select
        from_id as psid,
        '{{ var("facebook_page_id") }}' as page_id,
        from_name as name,
        comment_id as mention_id,
        occurred_at,
        delivered_date
    from {{ ref('stg_facebook__comments') }}
    union all
    select
        psid,
        page_id,
        name,
        conversation_id as mention_id,
        updated_at as occurred_at,
        delivered_date
    from {{ ref('int_facebook__participants') }}
    union all
    select
        reviewer_id as psid,
        '{{ var("facebook_page_id") }}' as page_id,
        reviewer_name as name,
        recommendation_id as mention_id,
        recommended_at as occurred_at,
        delivered_date
    from {{ ref('stg_facebook__recommendations') }}
),

people as (
    select
        psid,
        page_id,
        {{ latest_value('name', ['occurred_at', 'mention_id']) }} as full_name,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(delivered_date) as delivered_date
    from mentions
    where
        psid is not null
        and psid <> '{{ var("facebook_page_id") }}'
        and psid <> page_id
    group by
        psid,
        page_id
)

select
    *,
    {{ keyed_hash(['page_id', 'psid']) }} as native_id,
    'facebook:psids:' || {{ keyed_hash(['page_id', 'psid']) }} as record_id
from people
