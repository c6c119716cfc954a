{{ config(materialized='table') }}
-- The company's own telephone lines, as the records of its telephone systems and the variable name them: called or
-- calling, they are nobody's.
with lines as (
    select {{ public_number('to_number') }} as line
    from {{ ref('stg_twilio__calls') }}
    where
        direction = 'inbound'
        and parent_call_id is null
        and not {{ regexp_like("lower(coalesce(from_number, ''))", '^(client:|sip:)') }}
    union
    select {{ public_number('from_number') }} as line
    from {{ ref('stg_twilio__calls') }}
    where direction = 'outbound-api'
    union
    select {{ public_number("case when direction = 'inbound' then to_number else from_number end") }} as line
    from {{ ref('stg_twilio__messages') }}
    union
    select {{ public_number('system_number') }} as line
    from {{ ref('stg_aws_connect__contact_records') }}
    union
    select {{ public_number('line') }} as line
    from {{ ref('stg_zendesk_talk__calls') }}
    {%- for number in var('own_phone_numbers', []) %}
    union
    select '{{ number }}' as line
    {%- endfor %}
)

select line
from lines
where line is not null
