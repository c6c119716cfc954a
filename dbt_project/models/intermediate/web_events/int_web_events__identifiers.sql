-- A device may serve several people: its id is evidence at most.
with seen as (
    select
        record_id,
        case when not is_user_id_email then known_user_id end as customer_no,
        case when is_user_id_email then known_user_id end as user_id_email,
        email,
        phone,
        anonymous_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_web_events__calls') }}
    where record_id is not null
    group by all
)
{{ identifier_rows('seen', [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'},
    {'kind': 'email', 'column': 'user_id_email'},
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'anonymous_id', 'namespace': "'web'", 'column': 'anonymous_id', 'trusted': 'false', 'reason': "'device'"}
]) }}
