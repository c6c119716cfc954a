-- Rows of int_campaign_touches_profiled that leave it and that join it in this build; a changed touch does both. Empty in
-- a build of everything.
-- depends_on: {{ ref('int_campaign_touches_hours') }} {{ ref('int_members_changed') }}
{% if by_change() %}
{{ fact_changes(
    'campaign_touches', 'int_campaign_touches_profiled', campaign_touches_profiled, 'touch_id', 'occurred_at',
    'int_campaign_touches_hours', has_anonymous=false
) }}
{% else %}
select
    *,
    true as is_added
from ({{ campaign_touches_profiled(ref('campaign_touches')) }}) as nothing
where false
{% endif %}
