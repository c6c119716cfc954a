-- What may have led a known person to a later sale: clicks and redeemed coupons of campaigns, visits that came with a
-- campaign, and the person's own contacts at the touchpoints of seeds/marts/attribution_touchpoints.csv. An open is no
-- touch (mail programs open by themselves), and neither is a visit of one's own accord. One row per touch: contacts at
-- one touchpoint for one campaign less than a session's pause apart are one touch, from the first of them on.
with touches as (
    select
        profile_id,
        campaign_id,
        touchpoint,
        channel,
        touch_type,
        occurred_at
    from {{ ref('int_campaign_touches_profiled') }}
),

-- A campaign lives where most of its touches come from, else where its costs are booked: a visit or a coupon that
-- names it was brought by that touchpoint, not by the page or the till.
named as (
    select
        campaign_id,
        touchpoint,
        1 as preference,
        count(*) as mentions
    from touches
    where campaign_id is not null and touchpoint is not null and touch_type <> 'coupon_redeemed'
    group by campaign_id, touchpoint

    union all

    select
        campaign_id,
        touchpoint,
        2,
        count(*)
    from {{ ref('touchpoint_costs') }}
    where campaign_id is not null and touchpoint is not null and {{ known_by('cost_date') }}
    group by campaign_id, touchpoint
),

homes as (
    select
        campaign_id,
        touchpoint
    from named
    qualify row_number() over (partition by campaign_id order by preference, mentions desc, touchpoint) = 1
),

contacts as (
    select
        touches.profile_id,
        touches.campaign_id,
        case
            when touches.touch_type = 'clicked' then coalesce(touches.touchpoint, homes.touchpoint)
            else coalesce(homes.touchpoint, touches.touchpoint)
        end as touchpoint,
        touches.channel,
        touches.occurred_at
    from touches
    left join homes on touches.campaign_id = homes.campaign_id
    where
        touches.touch_type in ('clicked', 'coupon_redeemed')
        and touches.campaign_id is not null
        and touches.profile_id is not null

    union all

    select
        interactions.profile_id,
        interactions.campaign_id,
        case
            when declared.touchpoint is not null then interactions.touchpoint
            else coalesce(homes.touchpoint, interactions.touchpoint)
        end as touchpoint,
        interactions.channel,
        interactions.occurred_at
    from {{ ref('int_interactions_profiled') }} as interactions
    left join {{ ref('attribution_touchpoints') }} as declared on interactions.touchpoint = declared.touchpoint
    left join homes on interactions.campaign_id = homes.campaign_id
    where
        interactions.profile_id is not null
        and (interactions.campaign_id is not null or declared.touchpoint is not null)
        and (
            {{ is_campaign_visit('interactions.direction', 'interactions.interaction_type') }}
            or (declared.touchpoint is not null and {{ is_conversation('interactions.interaction_type') }})
        )
),

spaced as (
    select
        profile_id,
        campaign_id,
        coalesce(touchpoint, 'unknown') as touchpoint,
        channel,
        occurred_at,
        lag(occurred_at) over (
            partition by {{ row_hash(['profile_id', 'campaign_id', "coalesce(touchpoint, 'unknown')"]) }} order by occurred_at
        ) as previous_at
    from contacts
)

select
    spaced.profile_id,
    spaced.campaign_id,
    spaced.touchpoint,
    coalesce(touchpoints.channel, spaced.channel, 'unknown') as channel,
    spaced.occurred_at as touched_at
from spaced
left join {{ ref('touchpoints') }} as touchpoints on spaced.touchpoint = touchpoints.touchpoint
where
    spaced.previous_at is null
    or spaced.occurred_at > spaced.previous_at + interval {{ var('session_timeout_minutes') }} minute
