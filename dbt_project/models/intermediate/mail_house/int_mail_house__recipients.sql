{{ config(materialized='table') }}
-- One row per recipient: the newest list, and the forwarding address when the person (I) or the family (F) has moved
-- since. A firm's move (B) is no news of one person.
{%- set newest = ['dropped_at', 'piece_id'] %}
{%- set address = ['street', 'locality', 'region', 'postcode'] %}
with listed as (
    select
        record_id,
        max(customer_id) as customer_id,
        {%- for column in ['given_name', 'family_name', 'full_name'] %}
        {{ latest_value('case when not is_household then ' ~ column ~ ' end', newest) }} as {{ column }},
        {%- endfor %}
        {%- for column in ['company', 'gender', 'street', 'unit', 'locality', 'region', 'postcode', 'country'] %}
        {{ latest_value(column, newest) }} as {{ column }},
        {%- endfor %}
        min(dropped_at) as created_at,
        max(dropped_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('int_mail_house__pieces') }}
    where record_id is not null
    group by record_id
),

moves as (
    select
        *,
        row_number() over (partition by record_id order by returned_at desc, sequence_no) as move_rank
    from {{ ref('int_mail_house__returns') }}
    where
        move_type in ('I', 'F')
        and new_street is not null
)

select
    listed.record_id,
    substr(listed.record_id, length('mail_house:recipients:') + 1) as native_id,
    listed.customer_id,
    listed.given_name,
    listed.family_name,
    listed.full_name,
    listed.company,
    listed.gender,
    {%- for column in address %}
    case when moves.returned_at >= listed.updated_at then moves.new_{{ column }} else listed.{{ column }} end as {{ column }},
    {%- endfor %}
    case when moves.returned_at >= listed.updated_at then null else listed.unit end as unit,
    listed.country,
    listed.created_at,
    greatest(listed.updated_at, coalesce(moves.returned_at, listed.updated_at)) as updated_at,
    listed.delivered_date
from listed
left join moves
    on
        listed.record_id = moves.record_id
        and moves.move_rank = 1
