-- Records that leave int_records_profiled or join it, or of which it tells something else, with the profiles before and
-- now, and deleted records that changed hands. Empty in a build of everything.
-- depends_on: {{ ref('customer_records') }} {{ ref('stg_identity__profile_members') }} {{ ref('int_members_changed') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'identifier': 'int_records_profiled'}) %}
with contents as (
    {{ content_changes(
        'record_id',
        'select records.record_id, ' ~ record_hash('records') ~ ' as source_hash from ' ~ ref('customer_records')
        ~ ' as records where not coalesce(records.is_deleted, false)',
        'select record_id, source_hash from ' ~ before
    ) }}
),

changed as (
    select record_id from contents
    union
    select record_id from {{ ref('int_members_changed') }}
)

select
    record_id,
    profile_id
from {{ ref('stg_identity__profile_members') }}
where record_id in (select changed.record_id from changed)

union

select
    record_id,
    profile_id
from {{ before }}
where record_id in (select changed.record_id from changed)

union

-- The profile that a deleted record left: such records are not in the table.
select
    record_id,
    profile_id_before as profile_id
from {{ ref('int_members_changed') }}
where profile_id_before is not null
{% else %}
select
    record_id,
    profile_id
from {{ ref('stg_identity__profile_members') }}
where false
{% endif %}
