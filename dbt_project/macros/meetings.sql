{#
    One row per session and person of a relation with session_key, meeting_id, record_id, session_user_id, name,
    joined_at and left_at: session_key, meeting_id, record_id, attendee_key, joined_at (the first), attended_seconds
    (the length of the merged stays).
#}
{% macro merged_attendance(relation) -%}
with stays as (
    select
        session_key,
        meeting_id,
        record_id,
        coalesce(record_id, session_user_id, name, cast(joined_at as varchar)) as attendee_key,
        joined_at,
        case when left_at > joined_at then left_at else joined_at end as left_at
    from {{ relation }}
),

ordered as (
    select
        *,
        max(left_at) over (
            partition by session_key, attendee_key
            order by joined_at, left_at
            rows between unbounded preceding and 1 preceding
        ) as left_before
    from stays
),

numbered as (
    select
        *,
        sum(case when left_before >= joined_at then 0 else 1 end) over (
            partition by session_key, attendee_key
            order by joined_at, left_at
            rows between unbounded preceding and current row
        ) as stay_no
    from ordered
),

merged as (
    select
        session_key,
        attendee_key,
        stay_no,
        max(meeting_id) as meeting_id,
        max(record_id) as record_id,
        min(joined_at) as joined_at,
        max(left_at) as left_at
    from numbered
    group by session_key, attendee_key, stay_no
)

select
    session_key,
    attendee_key,
    max(meeting_id) as meeting_id,
    max(record_id) as record_id,
    min(joined_at) as joined_at,
    cast(sum({{ dbt.datediff('joined_at', 'left_at', 'second') }}) as bigint) as attended_seconds
from merged
group by session_key, attendee_key
{%- endmacro %}
