-- Records that are made again wherever those of live profiles stand: with another profile or day, or of a profile that has
-- a live record now and had none, or the other way round. Empty in a build of everything.
-- depends_on: {{ ref('int_record_rows_changed') }} {{ ref('int_records_profiled') }} {{ ref('int_members_changed') }}
{% if by_change() %}
with touched as (
    select distinct profile_id
    from {{ ref('int_record_rows_changed') }}
),

turned as (
    select touched.profile_id
    from touched
    where
        touched.profile_id in (
            select members.profile_id
            from {{ this.incorporate(path={'schema': 'profiles', 'identifier': 'profile_members'}) }} as members
        )
        <> (touched.profile_id in (select live.profile_id from {{ ref('int_records_profiled') }} as live))
)

select record_id
from {{ ref('int_members_changed') }}

union

select record_id
from {{ ref('stg_identity__profile_members') }}
where profile_id in (select turned.profile_id from turned)
{% else %}
select record_id
from {{ ref('stg_identity__profile_members') }}
where false
{% endif %}
