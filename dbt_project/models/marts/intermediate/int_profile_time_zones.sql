{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id', ref('int_time_zones_changed')) }}"
) }}
-- The local time of each live profile: by country and region of the golden address, else by country, else the company's.
-- depends_on: {{ ref('int_time_zones_changed') }}
with profiles as (
    select
        profile_id,
        country,
        region
    from {{ ref('customer_profile') }}
    where {{ of_changed(ref('int_time_zones_changed')) }}
)

{{ profile_time_zones('profiles') }}
