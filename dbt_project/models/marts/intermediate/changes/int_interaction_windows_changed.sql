-- Profiles whose interactions in the last 7, 30 or 365 days are others than in the last build.
-- depends_on: {{ ref('int_as_of_changed') }} {{ ref('int_interactions_changed') }} {{ ref('int_interactions_profiled') }}
{{ window_changes(ref('int_interactions_profiled'), ref('int_interactions_changed'), 'occurred_at', [7, 30, 365]) }}
