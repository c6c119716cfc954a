{# The time zone of each profile of `relation` (the columns of customer_profile). #}
{% macro profile_time_zones(relation) -%}
select
    profile.profile_id,
    coalesce(of_region.time_zone, of_country.time_zone, '{{ var("company_time_zone") }}') as time_zone,
    coalesce(of_region.time_zone, of_country.time_zone) is not null as is_from_address
from {{ relation }} as profile
left join {{ ref('local_time_zones') }} as of_region
    on profile.country = of_region.country and profile.region = of_region.region
left join {{ ref('local_time_zones') }} as of_country
    on profile.country = of_country.country and nullif(of_country.region, '') is null
{%- endmacro %}
