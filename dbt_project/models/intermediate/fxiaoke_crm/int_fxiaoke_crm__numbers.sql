-- Telephone numbers of fields that hold several. Those of a company are its lines, no proof of a person.
with fields as (
    select
        'fxiaoke_crm:AccountObj:' || id as record_id,
        {{ number_list('tel') }} as numbers,
        person_name is not null as is_person,
        created_at,
        updated_at
    from {{ ref('stg_fxiaoke_crm__AccountObj') }}
    where tel is not null
    union all
    select
        'fxiaoke_crm:LeadsObj:' || id as record_id,
        {{ number_list('tel') }} as numbers,
        false as is_person,
        created_at,
        updated_at
    from {{ ref('stg_fxiaoke_crm__LeadsObj') }}
    where tel is not null
),

numbers as (
    select
        fields.record_id,
        fields.is_person,
        {{ json_text('number.item', '$') }} as number,
        fields.created_at,
        fields.updated_at
    from fields
    {{ unnest_json('fields.numbers', 'number') }}
)

select
    record_id,
    {{ plain_number('number') }} as phone,
    is_person and {{ plain_mobile('number') }} is not null as is_trusted,
    created_at,
    updated_at
from numbers
