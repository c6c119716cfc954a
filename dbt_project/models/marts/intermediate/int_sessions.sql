{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade(
        'kept.visitor_id = remade.visitor_id and kept.channel = remade.channel and kept.started_at >= remade.rebuilt_from',
        ref('int_sessions_changed')
    ) }}"
) }}
-- What one visitor (a profile, else a device) did in one channel without a long pause. Channels differ in what a pause
-- is (seeds/marts/session_rules.csv): a call is a session of its own, a visit of the shop ends after half an hour. What
-- only reached the person is no part of a session. One row per session.
-- depends_on: {{ ref('int_sessions_changed') }}
with acts as (
    select
        coalesce(interactions.profile_id, 'visitor:' || interactions.anonymous_id) as visitor_id,
        interactions.profile_id,
        interactions.interaction_id,
        coalesce(interactions.channel, 'unknown') as channel,
        interactions.touchpoint,
        interactions.interaction_type,
        interactions.occurred_at,
        interactions.campaign_id,
        coalesce(rules.timeout_minutes, {{ var('session_timeout_minutes') }}) as timeout_minutes
    {% if by_change() -%}
    from (
        {{ visitors_acts(
            ref('int_interactions_profiled'), ref('int_sessions_changed'),
            "coalesce(acts.channel, 'unknown') = changed.channel and acts.occurred_at >= changed.rebuilt_from"
        ) }}
    ) as interactions
    {%- else -%}
    from {{ ref('int_interactions_profiled') }} as interactions
    {%- endif %}
    left join {{ ref('session_rules') }} as rules on interactions.channel = rules.channel
    where
        {{ is_own_act('interactions.direction', 'interactions.interaction_type') }}
        and interactions.touchpoint is not null
        and (interactions.profile_id is not null or interactions.anonymous_id is not null)
),

spaced as (
    select
        *,
        case
            when
                occurred_at
                <= lag(occurred_at) over (partition by visitor_id, channel order by occurred_at, interaction_id)
                + to_minutes(timeout_minutes)
                and timeout_minutes > 0
                then 0
            else 1
        end as is_start
    from acts
),

numbered as (
    select
        *,
        sum(is_start) over (
            partition by visitor_id, channel order by occurred_at, interaction_id
            rows between unbounded preceding and current row
        ) as session_no
    from spaced
)

-- The first act of a session is the one that starts it.
select
    max(case when is_start = 1 then interaction_id end) as session_id,
    visitor_id,
    max(profile_id) as profile_id,
    channel,
    max(case when is_start = 1 then touchpoint end) as entry_touchpoint,
    {{ latest_value('touchpoint', ['occurred_at', 'interaction_id']) }} as exit_touchpoint,
    max(case when is_start = 1 then campaign_id end) as campaign_id,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    count(*) as interactions,
    count(*) filter (where {{ is_page_view('interaction_type') }} or {{ is_product_view('interaction_type') }}) as page_views,
    count(*) filter (where {{ is_product_view('interaction_type') }}) as product_views,
    count(*) filter (where {{ is_cart_addition('interaction_type') }}) as cart_additions,
    count(*) filter (where {{ is_purchase('interaction_type') }}) > 0 as has_purchase
from numbered
group by visitor_id, channel, session_no
