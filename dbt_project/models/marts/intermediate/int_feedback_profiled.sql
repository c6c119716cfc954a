-- Scores on their own scale and as a share of it. NPS: 9-10 promoter, 0-6 detractor (Reichheld 2003). CSAT: the
-- upper quarter of the scale counts as satisfied, that is 4 and 5 of 1-5 and "good" of good/bad.
select
    feedback.feedback_id,
    members.profile_id,
    feedback.source,
    feedback.channel,
    feedback.touchpoint,
    feedback.feedback_type,
    cast(feedback.score as double) as score,
    cast((feedback.score - feedback.score_min) / nullif(feedback.score_max - feedback.score_min, 0) as double)
        as score_share,
    case
        when feedback.feedback_type <> 'nps' or feedback.score is null then null
        when feedback.score >= 9 then 'promoter'
        when feedback.score >= 7 then 'passive'
        else 'detractor'
    end as nps_group,
    case
        when feedback.feedback_type like 'csat%'
            then (feedback.score - feedback.score_min) / nullif(feedback.score_max - feedback.score_min, 0) >= 0.75
    end as is_satisfied,
    case
        when feedback.feedback_type like 'csat%' then 'csat'
        when feedback.feedback_type in ('review', 'rating') then 'review'
        when feedback.feedback_type in ('nps', 'ces') then feedback.feedback_type
    end as score_kind,
    -- The upper quarter of the scale: of five stars the fourth and fifth.
    (feedback.score - feedback.score_min) / nullif(feedback.score_max - feedback.score_min, 0) >= 0.75 as is_favourable,
    feedback.comment,
    feedback.occurred_at
from {{ ref('feedback') }} as feedback
left join {{ ref('stg_identity__profile_members') }} as members on feedback.record_id = members.record_id
where {{ known_by('feedback.occurred_at') }}
