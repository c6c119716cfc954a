-- One row per user id: the newest value of each trait. Only Segment's calls bring traits.
with mentions as (
    select
        record_id,
        given_name,
        family_name,
        full_name,
        gender,
        birthday,
        street,
        locality,
        region,
        postcode,
        country,
        locale,
        occurred_at,
        message_id as event_key,
        delivered_date
    from {{ ref('int_web_events__calls') }}
    where record_id is not null
    {% for tracker in ['snowplow', 'ga4'] -%}
    union all
    select
        record_id,
        {% for column in ['given_name', 'family_name', 'full_name', 'gender', 'birthday', 'street', 'locality', 'region', 'postcode', 'country'] -%}
        cast(null as varchar) as {{ column }},
        {% endfor -%}
        locale,
        occurred_at,
        event_key,
        delivered_date
    from {{ ref('int_web_events__' ~ tracker) }}
    where record_id is not null
    {% endfor -%}
    union all
    select
        record_id,
        {% for column in ['given_name', 'family_name', 'full_name', 'gender', 'birthday', 'street', 'locality', 'region', 'postcode', 'country', 'locale'] -%}
        cast(null as varchar) as {{ column }},
        {% endfor -%}
        occurred_at,
        message_id as event_key,
        delivered_date
    from {{ ref('int_web_events__aliases') }}
)

select
    record_id,
    substr(record_id, length('web_events:users:') + 1) as native_id,
    {% for column in ['given_name', 'family_name', 'full_name', 'gender', 'street', 'locality', 'region', 'postcode', 'country'] -%}
    {{ latest_value(column, ['occurred_at', 'event_key']) }} as {{ column }},
    {% endfor -%}
    {{ latest_value('birthday', ['occurred_at', 'event_key']) }} as birth_date,
    {{ latest_value('locale', ['occurred_at', 'event_key']) }} as language,
    min(occurred_at) as created_at,
    max(occurred_at) as updated_at,
    max(delivered_date) as delivered_date
from mentions
group by record_id
