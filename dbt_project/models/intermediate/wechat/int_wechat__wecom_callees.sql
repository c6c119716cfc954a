{{ config(materialized='table') }}
-- One row per number that staff called. Numbers come as JSON numbers, which lose a plus sign and leading zeros, so only a
-- Chinese mobile of full length is a person's number; any other call is kept without one.
with callees as (
    select
        calls.called_at,
        calls.caller,
        callee.position as callee_no,
        coalesce(
            try_cast({{ json_text('callee.item', '$.duration') }} as bigint), calls.duration_seconds
        ) as duration_seconds,
        {{ digits_of(json_text('callee.item', '$.phone')) }} as digits,
        calls.delivered_date
    from {{ ref('stg_wechat__wecom_calls') }} as calls
    {{ unnest_json('calls.callees', 'callee') }}
),

numbers as (
    select
        *,
        {{ regexp_group('digits', '^(86)?(1[3-9][0-9]{9})$', 2) }} as mobile
    from callees
)

select
    called_at,
    callee_no,
    duration_seconds,
    delivered_date,
    '+86' || mobile as phone,
    case when mobile is not null then {{ keyed_hash(['mobile']) }} end as native_id,
    case when mobile is not null then 'wechat:wecom_callees:' || {{ keyed_hash(['mobile']) }} end as record_id,
    {{ keyed_hash(['cast(called_at as varchar)', "coalesce(caller, '')", 'cast(callee_no as varchar)', "coalesce(digits, '')"]) }} as call_id
from numbers
