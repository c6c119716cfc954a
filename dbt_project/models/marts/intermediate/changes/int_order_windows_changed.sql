-- Profiles whose sales in the last 30, 90 or 365 days are others than in the last build.
-- depends_on: {{ ref('int_as_of_changed') }} {{ ref('int_orders_changed') }} {{ ref('int_orders_profiled') }}
{{ window_changes(ref('int_orders_profiled'), ref('int_orders_changed'), 'ordered_at', [30, 90, 365]) }}
