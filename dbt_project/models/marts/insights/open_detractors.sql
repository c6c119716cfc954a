-- Closing the loop: whose last NPS answer was 0-6 and who waits for an answer of ours.
with last_answers as (
    select
        profile_id,
        {{ latest_value('nps_group', ['occurred_at', 'feedback_id']) }} as nps_group,
        {{ latest_value('score', ['occurred_at', 'feedback_id']) }} as nps_score,
        {{ latest_value('touchpoint', ['occurred_at', 'feedback_id']) }} as touchpoint,
        max(occurred_at) as answered_at
    from {{ ref('int_feedback_profiled') }}
    where nps_group is not null and profile_id is not null
    group by profile_id
),

waiting as (
    select
        profile_id,
        count(*) as tickets_open,
        min(created_at) as oldest_ticket_at,
        {{ earliest_value('ticket_id', ['created_at', 'ticket_id']) }} as oldest_ticket_id,
        {{ earliest_value('team', ['created_at', 'ticket_id']) }} as team
    from {{ ref('int_tickets_timed') }}
    where closed_at is null and profile_id is not null
    group by profile_id
)

select
    last_answers.profile_id,
    last_answers.nps_score,
    last_answers.touchpoint,
    last_answers.answered_at,
    waiting.tickets_open,
    waiting.oldest_ticket_id,
    waiting.oldest_ticket_at,
    waiting.team
from last_answers
inner join waiting on last_answers.profile_id = waiting.profile_id
where last_answers.nps_group = 'detractor'
