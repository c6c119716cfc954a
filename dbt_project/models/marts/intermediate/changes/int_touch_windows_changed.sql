-- Profiles whose campaign touches in the last 30 or 365 days are others than in the last build.
-- depends_on: {{ ref('int_as_of_changed') }} {{ ref('int_campaign_touches_changed') }} {{ ref('int_campaign_touches_profiled') }}
{{ window_changes(ref('int_campaign_touches_profiled'), ref('int_campaign_touches_changed'), 'occurred_at', [30, 365]) }}
