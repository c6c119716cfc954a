-- Left records of the edges that are made again: the identity step tells other edges of the record, or its profile changed.
-- Empty in a build of everything.
-- depends_on: {{ ref('int_live_members_changed') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'schema': 'pii', 'identifier': 'edges'}) %}
with contents as (
    {{ content_changes(
        'record_id_l', 'select * from ' ~ ref('stg_identity__edges'), 'select * exclude (profile_id) from ' ~ before
    ) }}
)

select record_id_l
from contents

union

select record_id as record_id_l
from {{ ref('int_live_members_changed') }}
{% else %}
select record_id_l
from {{ ref('stg_identity__edges') }}
where false
{% endif %}
