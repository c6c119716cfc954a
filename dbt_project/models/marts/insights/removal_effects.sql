select
    removal.touchpoint,
    coalesce(touchpoints.channel, 'unknown') as channel,
    removal.conversions,
    removal.failures,
    round(removal.conversion_probability, 6) as conversion_probability,
    round(removal.conversion_probability_without, 6) as conversion_probability_without,
    round(removal.removal_effect, 6) as removal_effect,
    round(removal.share, 6) as share
from {{ ref('int_attribution_removal') }} as removal
left join {{ ref('touchpoints') }} as touchpoints on removal.touchpoint = touchpoints.touchpoint
