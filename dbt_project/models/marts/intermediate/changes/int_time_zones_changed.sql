-- Profiles with another time zone than in the last build, new ones and those that are gone. Empty in a build of everything.
-- depends_on: {{ ref('local_time_zones') }}
{% if by_change() %}
{{ content_changes(
    'profile_id',
    profile_time_zones(ref('customer_profile')),
    'select * from ' ~ this.incorporate(path={'identifier': 'int_profile_time_zones'})
) }}
{% else %}
select profile_id
from {{ ref('customer_profile') }}
where false
{% endif %}
