-- Records of which the identity step tells other names than in the last build. Empty in a build of everything.
-- depends_on: {{ ref('stg_identity__names') }}
{% if by_change() %}
{{ content_changes(
    'record_id',
    'select * from ' ~ ref('stg_identity__names'),
    'select * from ' ~ this.incorporate(path={'identifier': 'int_names'})
) }}
{% else %}
select record_id
from {{ ref('stg_identity__names') }}
where false
{% endif %}
