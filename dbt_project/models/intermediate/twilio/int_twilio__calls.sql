{{ config(materialized='table') }}
-- One row per call: the legs of a forwarded call are counted once, under their parent. The customer is the caller of an
-- inbound call and the called of an outbound one; where an agent's client dials, the customer is who was dialled.
with legs as (
    select
        *,
        coalesce(parent_call_id, call_id) as root_call_id,
        {{ regexp_like("lower(coalesce(from_number, ''))", '^(client:|sip:)') }} as is_from_agent,
        row_number() over (
            partition by coalesce(parent_call_id, call_id)
            order by case when parent_call_id is null then 0 else 1 end, started_at, call_id
        ) as leg_no
    from {{ ref('stg_twilio__calls') }}
),

forwarded as (
    select
        root_call_id,
        count(*) as leg_count,
        max(case when leg_no > 1 and status = 'completed' then duration_seconds end) as agent_seconds,
        min(case when leg_no > 1 and direction = 'outbound-dial' then {{ public_number('to_number') }} end) as dialled_number
    from legs
    group by root_call_id
),

calls as (
    select
        legs.call_id,
        legs.started_at,
        legs.delivered_date,
        legs.direction = 'inbound' and not legs.is_from_agent as is_inbound,
        case
            -- A leg whose parent was not delivered goes to the agent.
            when legs.parent_call_id is not null then null
            when legs.is_from_agent then coalesce({{ public_number('legs.to_number') }}, forwarded.dialled_number)
            when legs.direction = 'inbound' then {{ public_number('legs.from_number') }}
            else {{ public_number('legs.to_number') }}
        end as number,
        legs.caller_name,
        legs.status,
        coalesce(legs.duration_seconds, 0) as duration_seconds,
        legs.answered_by,
        forwarded.leg_count,
        coalesce(forwarded.agent_seconds, 0) as agent_seconds
    from legs
    inner join forwarded on legs.root_call_id = forwarded.root_call_id
    where legs.leg_no = 1
)

select
    calls.*,
    -- With legs behind it, somebody has to have taken one; the first leg alone may be the announcement.
    calls.status = 'completed'
    and calls.duration_seconds > 0
    and (calls.leg_count = 1 or calls.agent_seconds > 0) as is_talk,
    case when own.line is null then calls.number end as customer_number
from calls
left join {{ ref('int_own_phone_lines') }} as own on calls.number = own.line
