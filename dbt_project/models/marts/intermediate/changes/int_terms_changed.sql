-- Profiles whose terms in the search index are made again: other records, names or identifiers, or an identifier that
-- another record or profile joined or left, which may be doubtful now. Empty in a build of everything.
-- depends_on: {{ ref('int_names_changed') }} {{ ref('int_records_changed') }} {{ ref('int_identifiers_changed') }}
-- depends_on: {{ ref('pii_identifiers') }} {{ ref('profile_members') }}
{% if by_change() %}
select members.profile_id
from {{ ref('profile_members') }} as members
where members.record_id in (select names.record_id from {{ ref('int_names_changed') }} as names)

union

select profile_id
from {{ ref('int_records_changed') }}
where is_changed

union

select profile_id
from {{ ref('int_identifiers_changed') }}

union

select identifiers.profile_id
from {{ ref('pii_identifiers') }} as identifiers
inner join {{ ref('int_identifiers_changed') }} as changed
    on
        identifiers.kind = changed.kind
        and identifiers.namespace = changed.namespace
        and identifiers.value = changed.value
where identifiers.kind not in ('anonymous_id', 'device_id')
{% else %}
select profile_id
from {{ ref('int_records_changed') }}
where false
{% endif %}
