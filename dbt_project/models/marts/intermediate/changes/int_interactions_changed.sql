-- Rows of int_interactions_profiled that leave it and that join it in this build; a changed one does both. Empty in a
-- build of everything.
-- depends_on: {{ ref('int_interactions_hours') }} {{ ref('int_members_changed') }} {{ ref('int_links_changed') }}
{% if by_change() %}
{{ fact_changes(
    'interactions', 'int_interactions_profiled', interactions_profiled, 'interaction_id', 'occurred_at',
    'int_interactions_hours'
) }}
{% else %}
select
    *,
    true as is_added
from ({{ interactions_profiled(ref('interactions')) }}) as nothing
where false
{% endif %}
