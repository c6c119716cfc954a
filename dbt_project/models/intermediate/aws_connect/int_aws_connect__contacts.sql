{{ config(materialized='table') }}
-- One row per contact of a customer: transfers and queue moves belong to the contact that began the chain, listening in
-- is none, and tasks are work without a customer. The person is the customer number or e-mail that the flow knows,
-- else the telephone number.
with parts as (
    select
        *,
        row_number() over (
            partition by root_contact_id
            order by case when contact_id = root_contact_id then 0 else 1 end, initiated_at, contact_id
        ) as part_no
    from {{ ref('stg_aws_connect__contact_records') }}
    where
        initiation_method <> 'MONITOR'
        and channel <> 'TASK'
),

chains as (
    select
        root_contact_id,
        count(*) as contact_count,
        max(disconnected_at) as ended_at,
        min(enqueued_at) as enqueued_at,
        min(agent_connected_at) as agent_connected_at,
        sum(queue_seconds) as queue_seconds,
        sum(talk_seconds) as talk_seconds,
        sum(hold_seconds) as hold_seconds,
        max(case when queue_name is not null then 1 else 0 end) = 1 as is_queued,
        max(case when agent_name is not null or agent_connected_at is not null then 1 else 0 end) = 1 as is_answered,
        max(customer_no) as customer_no,
        max(case when not {{ is_own_mailbox('email') }} then email end) as email,
        max(customer_name) as customer_name
    from parts
    group by root_contact_id
),

contacts as (
    select
        parts.root_contact_id as contact_id,
        parts.channel,
        parts.initiation_method in ('OUTBOUND', 'EXTERNAL_OUTBOUND', 'CALLBACK')
        or (parts.initiation_method = 'API' and parts.channel = 'VOICE') as is_outbound,
        {{ public_number('parts.customer_number') }} as number,
        chains.customer_no,
        chains.email,
        chains.customer_name,
        parts.initiated_at,
        parts.updated_at,
        parts.delivered_date,
        parts.queue_name,
        parts.disconnect_reason,
        chains.contact_count,
        chains.ended_at,
        chains.enqueued_at,
        chains.agent_connected_at,
        chains.queue_seconds,
        chains.talk_seconds,
        chains.hold_seconds,
        chains.is_queued,
        chains.is_answered
    from parts
    inner join chains on parts.root_contact_id = chains.root_contact_id
    where parts.part_no = 1
),

known as (
    select
        contacts.*,
        case when own.line is null then contacts.number end as phone
    from contacts
    left join {{ ref('int_own_phone_lines') }} as own on contacts.number = own.line
)

select
    *,
    case
        when customer_no is not null then 'no:' || customer_no
        when email is not null then 'email:' || lower(email)
        when phone is not null then 'phone:' || phone
    end as person_key
from known
