-- One row per profile with a ticket or an answer to a survey.
with tickets as (
    select
        profile_id,
        count(*) as tickets_total,
        count(*) filter (where not is_solved) as tickets_open,
        count(*) filter (where {{ within_days('created_at', 90) }}) as tickets_90d,
        count(*) filter (where {{ within_days('created_at', 365) }}) as tickets_12m,
        cast(coalesce(sum(reopens) filter (where is_solved and {{ within_days('created_at', 365) }}), 0) as bigint)
            as ticket_reopens_12m,
        max(date_diff('day', cast(created_at as date), {{ as_of_date() }})) filter (where not is_solved)
            as oldest_open_ticket_days,
        avg(first_reply_minutes) as average_first_reply_minutes,
        avg(resolution_minutes) as average_resolution_minutes,
        max(created_at) as last_ticket_at
    from {{ ref('int_tickets_profiled') }}
    where profile_id is not null
    group by profile_id
),

answers as (
    select
        profile_id,
        count(*) as feedback_count,
        arg_max(score, (occurred_at, feedback_id)) filter (where nps_group is not null) as last_nps_score,
        arg_max(nps_group, (occurred_at, feedback_id)) filter (where nps_group is not null) as last_nps_group,
        max(occurred_at) filter (where nps_group is not null) as last_nps_at,
        arg_max(score_share, (occurred_at, feedback_id)) filter (where is_satisfied is not null) as last_csat_share,
        {{ steady_mean('score_share', 'is_satisfied is not null and ' ~ within_days('occurred_at', 365)) }}
            as average_csat_share_12m,
        {{ steady_mean("score_share", "feedback_type in ('review', 'rating') and " ~ within_days('occurred_at', 365)) }}
            as average_review_share_12m,
        {{ steady_mean('score_share', within_days('occurred_at', 365)) }} as satisfaction_share_12m,
        max(occurred_at) as last_feedback_at
    from {{ ref('int_feedback_profiled') }}
    where profile_id is not null
    group by profile_id
)

select
    coalesce(tickets.profile_id, answers.profile_id) as profile_id,
    tickets.* exclude (profile_id),
    answers.* exclude (profile_id)
from tickets
full join answers on tickets.profile_id = answers.profile_id
