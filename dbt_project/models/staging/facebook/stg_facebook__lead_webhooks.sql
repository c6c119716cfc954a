-- Leads that a webhook or a relay tool told of; an answer of the relay form is a list of one, at times without its list.
with deliveries as (
    select *
    from {{ source('facebook', 'lead_webhooks') }}
    where {{ delivered() }}
),

notices as (
    select
        {{ json_text('change.item', '$.value.leadgen_id') }} as lead_id,
        {{ epoch_to_timestamp(json_text('change.item', '$.value.created_time')) }} as submitted_at,
        deliveries.notified_at,
        coalesce({{ json_text('change.item', '$.value.page_id') }}, deliveries.page_id) as page_id,
        {{ json_text('change.item', '$.value.form_id') }} as form_id,
        {{ json_text('change.item', '$.value.ad_id') }} as ad_id,
        deliveries._dt as delivered_date
    from deliveries
    {{ unnest_json('deliveries.changes', 'change') }}
    where {{ json_text('change.item', '$.field') }} = 'leadgen'
)

select
    lead_id,
    'notice' as form,
    coalesce(submitted_at, notified_at) as submitted_at,
    page_id,
    form_id,
    ad_id,
    delivered_date,
    {%- for column in ['email', 'full_name', 'first_name', 'last_name', 'phone_number', 'street_address', 'city', 'state', 'post_code', 'country', 'date_of_birth', 'company_name'] %}
    cast(null as varchar) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from notices
where lead_id is not null
union all
select
    {{ first_answer('relay_lead_id') }} as lead_id,
    'relay' as form,
    relay_created_at as submitted_at,
    page_id,
    cast(null as varchar) as form_id,
    cast(null as varchar) as ad_id,
    _dt as delivered_date,
    {%- for column in ['email', 'full_name', 'first_name', 'last_name', 'phone_number', 'street_address', 'city', 'state', 'post_code', 'country', 'date_of_birth', 'company_name'] %}
    {{ first_answer('relay_' ~ column) }} as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from deliveries
where {{ first_answer('relay_lead_id') }} is not null
