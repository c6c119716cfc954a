-- Answers to polls: a number from 1 to 5 is a score, anything else a comment. Anonymous polls name nobody.
with answers as (
    select
        polls.session_key,
        polls.email,
        polls.name,
        {{ json_text('answer.item', '$.polling_id') }} as polling_id,
        {{ json_text('answer.item', '$.question') }} as question,
        trim({{ json_text('answer.item', '$.answer') }}) as answer,
        {{ iso_to_timestamp(json_text('answer.item', '$.date_time')) }} as occurred_at,
        answer.position as answer_no,
        polls.delivered_date
    from {{ ref('stg_zoom__polls') }} as polls
    {{ unnest_json('polls.answers', 'answer') }}
),

people as (
    select
        email,
        min(record_id) as record_id
    from (
        select
            email,
            record_id
        from {{ ref('int_zoom__registrants') }}
        union all
        select
            email,
            record_id
        from {{ ref('int_zoom__people') }}
    ) as known
    where email is not null
    group by email
)

select
    'zoom:' || {{ keyed_hash([
        'answers.session_key', "coalesce(answers.email, answers.name, '')", "coalesce(answers.polling_id, '')",
        "coalesce(answers.question, '')", "coalesce(answers.answer, '')", "coalesce(cast(answers.occurred_at as varchar), '')",
        'cast(answers.answer_no as varchar)'
    ]) }} as feedback_id,
    'zoom' as source,
    people.record_id,
    'poll' as survey_type,
    case when {{ regexp_like('answers.answer', '^[1-5]$') }} then cast(answers.answer as bigint) end as score,
    case when not {{ regexp_like('answers.answer', '^[1-5]$') }} then answers.answer end as comment,
    coalesce(answers.occurred_at, cast(answers.delivered_date as timestamp)) as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from answers
left join people on answers.email = people.email
left join {{ ref('int_zoom__hosts') }} as hosts on answers.email = hosts.email
where
    coalesce(answers.answer, '') <> ''
    and hosts.email is null
    and not coalesce({{ is_own_mailbox('answers.email') }}, false)
