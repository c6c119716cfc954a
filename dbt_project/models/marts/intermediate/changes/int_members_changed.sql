{{ config(meta={'at_rest': 'profile_id_before = profile_id'}) }}
-- The profile of each record now and in the last build, so that merges and splits reach what was built for them.
{% if by_change() %}
select
    coalesce(now_seen.record_id, before.record_id) as record_id,
    now_seen.profile_id,
    before.profile_id as profile_id_before
from {{ ref('stg_identity__profile_members') }} as now_seen
full join (select * from {{ this }} where profile_id is not null) as before on now_seen.record_id = before.record_id
{% else %}
select
    record_id,
    profile_id,
    profile_id as profile_id_before
from {{ ref('stg_identity__profile_members') }}
{% endif %}
