-- Answers and embedded data in one long shape, with what each means by the seed survey_fields. Qualtrics adds a column
-- `…_NPS_GROUP` to each recommendation question, which tells it without configuration.
with fields as (
    select
        responses.response_id,
        answer.key as field,
        answer.value
    from {{ ref('stg_qualtrics__responses') }} as responses
    {{ unnest_json_object('responses.answers', 'answer') }}
    union all
    select response_id, field, value from {{ ref('stg_qualtrics__answers') }}
    union all
    select response_id, field, value from {{ ref('stg_qualtrics__embedded_data') }}
),

described as (
    select
        responses.response_id,
        fields.field,
        trim(fields.value) as value,
        meanings.role,
        meanings.survey_type,
        row_number() over (
            partition by responses.response_id, fields.field order by meanings.form_id nulls last, fields.value
        ) as choice
    from fields
    inner join {{ ref('stg_qualtrics__responses') }} as responses on fields.response_id = responses.response_id
    left join {{ ref('survey_fields') }} as meanings
        on
            meanings.source = 'qualtrics'
            and fields.field = meanings.field
            and (meanings.form_id is null or meanings.form_id = responses.survey_id)
    where trim(fields.value) <> ''
),

grouped as (
    select
        response_id,
        replace(field, '_NPS_GROUP', '') as field
    from described
    where {{ regexp_like('field', '_NPS_GROUP$') }}
)

select
    described.response_id,
    described.field,
    described.value,
    coalesce(described.role, case when grouped.field is not null then 'score' end) as role,
    coalesce(described.survey_type, case when grouped.field is not null then 'nps' end) as survey_type
from described
left join grouped
    on
        described.response_id = grouped.response_id
        and described.field = grouped.field
where described.choice = 1
