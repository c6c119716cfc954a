-- A hash alone proves nothing and is never shown as a contact; the contact of another source that gives the same hash
-- is evidence like any other.
with people as (
    select
        record_id,
        email,
        phone,
        known_email,
        known_phone,
        case when is_email_hashed then email_sha256 end as hashed_email,
        case when is_phone_hashed then phone_sha256 end as hashed_phone,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_offline_conversions__uploads') }}
    where coalesce(email_sha256, phone_sha256) is not null
    group by all
)
{{ identifier_rows('people', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'email', 'column': 'known_email', 'reason': "'matched_hash'"},
    {'kind': 'phone', 'column': 'known_phone', 'reason': "'matched_hash'"},
    {'kind': 'email_sha256', 'namespace': "'offline_conversions'", 'column': 'hashed_email', 'trusted': 'false', 'reason': "'hashed'"},
    {'kind': 'phone_sha256', 'namespace': "'offline_conversions'", 'column': 'hashed_phone', 'trusted': 'false', 'reason': "'hashed'"}
]) }}
