-- Identifiers of the records whose identifiers are made again, as they stand in pii.identifiers and as they will: those of
-- which the identity step tells others (of the kinds with `is_other`), or whose profile changed. Empty in a build of everything.
-- depends_on: {{ ref('int_live_members_changed') }}
{% if by_change() %}
{%- set before = this.incorporate(path={'schema': 'pii', 'identifier': 'identifiers'}) %}
with contents as materialized (
    {{ content_changes(
        'record_id, kind',
        'select * from ' ~ ref('stg_identity__record_identifiers'),
        'select * exclude (profile_id) from ' ~ before
    ) }}
),

changed as (
    select record_id from contents
    union
    select record_id from {{ ref('int_live_members_changed') }}
),

identifiers as (
    select
        record_id,
        profile_id,
        kind,
        namespace,
        value
    from {{ before }}

    union all

    select
        identifiers.record_id,
        members.profile_id,
        identifiers.kind,
        identifiers.namespace,
        identifiers.value
    from {{ ref('stg_identity__record_identifiers') }} as identifiers
    inner join {{ ref('profile_members') }} as members on identifiers.record_id = members.record_id
)

select distinct
    *,
    (record_id, kind) in (select (contents.record_id, contents.kind) from contents) as is_other
from identifiers
where record_id in (select changed.record_id from changed)
{% else %}
select
    identifiers.record_id,
    members.profile_id,
    identifiers.kind,
    identifiers.namespace,
    identifiers.value,
    false as is_other
from {{ ref('stg_identity__record_identifiers') }} as identifiers
inner join {{ ref('profile_members') }} as members on identifiers.record_id = members.record_id
where false
{% endif %}
