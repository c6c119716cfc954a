{{ config(alias='identifiers') }}
select
    members.profile_id,
    identifiers.record_id,
    identifiers.kind,
    identifiers.namespace,
    identifiers.value_raw,
    identifiers.value,
    identifiers.is_trusted,
    identifiers.reason,
    identifiers.first_seen_at,
    identifiers.last_seen_at
from {{ ref('stg_identity__record_identifiers') }} as identifiers
inner join {{ ref('profile_members') }} as members on identifiers.record_id = members.record_id
