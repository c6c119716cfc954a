{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.touch_id = remade.touch_id and not remade.is_added', ref('int_campaign_touches_changed')) }}"
) }}
-- Campaign touches up to the as-of with the person touched, if known.
-- depends_on: {{ ref('int_campaign_touches_changed') }}
{% if by_change() %}
select * exclude (is_added)
from {{ ref('int_campaign_touches_changed') }}
where is_added
{% else %}
{{ campaign_touches_profiled(ref('campaign_touches')) }}
{% endif %}
