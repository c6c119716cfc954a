{#
    Interactions of `relation` (the columns of core.interactions) up to the as-of with the profile they belong to: by
    their record, else by the interval in which their anonymous id belonged to somebody.
#}
{% macro interactions_profiled(relation) -%}
with linked as (
    select
        interactions.interaction_id,
        links.profile_id
    from {{ relation }} as interactions
    inner join {{ ref('stg_identity__anonymous_links') }} as links
        on
            interactions.anonymous_id = links.anonymous_id
            and interactions.occurred_at >= links.valid_from
            and (links.valid_to is null or interactions.occurred_at < links.valid_to)
    left join {{ ref('stg_identity__profile_members') }} as members on interactions.record_id = members.record_id
    where members.profile_id is null
    -- Two open links of one anonymous id must not double an interaction.
    qualify
        row_number() over (partition by interactions.interaction_id order by links.valid_from desc, links.profile_id) = 1
)

select
    interactions.interaction_id,
    coalesce(members.profile_id, linked.profile_id) as profile_id,
    interactions.anonymous_id,
    interactions.source,
    interactions.channel,
    interactions.touchpoint,
    interactions.direction,
    interactions.interaction_type,
    interactions.occurred_at,
    cast(interactions.amount as decimal(18, 2)) as amount,
    interactions.currency,
    case
        when {{ is_checkout('interactions.interaction_type') }}
            then try_cast(json_extract_string(interactions.properties, '$.cart_amount') as decimal(18, 2))
    end as cart_amount,
    -- only browsing tells a device
    case
        when interactions.properties like '%"device_type"%'
            then lower({{ json_text('interactions.properties', '$.device_type') }})
        when interactions.channel = 'mobile_app' and interactions.properties like '%"platform"%'
            then lower({{ json_text('interactions.properties', '$.platform') }})
    end as device,
    interactions.product_id,
    interactions.campaign_id,
    interactions.experiment_id,
    interactions.variant
from {{ relation }} as interactions
left join {{ ref('stg_identity__profile_members') }} as members on interactions.record_id = members.record_id
left join linked on interactions.interaction_id = linked.interaction_id
where {{ known_by('interactions.occurred_at') }}
{%- endmacro %}
