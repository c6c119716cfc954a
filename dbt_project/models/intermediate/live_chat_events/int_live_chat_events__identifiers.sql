with seen as (
    select
        record_id,
        case when user_id not like '%@%' then user_id end as customer_no,
        person_email as email,
        anonymous_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_live_chat_events__calls') }}
    where record_id is not null
    group by
        record_id,
        user_id,
        person_email,
        anonymous_id
)
{{ identifier_rows('seen', [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'},
    {'kind': 'email', 'column': 'email'},
    {'kind': 'anonymous_id', 'namespace': "'web'", 'column': 'anonymous_id', 'trusted': 'false', 'reason': "'device'"}
]) }}
