{{ config(meta={'dated_by': 'stg_zoho_crm__events.started_at'}) }}
-- One row per meeting and customer in it. Staff (`user`) are left out; an invited address that is no contact's stays
-- unknown. A meeting without any customer named is kept once.
with invited as (
    select
        events.event_id,
        {{ json_text('participant.item', '$.type') }} as participant_type,
        coalesce({{ json_text('participant.item', '$.participant') }}, {{ json_text('participant.item', '$.id') }}) as participant
    from {{ ref('stg_zoho_crm__events') }} as events
    {{ unnest_json('events.participants', 'participant') }}
    union
    select
        event_id,
        'contact' as participant_type,
        who_id as participant
    from {{ ref('stg_zoho_crm__events') }}
    where who_id is not null
),

people as (
    select
        email,
        min(record_id) as record_id
    from {{ ref('int_zoho_crm__people') }}
    where email is not null
    group by email
    having count(*) = 1
),

customers as (
    select distinct
        invited.event_id,
        coalesce(by_id.record_id, by_email.record_id) as record_id
    from invited
    left join {{ ref('int_zoho_crm__people') }} as by_id on invited.participant = by_id.native_id
    left join people as by_email
        on
            lower(invited.participant) = by_email.email
            and invited.participant_type = 'email'
    where lower(invited.participant_type) <> 'user'
)

select
    events.event_id,
    events.title,
    events.started_at,
    events.ended_at,
    customers.record_id,
    row_number() over (partition by events.event_id order by customers.record_id nulls last) as seat
from {{ ref('stg_zoho_crm__events') }} as events
left join customers on events.event_id = customers.event_id
where cast(events.started_at as date) <= {{ as_of() }}
