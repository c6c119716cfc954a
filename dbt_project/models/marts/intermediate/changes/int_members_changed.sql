-- Records with another profile than in the last build, or another day since when, with both profiles, so that merges and
-- splits reach what was built for them; a record that came or went has one of the two. Empty in a build of everything.
-- depends_on: {{ ref('stg_identity__profile_members') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_members'}) %}
with changed as (
    {{ content_changes('record_id', 'select * from ' ~ ref('stg_identity__profile_members'), 'select * from ' ~ before) }}
)

select
    changed.record_id,
    now_seen.profile_id,
    before.profile_id as profile_id_before
from changed
left join {{ ref('stg_identity__profile_members') }} as now_seen on changed.record_id = now_seen.record_id
left join {{ before }} as before on changed.record_id = before.record_id
{% else %}
select
    record_id,
    profile_id,
    profile_id as profile_id_before
from {{ ref('stg_identity__profile_members') }}
where false
{% endif %}
