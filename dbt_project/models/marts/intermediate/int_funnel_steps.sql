{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ remade('kept.entered_at < ' ~ as_of_end() ~ ' - interval ' ~ var('funnel_months') ~ ' month') }}",
        "{{ remade(
            'kept.visitor_id = remade.visitor_id and kept.occurred_at >= remade.rebuilt_from', ref('int_funnels_changed')
        ) }}"
    ]
) }}
-- How far visitors get on the declared stages (seeds/marts/funnel_stages.csv), in order and within the window from the
-- first stage on. Every entry counts for itself: a step belongs to the visitor's newest entry that had come as far as
-- the stage before. A funnel has at most five stages. One row per funnel, scope (a channel, or `all` of them as one),
-- visitor and step of the last `funnel_months` months that follows the order.
-- A step depends on the window before it alone, so a build of changes begins a window before the first changed one. As
-- the months move on, steps of entries before them leave: of several entries the newest counts, so the others hold.
-- depends_on: {{ ref('int_funnels_changed') }}
{% set last_stage = 5 %}
with acts as (
    select
        stages.funnel,
        stages.stage_no,
        coalesce(interactions.profile_id, 'visitor:' || interactions.anonymous_id) as visitor_id,
        interactions.profile_id,
        coalesce(interactions.channel, 'unknown') as channel,
        interactions.interaction_id,
        interactions.occurred_at
    {% if by_change() -%}
    from (
        {{ visitors_acts(
            ref('int_interactions_profiled'), ref('int_funnels_changed'),
            "acts.occurred_at >= changed.rebuilt_from - interval " ~ var('funnel_window_days') ~ " day"
        ) }}
    ) as interactions
    {%- else -%}
    from {{ ref('int_interactions_profiled') }} as interactions
    {%- endif %}
    inner join {{ ref('funnel_stages') }} as stages on interactions.interaction_type = stages.interaction_type
    where
        (interactions.profile_id is not null or interactions.anonymous_id is not null)
        and interactions.occurred_at >= {{ as_of_end() }} - interval {{ var('funnel_months') }} month
),

scoped as (
    select
        *,
        channel as scope
    from acts
    union all
    select
        *,
        'all' as scope
    from acts
),

-- Of entries that follow each other without a further stage, the last of a month says it all.
stage_1 as (
    select
        funnel,
        scope,
        visitor_id,
        profile_id,
        stage_no,
        interaction_id,
        occurred_at,
        case when stage_no = 1 then occurred_at end as entered_at
    from (
        select
            *,
            lead(stage_no) over (ordered) as next_stage_no,
            lead(occurred_at) over (ordered) as next_at
        from scoped
        window ordered as (partition by funnel, scope, visitor_id order by occurred_at, stage_no, interaction_id)
    ) as followed
    where
        stage_no > 1
        or coalesce(next_stage_no, 0) <> 1
        or date_trunc('month', next_at) <> date_trunc('month', occurred_at)
),

-- One round per stage: the newest entry among the steps of the stage before, so far.
{% for stage in range(2, last_stage + 1) %}
stage_{{ stage }} as (
    select
        * exclude (entered_at, candidate),
        case
            when stage_no < {{ stage }} then entered_at
            when stage_no = {{ stage }} and occurred_at <= candidate + interval {{ var('funnel_window_days') }} day then candidate
        end as entered_at
    from (
        select
            *,
            max(case when stage_no = {{ stage - 1 }} then entered_at end) over (
                partition by funnel, scope, visitor_id order by occurred_at, stage_no, interaction_id
                rows between unbounded preceding and current row
            ) as candidate
        from stage_{{ stage - 1 }}
    ) as looked_back
){{ ',' if not loop.last }}
{% endfor %}

select
    steps.funnel,
    steps.scope,
    steps.visitor_id,
    steps.profile_id,
    steps.stage_no,
    steps.occurred_at,
    steps.entered_at
from stage_{{ last_stage }} as steps
{% if by_change() -%}
inner join {{ ref('int_funnels_changed') }} as changed
    on steps.visitor_id = changed.visitor_id and steps.occurred_at >= changed.rebuilt_from
{% endif -%}
where steps.entered_at is not null
