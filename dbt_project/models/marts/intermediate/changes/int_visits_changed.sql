-- Months of a person whose visits are dealt with again: with a changed act, with a changed sale in them or within 7 days
-- after, or with a visit that was too young to judge.
select
    profile_id,
    date_trunc('month', occurred_at) as month
from {{ ref('int_interactions_changed') }}
where profile_id is not null and {{ is_campaign_visit('direction', 'interaction_type') }}

union

select
    profile_id,
    date_trunc('month', ordered_at) as month
from {{ ref('int_orders_changed') }}
where profile_id is not null

union

select
    profile_id,
    date_trunc('month', ordered_at - interval 7 day) as month
from {{ ref('int_orders_changed') }}
where profile_id is not null
{% if by_change() %}
union

select
    profile_id,
    date_trunc('month', visited_at) as month
from {{ this.incorporate(path={'identifier': 'int_touchpoint_visits'}) }}
where not is_mature
{% endif %}
