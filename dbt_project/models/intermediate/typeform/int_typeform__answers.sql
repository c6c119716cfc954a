{{ config(materialized='table') }}
-- Answers, hidden fields and the question columns of a CSV download in one long shape, with what each means: by the seed
-- survey_fields, else by the question's own type.
with fields as (
    select
        responses.response_id,
        coalesce({{ json_text('answer.item', '$.field.ref') }}, {{ json_text('answer.item', '$.field.id') }}) as field,
        {{ json_text('answer.item', '$.field.type') }} as field_type,
        coalesce(
            {{ json_text('answer.item', '$.text') }},
            {{ json_text('answer.item', '$.number') }},
            {{ json_text('answer.item', '$.email') }},
            {{ json_text('answer.item', '$.phone_number') }},
            {{ json_text('answer.item', '$.boolean') }},
            {{ json_text('answer.item', '$.date') }},
            {{ json_text('answer.item', '$.choice.label') }},
            {{ json_text('answer.item', '$.choices.labels') }}
        ) as value
    from {{ ref('stg_typeform__responses') }} as responses
    {{ unnest_json('responses.answers', 'answer') }}
    union all
    select
        responses.response_id,
        hidden_field.key as field,
        cast(null as varchar) as field_type,
        hidden_field.value
    from {{ ref('stg_typeform__responses') }} as responses
    {{ unnest_json_object('responses.hidden', 'hidden_field') }}
    union all
    select
        responses.response_id,
        question.key as field,
        cast(null as varchar) as field_type,
        question.value
    from {{ ref('stg_typeform__responses') }} as responses
    {{ unnest_json_object('responses.question_columns', 'question') }}
),

described as (
    select
        fields.response_id,
        fields.field,
        trim(fields.value) as value,
        coalesce(
            meanings.role,
            case fields.field_type
                when 'nps' then 'score'
                when 'rating' then 'score'
                when 'opinion_scale' then 'score'
                when 'email' then 'email'
                when 'phone_number' then 'phone'
            end
        ) as role,
        coalesce(
            meanings.survey_type,
            case when fields.field_type = 'nps' then 'nps' when fields.field_type in ('rating', 'opinion_scale') then 'rating' end
        ) as survey_type,
        row_number() over (
            partition by fields.response_id, fields.field order by meanings.form_id nulls last, fields.value
        ) as choice
    from fields
    inner join {{ ref('stg_typeform__responses') }} as responses on fields.response_id = responses.response_id
    left join {{ ref('survey_fields') }} as meanings
        on
            meanings.source = 'typeform'
            and fields.field = meanings.field
            and (meanings.form_id is null or meanings.form_id = responses.form_id)
    where trim(fields.value) <> ''
)

select
    response_id,
    field,
    value,
    role,
    survey_type
from described
where choice = 1
