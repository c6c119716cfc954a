select
    'delighted:' || response_id as feedback_id,
    'delighted' as source,
    'delighted:people:' || person_id as record_id,
    survey_type,
    score,
    comment,
    coalesce(updated_at, created_at) as occurred_at,
    coalesce(
        {{ json_text('person_properties', '$."Order ID"') }},
        {{ json_text('person_properties', '$.order_id') }}
    ) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_delighted__survey_responses') }}
union all
-- Follow-up questions have scales of their own, which the export does not tell: the raw value, without a scale.
select
    'delighted:' || responses.response_id || ':' || {{ json_text('answer.item', '$.id') }} as feedback_id,
    'delighted' as source,
    'delighted:people:' || responses.person_id as record_id,
    'follow_up' as survey_type,
    try_cast({{ json_text('answer.item', '$.value.scale') }} as bigint) as score,
    coalesce(
        {{ json_text('answer.item', '$.value.free_response') }},
        {{ json_text('answer.item', '$.value.select_one.text') }}
    ) as comment,
    coalesce(responses.updated_at, responses.created_at) as occurred_at,
    cast(null as varchar) as order_reference,
    cast(null as varchar) as ticket_id,
    cast(null as varchar) as product_id
from {{ ref('stg_delighted__survey_responses') }} as responses
{{ unnest_json('responses.additional_answers', 'answer') }}
where
    {{ json_text('answer.item', '$.id') }} is not null
    and coalesce({{ json_text('answer.item', '$.value.scale') }}, {{ json_text('answer.item', '$.value.free_response') }}, {{ json_text('answer.item', '$.value.select_one.text') }}) is not null
