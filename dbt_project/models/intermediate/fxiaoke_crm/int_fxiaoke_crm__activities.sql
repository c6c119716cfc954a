-- What staff logged, with the person it was about: a contact before a lead before a company.
with logged as (
    select
        'ActiveRecordObj' as object,
        id,
        record_type,
        related,
        cast(null as varchar) as account_id,
        cast(null as varchar) as contact_id,
        cast(null as varchar) as leads_id,
        created_at
    from {{ ref('stg_fxiaoke_crm__ActiveRecordObj') }}
    where not is_deleted
    union all
    select
        'TelesalesRecordObj' as object,
        id,
        cast(null as varchar) as record_type,
        related,
        account_id,
        contact_id,
        leads_id,
        created_at
    from {{ ref('stg_fxiaoke_crm__TelesalesRecordObj') }}
    where not is_deleted
),

links as (
    select
        logged.object,
        logged.id,
        {{ json_text('link.item', '$.describe_api_name') }} as linked_object,
        {{ json_text('link.item', '$.id') }} as linked_id
    from logged
    {{ unnest_json('logged.related', 'link') }}
    {% for linked, column in [('ContactObj', 'contact_id'), ('LeadsObj', 'leads_id'), ('AccountObj', 'account_id')] %}
    union all
    select
        object,
        id,
        '{{ linked }}' as linked_object,
        {{ column }} as linked_id
    from logged
    where {{ column }} is not null
    {% endfor %}
),

people as (
    select
        object,
        id,
        {{ earliest_value(
            "'fxiaoke_crm:' || linked_object || ':' || linked_id",
            ["case linked_object when 'ContactObj' then 1 when 'LeadsObj' then 2 else 3 end", 'linked_id']
        ) }} as record_id
    from links
    where linked_object in ('ContactObj', 'LeadsObj', 'AccountObj')
    group by object, id
)

select
    logged.object,
    logged.id,
    people.record_id,
    case
        when logged.object = 'TelesalesRecordObj' then 'sales_call'
        else coalesce(codes.value, 'sales_activity')
    end as touchpoint,
    logged.record_type,
    logged.created_at as occurred_at
from logged
left join people
    on
        logged.object = people.object
        and logged.id = people.id
left join {{ ref('option_codes') }} as codes
    on
        codes.source = 'fxiaoke_crm'
        and codes.object = 'ActiveRecordObj'
        and codes.field = 'active_record_type'
        and logged.record_type = codes.code
