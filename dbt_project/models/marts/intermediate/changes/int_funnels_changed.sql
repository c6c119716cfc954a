-- From when on the funnel steps of a visitor are made again: the first changed act can also decide over the entry before
-- it in its month (see int_funnel_steps).
select
    coalesce(profile_id, 'visitor:' || anonymous_id) as visitor_id,
    date_trunc('month', min(occurred_at)) as rebuilt_from
from {{ ref('int_interactions_changed') }}
where
    (profile_id is not null or anonymous_id is not null)
    and interaction_type in (select stages.interaction_type from {{ ref('funnel_stages') }} as stages)
group by 1
