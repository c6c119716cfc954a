-- Answers to "may we send you this message?", one per template: from a pop-up or changed later in the settings.
with answers as (
    select
        events.appid,
        events.openid,
        events.occurred_at,
        coalesce({{ json_text('events.subscriptions', '$.List') }}, events.subscriptions) as answers
    from {{ ref('stg_wechat__mp_events') }} as events
    where events.subscriptions is not null
)

select
    answers.appid,
    answers.openid,
    answers.occurred_at,
    {{ json_text('answer.item', '$.TemplateId') }} as template_id,
    lower({{ json_text('answer.item', '$.SubscribeStatusString') }}) as answer
from answers
{{ unnest_json('answers.answers', 'answer') }}
