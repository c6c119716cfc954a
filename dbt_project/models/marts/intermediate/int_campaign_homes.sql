-- The touchpoint at which most touches of a campaign were; one row per campaign.
select
    campaign_id,
    touchpoint,
    channel
from {{ ref('int_touches') }}
where campaign_id is not null
group by campaign_id, touchpoint, channel
qualify row_number() over (partition by campaign_id order by count(*) desc, touchpoint) = 1
