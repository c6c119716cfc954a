{{ config(materialized='table') }}
-- Hashes of the uploads that a contact of another source gives too. Only then is a hash worth anything: it is never
-- turned into a contact, the contact is the company's own.
{%- set others = connector_parts()['identifiers'] | reject('equalto', 'offline_conversions') | list -%}
{#- Without an upload there is nothing to compare with. -#}
{%- set sources = [] if is_silent('stg_offline_conversions__uploads') else bringing_sources('identifiers') -%}
{%- set sources = sources | reject('equalto', 'offline_conversions') | list or others[:1] %}
with known as (
    {%- for source in sources %}
    select
        kind,
        value_raw
    from {{ ref('int_' ~ source ~ '__identifiers') }}
    where
        is_trusted
        and kind in ('email', 'phone')
    {{ "union" if not loop.last }}
    {%- endfor %}
),

hashed as (
    select
        kind,
        case kind when 'email' then lower(trim(value_raw)) else {{ e164('value_raw') }} end as value
    from known
)

select
    hashed.kind,
    {{ hex_digest('hashed.value') }} as sha256,
    min(hashed.value) as value
from hashed
where
    hashed.value is not null
    and {{ hex_digest('hashed.value') }} in (
        select email_sha256 from {{ ref('stg_offline_conversions__uploads') }} where is_email_hashed
        union
        select phone_sha256 from {{ ref('stg_offline_conversions__uploads') }} where is_phone_hashed
    )
group by hashed.kind, {{ hex_digest('hashed.value') }}
