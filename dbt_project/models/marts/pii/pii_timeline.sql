{{ config(alias='timeline') }}
select
    interactions.profile_id,
    interactions.interaction_id,
    interactions.occurred_at,
    interactions.channel,
    interactions.touchpoint,
    interactions.interaction_type,
    interactions.direction,
    interactions.source,
    interactions.amount,
    interactions.currency,
    interactions.product_id,
    interactions.campaign_id
from {{ ref('int_interactions_profiled') }} as interactions
inner join {{ ref('golden_record') }} as golden on interactions.profile_id = golden.profile_id
order by interactions.profile_id, interactions.occurred_at, interactions.interaction_id
